package pgnumeric

import (
	"math/big"

	"tidegate/internal/pgerr"
)

// Limits of numeric.c.
const (
	minSignificant = 16    // NUMERIC_MIN_SIG_DIGITS: of results whose scale is chosen by their value
	maxDisplay     = 1000  // NUMERIC_MAX_DISPLAY_SCALE
	maxResult      = 2000  // NUMERIC_MAX_RESULT_SCALE
	maxScale       = 16383 // NUMERIC_DSCALE_MAX
	maxWhole       = 131072
)

func divisionByZero() error { return pgerr.New(pgerr.DivisionByZero, "division by zero") }

func overflow() error {
	return pgerr.New(pgerr.NumericOutOfRange, "value overflows numeric format")
}

// checked refuses what has more digits before the point than numeric can hold.
func checked(n Numeric) (Numeric, error) {
	if n.kind == finite && n.integer().BitLen() > 400_000 && len(n.integer().String())-n.scale > maxWhole {
		return Numeric{}, overflow()
	}
	return n, nil
}

// Neg gives -n.
func (n Numeric) Neg() Numeric {
	switch n.kind {
	case infinite:
		return NegativeInfinity()
	case negativeInfinite:
		return Infinity()
	case nan:
		return n
	default: // a number
	}
	return Numeric{coef: new(big.Int).Neg(n.integer()), scale: n.scale}
}

// Abs gives |n|.
func (n Numeric) Abs() Numeric {
	if n.Sign() < 0 {
		return n.Neg()
	}
	return n
}

// Signum gives sign(n): a numeric without digits behind the point, or NaN.
func (n Numeric) Signum() Numeric {
	if n.kind == nan {
		return n
	}
	return Int(int64(n.Sign()))
}

// Add gives n + m.
func Add(n, m Numeric) (Numeric, error) {
	if n.kind != finite || m.kind != finite {
		switch {
		case n.kind == nan || m.kind == nan, n.Special() && m.Special() && n.kind != m.kind:
			return NaN(), nil
		case n.Special():
			return n, nil
		}
		return m, nil
	}
	a, b := aligned(n, m)
	return checked(Numeric{coef: new(big.Int).Add(a, b), scale: max(n.scale, m.scale)})
}

// Sub gives n - m.
func Sub(n, m Numeric) (Numeric, error) { return Add(n, m.Neg()) }

// Mul gives n × m.
func Mul(n, m Numeric) (Numeric, error) {
	if n.kind != finite || m.kind != finite {
		if n.kind == nan || m.kind == nan {
			return NaN(), nil
		}
		return signedInfinity(n.Sign() * m.Sign()), nil
	}
	r := Numeric{coef: new(big.Int).Mul(n.integer(), m.integer()), scale: n.scale + m.scale}
	if r.scale > maxScale {
		r = r.rounded(maxScale)
	}
	return checked(r)
}

// signedInfinity is the infinity of a sign; an infinity times 0 is NaN.
func signedInfinity(sign int) Numeric {
	switch {
	case sign > 0:
		return Infinity()
	case sign < 0:
		return NegativeInfinity()
	}
	return NaN()
}

// Div gives n / m with the scale that PostgreSQL chooses by the values: at least 16 significant digits.
func Div(n, m Numeric) (Numeric, error) {
	if n.kind != finite || m.kind != finite {
		return divSpecial(n, m)
	}
	if m.Sign() == 0 {
		return Numeric{}, divisionByZero()
	}
	return checked(quotient(n, m, divScale(n, m)))
}

func divSpecial(n, m Numeric) (Numeric, error) {
	switch {
	case n.kind == nan || m.kind == nan, n.Special() && m.Special():
		return NaN(), nil
	case m.Special():
		return Numeric{}, nil
	case m.Sign() == 0:
		return Numeric{}, divisionByZero()
	}
	return signedInfinity(n.Sign() * m.Sign()), nil
}

// divScale is select_div_scale.
func divScale(n, m Numeric) int {
	weightN, firstN := n.leading()
	weightM, firstM := m.leading()
	weight := weightN - weightM
	if firstN <= firstM {
		weight--
	}
	return min(max(minSignificant-weight*4, n.scale, m.scale, 0), maxDisplay)
}

// leading gives the weight of n's first digit to the base of 10000, and that digit. 0 has 0 and 0.
func (n Numeric) leading() (weight, digit int) {
	c := n.integer()
	if c.Sign() == 0 {
		return 0, 0
	}
	var room [48]byte
	text := c.Append(room[:0], 10)
	if text[0] == '-' {
		text = text[1:]
	}
	exponent := len(text) - 1 - n.scale // of 10, of the first decimal digit
	weight = floorDiv(exponent, 4)
	for i := range exponent - 4*weight + 1 {
		digit *= 10
		if i < len(text) {
			digit += int(text[i] - '0')
		}
	}
	return weight, digit
}

func floorDiv(a, b int) int {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// quotient gives n / m rounded half away from zero to scale digits.
func quotient(n, m Numeric, scale int) Numeric {
	num, den := n.integer(), m.integer()
	switch shift := scale + m.scale - n.scale; {
	case shift > 0:
		num = new(big.Int).Mul(num, power10(shift))
	case shift < 0:
		den = new(big.Int).Mul(den, power10(-shift))
	}
	return Numeric{coef: divRound(num, den), scale: scale}
}

// divRound divides and rounds half away from zero.
func divRound(num, den *big.Int) *big.Int {
	q, r := new(big.Int).QuoRem(num, den, new(big.Int))
	if r.Lsh(r.Abs(r), 1).CmpAbs(den) >= 0 {
		if num.Sign()*den.Sign() < 0 {
			return q.Sub(q, big.NewInt(1))
		}
		return q.Add(q, big.NewInt(1))
	}
	return q
}

// Mod gives n % m with the sign of n.
func Mod(n, m Numeric) (Numeric, error) {
	if n.kind != finite || m.kind != finite {
		switch {
		case n.kind == nan || m.kind == nan:
			return NaN(), nil
		case n.Special() && m.Sign() == 0:
			return Numeric{}, divisionByZero()
		case n.Special():
			return NaN(), nil
		}
		return n, nil
	}
	if m.Sign() == 0 {
		return Numeric{}, divisionByZero()
	}
	a, b := aligned(n, m)
	return Numeric{coef: new(big.Int).Rem(a, b), scale: max(n.scale, m.scale)}, nil
}

// DivTrunc gives div(n, m): the quotient's whole part.
func DivTrunc(n, m Numeric) (Numeric, error) {
	if n.kind != finite || m.kind != finite {
		return divSpecial(n, m)
	}
	if m.Sign() == 0 {
		return Numeric{}, divisionByZero()
	}
	a, b := aligned(n, m)
	return Numeric{coef: new(big.Int).Quo(a, b)}, nil
}

// GCD gives the greatest common divisor.
func GCD(n, m Numeric) Numeric {
	if n.kind != finite || m.kind != finite {
		return NaN()
	}
	a, b := aligned(n, m)
	return Numeric{coef: new(big.Int).GCD(nil, nil, new(big.Int).Abs(a), new(big.Int).Abs(b)), scale: max(n.scale, m.scale)}
}

// LCM gives the least common multiple.
func LCM(n, m Numeric) (Numeric, error) {
	if n.kind != finite || m.kind != finite {
		return NaN(), nil
	}
	scale := max(n.scale, m.scale)
	if n.Sign() == 0 || m.Sign() == 0 {
		return Numeric{scale: scale}, nil
	}
	a, b := aligned(n, m)
	divisor := GCD(n, m).coef
	return checked(Numeric{coef: new(big.Int).Abs(new(big.Int).Mul(new(big.Int).Quo(a, divisor), b)), scale: scale})
}

// maxFactorial is the largest integer whose factorial numeric can hold.
const maxFactorial = 32177

// Factorial gives n!.
func Factorial(n int64) (Numeric, error) {
	switch {
	case n < 0:
		return Numeric{}, pgerr.New(pgerr.NumericOutOfRange, "factorial of a negative number is undefined")
	case n > maxFactorial:
		return Numeric{}, overflow()
	}
	return Numeric{coef: new(big.Int).MulRange(1, n)}, nil
}
