package warehouse

import (
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// kind is what a token is.
type kind uint8

const (
	word   kind = iota // an unquoted identifier or keyword, in lower case
	quoted             // a quoted identifier, without its quotes, in lower case
	text               // a string literal, without its quotes
	number
	param // $n, without the $
	mark  // an operator or punctuation
	end   // after the last token
)

// token is one lexical piece of a statement.
type token struct {
	kind  kind
	value string
	start int // offset of its first byte in the text
	stop  int // offset after its last byte
}

// is reports whether the token is the keyword or the punctuation.
func (t token) is(s string) bool { return (t.kind == word || t.kind == mark) && t.value == s }

// name reports whether the token can name something.
func (t token) name() bool { return t.kind == word || t.kind == quoted }

// lex cuts a text into tokens; comments and space are left out.
//
// Redshift folds identifiers to lower case even where they are quoted, and takes a backslash in a string literal for
// an escape, as PostgreSQL did before standard_conforming_strings.
func lex(sql string) ([]token, error) {
	if !utf8.ValidString(sql) {
		return nil, pgerr.New(pgerr.CharacterNotInRepertoire, "invalid byte sequence for encoding \"UTF8\"")
	}
	l := lexer{sql: sql}
	var tokens []token
	for {
		if err := l.skip(); err != nil {
			return nil, err
		}
		if l.at == len(sql) {
			return tokens, nil
		}
		t, err := l.next()
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, t)
	}
}

type lexer struct {
	sql string
	at  int
}

// rest is what is not read yet.
func (l *lexer) rest() string { return l.sql[l.at:] }

func (l *lexer) fail(what string) error {
	return pgerr.New(pgerr.SyntaxError, "%s", what).At(utf8.RuneCountInString(l.sql[:l.at]) + 1)
}

// skip passes over space and comments; comments of the long form nest.
func (l *lexer) skip() error {
	for l.at < len(l.sql) {
		switch rest := l.rest(); {
		case strings.ContainsRune(" \t\r\n\f\v", rune(rest[0])):
			l.at++
		case strings.HasPrefix(rest, "--"):
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				l.at += n
			} else {
				l.at = len(l.sql)
			}
		case strings.HasPrefix(rest, "/*"):
			if err := l.skipComment(); err != nil {
				return err
			}
		default:
			return nil
		}
	}
	return nil
}

func (l *lexer) skipComment() error {
	depth, at := 0, l.at
	for at < len(l.sql) {
		switch rest := l.sql[at:]; {
		case strings.HasPrefix(rest, "/*"):
			depth, at = depth+1, at+2
		case strings.HasPrefix(rest, "*/"):
			depth, at = depth-1, at+2
			if depth == 0 {
				l.at = at
				return nil
			}
		default:
			at++
		}
	}
	return l.fail("unterminated /* comment")
}

func (l *lexer) next() (token, error) {
	rest, start := l.rest(), l.at
	c := rest[0]
	switch {
	case c == '\'':
		return l.text(1)
	case (c == 'e' || c == 'E') && strings.HasPrefix(rest[1:], "'"):
		return l.text(2)
	case c == '"':
		return l.quotedName()
	case c == '$':
		return l.dollar()
	case letter(c):
		return l.take(word, span(rest, func(c byte) bool { return letter(c) || digit(c) || c == '$' })), nil
	case digit(c) || c == '.' && len(rest) > 1 && digit(rest[1]):
		return l.take(number, numberLength(rest)), nil
	}
	for _, m := range []string{"::", "<=", ">=", "<>", "!=", "||", "!~*", "!~", "~*"} {
		if strings.HasPrefix(rest, m) {
			return l.take(mark, len(m)), nil
		}
	}
	_, n := utf8.DecodeRuneInString(rest)
	t := token{kind: mark, value: rest[:n], start: start, stop: start + n}
	l.at += n
	return t, nil
}

// take makes a token of the next n bytes.
func (l *lexer) take(k kind, n int) token {
	t := token{kind: k, value: l.sql[l.at : l.at+n], start: l.at, stop: l.at + n}
	if k == word {
		t.value = strings.ToLower(t.value)
	}
	l.at += n
	return t
}

// text reads a string literal whose opening is skip bytes long.
func (l *lexer) text(skip int) (token, error) {
	var b strings.Builder
	for at := l.at + skip; at < len(l.sql); {
		switch c := l.sql[at]; {
		case c == '\'' && strings.HasPrefix(l.sql[at+1:], "'"):
			b.WriteByte('\'')
			at += 2
		case c == '\'':
			t := token{kind: text, value: b.String(), start: l.at, stop: at + 1}
			l.at = at + 1
			return t, nil
		case c == '\\' && at+1 < len(l.sql):
			n := unescape(&b, l.sql[at+1:])
			at += 1 + n
		default:
			b.WriteByte(c)
			at++
		}
	}
	return token{}, l.fail("unterminated quoted string")
}

// unescape appends what the escape at the beginning of s stands for and tells its length without the backslash.
func unescape(b *strings.Builder, s string) int {
	if i := strings.IndexByte("nrtbf", s[0]); i >= 0 {
		b.WriteByte("\n\r\t\b\f"[i])
		return 1
	}
	octal := 0
	for octal < 3 && octal < len(s) && s[octal] >= '0' && s[octal] <= '7' {
		octal++
	}
	if octal == 0 {
		_, n := utf8.DecodeRuneInString(s)
		b.WriteString(s[:n])
		return n
	}
	var v byte
	for _, c := range []byte(s[:octal]) {
		v = v<<3 | (c - '0')
	}
	b.WriteByte(v)
	return octal
}

func (l *lexer) quotedName() (token, error) {
	var b strings.Builder
	for at := l.at + 1; at < len(l.sql); at++ {
		if l.sql[at] != '"' {
			b.WriteByte(l.sql[at])
			continue
		}
		if strings.HasPrefix(l.sql[at+1:], `"`) {
			b.WriteByte('"')
			at++
			continue
		}
		if b.Len() == 0 {
			return token{}, l.fail("zero-length delimited identifier")
		}
		t := token{kind: quoted, value: strings.ToLower(b.String()), start: l.at, stop: at + 1}
		l.at = at + 1
		return t, nil
	}
	return token{}, l.fail("unterminated quoted identifier")
}

// dollar reads $1 or $tag$ … $tag$.
func (l *lexer) dollar() (token, error) {
	rest, start := l.rest(), l.at
	if n := span(rest[1:], digit); n > 0 {
		l.at += 1 + n
		return token{kind: param, value: rest[1 : 1+n], start: start, stop: l.at}, nil
	}
	n := span(rest[1:], func(c byte) bool { return letter(c) || digit(c) })
	if len(rest) < n+2 || rest[n+1] != '$' {
		return token{}, l.fail(`syntax error at or near "$"`)
	}
	tag := rest[:n+2]
	body, _, ok := strings.Cut(rest[len(tag):], tag)
	if !ok {
		return token{}, l.fail("unterminated dollar-quoted string")
	}
	l.at += 2*len(tag) + len(body)
	return token{kind: text, value: body, start: start, stop: l.at}, nil
}

func letter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' || c == '_' || c == '#' || c >= 0x80 }

func digit(c byte) bool { return c >= '0' && c <= '9' }

// span counts the bytes at the beginning of s for which f holds.
func span(s string, f func(byte) bool) int {
	n := 0
	for n < len(s) && f(s[n]) {
		n++
	}
	return n
}

func numberLength(s string) int {
	n := span(s, digit)
	if n < len(s) && s[n] == '.' {
		n += 1 + span(s[n+1:], digit)
	}
	if n < len(s) && s[n]|0x20 == 'e' {
		m := n + 1
		if m < len(s) && (s[m] == '+' || s[m] == '-') {
			m++
		}
		if d := span(s[m:], digit); d > 0 {
			n = m + d
		}
	}
	return n
}

// statement is one statement of a client's text.
type statement struct {
	sql    string // the whole text; tokens point into it
	tokens []token
}

// split cuts a text at its semicolons. Empty statements are left out.
func split(sql string) ([]statement, error) {
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	var out []statement
	from := 0
	for i := 0; i <= len(tokens); i++ {
		if i < len(tokens) && !tokens[i].is(";") {
			continue
		}
		if i > from {
			out = append(out, statement{sql: sql, tokens: tokens[from:i]})
		}
		from = i + 1
	}
	return out, nil
}

// verb is the statement's first keyword.
func (s statement) verb() string {
	if s.tokens[0].is("(") {
		return "select"
	}
	return s.tokens[0].value
}
