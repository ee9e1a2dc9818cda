package pgfloat

import "math"

// NaN gives PostgreSQL's NaN, as get_float8_nan does. The one of math and strconv has another bit, which clients would see
// in binary.
func NaN() float64 { return math.Float64frombits(0x7ff8_0000_0000_0000) }

// OrNaN gives v, but PostgreSQL's NaN for every NaN.
func OrNaN(v float64) float64 {
	if math.IsNaN(v) {
		return NaN()
	}
	return v
}
