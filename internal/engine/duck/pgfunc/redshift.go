package pgfunc

import "tidegate/internal/engine/duck/udf"

// redshift is the functions that Redshift alone has.
func redshift() []udf.Function {
	return []udf.Function{}
}
