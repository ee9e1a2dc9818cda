// Package pgencoding converts texts between UTF-8 and the encodings that a client may ask for, as PostgreSQL 15 converts
// them: the same characters, the same bytes, the same errors. The tables are those of golang.org/x/text, with what
// PostgreSQL has otherwise.
package pgencoding

import (
	"strings"

	"tidegate/internal/pgerr"
)

// Canonical gives the name of an encoding as PostgreSQL tells it, of any spelling that PostgreSQL takes: it looks at
// letters and digits alone, and drivers send 'utf-8' with the quotes. ok is false if there is no such encoding.
func Canonical(spelt string) (name string, ok bool) {
	if spelt == "UNICODE" { // stays as it is, as in PostgreSQL: old drivers look for it
		return spelt, true
	}
	plain := strings.ToLower(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, spelt))
	for line := range strings.SplitSeq(strings.TrimSpace(spellings), "\n") {
		for i, word := range strings.Fields(line) {
			if i == 0 {
				name = word
			} else if word == plain {
				return name, true
			}
		}
	}
	return "", false
}

// spellings are the encodings of PostgreSQL's pg_enc2name_tbl, each with its names in pg_encname_tbl (encnames.c).
const spellings = `
SQL_ASCII sqlascii
UTF8 utf8 unicode
BIG5 big5 win950 windows950
EUC_CN euccn
EUC_JIS_2004 eucjis2004
EUC_JP eucjp
EUC_KR euckr
EUC_TW euctw
GB18030 gb18030
GBK gbk win936 windows936
ISO_8859_5 iso88595
ISO_8859_6 iso88596
ISO_8859_7 iso88597
ISO_8859_8 iso88598
JOHAB johab
KOI8R koi8 koi8r
KOI8U koi8u
LATIN1 iso88591 latin1
LATIN2 iso88592 latin2
LATIN3 iso88593 latin3
LATIN4 iso88594 latin4
LATIN5 iso88599 latin5
LATIN6 iso885910 latin6
LATIN7 iso885913 latin7
LATIN8 iso885914 latin8
LATIN9 iso885915 latin9
LATIN10 iso885916 latin10
MULE_INTERNAL muleinternal
SHIFT_JIS_2004 shiftjis2004
SJIS mskanji shiftjis sjis win932 windows932
UHC uhc win949 windows949
WIN866 alt win866 windows866
WIN874 win874 windows874
WIN1250 win1250 windows1250
WIN1251 win win1251 windows1251
WIN1252 win1252 windows1252
WIN1253 win1253 windows1253
WIN1254 win1254 windows1254
WIN1255 win1255 windows1255
WIN1256 win1256 windows1256
WIN1257 win1257 windows1257
WIN1258 abc tcvn tcvn5712 vscii win1258 windows1258
`

// Plain reports whether texts in the encoding of a canonical name are UTF-8, or, of SQL_ASCII, not converted.
func Plain(name string) bool { return name == "UTF8" || name == "UNICODE" || name == "SQL_ASCII" }

// refused says why there is no conversion, for the hint.
func refused(name string) error {
	return pgerr.New(pgerr.FeatureNotSupported, "conversion between %s and UTF8 is not supported", name).
		WithHint("Set client_encoding to UTF8. The library of tables has none of %s that gives PostgreSQL's characters.", name)
}
