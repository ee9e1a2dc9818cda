package sql

import "tidegate/internal/pgtypes"

const numbers = "int2|int4|int8|numeric|float4|float8"

// numericList is the allow-list of functions of numbers.
// Doubles that overflow become infinite, where PostgreSQL raises 22003.
func numericList() []function {
	return []function{
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
	}
}
