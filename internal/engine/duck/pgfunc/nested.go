package pgfunc

import "tidegate/internal/engine/duck/udf"

// nested is the functions of arrays and JSON.
func nested() []udf.Function {
	return []udf.Function{}
}
