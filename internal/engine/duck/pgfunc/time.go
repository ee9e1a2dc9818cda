package pgfunc

import "tidegate/internal/engine/duck/udf"

// dates is the functions of dates, times, intervals and their formats.
func dates() []udf.Function {
	return []udf.Function{}
}
