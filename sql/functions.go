package sql

import (
	"strings"
	"sync"

	"tidegate/internal/pgtypes"
)

// function is one line of the allow-list: how a function of PostgreSQL is written for DuckDB.
//
// args lists the argument types it is allowed for, "|" between alternatives. In the text, $1 is the first argument
// and !2 the second with a check that it is not zero. DuckDB's result is cast where its type is not PostgreSQL's.
type function struct {
	name, args, text string
	as               pgtypes.OID // the result's type where it is not PostgreSQL's (a documented gap)
	scale            byte        // of a numeric result: s as the first argument, m the larger one, 0 none
}

const numbers = "int2|int4|int8|numeric|float4|float8"

// scalarFunctions is the allow-list of plain functions, proven against PostgreSQL by testdata/functions.test.
// Doubles that overflow become infinite, where PostgreSQL raises 22003.
var scalarFunctions = []function{
	{name: "abs", args: numbers, text: "abs($1)", scale: 's'},
	{name: "ceil", args: "numeric|float8", text: "ceil($1)", scale: '0'},
	{name: "ceiling", args: "numeric|float8", text: "ceil($1)", scale: '0'},
	{name: "floor", args: "numeric|float8", text: "floor($1)", scale: '0'},
	{name: "round", args: "numeric", text: "round($1)", scale: '0'},
	{name: "round", args: "float8", text: "round_even($1, 0)"},
	{name: "trunc", args: "numeric|float8", text: "trunc($1)", scale: '0'},
	{name: "sign", args: "float8", text: "CAST(sign($1) AS DOUBLE)"},
	{name: "sign", args: "numeric", text: "CAST(sign($1) AS DECIMAL(1,0))", scale: '0'},
	{name: "mod", args: "int2,int2|int4,int4|int8,int8|numeric,numeric", text: "($1 % !2)", scale: 'm'},
	{name: "power", args: "float8,float8|numeric,numeric", text: powerSQL("CAST($1 AS DOUBLE)", "CAST($2 AS DOUBLE)"), as: pgtypes.Float8},
	{name: "pow", args: "float8,float8|numeric,numeric", text: powerSQL("CAST($1 AS DOUBLE)", "CAST($2 AS DOUBLE)"), as: pgtypes.Float8},
	{name: "sqrt", args: "float8|numeric", text: "sqrt(CAST($1 AS DOUBLE))", as: pgtypes.Float8},
	{name: "cbrt", args: "float8", text: "cbrt($1)"},
	{name: "exp", args: "float8|numeric", text: "exp(CAST($1 AS DOUBLE))", as: pgtypes.Float8},
	{name: "ln", args: "float8|numeric", text: "ln(CAST($1 AS DOUBLE))", as: pgtypes.Float8},
	{name: "log", args: "float8|numeric", text: "log10(CAST($1 AS DOUBLE))", as: pgtypes.Float8},
	{name: "log10", args: "float8|numeric", text: "log10(CAST($1 AS DOUBLE))", as: pgtypes.Float8},
	{name: "pi", args: "", text: "pi()"},
	{name: "degrees", args: "float8", text: "degrees($1)"},
	{name: "radians", args: "float8", text: "radians($1)"},
	{name: "sin", args: "float8", text: "sin($1)"},
	{name: "cos", args: "float8", text: "cos($1)"},
	{name: "tan", args: "float8", text: "tan($1)"},
	{name: "asin", args: "float8", text: "asin($1)"},
	{name: "acos", args: "float8", text: "acos($1)"},
	{name: "atan", args: "float8", text: "atan($1)"},
	{name: "atan2", args: "float8,float8", text: "atan2($1, $2)"},
	{name: "random", args: "", text: "random()"},

	{name: "lower", args: "text", text: "lower($1)"},
	{name: "upper", args: "text", text: upperText},
	{name: "length", args: "text", text: "CAST(length($1) AS INTEGER)"},
	{name: "char_length", args: "text", text: "CAST(length($1) AS INTEGER)"},
	{name: "character_length", args: "text", text: "CAST(length($1) AS INTEGER)"},
	{name: "octet_length", args: "text", text: "CAST(strlen($1) AS INTEGER)"},
	{name: "substr", args: "text,int4", text: substringFrom},
	{name: "substring", args: "text,int4", text: substringFrom},
	{name: "substr", args: "text,int4,int4", text: substringFor},
	{name: "substring", args: "text,int4,int4", text: substringFor},
	{name: "replace", args: "text,text,text", text: "CASE WHEN $2 = '' THEN $1 ELSE replace($1, $2, $3) END"},
	{name: "btrim", args: "text", text: "trim($1, ' ')"},
	{name: "btrim", args: "text,text", text: "trim($1, $2)"},
	{name: "ltrim", args: "text", text: "ltrim($1, ' ')"},
	{name: "ltrim", args: "text,text", text: "ltrim($1, $2)"},
	{name: "rtrim", args: "text", text: "rtrim($1, ' ')"},
	{name: "rtrim", args: "text,text", text: "rtrim($1, $2)"},
	{name: "left", args: "text,int4", text: "left($1, $2)"},
	{name: "right", args: "text,int4", text: "right($1, $2)"},
	{name: "lpad", args: "text,int4", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') ELSE lpad($1, $2, ' ') END"},
	{name: "rpad", args: "text,int4", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') ELSE rpad($1, $2, ' ') END"},
	{name: "lpad", args: "text,int4,text", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') WHEN $3 = '' THEN left($1, $2) ELSE lpad($1, $2, $3) END"},
	{name: "rpad", args: "text,int4,text", text: "CASE WHEN $2 > 268435455 THEN error('54000: requested length too large') WHEN $3 = '' THEN left($1, $2) ELSE rpad($1, $2, $3) END"},
	{name: "position", args: "text,text", text: "CAST(strpos($1, $2) AS INTEGER)"},
	{name: "strpos", args: "text,text", text: "CAST(strpos($1, $2) AS INTEGER)"},
	{name: "split_part", args: "text,text,int4", text: "CASE WHEN $3 = 0 THEN error('22023: field position must not be zero') WHEN $2 = '' AND abs($3) <> 1 THEN left($1, 0) WHEN $2 = '' THEN $1 ELSE split_part($1, $2, $3) END"},
	{name: "starts_with", args: "text,text", text: "starts_with($1, $2)"},
	{name: "reverse", args: "text", text: "array_to_string(list_reverse(regexp_extract_all($1, '.', 0, 's')), '')"},
	{name: "repeat", args: "text,int4", text: "CASE WHEN CAST(strlen($1) AS HUGEINT) * $2 > 1073741819 THEN error('54000: requested length too large') ELSE repeat($1, $2) END"},
	{name: "md5", args: "text", text: "md5($1)"},
	{name: "ascii", args: "text", text: "CASE WHEN $1 = '' THEN 0 ELSE ascii($1) END"},
	{name: "chr", args: "int4", text: "CASE WHEN $1 <= 0 THEN error('54000: null character not permitted') ELSE chr($1) END"},
	{name: "translate", args: "text,text,text", text: "translate($1, $2, $3)"},

	{name: "make_date", args: "int4,int4,int4", text: "make_date($1, $2, $3)"},
	{name: "to_timestamp", args: "float8", text: "to_timestamp($1)"},
	{name: "date", args: "timestamp|timestamptz", text: "CAST($1 AS DATE)"},
	{name: "isfinite", args: "date|timestamp|timestamptz", text: "isfinite($1)"},
	{name: "json_array_length", args: "json", text: "CASE WHEN json_type($1) <> 'ARRAY' THEN error('22023: cannot get array length of a non-array') ELSE CAST(json_array_length($1) AS INTEGER) END"},
}

// upperText leaves ß as it is, as the C library does: U+FDD0, which is no character, stands for it meanwhile.
const upperText = "replace(upper(replace($1, 'ß', chr(64976))), chr(64976), 'ß')"

// In PostgreSQL a substring may begin before the text: its length counts from there.
const (
	substringFrom = "substring($1, CASE WHEN $2 < 1 THEN 1 ELSE $2 END)"
	substringFor  = "substring($1, CASE WHEN $2 < 1 THEN 1 ELSE $2 END, CASE WHEN $3 < 0 THEN error('22011: negative substring length not allowed') " +
		"WHEN $2 >= 1 THEN CAST($3 AS BIGINT) WHEN CAST($2 AS BIGINT) + $3 < 1 THEN 0 ELSE CAST($2 AS BIGINT) + $3 - 1 END)"
)

// aggregateFunctions is the allow-list of aggregates. "%" in the text is the call with its FILTER and OVER, so that
// a cast goes around all of it.
var aggregateFunctions = []function{
	{name: "count", args: "any|", text: "count($1)"},
	{name: "sum", args: "int2|int4", text: "sum($1)|CAST(% AS BIGINT)"},
	{name: "sum", args: "int8", text: "sum($1)|CAST(% AS DECIMAL(38,0))", scale: '0'},
	{name: "sum", args: "numeric", text: "sum($1)", scale: 's'},
	{name: "sum", args: "float8", text: "sum($1)"},
	{name: "sum", args: "float4", text: "sum($1)|CAST(% AS FLOAT)"},
	{name: "avg", args: "int2|int4|int8|numeric|float4|float8", text: "avg($1)", as: pgtypes.Float8},
	{name: "min", args: "int2|int4|int8|numeric|float4|float8|text|date|time|timestamp|timestamptz|interval|oid", text: "min($1)", scale: 's'},
	{name: "max", args: "int2|int4|int8|numeric|float4|float8|text|date|time|timestamp|timestamptz|interval|oid", text: "max($1)", scale: 's'},
	{name: "bool_and", args: "bool", text: "bool_and($1)"},
	{name: "bool_or", args: "bool", text: "bool_or($1)"},
	{name: "every", args: "bool", text: "bool_and($1)"},
	{name: "bit_and", args: "int2|int4|int8", text: "bit_and($1)"},
	{name: "bit_or", args: "int2|int4|int8", text: "bit_or($1)"},
	{name: "string_agg", args: "text,text", text: "string_agg($1, $2)"},
	{name: "stddev", args: numbers, text: "stddev_samp($1)", as: pgtypes.Float8},
	{name: "stddev_samp", args: numbers, text: "stddev_samp($1)", as: pgtypes.Float8},
	{name: "stddev_pop", args: numbers, text: "stddev_pop($1)", as: pgtypes.Float8},
	{name: "variance", args: numbers, text: "var_samp($1)", as: pgtypes.Float8},
	{name: "var_samp", args: numbers, text: "var_samp($1)", as: pgtypes.Float8},
	{name: "var_pop", args: numbers, text: "var_pop($1)", as: pgtypes.Float8},
	{name: "corr", args: "float8,float8", text: "corr($1, $2)"},
	{name: "covar_pop", args: "float8,float8", text: "covar_pop($1, $2)"},
	{name: "covar_samp", args: "float8,float8", text: "covar_samp($1, $2)"},
	{name: "regr_slope", args: "float8,float8", text: "regr_slope($1, $2)"},
	{name: "regr_intercept", args: "float8,float8", text: "regr_intercept($1, $2)"},
	{name: "regr_r2", args: "float8,float8", text: "regr_r2($1, $2)"},
	{name: "regr_count", args: "float8,float8", text: "regr_count($1, $2)|CAST(% AS BIGINT)"},
}

// allowed finds the lines of the two lists by "name(type,type)".
var allowed = sync.OnceValue(func() map[string]*function {
	m := map[string]*function{}
	for _, list := range [][]function{scalarFunctions, aggregateFunctions} {
		for i := range list {
			for args := range strings.SplitSeq(list[i].args, "|") {
				m[list[i].name+"("+args+")"] = &list[i]
			}
		}
	}
	return m
})

// key is a signature as the lists spell it.
func (s *signature) key() string {
	var names []string
	for _, a := range s.args {
		names = append(names, postgresTables().types[a].name)
	}
	return s.name + "(" + strings.Join(names, ",") + ")"
}

// write puts the arguments into a function's text.
func (f *function) write(text string, args []*expr) string {
	var t strings.Builder
	for i := 0; i < len(text); i++ {
		c := text[i]
		if (c == '$' || c == '!') && i+1 < len(text) && text[i+1] >= '1' && text[i+1] <= '9' {
			i++
			if n := int(text[i] - '1'); n < len(args) {
				if c == '!' {
					t.WriteString(notZero(args[n]))
				} else {
					t.WriteString(args[n].sql)
				}
			}
			continue
		}
		t.WriteByte(c)
	}
	return t.String()
}

func (f *function) scaleOf(args []*expr) int {
	switch f.scale {
	case '0':
		return 0
	case 's':
		return args[0].scale
	case 'm':
		return maxScale(args)
	}
	return -1
}
