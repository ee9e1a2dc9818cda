package pgnumeric

import (
	"math"
	"math/big"
	"math/bits"

	"tidegate/internal/pgerr"
)

// Power gives base^exponent: numeric_power.
func Power(base, exponent Numeric) (Numeric, error) {
	if base.kind == nan || exponent.kind == nan {
		return powerOfNaN(base, exponent), nil
	}
	sign, by := base.Sign(), exponent.Sign()
	switch {
	case sign == 0 && by < 0:
		return Numeric{}, pgerr.New(invalidForPower, "zero raised to a negative power is undefined")
	case sign < 0 && !exponent.integral():
		return Numeric{}, pgerr.New(invalidForPower, "a negative number raised to a non-integer power yields a complex result")
	case base.Special() || exponent.Special():
		return powerOfInfinity(base, exponent), nil
	}
	if exponent.integral() {
		if e := exponent.rounded(0).integer(); e.IsInt64() && e.Int64() >= math.MinInt32 && e.Int64() <= math.MaxInt32 {
			return powerOfInt(base, e.Int64(), min(max(minSignificant, base.scale, 0), maxDisplay))
		}
	}
	return powerOfAny(base, exponent)
}

// powerOfNaN follows pow(3): only NaN ^ 0 and 1 ^ NaN are numbers.
func powerOfNaN(base, exponent Numeric) Numeric {
	one := Int(1)
	if base.kind == nan && exponent.kind == finite && exponent.Sign() == 0 || exponent.kind == nan && base.kind == finite && base.Compare(one) == 0 {
		return one
	}
	return NaN()
}

// powerOfInfinity follows pow(3).
func powerOfInfinity(base, exponent Numeric) Numeric {
	one, zero := Int(1), Numeric{}
	up := exponent.Sign() > 0
	switch {
	case base.kind == finite && base.Compare(one) == 0, exponent.Sign() == 0:
		return one
	case base.Sign() == 0:
		return zero
	case exponent.Special():
		if base.kind == finite && base.Compare(Int(-1)) == 0 {
			return one
		}
		if (base.Abs().Compare(one) > 0) == up {
			return Infinity()
		}
		return zero
	case !up:
		return zero
	case base.kind == infinite || exponent.TrimScale().integer().Bit(0) == 0:
		return Infinity()
	}
	return NegativeInfinity()
}

// integral reports whether n is a whole number, or infinite.
func (n Numeric) integral() bool { return n.kind != nan && n.MinScale() == 0 }

// powerOfInt is power_var_int: repeated multiplication, each product rounded to the digits that the result needs.
func powerOfInt(base Numeric, exponent int64, scale int) (Numeric, error) {
	switch exponent {
	case 0:
		return Int(1).rounded(scale), nil
	case 1:
		return base.rounded(scale), nil
	case -1:
		if base.Sign() == 0 {
			return Numeric{}, divisionByZero()
		}
		return checked(quotient(Int(1), base, scale))
	case 2:
		return checked(product(base, base, scale))
	}
	if base.Sign() == 0 {
		return Numeric{scale: scale}, nil
	}
	head, power := base.head(5)
	magnitude := float64(exponent) * (math.Log10(head) + float64(power)) // of the result
	switch {
	case magnitude > 3*math.MaxInt16*4:
		return Numeric{}, overflow()
	case magnitude+1 < float64(-scale) || magnitude+1 < -maxDisplay:
		return Numeric{scale: scale}, nil
	}
	digits := 1 + scale + int(magnitude) + int(math.Log(math.Abs(float64(exponent)))) + 8
	r, large := raise(base, uint64(max(exponent, -exponent)), digits)
	switch {
	case large && exponent > 0:
		return Numeric{}, overflow()
	case large:
		return Numeric{scale: scale}, nil
	case exponent < 0:
		return checked(quotient(Int(1), r, scale))
	}
	return checked(r.rounded(scale))
}

// raise multiplies; large says that the weight is beyond all range.
func raise(base Numeric, mask uint64, digits int) (r Numeric, large bool) {
	r = Int(1)
	if mask&1 == 1 {
		r = base
	}
	for range bits.Len64(mask) - 1 {
		mask >>= 1
		weight, _ := base.leading()
		base = product(base, base, max(min(digits-2*weight*4, 2*base.scale), 0))
		if mask&1 == 1 {
			baseWeight, _ := base.leading()
			weight, _ := r.leading()
			r = product(base, r, max(min(digits-(baseWeight+weight)*4, base.scale+r.scale), 0))
		}
		baseWeight, _ := base.leading()
		weight, _ = r.leading()
		if baseWeight > math.MaxInt16 || weight > math.MaxInt16 {
			return r, true
		}
	}
	return r, false
}

// product multiplies and rounds to scale.
func product(n, m Numeric, scale int) Numeric {
	return Numeric{coef: new(big.Int).Mul(n.integer(), m.integer()), scale: n.scale + m.scale}.rounded(scale)
}

// powerOfAny is power_var for exponents that are no small integers: exp(exponent × ln(base)).
func powerOfAny(base, exponent Numeric) (Numeric, error) {
	if base.Sign() == 0 {
		return Numeric{scale: minSignificant}, nil
	}
	negative := base.Sign() < 0 && exponent.TrimScale().integer().Bit(0) == 1
	base = base.Abs()
	lnWeight := base.lnWeight()
	rough, err := lnTimes(base, exponent, max(8-lnWeight, 0))
	if err != nil {
		return Numeric{}, err
	}
	v := rough.approximate()
	if math.Abs(v) > maxResult*3.01 {
		if v > 0 {
			return Numeric{}, overflow()
		}
		return Numeric{scale: maxDisplay}, nil
	}
	weight := int(v * log10e)
	scale := min(max(minSignificant-weight, base.scale, exponent.scale, 0), maxDisplay)
	ln, err := lnTimes(base, exponent, max(scale+weight-lnWeight+8, 0))
	if err != nil {
		return Numeric{}, err
	}
	r, err := ln.exp(scale)
	if negative {
		r = r.Neg()
	}
	return r, err
}

// lnTimes gives ln(base) × exponent, both rounded to scale.
func lnTimes(base, exponent Numeric, scale int) (Numeric, error) {
	ln, err := base.ln(scale)
	if err != nil {
		return Numeric{}, err
	}
	return product(ln, exponent, scale), nil
}
