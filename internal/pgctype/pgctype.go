// Package pgctype classifies characters as PostgreSQL 15 does in the locale C.UTF-8 of glibc 2.36, whose characters
// are those of Unicode 14. It is a leaf.
package pgctype

import "unicode"

// since15 are characters that the C library does not know yet, or reads as what they were before.
var since15 = &unicode.RangeTable{
	R16: []unicode.Range16{{Lo: 0x0cf3, Hi: 0x0cf3, Stride: 1}, {Lo: 0x0ece, Hi: 0x0ece, Stride: 1}},
	R32: []unicode.Range32{
		{Lo: 0x10efd, Hi: 0x10eff, Stride: 1},
		{Lo: 0x1123f, Hi: 0x11241, Stride: 1},
		{Lo: 0x11b00, Hi: 0x11b09, Stride: 1},
		{Lo: 0x11f00, Hi: 0x11f10, Stride: 1},
		{Lo: 0x11f12, Hi: 0x11f3a, Stride: 1},
		{Lo: 0x11f3e, Hi: 0x11f59, Stride: 1},
		{Lo: 0x1342f, Hi: 0x1342f, Stride: 1},
		{Lo: 0x13439, Hi: 0x13455, Stride: 1},
		{Lo: 0x1b132, Hi: 0x1b132, Stride: 1},
		{Lo: 0x1b155, Hi: 0x1b155, Stride: 1},
		{Lo: 0x1d2c0, Hi: 0x1d2d3, Stride: 1},
		{Lo: 0x1df25, Hi: 0x1df2a, Stride: 1},
		{Lo: 0x1e030, Hi: 0x1e06d, Stride: 1},
		{Lo: 0x1e08f, Hi: 0x1e08f, Stride: 1},
		{Lo: 0x1e4d0, Hi: 0x1e4f9, Stride: 1},
		{Lo: 0x1f6dc, Hi: 0x1f6dc, Stride: 1},
		{Lo: 0x1f774, Hi: 0x1f776, Stride: 1},
		{Lo: 0x1f77b, Hi: 0x1f77f, Stride: 1},
		{Lo: 0x1f7d9, Hi: 0x1f7d9, Stride: 1},
		{Lo: 0x1fa75, Hi: 0x1fa77, Stride: 1},
		{Lo: 0x1fa87, Hi: 0x1fa88, Stride: 1},
		{Lo: 0x1faad, Hi: 0x1faaf, Stride: 1},
		{Lo: 0x1fabb, Hi: 0x1fabd, Stride: 1},
		{Lo: 0x1fabf, Hi: 0x1fabf, Stride: 1},
		{Lo: 0x1face, Hi: 0x1facf, Stride: 1},
		{Lo: 0x1fada, Hi: 0x1fadb, Stride: 1},
		{Lo: 0x1fae8, Hi: 0x1fae8, Stride: 1},
		{Lo: 0x1faf7, Hi: 0x1faf8, Stride: 1},
		{Lo: 0x2b739, Hi: 0x2b739, Stride: 1},
		{Lo: 0x31350, Hi: 0x323af, Stride: 1},
	},
}

// IsAlpha reports letters of any script, and the digits of all but ours.
func IsAlpha(r rune) bool {
	if r < 0x80 {
		return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
	}
	switch r {
	case 0x0c04: // a letter since Unicode 15
		return false
	case 0x0f82, 0x0f83, 0x11080, 0x11081:
		return !unicode.Is(unicode.Other_Alphabetic, r)
	}
	return unicode.In(r, unicode.L, unicode.Nl, unicode.Other_Alphabetic, unicode.Nd) && !unicode.Is(since15, r)
}

// IsDigit reports 0 to 9.
func IsDigit(r rune) bool { return '0' <= r && r <= '9' }

// IsAlnum reports a letter or digit.
func IsAlnum(r rune) bool { return IsDigit(r) || IsAlpha(r) }

// IsWord reports what \w matches.
func IsWord(r rune) bool { return r == '_' || IsAlnum(r) }

// IsUpper includes title case.
func IsUpper(r rune) bool {
	return unicode.In(r, unicode.Lu, unicode.Lt, unicode.Other_Uppercase)
}

// IsLower includes title case that is between two others.
func IsLower(r rune) bool {
	switch r {
	case 0x10fc, 0xa7f2, 0xa7f3, 0xa7f4, 0xab69: // since Unicode 15
		return false
	}
	if unicode.Is(unicode.Lt, r) {
		return unicode.ToUpper(r) != r
	}
	return unicode.In(r, unicode.Ll, unicode.Other_Lowercase) && !unicode.Is(since15, r)
}

// IsSpace reports white space that may break a line, and the controls that move.
func IsSpace(r rune) bool {
	switch {
	case r < 0x80:
		return r == ' ' || '\t' <= r && r <= '\r'
	case r == 0x2007: // holds two words together
		return false
	}
	return r == 0x1680 || 0x2000 <= r && r <= 0x200a || r == 0x2028 || r == 0x2029 || r == 0x205f || r == 0x3000
}

// IsGraph reports a visible character.
func IsGraph(r rune) bool { return known(r) && !IsSpace(r) }

// IsPrint reports a visible character or a space.
func IsPrint(r rune) bool { return known(r) && r != 0x2028 && r != 0x2029 }

// IsPunct reports a visible character that is no letter and no digit.
func IsPunct(r rune) bool { return IsGraph(r) && !IsAlnum(r) }

func known(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z, unicode.Cf, unicode.Co) && !unicode.Is(since15, r)
}
