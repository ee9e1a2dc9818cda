package pgencoding

import (
	"maps"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
)

// Open makes the conversion of a canonical name, nil if there is nothing to convert. It is 0A000 if there is none, or one
// that is not PostgreSQL's.
func Open(name string) (*Encoding, error) {
	if Plain(name) {
		return nil, nil
	}
	if m := single(name); m != nil {
		return ofSingles(name, m), nil
	}
	switch name {
	case "GBK":
		return gbk(), nil
	case "UHC":
		return uhc(), nil
	case "EUC_KR":
		return eucKR(), nil
	case "SJIS":
		return sjis(), nil
	case "EUC_JP":
		return eucJP(), nil
	case "EUC_CN":
		return eucCN(), nil
	}
	return nil, refused(name)
}

// single gives the table of an encoding of one byte each.
func single(name string) *charmap.Charmap {
	return map[string]*charmap.Charmap{
		"LATIN1": charmap.ISO8859_1, "LATIN2": charmap.ISO8859_2, "LATIN3": charmap.ISO8859_3, "LATIN4": charmap.ISO8859_4,
		"LATIN5": charmap.ISO8859_9, "LATIN6": charmap.ISO8859_10, "LATIN7": charmap.ISO8859_13, "LATIN8": charmap.ISO8859_14,
		"LATIN9": charmap.ISO8859_15, "LATIN10": charmap.ISO8859_16,
		"ISO_8859_5": charmap.ISO8859_5, "ISO_8859_6": charmap.ISO8859_6, "ISO_8859_7": charmap.ISO8859_7, "ISO_8859_8": charmap.ISO8859_8,
		"KOI8R": charmap.KOI8R, "KOI8U": charmap.KOI8U, "WIN866": charmap.CodePage866, "WIN874": charmap.Windows874,
		"WIN1250": charmap.Windows1250, "WIN1251": charmap.Windows1251, "WIN1252": charmap.Windows1252, "WIN1253": charmap.Windows1253,
		"WIN1254": charmap.Windows1254, "WIN1255": charmap.Windows1255, "WIN1256": charmap.Windows1256, "WIN1257": charmap.Windows1257,
		"WIN1258": charmap.Windows1258,
	}[name]
}

func ofSingles(name string, m *charmap.Charmap) *Encoding {
	e := &Encoding{name: name, size: func(byte) int { return 1 }, valid: func([]byte) bool { return true }}
	for i := range e.singles {
		if r := m.DecodeByte(byte(i)); r != utf8.RuneError {
			e.singles[i] = r
		}
		// ISO 8859 leaves these to the control characters; x/text has them of some parts alone.
		if i >= 0x80 && i < 0xa0 && (strings.HasPrefix(name, "LATIN") || strings.HasPrefix(name, "ISO")) {
			e.singles[i] = rune(i)
		}
	}
	switch name {
	case "KOI8U": // PostgreSQL has RFC 2319, x/text the Belarusian letters too
		e.singles[0xae], e.singles[0xbe] = '╝', '╬'
	case "WIN1255":
		e.singles[0xca] = 0
	}
	return e.reversed(nil)
}

// ofPairs reads the characters of one and two bytes from a table of x/text.
func ofPairs(name string, from encoding.Encoding, skip func(first, second byte) bool) *Encoding {
	e := &Encoding{name: name, pairs: make([]rune, 1<<16)}
	e.size = func(byte) int { return 2 }
	e.valid = func(b []byte) bool { return b[1] != 0 && (b[0] != 0x8d || b[1] != ' ') } // the last are PostgreSQL's NONUTF8_INVALID
	for first := 0x81; first <= 0xfe; first++ {
		for second := 0x40; second <= 0xfe; second++ {
			if skip == nil || !skip(byte(first), byte(second)) {
				e.pairs[first<<8|second] = one(from, byte(first), byte(second))
			}
		}
	}
	return e.reversed(nil)
}

// one gives the character of some bytes, 0 if they are none or several.
func one(from encoding.Encoding, b ...byte) rune {
	text, err := from.NewDecoder().Bytes(b)
	r, n := utf8.DecodeRune(text)
	if err != nil || n != len(text) || r == utf8.RuneError {
		return 0
	}
	return r
}

// reversed fills codes. Of several codes of a character it is the first one, unless another is better.
func (e *Encoding) reversed(better func(code uint32) bool) *Encoding {
	e.codes = map[rune]uint32{}
	add := func(r rune, code uint32) {
		if r < utf8.RuneSelf {
			return
		}
		if _, has := e.codes[r]; !has || better != nil && better(code) {
			e.codes[r] = code
		}
	}
	for i, r := range e.singles {
		add(r, uint32(i))
	}
	for i, r := range e.pairs {
		add(r, uint32(i))
	}
	for i, r := range e.triples {
		add(r, 0x8f0000|uint32(i))
	}
	return e
}

// gbk is Windows' code page 936: without what later standards have added, and with a euro sign that is only written.
func gbk() *Encoding {
	e := ofPairs("GBK", simplifiedchinese.GBK, func(first, second byte) bool {
		code := int(first)<<8 | int(second)
		return first == 0xfe && second >= 0x50 || code == 0xa2e3 || code == 0xa3a0 || code == 0xa8bf || code >= 0xa989 && code <= 0xa995
	})
	e.codes['€'] = 0x80
	return e
}

// uhc is Windows' code page 949, with its characters for private use.
func uhc() *Encoding {
	e := ofPairs("UHC", korean.EUCKR, nil)
	for i := range 94 {
		e.pairs[0xc9a1+i], e.pairs[0xfea1+i] = rune(0xe000+i), rune(0xe05e+i)
	}
	e.pairs[0xa2e8] = '㉾'
	return e.reversed(nil)
}

// euc reports whether each byte is one of a character of EUC.
func euc(b []byte) bool {
	for _, c := range b {
		if c < 0xa1 || c > 0xfe {
			return false
		}
	}
	return true
}

// eucKR is what of code page 949 is KS X 1001.
func eucKR() *Encoding {
	e := ofPairs("EUC_KR", korean.EUCKR, func(first, second byte) bool { return !euc([]byte{first, second}) })
	e.pairs[0xa2e8] = '㉾'
	e.valid = euc
	return e.reversed(nil)
}

// sjis is Windows' code page 932. What IBM added is in it up to three times: PostgreSQL writes the code of IBM.
func sjis() *Encoding {
	e := ofPairs("SJIS", japanese.ShiftJIS, func(first, second byte) bool { return first >= 0xa0 && first <= 0xdf })
	for i := 0xa1; i <= 0xdf; i++ {
		e.singles[i] = rune(0xff61 + i - 0xa1)
	}
	e.size = func(first byte) int {
		if first >= 0xa1 && first <= 0xdf {
			return 1
		}
		return 2
	}
	e.valid = func(b []byte) bool {
		return len(b) == 1 || (b[0] >= 0x81 && b[0] <= 0x9f || b[0] >= 0xe0 && b[0] <= 0xfc) && (b[1] >= 0x40 && b[1] <= 0x7e || b[1] >= 0x80 && b[1] <= 0xfc)
	}
	e.reversed(func(code uint32) bool { return code >= 0xfa40 && code != 0xfa54 && code != 0xfa5b })
	maps.Copy(e.codes, map[rune]uint32{ // that are only written
		'¢': 0x8191, '£': 0x8192, '¥': 0x5c, '¬': 0x81ca, '‖': 0x8161, '‾': 0x7e, '−': 0x817c, '〜': 0x8160,
	})
	return e
}

// eucCN is what of GBK is GB 2312, with that standard's own middle dot and dash.
func eucCN() *Encoding {
	e := ofPairs("EUC_CN", simplifiedchinese.GBK, func(first, second byte) bool {
		code := int(first)<<8 | int(second)
		return !euc([]byte{first, second}) || code >= 0xa2a1 && code <= 0xa2aa || code == 0xa2e3 || code >= 0xa6e0 && code <= 0xa6f5 || code >= 0xa8bb && code <= 0xa8c0
	})
	e.pairs[0xa1a4], e.pairs[0xa1aa] = '・', '―'
	e.valid = euc
	return e.reversed(nil)
}

// eucJP has no characters of IBM, which x/text has where PostgreSQL has none.
func eucJP() *Encoding {
	e := ofPairs("EUC_JP", japanese.EUCJP, func(first, second byte) bool { return !euc([]byte{first, second}) || first >= 0xf9 })
	e.triples = make([]rune, 1<<16)
	for i := 0xa1; i <= 0xdf; i++ {
		e.pairs[0x8e00|i] = rune(0xff61 + i - 0xa1)
	}
	for second := 0xa1; second <= 0xfe; second++ {
		for third := 0xa1; third <= 0xfe; third++ {
			e.triples[second<<8|third] = one(japanese.EUCJP, 0x8f, byte(second), byte(third))
		}
	}
	e.triples[0xa2b7], e.triples[0xa2c3] = 0, '￤'
	e.size = func(first byte) int {
		if first == 0x8f {
			return 3
		}
		return 2
	}
	e.valid = func(b []byte) bool {
		switch b[0] {
		case 0x8e:
			return b[1] >= 0xa1 && b[1] <= 0xdf
		case 0x8f:
			return euc(b[1:])
		}
		return euc(b)
	}
	return e.reversed(nil)
}
