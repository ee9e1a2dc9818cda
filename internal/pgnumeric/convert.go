package pgnumeric

import (
	"math"
	"math/big"
	"strconv"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgfloat"
)

// FromFloat8 gives a double's 15 significant digits, as PostgreSQL's cast does.
func FromFloat8(f float64) Numeric { return fromFloat(f, 15) }

// FromFloat4 gives a float's 6 significant digits.
func FromFloat4(f float32) Numeric { return fromFloat(float64(f), 6) }

func fromFloat(f float64, digits int) Numeric {
	switch {
	case math.IsNaN(f):
		return NaN()
	case math.IsInf(f, 1):
		return Infinity()
	case math.IsInf(f, -1):
		return NegativeInfinity()
	}
	// The text is that of C's %.15g: without zeros at the end, and with an exponent where that is shorter.
	text := strconv.FormatFloat(f, 'e', digits-1, 64)
	mantissa, exponent := text, 0
	for i := range len(text) {
		if text[i] == 'e' {
			mantissa = text[:i]
			exponent, _ = strconv.Atoi(text[i+1:]) // FormatFloat wrote it
			break
		}
	}
	n, _ := Parse(mantissa) // the same
	n = n.TrimScale()
	switch scale := n.scale - exponent; {
	case scale >= 0:
		return Numeric{coef: n.coef, scale: scale}
	default:
		return Numeric{coef: new(big.Int).Mul(n.integer(), power10(-scale))}
	}
}

// Float8 gives the nearest double; 22003 if it is beyond the largest, or not 0 and below the smallest.
func (n Numeric) Float8() (float64, error) { return n.float(64, "double precision") }

// Float4 gives the nearest single-precision float.
func (n Numeric) Float4() (float32, error) {
	f, err := n.float(32, "real")
	return float32(f), err
}

func (n Numeric) float(bits int, typ string) (float64, error) {
	text := n.String()
	f, err := strconv.ParseFloat(text, bits)
	if err != nil || f == 0 && n.Sign() != 0 {
		return 0, pgerr.New(pgerr.NumericOutOfRange, "%q is out of range for type %s", text, typ)
	}
	return pgfloat.OrNaN(f), nil
}

// Int64 rounds half away from zero to an integer of typ, PostgreSQL's name of it, between low and high.
func (n Numeric) Int64(typ string, low, high int64) (int64, error) {
	switch n.kind {
	case nan:
		return 0, pgerr.New(pgerr.FeatureNotSupported, "cannot convert NaN to %s", typ)
	case infinite, negativeInfinite:
		return 0, pgerr.New(pgerr.FeatureNotSupported, "cannot convert infinity to %s", typ)
	default: // a number
	}
	whole := n.rounded(0).integer()
	if !whole.IsInt64() || whole.Int64() < low || whole.Int64() > high {
		return 0, pgerr.New(pgerr.NumericOutOfRange, "%s out of range", typ)
	}
	return whole.Int64(), nil
}
