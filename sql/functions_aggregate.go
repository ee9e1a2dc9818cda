package sql

// aggregateList is the allow-list of aggregates. What exactSummary makes of exact numbers goes before. "%" in the text is the call with its FILTER and OVER, so that
// a cast goes around all of it.
func aggregateList() []function {
	return []function{
		{name: "count", args: "any|", text: "count($1)"},
		{name: "sum", args: "int2|int4", text: "sum($1)|CAST(% AS BIGINT)"},
		{name: "sum", args: "int8", text: "sum($1)|CAST(% AS DECIMAL(38,0))", scale: '0'},
		{name: "sum", args: "numeric", text: "sum($1)", scale: 's'},
		{name: "sum", args: "float8", text: "sum($1)"},
		{name: "sum", args: "float4", text: "sum($1)|CAST(% AS FLOAT)"},
		{name: "avg", args: numbers, text: "avg($1)"},
		{name: "sum", args: "interval", text: "tg_interval_sum($1)"}, // as spanSummary
		{name: "avg", args: "interval", text: "tg_interval_avg($1)"},
		{name: "min", args: "int2|int4|int8|numeric|float4|float8|text|date|time|timestamp|timestamptz|interval|oid", text: "min($1)", scale: 's'},
		{name: "max", args: "int2|int4|int8|numeric|float4|float8|text|date|time|timestamp|timestamptz|interval|oid", text: "max($1)", scale: 's'},
		{name: "min", args: "bpchar", text: "arg_min($1, rtrim($1, ' '))"},
		{name: "max", args: "bpchar", text: "arg_max($1, rtrim($1, ' '))"},
		{name: "min", args: "anyarray", text: "min($1)"},
		{name: "max", args: "anyarray", text: "max($1)"},
		{name: "array_agg", args: "anynonarray", text: "list($1)"},
		{name: "bool_and", args: "bool", text: "bool_and($1)"},
		{name: "bool_or", args: "bool", text: "bool_or($1)"},
		{name: "every", args: "bool", text: "bool_and($1)"},
		{name: "bit_and", args: "int2|int4|int8", text: "bit_and($1)"},
		{name: "bit_xor", args: "int2|int4|int8", text: "bit_xor($1)"},
		{name: "bit_or", args: "int2|int4|int8", text: "bit_or($1)"},
		{name: "string_agg", args: "text,text", text: "string_agg($1, $2)"},
		{name: "stddev", args: numbers, text: "stddev_samp($1)"},
		{name: "stddev_samp", args: numbers, text: "stddev_samp($1)"},
		{name: "stddev_pop", args: numbers, text: "stddev_pop($1)"},
		{name: "variance", args: numbers, text: "var_samp($1)"},
		{name: "var_samp", args: numbers, text: "var_samp($1)"},
		{name: "var_pop", args: numbers, text: "var_pop($1)"},
		{name: "corr", args: "float8,float8", text: "corr($1, $2)"},
		{name: "covar_pop", args: "float8,float8", text: "covar_pop($1, $2)"},
		{name: "covar_samp", args: "float8,float8", text: "covar_samp($1, $2)"},
		{name: "regr_slope", args: "float8,float8", text: "regr_slope($1, $2)"},
		{name: "regr_intercept", args: "float8,float8", text: "regr_intercept($1, $2)"},
		{name: "regr_r2", args: "float8,float8", text: "regr_r2($1, $2)"},
		{name: "regr_count", args: "float8,float8", text: "regr_count($1, $2)|CAST(% AS BIGINT)"},
	}
}
