package gateway

import (
	"slices"
	"strings"

	"tidegate/internal/pgerr"
)

// checkEncoding takes every spelling of UTF-8 that PostgreSQL takes, which looks at letters and digits alone: a driver
// sends 'utf-8' with the quotes. With SQL_ASCII nothing is converted, so the client gets the same bytes.
func checkEncoding(name, value string) (string, error) {
	spelt := strings.ToLower(strings.Map(func(r rune) rune {
		if r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' {
			return r
		}
		return -1
	}, value))
	switch {
	case value == "UNICODE": // stays as it is, as in PostgreSQL: old drivers look for it
		return value, nil
	case spelt == "utf8" || spelt == "unicode":
		return "UTF8", nil
	case spelt == "sqlascii":
		return "SQL_ASCII", nil
	case slices.Contains(otherEncodings(), spelt):
		return "", pgerr.New(pgerr.FeatureNotSupported, "conversion between %s and UTF8 is not supported", strings.ToUpper(spelt)).
			WithHint("Set client_encoding to UTF8.")
	}
	return "", invalidValue(name, value)
}

// otherEncodings are the names of PostgreSQL's encodings that a client could ask for there: pg_encname_tbl of
// common/encnames.c.
func otherEncodings() []string {
	return strings.Fields(`abc alt big5 euccn eucjis2004 eucjp euckr euctw gb18030 gbk iso88591 iso885910 iso885913 iso885914
		iso885915 iso885916 iso88592 iso88593 iso88594 iso88595 iso88596 iso88597 iso88598 iso88599 johab koi8 koi8r koi8u
		latin1 latin10 latin2 latin3 latin4 latin5 latin6 latin7 latin8 latin9 mskanji muleinternal shiftjis shiftjis2004
		sjis tcvn tcvn5712 uhc vscii win win1250 win1251 win1252 win1253 win1254 win1255 win1256 win1257 win1258 win866
		win874 win932 win936 win949 win950 windows1250 windows1251 windows1252 windows1253 windows1254 windows1255
		windows1256 windows1257 windows1258 windows866 windows874 windows932 windows936 windows949 windows950`)
}
