package pgregex

import "strings"

// token is what the pattern is made of. Tokens of one character are that character.
type token rune

const (
	tokenEnd token = -iota - 1
	tokenPlain
	tokenDigit
	tokenRange
	tokenCollating   // [.
	tokenEquivalence // [=
	tokenClass       // [:
	tokenEndName     // .] =] :]
	tokenEscape      // \d; value is 0 for \D
	tokenBackref
	tokenTextStart
	tokenTextEnd
	tokenBoundary
	tokenNoBoundary
	tokenLook // value is a lookKind
)

// context is where in the pattern the lexer is.
type context int

const (
	inPattern context = iota
	inLiteral
	inBound
	inBracket
	inName
)

// lexer cuts a pattern into tokens, one ahead.
type lexer struct {
	pattern []rune
	at      int
	flags   Flags
	in      context
	ender   rune // of a name
	groups  int  // capturing parentheses that were opened

	next  token
	value rune
	name  string // of tokenEscape
}

func (l *lexer) sees(i int, c rune) bool {
	return l.at+i < len(l.pattern) && l.pattern[l.at+i] == c
}

func (l *lexer) ended() bool { return l.at >= len(l.pattern) }

func (l *lexer) is(f Flags) bool { return l.flags&f != 0 }

// prefixes reads *** and embedded options at the beginning.
func (l *lexer) prefixes() error {
	if l.is(quote) {
		return nil
	}
	if l.sees(0, '*') && l.sees(1, '*') && l.sees(2, '*') {
		switch {
		case l.sees(3, '?'):
			return invalid("invalid regexp (reg version 0.8)")
		case l.sees(3, '='):
			l.flags = l.flags&^(ARE|expanded|newlineStops|newlineAnchors) | quote
			l.at = 4
			return nil
		case l.sees(3, ':'):
			l.flags |= ARE
			l.at = 4
		default:
			return errOperand()
		}
	}
	if l.flags&ARE != ARE || !l.sees(0, '(') || !l.sees(1, '?') || l.at+2 >= len(l.pattern) || !isASCIILetter(l.pattern[l.at+2]) {
		return nil
	}
	for l.at += 2; !l.ended() && isASCIILetter(l.pattern[l.at]); l.at++ {
		if !l.flags.option(l.pattern[l.at]) {
			return invalid("invalid embedded option")
		}
	}
	if !l.sees(0, ')') {
		return invalid("invalid embedded option")
	}
	l.at++
	if l.is(quote) {
		l.flags &^= expanded | newlineStops | newlineAnchors
	}
	return nil
}

func isASCIILetter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

func isASCIIDigit(r rune) bool { return '0' <= r && r <= '9' }

func errOperand() error { return invalid("quantifier operand invalid") }
func errEscape() error  { return invalid(`invalid escape \ sequence`) }
func errBracket() error { return invalid("brackets [] not balanced") }
func errBound() error   { return invalid("invalid repetition count(s)") }

func (l *lexer) set(t token, value rune) error {
	l.next, l.value = t, value
	return nil
}

// advance reads the next token.
func (l *lexer) advance() error {
	last := l.next
	if l.is(expanded) && (l.in == inPattern || l.in == inBound) {
		l.skip()
	}
	if l.ended() {
		switch l.in {
		case inBound:
			return invalid("braces {} not balanced")
		case inBracket, inName:
			return errBracket()
		default:
		}
		return l.set(tokenEnd, 0)
	}
	c := l.pattern[l.at]
	l.at++
	switch l.in {
	case inLiteral:
		return l.set(tokenPlain, c)
	case inBound:
		return l.bound(c)
	case inBracket:
		return l.bracket(c, last)
	case inName:
		if c == l.ender && l.sees(0, ']') {
			l.at++
			l.in = inBracket
			return l.set(tokenEndName, c)
		}
		return l.set(tokenPlain, c)
	default:
		return l.plain(c)
	}
}

// skip passes white space and comments of the expanded syntax.
func (l *lexer) skip() {
	for {
		for !l.ended() && strings.ContainsRune(" \t\n\v\f\r", l.pattern[l.at]) {
			l.at++
		}
		if !l.sees(0, '#') {
			return
		}
		for !l.ended() && l.pattern[l.at] != '\n' {
			l.at++
		}
	}
}

func (l *lexer) bound(c rune) error {
	switch {
	case isASCIIDigit(c):
		return l.set(tokenDigit, c-'0')
	case c == ',':
		return l.set(',', 0)
	case c == '}':
		l.in = inPattern
		return l.set('}', l.greedy())
	}
	return errBound()
}

// greedy is 0 if a question mark follows a quantifier.
func (l *lexer) greedy() rune {
	if l.is(advanced) && l.sees(0, '?') {
		l.at++
		return 0
	}
	return 1
}

func (l *lexer) bracket(c rune, last token) error {
	switch c {
	case '\\':
		if !l.is(advanced) {
			break
		}
		if l.ended() {
			return errEscape()
		}
		if err := l.escape(); err != nil {
			return err
		}
		if l.next != tokenPlain && l.next != tokenEscape {
			return errEscape()
		}
		return nil
	case '-':
		if last != '[' && !l.sees(0, ']') {
			return l.set(tokenRange, c)
		}
	case ']':
		if last != '[' {
			l.in = inPattern
			return l.set(']', c)
		}
	case '[':
		if l.ended() {
			return errBracket()
		}
		kinds := map[rune]token{'.': tokenCollating, '=': tokenEquivalence, ':': tokenClass}
		if kind, ok := kinds[l.pattern[l.at]]; ok {
			l.ender, l.in = l.pattern[l.at], inName
			l.at++
			return l.set(kind, 0)
		}
	}
	return l.set(tokenPlain, c)
}

func (l *lexer) plain(c rune) error {
	switch c {
	case '|', '.', '^', '$', ')':
		return l.set(token(c), c)
	case '*', '+', '?':
		return l.set(token(c), l.greedy())
	case '{':
		if l.is(expanded) {
			l.skip()
		}
		if l.ended() || !isASCIIDigit(l.pattern[l.at]) {
			return l.set(tokenPlain, c)
		}
		l.in = inBound
		return l.set('{', 0)
	case '(':
		if l.is(advanced) && l.sees(0, '?') {
			return l.extension()
		}
		return l.set('(', 1)
	case '[':
		rest := string(l.pattern[l.at:min(l.at+6, len(l.pattern))])
		if rest == "[:<:]]" || rest == "[:>:]]" {
			l.at += len(rest)
			return l.set(token(rest[2]), 0)
		}
		l.in = inBracket
		if l.sees(0, '^') {
			l.at++
			return l.set('[', 0)
		}
		return l.set('[', 1)
	case '\\':
		switch {
		case l.ended():
			return errEscape()
		case !l.is(advanced):
			l.at++
			return l.set(tokenPlain, l.pattern[l.at-1])
		}
		return l.escape()
	}
	return l.set(tokenPlain, c)
}

// extension reads what follows "(?".
func (l *lexer) extension() error {
	rest := string(l.pattern[l.at:min(l.at+3, len(l.pattern))])
	for _, g := range []struct {
		text  string
		token token
		value rune
	}{
		{"?:", '(', 0},
		{"?=", tokenLook, rune(lookAhead)},
		{"?!", tokenLook, rune(lookAhead | lookNot)},
		{"?<=", tokenLook, rune(lookBehind)},
		{"?<!", tokenLook, rune(lookBehind | lookNot)},
	} {
		if strings.HasPrefix(rest, g.text) {
			l.at += len(g.text)
			return l.set(g.token, g.value)
		}
	}
	if !strings.HasPrefix(rest, "?#") {
		return errOperand()
	}
	for !l.ended() && l.pattern[l.at] != ')' {
		l.at++
	}
	l.at++
	return l.advance()
}

// escape reads what follows a backslash.
func (l *lexer) escape() error {
	c := l.pattern[l.at]
	l.at++
	if !isASCIILetter(c) && !isASCIIDigit(c) {
		return l.set(tokenPlain, c)
	}
	if i := strings.IndexRune(`abBefnrtv`, c); i >= 0 {
		return l.set(tokenPlain, rune("\a\b\\\x1b\f\n\r\t\v"[i]))
	}
	if name, ok := map[rune]string{'d': "digit", 's': "space", 'w': "word"}[c|0x20]; ok {
		l.name = name
		if c < 'a' {
			return l.set(tokenEscape, 0)
		}
		return l.set(tokenEscape, 1)
	}
	if t, ok := map[rune]token{'A': tokenTextStart, 'm': '<', 'M': '>', 'y': tokenBoundary, 'Y': tokenNoBoundary, 'Z': tokenTextEnd}[c]; ok {
		return l.set(t, 0)
	}
	return l.codeEscape(c)
}

func (l *lexer) codeEscape(c rune) error {
	switch c {
	case 'c':
		if l.ended() {
			return errEscape()
		}
		l.at++
		return l.set(tokenPlain, l.pattern[l.at-1]&0o37)
	case 'u':
		return l.code(16, 4, 4)
	case 'U':
		return l.code(16, 8, 8)
	case 'x':
		return l.code(16, 1, 255)
	}
	if !isASCIIDigit(c) {
		return errEscape()
	}
	start := l.at
	l.at--
	if c != '0' {
		if n, _ := l.digits(10, 255); l.at == start || n <= uint32(l.groups) {
			return l.set(tokenBackref, rune(n))
		}
		l.at = start - 1
	}
	n, count := l.digits(8, 3)
	if count == 0 {
		return errEscape()
	}
	if n > 0xff {
		l.at--
		n >>= 3
	}
	return l.set(tokenPlain, rune(n))
}

func (l *lexer) code(base uint32, least, most int) error {
	n, count := l.digits(base, most)
	if count < least || n > 0x7ffffffe {
		return errEscape()
	}
	return l.set(tokenPlain, rune(n))
}

// digits reads up to most digits and gives how many there were.
func (l *lexer) digits(base uint32, most int) (n uint32, count int) {
	for ; count < most && !l.ended(); count++ {
		digit := strings.IndexRune("0123456789abcdef", l.pattern[l.at]|0x20)
		if l.pattern[l.at] > 0x7f || isASCIIDigit(l.pattern[l.at]|0x20) && !isASCIIDigit(l.pattern[l.at]) || digit < 0 || uint32(digit) >= base {
			break
		}
		n = n*base + uint32(digit)
		l.at++
	}
	return n, count
}
