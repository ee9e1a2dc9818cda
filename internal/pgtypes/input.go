package pgtypes

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgfloat"
)

// The Parse functions of this file read a value as PostgreSQL's input functions do. Their errors are *pgerr.Error
// with PostgreSQL's SQLSTATE and message.

func badText(oid OID, s string) error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type %s: %q", Of(oid), s)
}

func trim(s string) string { return strings.Trim(s, " \t\n\v\f\r") }

// CheckUTF8 gives data as text; what is not UTF-8 or holds a zero byte is 22021, with the bytes that are wrong.
func CheckUTF8(data []byte) (string, error) {
	if utf8.Valid(data) && bytes.IndexByte(data, 0) < 0 {
		return string(data), nil
	}
	for i := 0; i < len(data); {
		r, size := utf8.DecodeRune(data[i:])
		if r == 0 || r == utf8.RuneError && size <= 1 {
			return "", pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\": %s", hexBytes(data[i:]))
		}
		i += size
	}
	return string(data), nil
}

// hexBytes writes the bytes of the character that data begins with, as its first byte announces it.
func hexBytes(data []byte) string {
	size := 1
	switch first := data[0]; {
	case first&0xe0 == 0xc0:
		size = 2
	case first&0xf0 == 0xe0:
		size = 3
	case first&0xf8 == 0xf0:
		size = 4
	}
	return fmt.Sprintf("% #x", data[:min(size, len(data))])
}

// ParseBool reads t, f, true, false, yes, no, on, off, 1, 0 and prefixes of the words.
func ParseBool(s string) (bool, error) {
	v := strings.ToLower(trim(s))
	switch {
	case v == "":
	case v == "1" || v == "on" || begins(v, "true") || begins(v, "yes"):
		return true, nil
	case v == "0" || v == "of" || v == "off" || begins(v, "false") || begins(v, "no"):
		return false, nil
	}
	return false, badText(Bool, s)
}

// begins reports whether v is the beginning of a word.
func begins(v, word string) bool { return len(v) <= len(word) && word[:len(v)] == v }

// ParseInt reads an integer of type oid: 22P02 if it is none, 22003 if it does not fit.
func ParseInt(oid OID, s string) (int64, error) {
	v, err := strconv.ParseInt(trim(s), 10, 64)
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch oid {
	case Int2:
		low, high = math.MinInt16, math.MaxInt16
	case Int4:
		low, high = math.MinInt32, math.MaxInt32
	case OIDType, Xid, Cid:
		low, high = 0, math.MaxUint32
	}
	if errors.Is(err, strconv.ErrRange) || err == nil && (v < low || v > high) {
		return 0, pgerr.New(pgerr.NumericOutOfRange, "value %q is out of range for type %s", s, Of(oid))
	}
	if err != nil {
		return 0, badText(oid, s)
	}
	return v, nil
}

// ParseFloat reads a float4 or float8.
func ParseFloat(oid OID, s string) (float64, error) {
	v := trim(s)
	digits := v
	switch hexadecimal := strings.ContainsAny(v, "xX"); {
	case strings.Contains(v, "_"):
		return 0, badText(oid, s) // what Go reads and PostgreSQL does not
	case hexadecimal && !strings.ContainsAny(v, "pP"):
		digits += "p0" // and the other way round
	case !hexadecimal:
		v, _, _ = strings.Cut(strings.ToLower(v), "e")
	}
	bits := 64
	if oid == Float4 {
		bits = 32
	}
	f, err := strconv.ParseFloat(digits, bits)
	if errors.Is(err, strconv.ErrRange) || err == nil && f == 0 && strings.ContainsAny(v, "123456789abcdefABCDEF") {
		return 0, pgerr.New(pgerr.NumericOutOfRange, "%q is out of range for type %s", trim(s), Of(oid))
	}
	if err != nil {
		return 0, badText(oid, s)
	}
	return pgfloat.OrNaN(f), nil
}

// CheckNumeric gives a decimal's plain form: "1.5e3" becomes "1500".
func CheckNumeric(s string) (string, error) {
	v := trim(s)
	switch specialNumeric(v) {
	case numericNaN:
		return "NaN", nil
	case numericInfinity:
		return "Infinity", nil
	case numericNegativeInfinity:
		return "-Infinity", nil
	}
	sign := ""
	if v != "" && (v[0] == '-' || v[0] == '+') {
		if v[0] == '-' {
			sign = "-"
		}
		v = v[1:]
	}
	mantissa, exponent := v, 0
	if i := strings.IndexAny(v, "eE"); i >= 0 {
		e, err := strconv.Atoi(v[i+1:])
		if err != nil {
			return "", badText(Numeric, s)
		}
		mantissa, exponent = v[:i], e
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	if whole+fraction == "" || strings.Trim(whole+fraction, "0123456789") != "" {
		return "", badText(Numeric, s)
	}
	overflow := pgerr.New(pgerr.NumericOutOfRange, "value overflows numeric format")
	if max(exponent, -exponent) > maxNumericText {
		return "", overflow
	}
	if whole, fraction = movePoint(whole, fraction, exponent); max(len(whole), len(fraction)) > 2*maxNumericText {
		return "", overflow
	}
	text := strings.TrimLeft(whole, "0")
	if text == "" {
		text = "0"
	}
	if fraction != "" {
		text += "." + fraction
	}
	if strings.Trim(text, "0.") == "" {
		sign = ""
	}
	return sign + text, nil
}

func movePoint(whole, fraction string, by int) (string, string) {
	switch {
	case by > 0:
		if n := by - len(fraction); n > 0 {
			fraction += strings.Repeat("0", n)
		}
		return whole + fraction[:by], fraction[by:]
	case by < 0:
		if n := -by - len(whole); n > 0 {
			whole = strings.Repeat("0", n) + whole
		}
		return whole[:len(whole)+by], whole[len(whole)+by:] + fraction
	}
	return whole, fraction
}

func errBytea() error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
}

// ParseBytea reads the hex form, or the escape form: backslash doubled or before three octal digits.
func ParseBytea(s string) ([]byte, error) {
	if digits, ok := strings.CutPrefix(s, `\x`); ok {
		return DecodeHex(digits)
	}
	v := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			v = append(v, s[i])
			continue
		}
		if strings.HasPrefix(s[i:], `\\`) {
			v = append(v, '\\')
			i++
			continue
		}
		if len(s) < i+4 {
			return nil, errBytea()
		}
		n, err := strconv.ParseUint(s[i+1:i+4], 8, 8)
		if err != nil {
			return nil, errBytea()
		}
		v = append(v, byte(n))
		i += 3
	}
	return v, nil
}

// ParseUUID reads 32 hex digits, in groups or not, in braces or not.
func ParseUUID(s string) (v [16]byte, err error) {
	body := s
	if strings.HasPrefix(body, "{") && strings.HasSuffix(body, "}") {
		body = body[1 : len(body)-1]
	}
	digits := make([]byte, 0, 32)
	for i := range len(body) {
		if body[i] == '-' && len(digits) > 0 && len(digits) < 32 && len(digits)%4 == 0 && body[i-1] != '-' {
			continue
		}
		digits = append(digits, body[i])
	}
	if len(digits) != 32 {
		return v, badText(UUID, s)
	}
	if _, err := hex.Decode(v[:], digits); err != nil {
		return v, badText(UUID, s)
	}
	return v, nil
}

// TextParam checks a parameter in text form and gives the form that the language reads: numbers plain, dates and
// timestamps in ISO form, timestamptz with its offset. Types that are not checked here pass as they are, and the words
// for moments of the transaction.
func TextParam(oid OID, data []byte, style Style) (string, error) {
	s, err := CheckUTF8(data)
	if err != nil {
		return "", err
	}
	switch oid {
	case Bool:
		v, err := ParseBool(s)
		return string(AppendBool(nil, v)), err
	case Int2, Int4, Int8, OIDType:
		v, err := ParseInt(oid, s)
		return strconv.FormatInt(v, 10), err
	case Float4, Float8:
		_, err := ParseFloat(oid, s)
		return trim(s), err
	case Numeric:
		return CheckNumeric(s)
	case Bytea:
		v, err := ParseBytea(s)
		return string(AppendBytea(nil, v)), err
	case UUID:
		v, err := ParseUUID(s)
		return string(AppendUUID(nil, v)), err
	case Date, Timestamp, Timestamptz:
		return momentParam(oid, s, style)
	case Time:
		v, err := ParseTime(s)
		return string(AppendTime(nil, v)), err
	case Timetz:
		v, err := ParseTimetz(s, 0, nil)
		if err == nil && !HasZone(s) {
			return s, nil // its zone is the session's, as it is today
		}
		return string(v.Append(nil)), err
	}
	return s, nil
}

func momentParam(oid OID, s string, style Style) (string, error) {
	switch strings.ToLower(trim(s)) {
	case "now", "today", "tomorrow", "yesterday":
		return s, nil
	}
	switch oid {
	case Date:
		v, err := style.ParseDate(s)
		return string(AppendDate(nil, v)), err
	case Timestamp:
		v, err := style.ParseTimestamp(s)
		return string(AppendTimestamp(nil, v)), err
	}
	v, err := style.ParseTimestamptz(s)
	return string(AppendTimestamptz(nil, v, NewZone(nil))), err
}
