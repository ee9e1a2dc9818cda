package pgtypes

import "math/bits"

const twoDigits = "00010203040506070809101112131415161718192021222324252627282930313233343536373839" +
	"40414243444546474849505152535455565758596061626364656667686970717273747576777879" +
	"8081828384858687888990919293949596979899"

func appendTwo(b []byte, n uint64) []byte { return append(b, twoDigits[2*n], twoDigits[2*n+1]) }

// tens are the powers of ten that 64 bits hold.
var tens = func() (t [20]uint64) {
	t[0] = 1
	for i := 1; i < len(t); i++ {
		t[i] = 10 * t[i-1]
	}
	return t
}()

// digitsOf gives the number of decimal digits; 1 for 0.
func digitsOf(n uint64) int {
	// 1233/4096 is a little more than log10(2).
	d := bits.Len64(n|1) * 1233 >> 12
	if n >= tens[d] {
		d++
	}
	return max(d, 1)
}

// AppendInt appends a decimal integer: strconv.AppendInt, which does not know where it writes, takes twice as long.
func AppendInt(b []byte, n int64) []byte {
	if n < 0 {
		return appendUint(append(b, '-'), -uint64(n))
	}
	return appendUint(b, uint64(n))
}

func appendUint(b []byte, n uint64) []byte {
	if n < 10 {
		return append(b, byte('0'+n))
	}
	if n < 100 {
		return appendTwo(b, n)
	}
	return appendPadded(b, n, digitsOf(n))
}

// appendPadded appends the last width digits of n, at most 20.
func appendPadded(b []byte, n uint64, width int) []byte {
	const room = "00000000000000000000"
	b = append(b, room[:width]...)
	putDigits(b[len(b)-width:], n)
	return b
}

// putDigits fills dst with the last digits of n.
func putDigits(dst []byte, n uint64) {
	i := len(dst)
	for i >= 2 {
		q := n / 100
		r := 2 * (n - 100*q)
		n = q
		i -= 2
		dst[i+1] = twoDigits[r+1]
		dst[i] = twoDigits[r]
	}
	if i == 1 {
		dst[0] = byte('0' + n%10)
	}
}
