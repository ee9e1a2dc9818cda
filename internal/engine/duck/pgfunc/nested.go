package pgfunc

import "tidegate/internal/engine/duck/udf"

// nested is the functions of arrays and JSON.
func nested() []udf.Function {
	return []udf.Function{}
}

// nestedAggregates is the aggregates of arrays and JSON.
func nestedAggregates() []udf.Aggregate {
	return []udf.Aggregate{}
}
