package pgnumeric

import (
	"math"

	"tidegate/internal/pgerr"
)

const invalidForBucket pgerr.Code = "2201G"

// Bucket gives width_bucket(n, low, high, count): which of count parts of the range n is in, 0 before and count + 1
// behind it.
func Bucket(n, low, high Numeric, count int32) (int32, error) {
	switch {
	case count <= 0:
		return 0, pgerr.New(invalidForBucket, "count must be greater than zero")
	case n.kind == nan || low.kind == nan || high.kind == nan:
		return 0, pgerr.New(invalidForBucket, "operand, lower bound, and upper bound cannot be NaN")
	case low.Special() || high.Special():
		return 0, pgerr.New(invalidForBucket, "lower and upper bounds must be finite")
	}
	way := low.Compare(high)
	if way == 0 {
		return 0, pgerr.New(invalidForBucket, "lower bound cannot equal upper bound")
	}
	switch {
	case n.Compare(low)*way > 0:
		return 0, nil
	case n.Compare(high)*way <= 0:
		return pastBuckets(count)
	}
	offset, err := Sub(n, low)
	if err != nil {
		return 0, err
	}
	span, err := Sub(high, low)
	if err != nil {
		return 0, err
	}
	part := product(offset, Int(int64(count)), offset.scale)
	q := quotient(part, span, divScale(part, span))
	if q.Compare(Int(int64(count))) >= 0 { // by rounding
		return count, nil
	}
	return int32(q.Floor().integer().Int64()) + 1, nil
}

func pastBuckets(count int32) (int32, error) {
	if count == math.MaxInt32 {
		return 0, pgerr.New(pgerr.NumericOutOfRange, "integer out of range")
	}
	return count + 1, nil
}

// FloatBucket is Bucket for doubles.
func FloatBucket(x, low, high float64, count int32) (int32, error) {
	switch {
	case count <= 0:
		return 0, pgerr.New(invalidForBucket, "count must be greater than zero")
	case math.IsNaN(x) || math.IsNaN(low) || math.IsNaN(high):
		return 0, pgerr.New(invalidForBucket, "operand, lower bound, and upper bound cannot be NaN")
	case math.IsInf(low, 0) || math.IsInf(high, 0):
		return 0, pgerr.New(invalidForBucket, "lower and upper bounds must be finite")
	case low == high:
		return 0, pgerr.New(invalidForBucket, "lower bound cannot equal upper bound")
	}
	if low > high {
		x, low, high = -x, -low, -high
	}
	switch {
	case x < low:
		return 0, nil
	case x >= high:
		return pastBuckets(count)
	}
	if span := high - low; !math.IsInf(span, 0) {
		return bucketOf((x-low)/span, count), nil
	}
	return bucketOf((x/2-low/2)/(high/2-low/2), count), nil
}

// bucketOf gives the bucket of a part of the range, which rounding may have made 1.
func bucketOf(part float64, count int32) int32 {
	return min(int32(part*float64(count)), count-1) + 1
}
