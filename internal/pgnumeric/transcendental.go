package pgnumeric

import (
	"math"
	"math/big"
	"strconv"

	"github.com/cockroachdb/apd/v3"

	"tidegate/internal/pgerr"
)

const (
	invalidForLog   pgerr.Code = "2201E"
	invalidForPower pgerr.Code = "2201F"

	log10e = 0.434294481903252
)

func negativeLog() error {
	return pgerr.New(invalidForLog, "cannot take logarithm of a negative number")
}
func zeroLog() error { return pgerr.New(invalidForLog, "cannot take logarithm of zero") }

// Sqrt gives the square root: numeric_sqrt.
func Sqrt(n Numeric) (Numeric, error) {
	switch {
	case n.Sign() < 0:
		return Numeric{}, pgerr.New(invalidForPower, "cannot take square root of a negative number")
	case n.kind != finite:
		return n, nil
	}
	weight, _ := n.leading()
	scale := min(max(minSignificant-(weight*4/2+1), n.scale, 0), maxDisplay)
	return n.sqrt(scale), nil
}

// sqrt gives the root of a number that is not negative, rounded to a scale that is not less than half of n's.
func (n Numeric) sqrt(scale int) Numeric {
	// The integer root of the value times 100^(scale+1) has one digit more than is wanted.
	c := new(big.Int).Mul(n.integer(), power10(2*(scale+1)-n.scale))
	root := Numeric{coef: c.Sqrt(c), scale: scale + 1}
	return root.rounded(scale)
}

// Exp gives e^n: numeric_exp.
func Exp(n Numeric) (Numeric, error) {
	switch n.kind {
	case negativeInfinite:
		return Numeric{}, nil
	case nan, infinite:
		return n, nil
	default: // a number
	}
	weight := int(max(min(n.approximate()*log10e, maxResult), -maxResult))
	return n.exp(min(max(minSignificant-weight, n.scale, 0), maxDisplay))
}

// exp is exp_var.
func (n Numeric) exp(scale int) (Numeric, error) {
	v := n.approximate()
	if math.Abs(v) >= maxResult*3 {
		if v > 0 {
			return Numeric{}, overflow()
		}
		return Numeric{scale: scale}, nil
	}
	digits := scale + int(math.Abs(v)*log10e) + 20
	if v < 0 {
		digits = max(scale-int(-v*log10e), 0) + 20
	}
	return n.compute(digits, scale, expHalved)
}

// expHalved computes the power of a part of x, and squares: apd gives up on thousands of digits otherwise.
func expHalved(c *apd.Context, d, x *apd.Decimal) (apd.Condition, error) {
	v, err := x.Float64()
	if err != nil {
		return 0, err
	}
	halvings := max(0, math.Ilogb(v)-2)
	wide := c.WithPrecision(c.Precision + uint32(halvings) + 5)
	var part apd.Decimal
	if _, err := wide.Quo(&part, x, apd.New(1<<halvings, 0)); err != nil {
		return 0, err
	}
	if _, err := wide.Exp(&part, &part); err != nil {
		return 0, err
	}
	for range halvings {
		if _, err := wide.Mul(&part, &part, &part); err != nil {
			return 0, err
		}
	}
	return c.Round(d, &part)
}

// Ln gives the natural logarithm: numeric_ln.
func Ln(n Numeric) (Numeric, error) {
	switch {
	case n.Sign() < 0:
		return Numeric{}, negativeLog()
	case n.kind != finite:
		return n, nil
	case n.Sign() == 0:
		return Numeric{}, zeroLog()
	}
	return n.ln(min(max(minSignificant-n.lnWeight(), n.scale, 0), maxDisplay))
}

// ln is ln_var of a positive number.
func (n Numeric) ln(scale int) (Numeric, error) {
	if n.Compare(Int(1)) == 0 {
		return Numeric{scale: max(scale, 0)}, nil
	}
	return n.compute(max(scale+n.lnWeight(), 0)+20, scale, (*apd.Context).Ln)
}

// compute gives f(n) with so many significant digits, rounded to scale digits behind the point.
func (n Numeric) compute(digits, scale int, f func(c *apd.Context, d, x *apd.Decimal) (apd.Condition, error)) (Numeric, error) {
	c := apd.BaseContext.WithPrecision(uint32(digits))
	c.Rounding = apd.RoundHalfUp
	c.Traps = apd.InvalidOperation | apd.DivisionUndefined
	var r apd.Decimal
	if _, err := f(c, &r, n.decimal()); err != nil {
		// apd bounds its iterations, which some two thousand digits exceed.
		return Numeric{}, pgerr.New(pgerr.FeatureNotSupported, "a logarithm or power with %d digits is not supported", digits)
	}
	if r.Form != apd.Finite {
		return Numeric{}, overflow()
	}
	coef := r.Coeff.MathBigInt()
	if r.Negative {
		coef.Neg(coef)
	}
	out := Numeric{coef: coef, scale: -int(r.Exponent)}
	if out.scale < 0 {
		out = Numeric{coef: coef.Mul(coef, power10(-out.scale))}
	}
	return out.rounded(scale), nil
}

func (n Numeric) decimal() *apd.Decimal {
	d := apd.NewWithBigInt(new(apd.BigInt).SetMathBigInt(n.integer()), int32(-n.scale))
	d.Negative = n.Sign() < 0
	d.Coeff.Abs(&d.Coeff)
	return d
}

// approximate gives the double next to n, infinite beyond their range.
func (n Numeric) approximate() float64 {
	f, _ := strconv.ParseFloat(n.String(), 64) // its only error is the range
	return f
}

// lnWeight is estimate_ln_dweight: the power of ten of the first digit of ln(n), for n > 0.
func (n Numeric) lnWeight() int {
	if n.Compare(Numeric{coef: big.NewInt(9), scale: 1}) >= 0 && n.Compare(Numeric{coef: big.NewInt(11), scale: 1}) <= 0 {
		a, b := aligned(n, Int(1))
		x := Numeric{coef: new(big.Int).Sub(a, b), scale: n.scale}
		weight, digit := x.leading()
		if digit == 0 {
			return 0
		}
		return weight*4 + int(math.Log10(float64(digit)))
	}
	digits, power := n.head(2)
	return int(math.Log10(math.Abs(math.Log(digits) + float64(power)*2.302585092994046)))
}

// head gives the first groups of four digits of n, fewer if it has no more, as a number, and the power of ten that it
// stands for.
func (n Numeric) head(groups int) (digits float64, power int) {
	text := n.Abs().integer().String()
	weight, _ := n.leading()
	first := len(text) - 1 - n.scale - 4*weight + 1 // digits of the first group
	end := first
	for range groups - 1 {
		if end < len(text) && !zeros(text[end:]) {
			end += 4
		}
	}
	for len(text) < end {
		text += "0"
	}
	digits, _ = strconv.ParseFloat(text[:end], 64) // digits alone
	return digits, weight*4 - (end - first)
}

func zeros(s string) bool {
	for i := range len(s) {
		if s[i] != '0' {
			return false
		}
	}
	return true
}

// Log10 gives log(n).
func Log10(n Numeric) (Numeric, error) { return Log(Int(10), n) }

// Log gives the logarithm of n to a base: numeric_log.
func Log(base, n Numeric) (Numeric, error) {
	switch {
	case base.kind == nan || n.kind == nan:
		return NaN(), nil
	case base.Sign() < 0 || n.Sign() < 0:
		return Numeric{}, negativeLog()
	case base.Sign() == 0 || n.Sign() == 0:
		return Numeric{}, zeroLog()
	case base.Special() && n.Special():
		return NaN(), nil
	case base.Special():
		return Numeric{}, nil
	case n.Special():
		return n, nil
	}
	baseWeight, weight := base.lnWeight(), n.lnWeight()
	result := weight - baseWeight
	scale := min(max(minSignificant-result, base.scale, n.scale, 0), maxDisplay)
	lnBase, err := base.ln(max(scale+result-baseWeight+8, 0))
	if err != nil {
		return Numeric{}, err
	}
	ln, err := n.ln(max(scale+result-weight+8, 0))
	if err != nil {
		return Numeric{}, err
	}
	if lnBase.Sign() == 0 {
		return Numeric{}, divisionByZero()
	}
	return quotient(ln, lnBase, scale), nil
}
