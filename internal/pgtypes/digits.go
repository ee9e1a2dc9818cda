package pgtypes

import (
	"encoding/binary"
	"math/bits"
)

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

// Digits are written eight at a time: the bytes of a word, the first digit in the lowest one.
const (
	eight     = 100_000_000
	asciiZero = 0x3030303030303030
)

// eightDigits gives the digits of n, which is below 10^8, in the bytes of a word: 0 to 9, not '0' to '9'. It divides
// by 10000, 100 and 10, all parts at once.
func eightDigits(n uint64) uint64 {
	high := n / 10_000
	fours := high | (n-10_000*high)<<32
	high = fours * 10_486 >> 20 & 0x7f_0000_007f // 10486/2^20 is a little more than 1/100
	twos := high | (fours-100*high)<<16
	high = twos * 103 >> 10 & 0x0f_000f_000f_000f // 103/2^10 is a little more than 1/10
	return high | (twos-10*high)<<8
}

func appendEight(b []byte, n uint64) []byte {
	return binary.LittleEndian.AppendUint64(b, eightDigits(n)|asciiZero)
}

// AppendInt appends a decimal integer: strconv.AppendInt, which does not know where it writes, takes three times as long.
func AppendInt(b []byte, n int64) []byte {
	u := uint64(n)
	if n < 0 {
		b, u = append(b, '-'), -u
	}
	return appendUint(b, u)
}

func appendUint(b []byte, n uint64) []byte {
	if n >= eight {
		high := n / eight
		return appendEight(appendUint(b, high), n-eight*high)
	}
	digits := eightDigits(n)
	zeros := bits.TrailingZeros64(digits|1<<56) >> 3 // one digit is always written
	at := len(b)
	// What is written too much is written over.
	b = binary.LittleEndian.AppendUint64(b, (digits|asciiZero)>>(8*zeros&63))
	return b[:at+8-zeros]
}

// appendPadded appends the last width digits of n, at most 20.
func appendPadded(b []byte, n uint64, width int) []byte {
	if width > 8 {
		high := n / eight
		return appendEight(appendPadded(b, high, width-8), n-eight*high)
	}
	at := len(b)
	b = binary.LittleEndian.AppendUint64(b, (eightDigits(n%eight)|asciiZero)>>(64-8*width))
	return b[:at+width]
}

// appendTrimmed appends the last width digits of n, at most 8 and not all of them 0, without the zeros at the end.
func appendTrimmed(b []byte, n uint64, width int) []byte {
	digits := eightDigits(n) >> (64 - 8*width)
	at := len(b)
	b = binary.LittleEndian.AppendUint64(b, digits|asciiZero)
	return b[:at+8-bits.LeadingZeros64(digits)>>3]
}
