package pgnumeric

import "math/big"

// Sum adds numerics; the zero Sum is that of none. The order of the additions does not matter.
type Sum struct {
	Count    int64
	total    big.Int // of the finite ones, times 10^scale
	scale    int
	nans     int64
	infinite [2]int64 // positive, negative
}

// Add adds one value.
func (s *Sum) Add(n Numeric) {
	s.Count++
	switch n.kind {
	case nan:
		s.nans++
	case infinite:
		s.infinite[0]++
	case negativeInfinite:
		s.infinite[1]++
	default:
		s.add(n.integer(), n.scale)
	}
}

func (s *Sum) add(coef *big.Int, scale int) {
	switch {
	case scale > s.scale:
		s.total.Mul(&s.total, power10(scale-s.scale))
		s.scale = scale
	case scale < s.scale:
		coef = new(big.Int).Mul(coef, power10(s.scale-scale))
	}
	s.total.Add(&s.total, coef)
}

// Merge adds what another Sum has.
func (s *Sum) Merge(o *Sum) {
	s.Count += o.Count
	s.nans += o.nans
	s.infinite[0] += o.infinite[0]
	s.infinite[1] += o.infinite[1]
	s.add(&o.total, o.scale)
}

// Result is the sum so far.
func (s *Sum) Result() Numeric {
	switch {
	case s.nans > 0, s.infinite[0] > 0 && s.infinite[1] > 0:
		return NaN()
	case s.infinite[0] > 0:
		return Infinity()
	case s.infinite[1] > 0:
		return NegativeInfinity()
	}
	return Numeric{coef: new(big.Int).Set(&s.total), scale: s.scale}
}

// Variance gives the variance of count values by their sum and the sum of their squares: numeric_stddev_internal. ok is
// false where PostgreSQL gives NULL. sample divides by count - 1, and root gives the standard deviation.
func Variance(sum, squares Numeric, count int64, sample, root bool) (v Numeric, ok bool, err error) {
	switch {
	case count == 0 || sample && count == 1:
		return Numeric{}, false, nil
	case sum.Special():
		return NaN(), true, nil
	}
	n := Int(count)
	numerator := &big.Int{}
	scale := max(2*sum.scale, squares.scale)
	a := Numeric{coef: new(big.Int).Mul(sum.integer(), sum.integer()), scale: 2 * sum.scale}
	b := Numeric{coef: new(big.Int).Mul(n.coef, squares.integer()), scale: squares.scale}
	x, y := aligned(a, b)
	if numerator.Sub(y, x).Sign() <= 0 {
		return Numeric{}, true, nil
	}
	divisor := new(big.Int).Mul(n.coef, n.coef)
	if sample {
		divisor.Sub(divisor, n.coef)
	}
	num, den := Numeric{coef: numerator, scale: scale}, Numeric{coef: divisor}
	rscale := divScale(num, den)
	v = quotient(num, den, rscale)
	if root {
		v = v.sqrt(rscale)
	}
	return v, true, nil
}
