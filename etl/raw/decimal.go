package raw

import (
	"bytes"
	"slices"
	"strconv"
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

// appendTo writes the value without exponent.
func (d decimal) appendTo(dst []byte) []byte {
	if len(d.digits) == 0 {
		return append(dst, '0')
	}
	if d.negative {
		dst = append(dst, '-')
	}
	point := len(d.digits) - d.scale
	if point <= 0 {
		dst = append(dst, "0."...)
		for range -point {
			dst = append(dst, '0')
		}
		return append(dst, d.digits...)
	}
	if point >= len(d.digits) {
		dst = append(dst, d.digits...)
		for range point - len(d.digits) {
			dst = append(dst, '0')
		}
		return dst
	}
	dst = append(dst, d.digits[:point]...)
	dst = append(dst, '.')
	return append(dst, d.digits[point:]...)
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
	n, err := strconv.ParseInt(string(decimal{d.negative, digits, -zeros}.appendTo(nil)), 10, 64)
	return n, err == nil
}
