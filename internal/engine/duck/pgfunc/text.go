package pgfunc

import "tidegate/internal/engine/duck/udf"

// text is the functions of texts, patterns and bytes.
func text() []udf.Function {
	return []udf.Function{}
}
