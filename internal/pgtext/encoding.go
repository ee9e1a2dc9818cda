package pgtext

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Encode writes bytes as hex, base64 or escape.
func Encode(data []byte, format string) (string, error) {
	switch strings.ToLower(format) {
	case "hex":
		return hex.EncodeToString(data), nil
	case "base64":
		return wrapped(base64.StdEncoding.EncodeToString(data)), nil
	case "escape":
		return escaped(data), nil
	}
	return "", unknownEncoding(format)
}

// Decode reads what Encode writes.
func Decode(text, format string) ([]byte, error) {
	switch strings.ToLower(format) {
	case "hex":
		return pgtypes.DecodeHex(text)
	case "base64":
		return decodeBase64(text)
	case "escape":
		return decodeEscape(text)
	}
	return nil, unknownEncoding(format)
}

func unknownEncoding(format string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "unrecognized encoding: \"%s\"", format)
}

// wrapped breaks lines after 76 characters.
func wrapped(s string) string {
	const line = 76
	var t strings.Builder
	for ; len(s) >= line; s = s[line:] {
		t.WriteString(s[:line] + "\n")
	}
	t.WriteString(s)
	return t.String()
}

func escaped(data []byte) string {
	var t strings.Builder
	for _, c := range data {
		switch {
		case c == 0 || c >= 0x80:
			fmt.Fprintf(&t, `\%03o`, c)
		case c == '\\':
			t.WriteString(`\\`)
		default:
			t.WriteByte(c)
		}
	}
	return t.String()
}

func isBlank(c byte) bool { return c == ' ' || c == '\n' || c == '\t' || c == '\r' }

const base64Digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"

// decodeBase64 takes several ends, and digits behind an end, as PostgreSQL does.
func decodeBase64(text string) ([]byte, error) {
	var out []byte
	group, digits, padding := 0, 0, 0
	for i := range len(text) {
		c := text[i]
		if isBlank(c) {
			continue
		}
		value := strings.IndexByte(base64Digits, c)
		if c == '=' {
			if padding == 0 {
				if digits != 2 && digits != 3 {
					return nil, pgerr.New(pgerr.InvalidParameterValue, "unexpected \"=\" while decoding base64 sequence")
				}
				padding = 4 - digits
			}
			value = 0
		}
		if value < 0 {
			r, _ := utf8.DecodeRuneInString(text[i:])
			return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid symbol \"%c\" found while decoding base64 sequence", r)
		}
		group, digits = group<<6|value, digits+1
		if digits == 4 {
			bytes := []byte{byte(group >> 16), byte(group >> 8), byte(group)}
			out = append(out, bytes[:3-padding]...)
			group, digits = 0, 0
		}
	}
	if digits != 0 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid base64 end sequence")
	}
	return out, nil
}

func decodeEscape(text string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(text); i++ {
		switch {
		case text[i] != '\\':
			out = append(out, text[i])
		case strings.HasPrefix(text[i:], `\\`):
			out = append(out, '\\')
			i++
		default:
			c, ok := octal(text[i+1:])
			if !ok {
				return nil, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type bytea")
			}
			out = append(out, c)
			i += 3
		}
	}
	return out, nil
}

// octal reads three digits of a byte.
func octal(s string) (byte, bool) {
	if len(s) < 3 || s[0] < '0' || s[0] > '3' || s[1] < '0' || s[1] > '7' || s[2] < '0' || s[2] > '7' {
		return 0, false
	}
	return (s[0]-'0')<<6 | (s[1]-'0')<<3 | (s[2] - '0'), true
}

// charsets are the encodings that texts are converted from and to; the names are PostgreSQL's without punctuation.
var charsets = map[string]bool{"utf8": true, "unicode": true, "sqlascii": true, "latin1": false, "iso88591": false}

func charset(name string) (same bool, err error) {
	var plain strings.Builder
	for _, r := range strings.ToLower(name) {
		if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
			plain.WriteRune(r)
		}
	}
	same, ok := charsets[plain.String()]
	if !ok {
		return false, pgerr.New(pgerr.FeatureNotSupported, "encoding \"%s\" is not supported yet", name)
	}
	return same, nil
}

// ConvertFrom reads a text in the encoding.
func ConvertFrom(data []byte, encoding string) (string, error) {
	same, err := charset(encoding)
	if err != nil {
		return "", err
	}
	if !same {
		var t strings.Builder
		for _, c := range data {
			t.WriteRune(rune(c))
		}
		data = []byte(t.String())
	}
	if strings.IndexByte(string(data), 0) >= 0 || !utf8.Valid(data) {
		return "", pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
	}
	return string(data), nil
}

// ConvertTo writes a text in the encoding.
func ConvertTo(text, encoding string) ([]byte, error) {
	same, err := charset(encoding)
	if same || err != nil {
		return []byte(text), err
	}
	var out []byte
	for _, r := range text {
		if r > 0xff {
			return nil, pgerr.New("22P05", "character %U in encoding \"UTF8\" has no equivalent in encoding \"LATIN1\"", r)
		}
		out = append(out, byte(r))
	}
	return out, nil
}
