package pgjson

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// mistake says what is wrong with a text that was found to be no json, as PostgreSQL's jsonapi.c and jsonfuncs.c do: err has
// the code and the message, and gets what was expected and where. decode is the scanner's.
func mistake(text string, decode bool, err error) error {
	e, ok := err.(*pgerr.Error) //nolint:errorlint // it is made here
	if !ok || e.Code != pgerr.InvalidTextRepresentation && e.Code != untranslatable {
		return err
	}
	m := &mistaken{text: text, decode: decode, line: 1, kind: first}
	if !m.document() {
		e.Detail, e.Where = m.detail, m.context()
	}
	return e
}

// first is the kind of the token before the first.
const first = '^'

// mistaken reads a text token by token up to the first that is wrong. Methods that say false have found it.
type mistaken struct {
	text   string
	decode bool

	kind       byte // of the token: itself if it is punctuation, '"', '0' of a number, 'w' of a word, 0 the end
	start, end int  // of the token
	line       int
	lineStart  int
	detail     string
}

func (m *mistaken) wrong(format string, args ...any) bool {
	m.detail = fmt.Sprintf(format, args...)
	return false
}

// document reads all of the text.
func (m *mistaken) document() bool {
	return m.next() && m.value() && m.expect(0, "end of input")
}

// context shows the line up to where the mistake was found.
func (m *mistaken) context() string {
	start := m.lineStart
	for m.end-start >= 50 {
		_, size := utf8.DecodeRuneInString(m.text[start:])
		start += size
	}
	if start-m.lineStart <= 3 {
		start = m.lineStart
	}
	prefix, suffix := "", ""
	if start > m.lineStart {
		prefix = "..."
	}
	if m.kind != 0 && m.end < len(m.text) && m.text[m.end] != '\n' && m.text[m.end] != '\r' {
		suffix = "..."
	}
	return fmt.Sprintf("JSON data, line %d: %s%s%s", m.line, prefix, m.text[start:m.end], suffix)
}

// expected says that something else had to come here.
func (m *mistaken) expected(what string) bool {
	if m.kind == 0 {
		return m.wrong("The input string ended unexpectedly.")
	}
	return m.wrong("Expected %s, but found \"%s\".", what, m.text[m.start:m.end])
}

// expect goes behind a token that must be here.
func (m *mistaken) expect(kind byte, what string) bool {
	if m.kind != kind {
		return m.expected(what)
	}
	return kind == 0 || m.next()
}

func (m *mistaken) value() bool {
	switch m.kind {
	case '{':
		return m.object()
	case '[':
		return m.array()
	case '"', '0', 'w':
		return m.next()
	}
	return m.expected("JSON value")
}

func (m *mistaken) object() bool {
	if !m.next() {
		return false
	}
	switch m.kind {
	case '"':
		if !m.member() {
			return false
		}
		for m.kind == ',' {
			if !m.next() || !m.member() {
				return false
			}
		}
	case '}':
	default:
		return m.expected(`string or "}"`)
	}
	return m.expect('}', `"," or "}"`)
}

func (m *mistaken) member() bool {
	return m.expect('"', "string") && m.expect(':', `":"`) && m.value()
}

func (m *mistaken) array() bool {
	if !m.next() {
		return false
	}
	if m.kind != ']' {
		if !m.value() {
			return false
		}
		for m.kind == ',' {
			if !m.next() || !m.value() {
				return false
			}
		}
	}
	return m.expect(']', `"," or "]"`)
}

// next reads the next token.
func (m *mistaken) next() bool {
	for m.start = m.end; m.start < len(m.text) && strings.IndexByte(" \t\n\r", m.text[m.start]) >= 0; m.start++ {
		if m.text[m.start] == '\n' {
			m.line++
			m.lineStart = m.start + 1
		}
	}
	m.end = m.start
	if m.start == len(m.text) {
		m.kind = 0
		return true
	}
	switch c := m.text[m.start]; {
	case strings.IndexByte("{}[],:", c) >= 0:
		m.kind, m.end = c, m.start+1
		return true
	case c == '"':
		return m.str()
	case c == '-' || c >= '0' && c <= '9':
		m.skipNumber()
		return m.word('0', isNumber)
	}
	return m.word('w', func(w string) bool { return w == "true" || w == "false" || w == "null" })
}

// skipNumber goes over what may stand in a number before what word goes over.
func (m *mistaken) skipNumber() {
	rest := strings.TrimPrefix(m.text[m.end:], "-")
	if whole, after := cutDigits(rest); strings.HasPrefix(whole, "0") {
		rest = rest[1:]
	} else {
		rest = after
	}
	if after, ok := strings.CutPrefix(rest, "."); ok {
		_, rest = cutDigits(after)
	}
	if rest != "" && rest[0]|0x20 == 'e' {
		if rest = rest[1:]; rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		_, rest = cutDigits(rest)
	}
	m.end = len(m.text) - len(rest)
}

// word reads letters and digits, all of which are told if they are nothing right.
func (m *mistaken) word(kind byte, right func(string) bool) bool {
	for m.end < len(m.text) {
		c := m.text[m.end]
		if c < utf8.RuneSelf && c != '_' && (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') {
			break
		}
		m.end++
	}
	m.end = max(m.end, m.start+1)
	if !right(m.text[m.start:m.end]) {
		return m.wrong("Token \"%s\" is invalid.", m.text[m.start:m.end])
	}
	m.kind = kind
	return true
}

// through makes the token end behind the character at i.
func (m *mistaken) through(i int) {
	_, size := utf8.DecodeRuneInString(m.text[i:])
	m.end = i + size
}

// unended says that the text ends within a string.
func (m *mistaken) unended() bool {
	m.end = len(m.text)
	return m.wrong("Token \"%s\" is invalid.", m.text[m.start:])
}

// str reads a string; high is half of a pair that waits for the other one.
func (m *mistaken) str() bool {
	high := rune(0)
	for i := m.start + 1; i < len(m.text); i++ {
		c := m.text[i]
		switch {
		case c == '\\' && i+1 == len(m.text):
			return m.unended()
		case c == '\\' && m.text[i+1] == 'u':
			r, ok := m.hex(i + 2)
			if !ok {
				return false
			}
			if i += 5; m.decode {
				if high, ok = m.pair(high, r, i); !ok {
					return false
				}
			}
			continue
		case c < ' ':
			m.end = i
			return m.wrong("Character with value 0x%02x must be escaped.", c)
		}
		escapes := c == '\\'
		if escapes {
			i++
		}
		switch {
		case high != 0:
			m.through(i)
			return m.wrong("Unicode low surrogate must follow a high surrogate.")
		case escapes && strings.IndexByte(`"\/bfnrt`, m.text[i]) < 0:
			m.through(i)
			return m.wrong("Escape sequence \"\\%s\" is invalid.", m.text[i:m.end])
		case c == '"':
			m.kind, m.end = '"', i+1
			return true
		}
	}
	return m.unended()
}

// hex reads four digits at i.
func (m *mistaken) hex(i int) (rune, bool) {
	for j := i; j < i+4; j++ {
		if j >= len(m.text) {
			return 0, m.unended()
		}
		if !strings.ContainsRune("0123456789abcdefABCDEF", rune(m.text[j])) {
			m.through(j)
			return 0, m.wrong(`"\u" must be followed by four hexadecimal digits.`)
		}
	}
	return hex4(m.text[i:])
}

// pair looks at an escaped character whose last digit is at i, behind half of a pair or none.
func (m *mistaken) pair(high, r rune, i int) (waits rune, ok bool) {
	m.end = i + 1
	half := utf16.IsSurrogate(r) && r < 0xdc00
	switch {
	case half && high != 0:
		return 0, m.wrong("Unicode high surrogate must not follow a high surrogate.")
	case half:
		return r, true
	case utf16.IsSurrogate(r) != (high != 0):
		return 0, m.wrong("Unicode low surrogate must follow a high surrogate.")
	case r == 0:
		return 0, m.wrong(`\u0000 cannot be converted to text.`)
	}
	return 0, true
}
