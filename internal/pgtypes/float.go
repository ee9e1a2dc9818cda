package pgtypes

import (
	"bytes"
	"math"
	"math/bits"
	"strconv"
)

// AppendFloat8 appends the shortest text that reads back as f: plain from 1e-4 to 1e15, with an exponent outside.
func AppendFloat8(b []byte, f float64) []byte {
	a := math.Abs(f)
	switch {
	case a >= 1e-4 && a < 1e15:
		if n := int64(f); float64(n) == f {
			return AppendInt(b, n)
		}
		return appendPlain(b, f, a)
	case a == 0:
		if math.Signbit(f) {
			return append(b, '-', '0')
		}
		return append(b, '0')
	case math.IsNaN(f) || math.IsInf(f, 0):
		return appendNotFinite(b, f)
	case a < 1<<53:
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	return appendShortestOpen(b, f, 64)
}

// appendPlain appends f, whose magnitude is a, without an exponent. Most numbers of people have few digits behind the
// point: what a decimal of at most 15 digits reads as f is its shortest text, because no two of them are one float.
func appendPlain(b []byte, f, a float64) []byte {
	const shift = 4
	if f < 0 {
		b = append(b, '-')
	}
	n := uint64(a*1e4 + 0.5)
	if a >= 1e11 || float64(n)/1e4 != a {
		return appendShortest(b, a)
	}
	whole, fraction := n/1e4, n%1e4
	b = append(appendUint(b, whole), '.')
	return appendTrimmed(b, fraction, shift)
}

// AppendFloat4 is AppendFloat8 for single precision: plain from 1e-4 to 1e6.
func AppendFloat4(b []byte, f float32) []byte {
	a := math.Abs(float64(f))
	switch {
	case f >= float32(1e-4) && f < 1e6 || f <= -float32(1e-4) && f > -1e6:
		return strconv.AppendFloat(b, float64(f), 'f', -1, 32)
	case a == 0:
		return AppendFloat8(b, float64(f))
	case math.IsNaN(a) || math.IsInf(a, 0):
		return appendNotFinite(b, float64(f))
	case a < 1<<24:
		return strconv.AppendFloat(b, float64(f), 'e', -1, 32)
	}
	return appendShortestOpen(b, float64(f), 32)
}

func appendNotFinite(b []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(b, "NaN"...)
	case f > 0:
		return append(b, "Infinity"...)
	}
	return append(b, "-Infinity"...)
}

// appendShortestOpen appends f with an exponent.
//
// PostgreSQL takes the shortest decimal strictly between the borders of f's rounding interval; strconv also takes
// one that lies on a border if f's mantissa is even. Then one digit more is the answer. It can happen only where
// all values are integers: from 2^53 (2^24 in single precision) up.
func appendShortestOpen(b []byte, f float64, size int) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, size)
	for onBorder(b[start:], f, size) {
		digits := bytes.IndexByte(b[start:], 'e')
		if f < 0 {
			digits--
		}
		if digits > 1 {
			digits-- // the point
		}
		b = strconv.AppendFloat(b[:start], f, 'e', digits, size)
		if e := bytes.IndexByte(b[start:], 'e') + start; b[e-1] == '0' {
			// A zero more is the same decimal.
			b = strconv.AppendFloat(b[:start], f, 'e', digits+1, size)
		}
	}
	return b
}

// onBorder reports whether a decimal lies halfway between f, which is an integer, and one of its neighbours: whether
// it is m·2^e, with the odd m and the e of one of the two middles.
func onBorder(text []byte, f float64, size int) bool {
	digits, ten := decimalParts(text)
	if digits == 0 || ten < 0 {
		return false
	}
	// digits·10^ten = odd·5^ten·2^two. The middles' odd factors have 55 bits at most, and 5^24 has more.
	two := ten + bits.TrailingZeros64(digits)
	odd := digits >> bits.TrailingZeros64(digits)
	for range ten {
		hi, lo := bits.Mul64(odd, 5)
		if hi != 0 {
			return false
		}
		odd = lo
	}
	mantissaBits := 53
	if size == 32 {
		mantissaBits = 24
	}
	fraction, exponent := math.Frexp(math.Abs(f))
	mantissa, exponent := uint64(math.Ldexp(fraction, mantissaBits)), exponent-mantissaBits
	switch {
	case odd == 2*mantissa+1:
		return two == exponent-1
	case fraction == 0.5: // values lie closer together below a power of two
		return odd == 4*mantissa-1 && two == exponent-2
	}
	return odd == 2*mantissa-1 && two == exponent-1
}

// decimalParts reads the d.ddde±dd of strconv: digits·10^ten, without sign.
func decimalParts(text []byte) (digits uint64, ten int) {
	after := 0
	for i, c := range text {
		switch {
		case c >= '0' && c <= '9':
			digits = digits*10 + uint64(c-'0')
			ten -= after
		case c == '.':
			after = 1
		case c == 'e':
			exponent := 0
			for _, c := range text[i+2:] {
				exponent = exponent*10 + int(c-'0')
			}
			if text[i+1] == '-' {
				exponent = -exponent
			}
			return digits, ten + exponent
		}
	}
	return 0, 0
}
