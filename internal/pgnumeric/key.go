package pgnumeric

import "strings"

// Classes of keys, in their order.
const (
	keyNegativeInfinity = "0"
	keyNegative         = "1"
	keyZero             = "2"
	keyPositive         = "3"
	keyInfinity         = "4"
	keyNaN              = "5"
)

// exponentBias makes every exponent of ten a positive number of six digits.
const exponentBias = 500_000

// Key is a text whose order by bytes is the order of the values; equal values of different scales have one key.
//
// Behind its class it has the power of ten of the first digit, and the digits without zeros at the end. In the key of a
// negative number both count down, and '~' ends it, so that the longer of two comes first.
func (n Numeric) Key() string {
	switch {
	case n.kind == negativeInfinite:
		return keyNegativeInfinity
	case n.kind == infinite:
		return keyInfinity
	case n.kind == nan:
		return keyNaN
	case n.Sign() == 0:
		return keyZero
	}
	digits := strings.TrimPrefix(n.integer().String(), "-")
	exponent := exponentBias + len(digits) - 1 - n.scale
	digits = strings.TrimRight(digits, "0")
	var b strings.Builder
	b.Grow(len(digits) + 8)
	if n.Sign() > 0 {
		b.WriteString(keyPositive)
		writeSix(&b, exponent)
		b.WriteString(digits)
		return b.String()
	}
	b.WriteString(keyNegative)
	writeSix(&b, 999_999-exponent)
	for i := range len(digits) {
		b.WriteByte('0' + '9' - digits[i])
	}
	b.WriteByte('~')
	return b.String()
}

func writeSix(b *strings.Builder, n int) {
	for p := 100_000; p > 0; p /= 10 {
		b.WriteByte(byte('0' + n/p%10))
	}
}
