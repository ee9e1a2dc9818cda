package sql

import (
	"strings"
	"sync"

	"tidegate/internal/pgtypes"
)

// redshiftFunction is one function that Redshift has and PostgreSQL has not, or has with another meaning. All of them
// are as Redshift's documentation describes them: none was tried on a Redshift.
type redshiftFunction struct {
	name string
	// args and text are as in function. What is special is bound by redshiftSpecial.
	args, text string
	result     pgtypes.OID
	special    bool

	semantics Semantics
	page      string // of the documentation
	note      string // why it is refused, or what the page does not say
}

// Semantics says how a function or a rule of Redshift's is kept by the cold engine.
type Semantics string

// The semantics.
const (
	Identical   Semantics = "identical"   // DuckDB's own function of the same meaning
	Rewritten   Semantics = "rewritten"   // other words for the same meaning
	Approximate Semantics = "approximate" // may differ by its nature
	Refused     Semantics = "refused"     // 0A000 with a reason
)

// Rule is one function or rule of the dialect redshift, for the documentation of what is meant by a statement.
type Rule struct {
	Name      string // "dateadd", or a sentence
	Arguments string // types, alternatives divided by "|"; "" for all that the page describes
	Semantics Semantics
	// Page is the page of Redshift's Database Developer Guide that says it, without ".html". No Redshift was asked: what
	// is known of it is what the page says.
	Page string
	Note string
}

// RedshiftRules gives every function and rule of the dialect redshift that is not PostgreSQL's.
func RedshiftRules() []Rule {
	rules := redshiftTypeRules()
	for _, f := range redshiftList() {
		rules = append(rules, Rule{Name: f.name, Arguments: f.args, Semantics: f.semantics, Page: f.page, Note: f.note})
	}
	return rules
}

// redshiftByName finds the lines of the list by name.
var redshiftByName = sync.OnceValue(func() map[string][]redshiftFunction {
	m := map[string][]redshiftFunction{}
	for _, f := range redshiftList() {
		m[f.name] = append(m[f.name], f)
	}
	return m
})

func redshiftList() []redshiftFunction {
	var list []redshiftFunction
	for _, part := range [][]redshiftFunction{redshiftDates(), redshiftTexts(), redshiftNumbers(), redshiftConditions(), redshiftSummaries(), redshiftRefused()} {
		list = append(list, part...)
	}
	return list
}

// signatures gives the candidates that a line has, for the choice among them.
func (f *redshiftFunction) signatures() []signature {
	p := postgresTables()
	var list []signature
	for args := range strings.SplitSeq(f.args, "|") {
		s := signature{name: f.name, result: f.result, kind: 'f'}
		if args != "" {
			for a := range strings.SplitSeq(args, ",") {
				s.args = append(s.args, p.typeNames[a])
			}
		}
		list = append(list, s)
	}
	return list
}

func redshiftDates() []redshiftFunction {
	const timestamps = "timestamp"
	return []redshiftFunction{
		{name: "getdate", special: true, semantics: Rewritten, page: "r_GETDATE", note: "whole seconds, as the page shows it"},
		{name: "dateadd", special: true, semantics: Rewritten, page: "r_DATEADD_function"},
		{name: "date_add", special: true, semantics: Rewritten, page: "r_DATEADD_function"},
		{name: "datediff", special: true, semantics: Rewritten, page: "r_DATEDIFF_function", note: "the page does not say which day begins a week: Monday, as in DATE_TRUNC"},
		{name: "date_diff", special: true, semantics: Rewritten, page: "r_DATEDIFF_function"},
		{name: "date_trunc", special: true, semantics: Rewritten, page: "r_DATE_TRUNC"},
		{name: "date_part_year", args: "date", text: "CAST(year($1) AS INTEGER)", result: pgtypes.Int4, semantics: Rewritten, page: "r_DATE_PART_YEAR"},
		{name: "add_months", special: true, semantics: Rewritten, page: "r_ADD_MONTHS"},
		{name: "months_between", args: timestamps + "," + timestamps, text: "tg_rs_months_between($1, $2)", result: pgtypes.Float8, semantics: Rewritten, page: "r_MONTHS_BETWEEN_function"},
		{name: "last_day", special: true, semantics: Rewritten, page: "r_LAST_DAY"},
		{name: "next_day", args: "date,text", text: "tg_rs_next_day($1, $2)", result: pgtypes.Date, semantics: Rewritten, page: "r_NEXT_DAY"},
		{name: "convert_timezone", special: true, semantics: Rewritten, page: "CONVERT_TIMEZONE"},
		{name: "date_cmp", args: "date,date", text: compareText, result: pgtypes.Int4, semantics: Rewritten, page: "r_DATE_CMP"},
		{name: "date_cmp_timestamp", args: timestamps + "," + timestamps, text: compareText, result: pgtypes.Int4, semantics: Rewritten, page: "r_DATE_CMP_TIMESTAMP"},
		{name: "timestamp_cmp", args: timestamps + "," + timestamps, text: compareText, result: pgtypes.Int4, semantics: Rewritten, page: "r_TIMESTAMP_CMP"},
		{name: "timestamp_cmp_date", args: timestamps + "," + timestamps, text: compareText, result: pgtypes.Int4, semantics: Rewritten, page: "r_TIMESTAMP_CMP_DATE"},
	}
}

// compareText gives -1, 0 or 1.
const compareText = "CASE WHEN $1 < $2 THEN -1 WHEN $1 > $2 THEN 1 WHEN $1 = $2 THEN 0 END"

func redshiftTexts() []redshiftFunction {
	length := "CAST(length($1) AS INTEGER)"
	return []redshiftFunction{
		{name: "len", args: "text", text: length, result: pgtypes.Int4, semantics: Identical, page: "r_LEN"},
		{name: "textlen", args: "text", text: length, result: pgtypes.Int4, semantics: Identical, page: "r_TEXTLEN"},
		{name: "charindex", args: "text,text", text: "CAST(strpos($2, $1) AS INTEGER)", result: pgtypes.Int4, semantics: Rewritten, page: "r_CHARINDEX"},
		{name: "replicate", args: "text,int4", text: repeatText, result: pgtypes.Varchar, semantics: Identical, page: "r_REPLICATE"},
		{name: "concat", args: "text,text", text: "($1 || $2)", result: pgtypes.Varchar, semantics: Rewritten, page: "r_CONCAT", note: "NULL if either is NULL, and two arguments only"},
		{name: "strtol", args: "text,int4", text: "tg_rs_strtol($1, $2)", result: pgtypes.Int8, semantics: Rewritten, page: "r_STRTOL"},
		{name: "to_hex", args: "int4|int8", text: "lower(to_hex($1))", result: pgtypes.Varchar, semantics: Rewritten, page: "r_TO_HEX", note: "negative numbers are not described"},
		{name: "crc32", args: "text", text: "tg_rs_crc32($1)", result: pgtypes.Varchar, semantics: Rewritten, page: "crc32-function"},
		{name: "sha", args: "text", text: "sha1($1)", result: pgtypes.Varchar, semantics: Identical, page: "SHA"},
		{name: "sha1", args: "text", text: "sha1($1)", result: pgtypes.Varchar, semantics: Identical, page: "SHA1"},
		{name: "func_sha1", args: "text", text: "sha1($1)", result: pgtypes.Varchar, semantics: Identical, page: "FUNC_SHA1"},
		{name: "sha2", args: "text,int4", text: "tg_rs_sha2($1, $2)", result: pgtypes.Varchar, semantics: Rewritten, page: "SHA2"},
		{name: "fnv_hash", args: "text|int4", text: "tg_rs_fnv($1)", result: pgtypes.Int8, semantics: Rewritten, page: "r_FNV_HASH", note: "of texts and INTEGER, which the page has examples of; without a seed"},
		{name: "regexp_substr", special: true, semantics: Rewritten, page: "REGEXP_SUBSTR", note: "POSIX patterns; the page does not say which of several matches at one place: the longest"},
		{name: "regexp_count", special: true, semantics: Rewritten, page: "REGEXP_COUNT", note: "POSIX patterns"},
		{name: "regexp_instr", special: true, semantics: Rewritten, page: "REGEXP_INSTR", note: "POSIX patterns"},
		{name: "regexp_replace", special: true, semantics: Rewritten, page: "REGEXP_REPLACE", note: "POSIX patterns; every match is replaced"},
		{name: "json_extract_path_text", special: true, semantics: Rewritten, page: "JSON_EXTRACT_PATH_TEXT"},
		{name: "json_extract_array_element_text", special: true, semantics: Rewritten, page: "JSON_EXTRACT_ARRAY_ELEMENT_TEXT"},
		{name: "json_array_length", special: true, semantics: Rewritten, page: "JSON_ARRAY_LENGTH"},
		{name: "is_valid_json", args: "text", text: "tg_rs_is_json($1)", result: pgtypes.Bool, semantics: Rewritten, page: "IS_VALID_JSON"},
		{name: "is_valid_json_array", args: "text", text: "tg_rs_is_json_array($1)", result: pgtypes.Bool, semantics: Rewritten, page: "IS_VALID_JSON_ARRAY"},
	}
}

const repeatText = "CASE WHEN CAST(strlen($1) AS HUGEINT) * $2 > 65535 THEN error('54000: requested length too large') ELSE repeat($1, $2) END"

func redshiftNumbers() []redshiftFunction {
	double := func(name, text, page string) redshiftFunction {
		return redshiftFunction{name: name, args: "float8", text: text, result: pgtypes.Float8, semantics: Rewritten, page: page}
	}
	const ln = "ln($1)"
	return []redshiftFunction{
		double("exp", "tg_float_exp(exp($1), $1)", "r_EXP"), double("dexp", "tg_float_exp(exp($1), $1)", "r_DEXP"),
		double("ln", positive(ln), "r_LN"), double("dlog1", positive(ln), "r_DLOG1"),
		double("log", positive("log10($1)"), "r_LOG"), double("dlog10", positive("log10($1)"), "r_DLOG10"),
		double("sqrt", "CASE WHEN $1 < 0 THEN error('2201F: cannot take square root of a negative number') ELSE sqrt($1) END", "r_SQRT"),
		{name: "power", args: "float8,float8", text: powerSQL("$1", "$2"), result: pgtypes.Float8, semantics: Rewritten, page: "r_POWER"},
		{name: "pow", args: "float8,float8", text: powerSQL("$1", "$2"), result: pgtypes.Float8, semantics: Rewritten, page: "r_POWER"},
		{name: "rand", text: "random()", result: pgtypes.Float8, semantics: Approximate, page: "r_RANDOM", note: "another number with every call"},
		{name: "trunc", special: true, semantics: Rewritten, page: "r_TRUNC", note: "of a timestamp it is the date"},
	}
}

// positive refuses the arguments that have no logarithm.
func positive(text string) string {
	return "CASE WHEN $1 = 0 THEN error('2201E: cannot take logarithm of zero') WHEN $1 < 0 THEN error('2201E: cannot take logarithm of a negative number') ELSE " + text + " END"
}

func redshiftConditions() []redshiftFunction {
	return []redshiftFunction{
		{name: "nvl", special: true, semantics: Rewritten, page: "r_NVL_function"},
		{name: "nvl2", special: true, semantics: Rewritten, page: "r_NVL2"},
		{name: "decode", special: true, semantics: Rewritten, page: "r_DECODE_expression", note: "NULL equals NULL"},
	}
}

func redshiftSummaries() []redshiftFunction {
	return []redshiftFunction{
		{name: "avg", special: true, semantics: Rewritten, page: "r_AVG", note: "BIGINT of integers, the argument's scale of decimals; the page does not say how the last digit is made: by truncation"},
		{name: "sum", special: true, semantics: Rewritten, page: "r_SUM"},
		{name: "stddev", special: true, semantics: Rewritten, page: "r_STDDEV_functions"},
		{name: "stddev_samp", special: true, semantics: Rewritten, page: "r_STDDEV_functions"},
		{name: "stddev_pop", special: true, semantics: Rewritten, page: "r_STDDEV_functions"},
		{name: "variance", special: true, semantics: Rewritten, page: "r_VARIANCE_functions"},
		{name: "var_samp", special: true, semantics: Rewritten, page: "r_VARIANCE_functions"},
		{name: "var_pop", special: true, semantics: Rewritten, page: "r_VARIANCE_functions"},
		{name: "listagg", special: true, semantics: Rewritten, page: "r_LISTAGG"},
		{name: "median", special: true, semantics: Rewritten, page: "r_MEDIAN", note: "the page does not say the scale of a decimal result: one digit more than the argument's"},
		{name: "percentile_cont", special: true, semantics: Rewritten, page: "r_PERCENTILE_CONT", note: "the page does not say the scale of a decimal result: the digits of the argument and of the fraction"},
		{name: "percentile_disc", special: true, semantics: Identical, page: "r_APPROXIMATE_PERCENTILE_DISC"},
		{name: "ratio_to_report", special: true, semantics: Rewritten, page: "r_WF_RATIO_TO_REPORT"},
	}
}

func redshiftRefused() []redshiftFunction {
	var list []redshiftFunction
	refuse := func(page, note string, names ...string) {
		for _, n := range names {
			list = append(list, redshiftFunction{name: n, semantics: Refused, page: page, note: note})
		}
	}
	refuse("r_SUPER_type", "a value of type SUPER is not supported", "json_parse", "can_json_parse", "json_serialize", "json_serialize_to_varbyte",
		"split_to_array", "array_concat", "array_flatten", "subarray", "get_array_length", "is_array", "is_object", "object_transform", "strtok_to_array")
	refuse("hyperloglog-functions", "a sketch of HyperLogLog is Redshift's own", "hll", "hll_create_sketch", "hll_cardinality", "hll_combine", "hll_combine_sketches")
	refuse("r_CHECKSUM", "the documentation does not say how it is computed", "checksum", "farmfingerprint64", "murmur3_32_hash")
	refuse("String_functions_header", "it is not supported yet", "soundex", "difference", "octetindex", "bttext_pattern_cmp", "bpcharcmp")
	refuse("r_NVL_function", "Redshift's documentation has no such function: NVL is one", "isnull")
	return list
}

// redshiftTypeRules are the rules of types and words that are not PostgreSQL's.
func redshiftTypeRules() []Rule {
	return []Rule{
		{Name: "DECIMAL without precision is DECIMAL(18,0)", Semantics: Rewritten, Page: "r_Numeric_types201"},
		{Name: "TEXT is VARCHAR(256), and a length counts bytes", Semantics: Rewritten, Page: "r_Character_types"},
		{Name: "blanks at the end of texts do not count in comparisons", Semantics: Rewritten, Page: "r_Character_types", Note: "GROUP BY, DISTINCT and set operations go by bytes: the page does not speak of them"},
		{Name: "precision and scale of + - * / of decimals", Semantics: Rewritten, Page: "r_numeric_computations201", Note: "the page does not say how the last digit of a quotient is made: by truncation"},
		{Name: "a backslash in a text escapes", Semantics: Rewritten, Page: "pattern-matching-conditions-posix"},
		{Name: "EXTRACT", Semantics: Rewritten, Page: "r_EXTRACT_function"},
		{Name: "DATE_PART", Semantics: Rewritten, Page: "r_DATE_PART_function"},
		{Name: "SYSDATE", Semantics: Rewritten, Page: "r_SYSDATE"},
		{Name: "TOP n", Semantics: Rewritten, Page: "r_SELECT_list"},
		{Name: "MINUS", Semantics: Rewritten, Page: "r_UNION"},
		{Name: "QUALIFY", Semantics: Rewritten, Page: "r_QUALIFY_clause"},
		{Name: "an output column in a later expression of the same SELECT", Semantics: Rewritten, Page: "r_SELECT_list"},
		{Name: "APPROXIMATE COUNT(DISTINCT …)", Semantics: Approximate, Page: "r_COUNT"},
		{Name: "APPROXIMATE PERCENTILE_DISC", Semantics: Approximate, Page: "r_APPROXIMATE_PERCENTILE_DISC", Note: "exact here"},
		{Name: "IGNORE NULLS, RESPECT NULLS", Semantics: Rewritten, Page: "r_WF_first_value"},
		{Name: "CONVERT(type, value)", Semantics: Rewritten, Page: "r_CONVERT_function"},
		{Name: "#name", Semantics: Rewritten, Page: "r_CREATE_TABLE_NEW"},
	}
}
