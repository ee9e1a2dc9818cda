// Package pgtext is PostgreSQL 15's functions of texts and bytes that need an algorithm. It is a leaf: the engine calls
// it for rows, the binder for constants.
package pgtext

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"tidegate/internal/pgctype"
	"tidegate/internal/pgerr"
)

// maxText is how many bytes a text may have.
const maxText = 1<<30 - 1

// Lower writes every character in lower case; one stays one.
func Lower(s string) string { return strings.Map(unicode.ToLower, s) }

// Upper is Lower for upper case: ß stays.
func Upper(s string) string { return strings.Map(unicode.ToUpper, s) }

// Initcap writes words with a capital and small letters. A word is letters and digits.
func Initcap(s string) string {
	var t strings.Builder
	inside := false
	for _, r := range s {
		if inside {
			t.WriteRune(unicode.ToLower(r))
		} else {
			t.WriteRune(unicode.ToUpper(r))
		}
		inside = pgctype.IsAlnum(r)
	}
	return t.String()
}

// Chr gives the character with a code.
func Chr(code int32) (string, error) {
	switch {
	case code < 0:
		return "", pgerr.New(pgerr.InvalidParameterValue, "character number must be positive")
	case code == 0:
		return "", pgerr.New(programLimit, "null character not permitted")
	case code > unicode.MaxRune || !utf8.ValidRune(code):
		return "", pgerr.New(programLimit, "requested character too large for encoding: %d", code)
	}
	return string(code), nil
}

// programLimit is SQLSTATE 54000.
const programLimit pgerr.Code = "54000"

// Overlay puts placing over the count characters of s from the 1-based start.
func Overlay(s, placing string, start, count int32) (string, error) {
	head, tail, err := overlaid([]rune(s), start, count)
	return string(head) + placing + string(tail), err
}

// overlaid gives what is left before and behind the part that is replaced.
func overlaid[T rune | byte](s []T, start, count int32) (head, tail []T, err error) {
	if start <= 0 {
		return nil, nil, pgerr.New(substringError, "negative substring length not allowed")
	}
	end := int64(start) + int64(count)
	if end > 1<<31-1 || end < -1<<31 {
		return nil, nil, pgerr.New(pgerr.NumericOutOfRange, "integer out of range")
	}
	n := int64(len(s))
	return s[:min(int64(start)-1, n)], s[min(max(end-1, 0), n):], nil
}

// substringError is SQLSTATE 22011.
const substringError pgerr.Code = "22011"

// Normalize gives one of the Unicode normal forms NFC, NFD, NFKC, NFKD.
func Normalize(s, form string) (string, error) {
	f, err := normalForm(form)
	return f.String(s), err
}

// IsNormalized reports whether s is in the form.
func IsNormalized(s, form string) (bool, error) {
	f, err := normalForm(form)
	return f.IsNormalString(s), err
}

func normalForm(name string) (norm.Form, error) {
	switch strings.ToUpper(name) {
	case "NFC":
		return norm.NFC, nil
	case "NFD":
		return norm.NFD, nil
	case "NFKC":
		return norm.NFKC, nil
	case "NFKD":
		return norm.NFKD, nil
	}
	return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid normalization form: %s", name)
}

// Unistr replaces \XXXX, \+XXXXXX, \uXXXX and \UXXXXXXXX by the characters, and \\ by a backslash.
func Unistr(s string) (string, error) {
	var t strings.Builder
	var high rune // the first half of a pair, 0 without
	for i := 0; i < len(s); {
		if s[i] != '\\' || strings.HasPrefix(s[i:], `\\`) {
			if high != 0 {
				return "", pgerr.New(pgerr.SyntaxError, "invalid Unicode surrogate pair")
			}
			t.WriteByte(s[i])
			if s[i] == '\\' {
				i++
			}
			i++
			continue
		}
		r, n := unicodeEscape(s[i:])
		if n == 0 {
			return "", pgerr.New(pgerr.SyntaxError, "invalid Unicode escape")
		}
		i += n
		second := 0xdc00 <= r && r <= 0xdfff
		switch {
		case r == 0 || r > unicode.MaxRune:
			return "", pgerr.New(pgerr.InvalidParameterValue, "invalid Unicode code point: %04X", r)
		case (high != 0) != second:
			return "", pgerr.New(pgerr.SyntaxError, "invalid Unicode surrogate pair")
		case second:
			t.WriteRune((high-0xd800)<<10 + (r - 0xdc00) + 0x10000)
			high = 0
		case 0xd800 <= r && r <= 0xdbff:
			high = r
		default:
			t.WriteRune(r)
		}
	}
	if high != 0 {
		return "", pgerr.New(pgerr.SyntaxError, "invalid Unicode surrogate pair")
	}
	return t.String(), nil
}

// unicodeEscape reads the escape that s begins with and gives its length, 0 if it is none.
func unicodeEscape(s string) (rune, int) {
	for _, form := range []struct {
		prefix string
		digits int
	}{{`\+`, 6}, {`\u`, 4}, {`\U`, 8}, {`\`, 4}} {
		digits, ok := strings.CutPrefix(s, form.prefix)
		if !ok || len(digits) < form.digits {
			continue
		}
		if n, err := strconv.ParseUint(digits[:form.digits], 16, 32); err == nil {
			return rune(min(n, 1<<31-1)), len(form.prefix) + form.digits
		}
	}
	return 0, 0
}

// MaxName is how many bytes a name may have.
const MaxName = 63

// Name cuts a text to what a name holds, between two characters.
func Name(s string) string { return Clip(s, MaxName) }

// Clip cuts a text to n bytes, or fewer so that no character is cut.
func Clip(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
