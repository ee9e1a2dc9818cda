package raw

import (
	"bytes"
	"math/bits"
	"slices"
	"strconv"

	"tidegate/internal/engine"
)

// decimal is ±digits × 10^-scale. digits has no leading zero; it is empty for zero.
type decimal struct {
	negative bool
	digits   []byte
	scale    int
}

// maxExponent bounds the digits that a short text can stand for.
const maxExponent = 400

// parseDecimal reads [+-]digits[.digits][e[+-]digits]: what JSON numbers are, and what PostgreSQL's numeric takes.
func parseDecimal(b []byte) (d decimal, ok bool) {
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		d.negative = b[0] == '-'
		b = b[1:]
	}
	exponent := 0
	if i := bytes.IndexAny(b, "eE"); i >= 0 {
		n, err := strconv.Atoi(string(b[i+1:]))
		if err != nil || n > maxExponent || n < -maxExponent {
			return d, false
		}
		exponent, b = n, b[:i]
	}
	whole, fraction, _ := bytes.Cut(b, []byte{'.'})
	if len(whole)+len(fraction) == 0 || !allDigits(whole) || !allDigits(fraction) {
		return d, false
	}
	d.digits = bytes.TrimLeft(slices.Concat(whole, fraction), "0")
	d.scale = len(fraction) - exponent
	return d, true
}

func allDigits(b []byte) bool {
	for _, c := range b {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// fits reports whether the value, rounded to scale digits after the point, has at most precision digits.
func (d decimal) fits(precision, scale int) bool {
	if len(d.digits) == 0 {
		return true
	}
	free := precision - scale - (len(d.digits) - d.scale) // unused digits before the point
	if free != 0 {
		return free > 0
	}
	// Rounding up 999.9… needs one digit more.
	kept := d.digits[:min(len(d.digits), precision)]
	rounds := len(d.digits) > precision && d.digits[precision] >= '5'
	return !rounds || len(bytes.Trim(kept, "9")) != 0
}

// unscaled gives the value times 10^scale, rounded half away from zero: two's complement. The value must fit 38 digits.
func (d decimal) unscaled(scale int) engine.Int128 {
	kept := len(d.digits) - d.scale + scale
	var n engine.Int128
	for i := range max(kept, 0) {
		digit := uint64(0)
		if i < len(d.digits) {
			digit = uint64(d.digits[i] - '0')
		}
		n = timesTen(n, digit)
	}
	if kept >= 0 && kept < len(d.digits) && d.digits[kept] >= '5' {
		n = plus(n, 1)
	}
	if d.negative {
		n = plus(engine.Int128{Lo: ^n.Lo, Hi: ^n.Hi}, 1)
	}
	return n
}

func timesTen(n engine.Int128, digit uint64) engine.Int128 {
	high, low := bits.Mul64(n.Lo, 10)
	return plus(engine.Int128{Lo: low, Hi: n.Hi*10 + int64(high)}, digit)
}

func plus(n engine.Int128, small uint64) engine.Int128 {
	low, carry := bits.Add64(n.Lo, small, 0)
	return engine.Int128{Lo: low, Hi: n.Hi + int64(carry)}
}

// integer gives the value if it is a whole number of at most 64 bits.
func (d decimal) integer() (int64, bool) {
	digits := bytes.TrimRight(d.digits, "0")
	zeros := len(d.digits) - len(digits) - d.scale // to put behind digits
	if len(digits) == 0 {
		return 0, true
	}
	if zeros < 0 || len(digits)+zeros > 19 {
		return 0, false
	}
	n := decimal{d.negative, digits, -zeros}.unscaled(0)
	return int64(n.Lo), n.Hi == int64(n.Lo)>>63
}
