// Package pgjson is json and jsonb as PostgreSQL 15 has them: the text of json is kept as it is, jsonb has one normal
// form, which is its text here too. Everything takes and gives texts.
//
// It is a leaf without a database: functions in DuckDB and the binder's constants use the same code.
package pgjson

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// maxDepth bounds the nesting, as PostgreSQL's stack does.
const maxDepth = 6000

// untranslatable is the code of an escape that stands for no character.
const untranslatable pgerr.Code = "22P05"

func errSyntax() error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type json")
}

// scanner reads JSON from the front. The methods leave it behind what they read.
type scanner struct {
	text   string
	at     int
	depth  int
	decode bool // escapes that stand for no character are errors, also in strings that nobody asked for
}

func (s *scanner) blanks() {
	for s.at < len(s.text) {
		switch s.text[s.at] {
		case ' ', '\t', '\n', '\r':
			s.at++
		default:
			return
		}
	}
}

// peek gives the first byte behind white space, 0 at the end.
func (s *scanner) peek() byte {
	s.blanks()
	if s.at == len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// take reads c behind white space.
func (s *scanner) take(c byte) bool {
	if s.peek() != c {
		return false
	}
	s.at++
	return true
}

// end checks that nothing follows.
func (s *scanner) end() error {
	if s.peek() != 0 || s.at < len(s.text) {
		return errSyntax()
	}
	return nil
}

// value checks one value and gives its text.
func (s *scanner) value() (string, error) {
	c := s.peek()
	start := s.at
	var err error
	switch c {
	case '{':
		err = s.object(func(string) error { _, err := s.value(); return err })
	case '[':
		err = s.array(func() error { _, err := s.value(); return err })
	case '"':
		_, err = s.str()
	default:
		err = s.word()
	}
	return s.text[start:s.at], err
}

// object reads an object; member is called at every value, with the text of its key, and reads it.
func (s *scanner) object(member func(key string) error) error {
	s.at++
	if s.depth++; s.depth > maxDepth {
		return pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
	}
	defer func() { s.depth-- }()
	if s.take('}') {
		return nil
	}
	for {
		if s.peek() != '"' {
			return errSyntax()
		}
		key, err := s.str()
		if err != nil {
			return err
		}
		if !s.take(':') {
			return errSyntax()
		}
		if err := member(key); err != nil {
			return err
		}
		switch {
		case s.take(','):
		case s.take('}'):
			return nil
		default:
			return errSyntax()
		}
	}
}

// array reads an array; element is called at every element and reads it.
func (s *scanner) array(element func() error) error {
	s.at++
	if s.depth++; s.depth > maxDepth {
		return pgerr.New(pgerr.StatementTooComplex, "stack depth limit exceeded")
	}
	defer func() { s.depth-- }()
	if s.take(']') {
		return nil
	}
	for {
		if err := element(); err != nil {
			return err
		}
		switch {
		case s.take(','):
		case s.take(']'):
			return nil
		default:
			return errSyntax()
		}
	}
}

// str reads a string and gives its text with the quotes.
func (s *scanner) str() (string, error) {
	start := s.at
	for s.at++; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			return s.text[start:s.at], nil
		case c < ' ':
			return "", errSyntax()
		case c == '\\':
			s.at++
			if s.at == len(s.text) {
				return "", errSyntax()
			}
			if s.text[s.at] == 'u' {
				size, err := s.escape()
				if err != nil {
					return "", err
				}
				s.at += size - 2
			} else if !strings.ContainsRune(`"\/bfnrt`, rune(s.text[s.at])) {
				return "", errSyntax()
			}
		}
	}
	return "", errSyntax()
}

// escape checks the escape whose u is here and gives its length, or that of a pair.
func (s *scanner) escape() (size int, err error) {
	if _, ok := hex4(s.text[s.at+1:]); !ok {
		return 0, errSyntax()
	}
	if !s.decode {
		return 6, nil
	}
	_, size, err = escaped(s.text[s.at-1:])
	return size, err
}

func hex4(s string) (r rune, ok bool) {
	if len(s) < 4 {
		return 0, false
	}
	for i := range 4 {
		c := s[i]
		switch {
		case c >= '0' && c <= '9':
			r = r<<4 | rune(c-'0')
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			r = r<<4 | rune(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return r, true
}

// word reads true, false, null or a number.
func (s *scanner) word() error {
	start := s.at
	for s.at < len(s.text) && (s.text[s.at] >= utf8.RuneSelf || strings.IndexByte(" \t\n\r,:{}[]\"", s.text[s.at]) < 0) {
		s.at++
	}
	switch w := s.text[start:s.at]; {
	case w == "true", w == "false", w == "null", isNumber(w):
		return nil
	}
	return errSyntax()
}

func isNumber(w string) bool {
	w = strings.TrimPrefix(w, "-")
	whole, rest := cutDigits(w)
	if whole == "" || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	if fraction, ok := strings.CutPrefix(rest, "."); ok {
		var digits string
		if digits, rest = cutDigits(fraction); digits == "" {
			return false
		}
	}
	if rest == "" {
		return true
	}
	if rest[0] != 'e' && rest[0] != 'E' {
		return false
	}
	exponent := rest[1:]
	if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
		exponent = exponent[1:]
	}
	digits, rest := cutDigits(exponent)
	return digits != "" && rest == ""
}

func cutDigits(s string) (digits, rest string) {
	i := 0
	for i < len(s) && s[i] >= '0' && s[i] <= '9' {
		i++
	}
	return s[:i], s[i:]
}

// unquote gives what a string's text, which str has checked, stands for.
func unquote(quoted string) (string, error) {
	body := quoted[1 : len(quoted)-1]
	if strings.IndexByte(body, '\\') < 0 {
		return body, nil
	}
	var b strings.Builder
	for i := 0; i < len(body); i++ {
		if body[i] != '\\' {
			b.WriteByte(body[i])
			continue
		}
		i++
		if c := strings.IndexByte("bfnrt", body[i]); c >= 0 {
			b.WriteByte("\b\f\n\r\t"[c])
			continue
		}
		if body[i] != 'u' {
			b.WriteByte(body[i])
			continue
		}
		r, size, err := escaped(body[i-1:])
		if err != nil {
			return "", err
		}
		b.WriteRune(r)
		i += size - 2
	}
	return b.String(), nil
}

// escaped gives the character at the front of s, which begins with \u, and how long it is: one escape, or two of a pair.
func escaped(s string) (r rune, size int, err error) {
	r, _ = hex4(s[2:])
	switch {
	case r == 0:
		return 0, 0, pgerr.New(untranslatable, "unsupported Unicode escape sequence").WithDetail(`\u0000 cannot be converted to text.`)
	case !utf16.IsSurrogate(r):
		return r, 6, nil
	}
	if strings.HasPrefix(s[6:], `\u`) {
		low, _ := hex4(s[8:]) // 0, which is no low half, if it is none
		if both := utf16.DecodeRune(r, low); both != utf8.RuneError {
			return both, 12, nil
		}
	}
	return 0, 0, errSyntax()
}

// Check reports what is wrong with the text of a json: 22P02.
func Check(text string) error {
	s := scanner{text: text}
	_, err := s.value()
	if err == nil {
		err = s.end()
	}
	if err != nil {
		return mistake(text, false, err)
	}
	return nil
}
