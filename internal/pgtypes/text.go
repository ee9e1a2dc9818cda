package pgtypes

import (
	"bytes"
	"encoding/hex"
	"math"
	"math/big"
	"strconv"
)

// The Append functions of this package write a value as PostgreSQL's output functions do, byte for byte.

// AppendBool appends t or f.
func AppendBool(b []byte, v bool) []byte {
	if v {
		return append(b, 't')
	}
	return append(b, 'f')
}

// AppendFloat8 appends the shortest text that reads back as f: plain from 1e-4 to 1e15, with an exponent outside.
func AppendFloat8(b []byte, f float64) []byte {
	a := math.Abs(f)
	switch {
	case a >= 1e-4 && a < 1e15:
		if n := int64(f); float64(n) == f {
			return strconv.AppendInt(b, n, 10)
		}
		return strconv.AppendFloat(b, f, 'f', -1, 64)
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
	return appendShortestOpen(b, f, 64, (math.Nextafter(a, math.Inf(1))-a)/2)
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
	next := float64(math.Nextafter32(float32(a), float32(math.Inf(1))))
	if math.IsInf(next, 1) {
		next = math.Ldexp(1, 128) // the distance at the largest value, as if the exponent went on
	}
	return appendShortestOpen(b, float64(f), 32, (next-a)/2)
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

// appendShortestOpen appends f with an exponent. half is half the distance to the next value above |f|.
//
// PostgreSQL takes the shortest decimal strictly between the borders of f's rounding interval; strconv also takes
// one that lies on a border if f's mantissa is even. Then one digit more is the answer. It can happen only where
// all values are integers: from 2^53 (2^24 in single precision) up.
func appendShortestOpen(b []byte, f float64, bits int, half float64) []byte {
	start := len(b)
	b = strconv.AppendFloat(b, f, 'e', -1, bits)
	if math.Abs(f) > 1e42 {
		return b // a border has more factors 2 than so short a decimal has
	}
	for {
		if !onBorder(b[start:], f, half) {
			return b
		}
		digits := bytes.IndexByte(b[start:], 'e')
		if f < 0 {
			digits--
		}
		if digits > 1 {
			digits-- // the point
		}
		b = strconv.AppendFloat(b[:start], f, 'e', digits, bits)
		if e := bytes.IndexByte(b[start:], 'e') + start; b[e-1] == '0' {
			// A zero more is the same decimal.
			b = strconv.AppendFloat(b[:start], f, 'e', digits+1, bits)
		}
	}
}

func onBorder(text []byte, f, half float64) bool {
	const precision = 256 // holds integers up to 1e42 and their differences exactly
	d, _, err := big.ParseFloat(string(text), 10, precision, big.ToNearestEven)
	if err != nil {
		return false
	}
	d.Abs(d)
	d.Sub(d, new(big.Float).SetPrec(precision).SetFloat64(math.Abs(f)))
	below := d.Sign() < 0
	d.Abs(d)
	if mantissa, _ := math.Frexp(math.Abs(f)); mantissa == 0.5 && below {
		half /= 2 // values lie closer together below a power of two
	}
	return d.Cmp(big.NewFloat(half)) == 0
}

// AppendBytea appends bytea's hex form: \x and two digits per byte.
func AppendBytea(b, v []byte) []byte {
	return hex.AppendEncode(append(b, '\\', 'x'), v)
}

// AppendUUID appends the usual form of a UUID: lower case, in groups of 8-4-4-4-12.
func AppendUUID(b []byte, v [16]byte) []byte {
	for i, g := range [...][]byte{v[0:4], v[4:6], v[6:8], v[8:10], v[10:16]} {
		if i > 0 {
			b = append(b, '-')
		}
		b = hex.AppendEncode(b, g)
	}
	return b
}

// AppendInterval appends an interval as IntervalStyle postgres does: 1 year 2 mons 3 days -04:05:06.789.
func AppendInterval(b []byte, months, days int32, micros int64) []byte {
	start, negative := len(b), false
	part := func(n int64, unit string) {
		if n == 0 {
			return
		}
		if len(b) > start {
			b = append(b, ' ')
			if negative && n > 0 {
				b = append(b, '+')
			}
		}
		b = strconv.AppendInt(b, n, 10)
		b = append(append(b, ' '), unit...)
		if n != 1 {
			b = append(b, 's')
		}
		negative = n < 0
	}
	part(int64(months/12), "year")
	part(int64(months%12), "mon")
	part(int64(days), "day")
	if micros == 0 && len(b) > start {
		return b
	}
	if len(b) > start {
		b = append(b, ' ')
	}
	u := uint64(micros)
	switch {
	case micros < 0:
		b, u = append(b, '-'), -u
	case negative:
		b = append(b, '+')
	}
	hours := u / microsPerHour
	if hours < 100 {
		b = appendTwo(b, hours)
	} else {
		b = strconv.AppendUint(b, hours, 10)
	}
	b = appendTwo(append(b, ':'), u/microsPerMinute%60)
	b = appendTwo(append(b, ':'), u/microsPerSecond%60)
	return appendFraction(b, u%microsPerSecond)
}
