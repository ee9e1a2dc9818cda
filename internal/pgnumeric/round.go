package pgnumeric

import (
	"math/big"
	"strconv"

	"tidegate/internal/pgerr"
)

// rounded gives n with scale digits behind the point, rounded half away from zero. A negative scale rounds before
// the point; the result has no digits behind it then.
func (n Numeric) rounded(scale int) Numeric {
	return n.rescaled(scale, divRound)
}

func (n Numeric) rescaled(scale int, divide func(num, den *big.Int) *big.Int) Numeric {
	switch by := scale - n.scale; {
	case by == 0 || n.kind != finite:
		return n
	case by > 0:
		return Numeric{coef: new(big.Int).Mul(n.integer(), power10(by)), scale: scale}
	default:
		coef := divide(n.integer(), power10(-by))
		if scale < 0 {
			coef, scale = coef.Mul(coef, power10(-scale)), 0
		}
		return Numeric{coef: coef, scale: scale}
	}
}

// Round gives round(n, digits).
func (n Numeric) Round(digits int) (Numeric, error) {
	return checked(n.rounded(min(max(digits, -maxResult), maxResult)))
}

// Trunc gives trunc(n, digits).
func (n Numeric) Trunc(digits int) Numeric {
	return n.rescaled(min(max(digits, -maxResult), maxResult), func(num, den *big.Int) *big.Int {
		return new(big.Int).Quo(num, den)
	})
}

// Floor gives the largest integer that is not greater.
func (n Numeric) Floor() Numeric {
	if n.kind != finite || n.scale == 0 {
		return n
	}
	// Div rounds to the negative infinity, as the divisor is positive.
	return n.rescaled(0, func(num, den *big.Int) *big.Int { return new(big.Int).Div(num, den) })
}

// Ceil gives the smallest integer that is not less.
func (n Numeric) Ceil() Numeric { return n.Neg().Floor().Neg() }

// MinScale is how many digits behind the point are needed for the value.
func (n Numeric) MinScale() int { return n.TrimScale().scale }

// TrimScale drops the zeros at the end of the fraction.
func (n Numeric) TrimScale() Numeric {
	if n.kind != finite || n.scale == 0 {
		return n
	}
	coef, scale, ten := new(big.Int).Set(n.integer()), n.scale, big.NewInt(10)
	if coef.Sign() == 0 {
		return Numeric{}
	}
	for scale > 0 {
		q, r := new(big.Int).QuoRem(coef, ten, new(big.Int))
		if r.Sign() != 0 {
			break
		}
		coef, scale = q, scale-1
	}
	return Numeric{coef: coef, scale: scale}
}

// Fit casts to numeric(precision, scale): rounded to its scale, 22003 if it has too many digits then.
func (n Numeric) Fit(precision, scale int) (Numeric, error) {
	if n.kind == nan {
		return n, nil
	}
	if n.kind == finite {
		r := n.rounded(scale)
		limit := power10(max(precision-scale, 0) + r.scale) // of the coefficient: 10^(precision-scale)
		if precision < scale {
			limit = power10(r.scale - (scale - precision))
		}
		if r.integer().CmpAbs(limit) < 0 {
			return r, nil
		}
	}
	if n.kind == finite {
		return Numeric{}, Overflow(precision, scale)
	}
	return Numeric{}, fieldOverflow("A field with precision %d, scale %d cannot hold an infinite value.", precision, scale)
}

// Overflow says that a number has too many digits for a numeric(precision, scale).
func Overflow(precision, scale int) *pgerr.Error {
	limit := "1"
	if whole := precision - scale; whole != 0 {
		limit = "10^" + strconv.Itoa(whole)
	}
	return fieldOverflow("A field with precision %d, scale %d must round to an absolute value less than %s.", precision, scale, limit)
}

func fieldOverflow(detail string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.NumericOutOfRange, "numeric field overflow").WithDetail(detail, args...)
}
