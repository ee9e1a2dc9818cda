package pgfloat

import "math"

// Percentile is percentile_cont of values in their order, for a fraction of 0 to 1. Of no values it is 0.
func Percentile(values []float64, fraction float64) float64 {
	if len(values) == 0 {
		return 0
	}
	at := fraction * float64(len(values)-1)
	low, high := values[int(math.Floor(at))], values[int(math.Ceil(at))]
	if math.Floor(at) == math.Ceil(at) {
		return low
	}
	return low + (at-math.Floor(at))*(high-low)
}
