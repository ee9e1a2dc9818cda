package pgtypes

import (
	"encoding/binary"
	"math/bits"
	"strings"

	"tidegate/internal/pgerr"
)

// AppendDecimal appends the decimal whose unscaled value is v: all of its scale, "12.50".
func AppendDecimal(b []byte, v int64, scale int) []byte {
	u := uint64(v)
	if v < 0 {
		b, u = append(b, '-'), -u
	}
	if scale == 0 {
		return appendUint(b, u)
	}
	if scale >= len(tens) {
		return appendDecimal128(b, 0, u, scale)
	}
	whole := u / tens[scale]
	b = append(appendUint(b, whole), '.')
	return appendPadded(b, u-whole*tens[scale], scale)
}

// AppendDecimal128 is AppendDecimal for an unscaled value of 128 bits, two's complement.
func AppendDecimal128(b []byte, hi int64, lo uint64, scale int) []byte {
	h := uint64(hi)
	if hi < 0 {
		var borrow uint64
		b = append(b, '-')
		lo, borrow = bits.Sub64(0, lo, 0)
		h, _ = bits.Sub64(0, h, borrow)
	}
	return appendDecimal128(b, h, lo, scale)
}

func appendDecimal128(b []byte, hi, lo uint64, scale int) []byte {
	var text [128]byte
	i, n := len(text), 0
	for hi != 0 || lo != 0 || n <= scale {
		if n == scale && n > 0 {
			i--
			text[i] = '.'
		}
		var rest uint64
		if hi == 0 {
			lo, rest = lo/10, lo%10
		} else {
			h := hi / 10
			lo, rest = bits.Div64(hi%10, lo, 10)
			hi = h
		}
		i--
		text[i] = byte('0' + rest)
		n++
	}
	return append(b, text[i:]...)
}

// The sign words of numeric's binary form.
const (
	numericNegative         = 0x4000
	numericNaN              = 0xc000
	numericInfinity         = 0xd000
	numericNegativeInfinity = 0xf000
)

// AppendNumericBinary appends the binary form of a plain decimal: "-12.50", "NaN", "Infinity". Its scale is the
// number of digits after the point.
func AppendNumericBinary(b, text []byte) []byte {
	if len(text) > 0 && text[len(text)-1] > '9' {
		word := specialNumeric(string(text))
		b = binary.BigEndian.AppendUint32(b, 0)
		b = binary.BigEndian.AppendUint16(b, word)
		// PostgreSQL reads a scale out of the bits that tell the infinities.
		return binary.BigEndian.AppendUint16(b, (word&0x1f80)>>7)
	}
	sign := uint16(0)
	if len(text) > 0 && text[0] == '-' {
		sign, text = numericNegative, text[1:]
	}
	point := len(text)
	scale := 0
	for i, c := range text {
		if c == '.' {
			point, scale = i, len(text)-i-1
		}
	}
	digit := func(position int) int16 { // from the point: …, -2 and -1 before it, 0, 1, … after it
		i := point + position
		if position >= 0 {
			i++
		}
		if i < 0 || i >= len(text) {
			return 0
		}
		return int16(text[i] - '0')
	}
	group := func(g int) int16 {
		p := 4 * g
		return digit(p)*1000 + digit(p+1)*100 + digit(p+2)*10 + digit(p+3)
	}
	first, last := -(point+3)/4, (scale+3)/4-1
	for first <= last && group(first) == 0 {
		first++
	}
	for last >= first && group(last) == 0 {
		last--
	}
	if first > last {
		first, last, sign = 0, -1, 0
		b = binary.BigEndian.AppendUint32(b, 0)
	} else {
		b = binary.BigEndian.AppendUint16(b, uint16(last-first+1))
		b = binary.BigEndian.AppendUint16(b, uint16(int16(-first-1)))
	}
	b = binary.BigEndian.AppendUint16(b, sign)
	b = binary.BigEndian.AppendUint16(b, uint16(scale))
	for g := first; g <= last; g++ {
		b = binary.BigEndian.AppendUint16(b, uint16(group(g)))
	}
	return b
}

func specialNumeric(text string) uint16 {
	switch strings.ToLower(text) {
	case "nan":
		return numericNaN
	case "infinity", "inf", "+infinity", "+inf":
		return numericInfinity
	case "-infinity", "-inf":
		return numericNegativeInfinity
	}
	return 0
}

// maxNumericText bounds what decoding a numeric of a few bytes may become, in digits on either side of the point.
const maxNumericText = 1000

// numericText reads the binary form.
func numericText(data []byte) (string, error) {
	switch {
	case len(data) < 8, len(data) < 8+2*int(binary.BigEndian.Uint16(data)):
		return "", shortBinary()
	case len(data) > 8+2*int(binary.BigEndian.Uint16(data)):
		return "", badBinary(Numeric)
	}
	weight := int(int16(binary.BigEndian.Uint16(data[2:])))
	sign := binary.BigEndian.Uint16(data[4:])
	scale := int(binary.BigEndian.Uint16(data[6:]))
	switch sign {
	case numericNaN:
		return "NaN", nil
	case numericInfinity:
		return "Infinity", nil
	case numericNegativeInfinity:
		return "-Infinity", nil
	case 0, numericNegative:
	default:
		return "", pgerr.New(pgerr.InvalidBinary, `invalid sign in external "numeric" value`)
	}
	if weight > maxNumericText/4 || scale > maxNumericText {
		return "", pgerr.New(pgerr.NumericOutOfRange, "numeric parameter has more than %d digits", maxNumericText)
	}
	groups := data[8:]
	group := func(i int) (uint16, bool) {
		if i < 0 || 2*i >= len(groups) {
			return 0, true
		}
		g := binary.BigEndian.Uint16(groups[2*i:])
		return g, g < 10000
	}
	for i := range len(groups) / 2 {
		if _, ok := group(i); !ok {
			return "", pgerr.New(pgerr.InvalidBinary, `invalid digit in external "numeric" value`)
		}
	}
	var b []byte
	for i := 0; i <= weight; i++ {
		g, _ := group(i)
		b = appendTwo(appendTwo(b, uint64(g/100)), uint64(g%100))
	}
	whole := strings.TrimLeft(string(b), "0")
	if whole == "" {
		whole = "0"
	}
	b = b[:0]
	for i := weight + 1; len(b) < scale; i++ {
		g, _ := group(i)
		b = appendTwo(appendTwo(b, uint64(g/100)), uint64(g%100))
	}
	text := whole
	if scale > 0 {
		text += "." + string(b[:scale])
	}
	if sign == numericNegative && strings.Trim(text, "0.") != "" {
		text = "-" + text
	}
	return text, nil
}
