package pgtypes

import (
	"encoding/binary"
	"math"
	"math/big"
	"math/bits"
)

// appendShortest appends a, which is no integer and from 1e-4 to 1e15, by the shortest decimal that reads back as it, and
// of these the nearest: what strconv finds in 'f' with -1, in a third of the time.
//
// The algorithm is Schubfach: Raffaele Giulietti, "The Schubfach way to render doubles", 2020, sections 8 and 9.
func appendShortest(b []byte, a float64) []byte {
	digits, places := shortest(a)
	// No decimal that is nearest to a lies behind an integer next to a: the integer is a float itself.
	whole := uint64(a)
	b = append(appendUint(b, whole), '.')
	if places < len(tens) {
		digits -= whole * tens[places]
	}
	return appendFraction20(b, digits, places)
}

// shortest gives a as digits·10^-places. Some of the last digits may be 0.
func shortest(a float64) (digits uint64, places int) {
	const fractionBits = 52
	pattern := math.Float64bits(a)
	c := pattern&(1<<fractionBits-1) | 1<<fractionBits
	exponent := int(pattern>>fractionBits) - 1023 - fractionBits
	// a lies in the middle between the borders of what is read as a, but for the powers of two.
	below := uint64(2)
	ten := floorLog10(exponent)
	if c == 1<<fractionBits {
		below = 1
		ten = floorLog10ThreeQuarters(exponent)
	}
	places = -ten
	power := &powersOfTen[places]
	// In quarters of 10^ten, each rounded to odd so that comparisons are exact.
	shift := exponent + floorLog2Ten(places) + 1
	low := power.times((4*c - below) << shift)
	middle := power.times(4 * c << shift)
	high := power.times((4*c + 2) << shift)
	low += c & 1 // the borders are read as a if its last bit is 0
	high -= c & 1

	digits = middle / 4
	if shorter := digits / 10; shorter > 0 {
		down, up := 40*shorter, 40*(shorter+1)
		if downIn, upIn := low <= down, up <= high; downIn != upIn {
			if upIn {
				shorter++
			}
			return 10 * shorter, places
		}
	}
	down, up := 4*digits, 4*(digits+1)
	downIn, upIn := low <= down, up <= high
	if downIn != upIn {
		if upIn {
			digits++
		}
		return digits, places
	}
	if half := down + 2; middle > half || middle == half && digits&1 == 1 {
		digits++
	}
	return digits, places
}

// The logarithms of Schubfach, right for the exponents of float64.
func floorLog10(exponent int) int              { return (exponent * 1262611) >> 22 }
func floorLog10ThreeQuarters(exponent int) int { return (exponent*1262611 - 524031) >> 22 }
func floorLog2Ten(power int) int               { return (power * 1741647) >> 19 }

// power is the first 128 bits of a power of ten, rounded up.
type power struct{ high, low uint64 }

// times gives the product's bits above 2^128, with the lowest one set if there is a fraction (or nearly none: see the paper).
func (p *power) times(n uint64) uint64 {
	carried, _ := bits.Mul64(p.low, n)
	high, low := bits.Mul64(p.high, n)
	low, carry := bits.Add64(low, carried, 0)
	high += carry
	if low > 1 {
		high |= 1
	}
	return high
}

// powersOfTen are 10^0 to 10^20, as many as numbers from 1e-4 have places.
var powersOfTen = func() (t [21]power) {
	for i := range t {
		n := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(i)), nil)
		n.Lsh(n, uint(128-n.BitLen())) // all of them fit, so that nothing is rounded
		t[i].low = new(big.Int).And(n, new(big.Int).SetUint64(math.MaxUint64)).Uint64()
		t[i].high = n.Rsh(n, 64).Uint64()
	}
	return t
}()

// appendFraction20 appends the last width digits of n, at most 20 and not all of them 0, without the zeros at the end.
func appendFraction20(b []byte, n uint64, width int) []byte {
	middle := n / eight
	top := middle / eight
	first, second, third := eightDigits(top), eightDigits(middle-eight*top), eightDigits(n-eight*middle)
	// Of these 24 digits the first ones are not the number's.
	unused := 24 - width
	for ; unused >= 8; unused -= 8 {
		first, second, third = second, third, 0
	}
	left, right := 8*unused, 64-8*unused
	first, second, third = first>>left|second<<right, second>>left|third<<right, third>>left
	at := len(b)
	b = binary.LittleEndian.AppendUint64(b, first|asciiZero)
	b = binary.LittleEndian.AppendUint64(b, second|asciiZero)
	b = binary.LittleEndian.AppendUint64(b, third|asciiZero)
	end, last := at+24, third
	if third == 0 {
		if end, last = at+16, second; second == 0 {
			end, last = at+8, first
		}
	}
	return b[:end-bits.LeadingZeros64(last)>>3]
}
