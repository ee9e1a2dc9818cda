// Package pgfunc is the list of PostgreSQL's functions that DuckDB has not, or has with another meaning: one file per
// subject. They are named tg_…, which no client can say: the binder of package sql knows PostgreSQL's names only, and
// writes these. What they compute is in packages without DuckDB, which the binder uses too, to fold constants.
package pgfunc

import (
	"slices"

	"tidegate/internal/engine/duck/udf"
)

// All gives every function.
func All() []udf.Function {
	return slices.Concat(numeric(), dates(), text(), nested(), redshiftFunctions())
}

// Aggregates gives every aggregate.
func Aggregates() []udf.Aggregate {
	return slices.Concat(numericAggregates(), floatAggregates(), nestedAggregates(), timeAggregates())
}
