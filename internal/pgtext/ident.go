package pgtext

import (
	"strings"

	"tidegate/internal/pgerr"
)

// ParseIdent is PostgreSQL's parse_ident: the parts of a name with dots, quoted ones as they are and others in small
// letters. With strict nothing may follow the name.
func ParseIdent(text string, strict bool) (parts []string, err error) {
	const space = " \t\n\r\f"
	rest, afterDot := strings.TrimLeft(text, space), false
	for {
		part, after, detail := identPart(rest)
		if after == rest {
			switch {
			case detail != "":
			case strings.HasPrefix(rest, "."):
				detail = `No valid identifier before ".".`
			case afterDot:
				detail = `No valid identifier after ".".`
			}
			return nil, notIdentifier(text).WithDetail("%s", detail)
		}
		parts, rest = append(parts, part), strings.TrimLeft(after, space)
		if rest == "" || rest[0] != '.' && !strict {
			return parts, nil
		}
		if rest[0] != '.' {
			return nil, notIdentifier(text)
		}
		rest, afterDot = strings.TrimLeft(rest[1:], space), true
	}
}

func notIdentifier(text string) *pgerr.Error {
	return pgerr.New(pgerr.InvalidParameterValue, "string is not a valid identifier: \"%s\"", text)
}

// identPart reads a part and gives what is behind it: all of the text, if there is none.
func identPart(text string) (part, after, detail string) {
	if strings.HasPrefix(text, `"`) {
		end := 1
		for {
			n := strings.IndexByte(text[end:], '"')
			if n < 0 {
				return "", text, "String has unclosed double quotes."
			}
			if end += n; !strings.HasPrefix(text[end+1:], `"`) {
				break
			}
			end += 2
		}
		if end == 1 {
			return "", text, "Quoted identifier must not be empty."
		}
		return strings.ReplaceAll(text[1:end], `""`, `"`), text[end+1:], ""
	}
	end := 0
	for end < len(text) && (identStart(text[end]) || end > 0 && (text[end] >= '0' && text[end] <= '9' || text[end] == '$')) {
		end++
	}
	small := []byte(text[:end]) // as PostgreSQL: letters of ASCII alone
	for i, c := range small {
		if c >= 'A' && c <= 'Z' {
			small[i] = c + 'a' - 'A'
		}
	}
	return string(small), text[end:], ""
}

func identStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}
