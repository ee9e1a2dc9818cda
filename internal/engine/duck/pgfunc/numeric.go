package pgfunc

import "tidegate/internal/engine/duck/udf"

// numeric is the functions of numbers.
func numeric() []udf.Function {
	return []udf.Function{}
}

// numericAggregates is the aggregates of numbers.
func numericAggregates() []udf.Aggregate {
	return []udf.Aggregate{}
}
