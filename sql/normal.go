package sql

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgtypes"
)

// Normal is a text with its literals taken out: texts of one normal form have the same tree but for the values of the
// literals. It is made without the parser, in about a microsecond for a short text.
type Normal struct {
	// Key is the text with a mark for each literal, which tells its type, and a blank for white space and for comments
	// that are no hints.
	Key string
	// Literals are what was taken out, in order.
	Literals []Literal
}

// Literal is a constant of a text.
type Literal struct {
	At   int         // bytes before it
	Type pgtypes.OID // int4, int8, numeric; 0 for a string, whose type is its context's
	Text string      // its value
}

// maxNormal bounds the texts that have a normal form: longer ones are hardly sent twice.
const maxNormal = 16 << 10

// Normalize gives the normal form of a text. ok is false where the lexer is not sure to read the text as PostgreSQL
// does (escapes, national and bit strings, numbers with letters), and for several statements.
func Normalize(text string) (n Normal, ok bool) {
	if len(text) > maxNormal || !utf8.ValidString(text) || strings.IndexByte(text, 0) >= 0 {
		return Normal{}, false
	}
	l := normalizer{text: text, key: make([]byte, 0, len(text)+16)}
	for l.at < len(text) {
		if !l.token() {
			return Normal{}, false
		}
	}
	return Normal{Key: string(l.key), Literals: l.literals}, true
}

// normalizer reads tokens from the front and copies to key what is no literal.
type normalizer struct {
	text     string
	at       int
	key      []byte
	literals []Literal
	ended    bool // behind a semicolon
}

func (l *normalizer) token() bool {
	c := l.text[l.at]
	switch {
	case isSpace(c):
		l.at++
		l.blank()
		return true
	case strings.HasPrefix(l.text[l.at:], "--"), strings.HasPrefix(l.text[l.at:], "/*"):
		return l.comment()
	case l.ended:
		return false
	case c == '\'':
		return l.text1()
	case c == '"':
		return l.quotedName()
	case isDigit(c), c == '.' && l.at+1 < len(l.text) && isDigit(l.text[l.at+1]):
		return l.number()
	case c == '$':
		return l.parameter()
	case isLetter(c):
		return l.word()
	case c == ';':
		l.ended = true
	}
	l.copy(1)
	return true
}

func (l *normalizer) copy(n int) {
	l.key = append(l.key, l.text[l.at:l.at+n]...)
	l.at += n
}

// blank stands for any white space and comments between two tokens.
func (l *normalizer) blank() {
	if n := len(l.key); n == 0 || l.key[n-1] != ' ' {
		l.key = append(l.key, ' ')
	}
}

func isSpace(c byte) bool { return strings.IndexByte(" \t\n\r\f\v", c) >= 0 }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }

// isLetter knows what begins a name; every byte beyond ASCII does.
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c >= 0x80 }

// take adds the literal that ends before end; kind marks its type in the key.
func (l *normalizer) take(end int, kind byte, oid pgtypes.OID, value string) {
	l.literals = append(l.literals, Literal{At: l.at, Type: oid, Text: value})
	l.key = append(l.key, 0, kind)
	l.at = end
}

// comment leaves a comment out, if it is no hint: a blank stands for it.
func (l *normalizer) comment() bool {
	if l.text[l.at] == '-' {
		end := strings.IndexAny(l.text[l.at:], "\r\n")
		if end < 0 {
			end = len(l.text) - l.at
		}
		l.at += end
		l.blank()
		return true
	}
	depth, i := 1, l.at+2
	for ; depth > 0 && i < len(l.text); i++ {
		switch {
		case strings.HasPrefix(l.text[i:], "/*"):
			depth++
			i++
		case strings.HasPrefix(l.text[i:], "*/"):
			depth--
			i++
		}
	}
	if depth > 0 {
		return false
	}
	if strings.HasPrefix(l.text[l.at:], "/*+") {
		l.copy(i - l.at)
		return true
	}
	l.at = i
	l.blank()
	return true
}

// stringMark marks a string in the key.
const stringMark = 's'

// text1 reads a plain string. Two of them side by side have no normal form: whether they are one depends on where a line
// ends between them, which the key does not tell. Nor has one with a backslash, which a setting gives a meaning.
func (l *normalizer) text1() bool {
	if n := len(bytes.TrimSuffix(l.key, []byte(" "))); n >= 2 && l.key[n-2] == 0 && l.key[n-1] == stringMark {
		return false
	}
	i := l.at + 1
	quoted := false
	for {
		end := strings.IndexByte(l.text[i:], '\'')
		if end < 0 {
			return false
		}
		i += end + 1
		if i >= len(l.text) || l.text[i] != '\'' {
			break
		}
		quoted = true
		i++
	}
	value := l.text[l.at+1 : i-1]
	if strings.IndexByte(value, '\\') >= 0 {
		return false
	}
	if quoted {
		value = strings.ReplaceAll(value, "''", "'")
	}
	l.take(i, stringMark, 0, value)
	return true
}

func (l *normalizer) quotedName() bool {
	end := strings.IndexByte(l.text[l.at+1:], '"')
	if end < 0 {
		return false
	}
	l.copy(end + 2) // a doubled quote begins the next one
	return true
}

// number reads an integer or a decimal.
func (l *normalizer) number() bool {
	i, plain := l.at, true
	for i < len(l.text) && isDigit(l.text[i]) {
		i++
	}
	if i < len(l.text) && l.text[i] == '.' {
		plain = false
		for i++; i < len(l.text) && isDigit(l.text[i]); i++ {
		}
	}
	if i < len(l.text) && l.text[i]|0x20 == 'e' {
		plain = false
		if i++; i < len(l.text) && (l.text[i] == '+' || l.text[i] == '-') {
			i++
		}
		if i >= len(l.text) || !isDigit(l.text[i]) {
			return false
		}
		for i < len(l.text) && isDigit(l.text[i]) {
			i++
		}
	}
	if i < len(l.text) && (isLetter(l.text[i]) || l.text[i] == '.' || l.text[i] == '$') {
		return false // hexadecimals, underscores, and what is wrong
	}
	value := l.text[l.at:i]
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case !plain || err != nil:
		l.take(i, 'n', pgtypes.Numeric, value)
	case n > math.MaxInt32:
		l.take(i, 'l', pgtypes.Int8, value)
	default:
		l.take(i, 'i', pgtypes.Int4, value)
	}
	return true
}

// parameter copies $1; a dollar-quoted text has no normal form.
func (l *normalizer) parameter() bool {
	i := l.at + 1
	for i < len(l.text) && isDigit(l.text[i]) {
		i++
	}
	if i == l.at+1 || i < len(l.text) && (isLetter(l.text[i]) || l.text[i] == '$') {
		return false
	}
	l.copy(i - l.at)
	return true
}

// word copies a name. One before a quote may be the kind of a string: E'…', B'…', U&"…".
func (l *normalizer) word() bool {
	i := l.at
	for i < len(l.text) && (isLetter(l.text[i]) || isDigit(l.text[i]) || l.text[i] == '$') {
		i++
	}
	if rest := l.text[i:]; strings.HasPrefix(rest, "'") || strings.HasPrefix(rest, "&'") || strings.HasPrefix(rest, `&"`) {
		return false
	}
	l.copy(i - l.at)
	return true
}
