package pgtypes

import (
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// DecodeHex reads two digits a byte. It lets white space stand between two bytes, not within one.
func DecodeHex(text string) ([]byte, error) {
	var out []byte
	for i := 0; i < len(text); i++ {
		if strings.IndexByte(" \n\t\r", text[i]) >= 0 {
			continue
		}
		if i+1 == len(text) {
			if _, err := hexDigit(text[i:]); err != nil {
				return nil, err
			}
			return nil, pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal data: odd number of digits")
		}
		high, err := hexDigit(text[i:])
		if err != nil {
			return nil, err
		}
		low, err := hexDigit(text[i+1:])
		if err != nil {
			return nil, err
		}
		out = append(out, high<<4|low)
		i++
	}
	return out, nil
}

func hexDigit(s string) (byte, error) {
	switch c := s[0]; {
	case '0' <= c && c <= '9':
		return c - '0', nil
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, nil
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, nil
	}
	r, _ := utf8.DecodeRuneInString(s)
	return 0, pgerr.New(pgerr.InvalidParameterValue, "invalid hexadecimal digit: \"%c\"", r)
}
