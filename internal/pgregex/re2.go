package pgregex

import (
	"fmt"
	"regexp"
	"strings"
)

// RE2 writes a pattern in RE2's language, to be matched with the option s (a period matches a line feed). Whether it
// matches, not where, is the same there. ok is false for what RE2 lacks or knows otherwise: back references, look-around,
// word boundaries, the letters of other scripts.
func RE2(pattern string, f Flags) (text string, ok bool) {
	p := &parser{lexer: lexer{pattern: []rune(pattern), flags: f}}
	root, err := p.parsePattern()
	if err != nil || p.backrefs {
		return "", false
	}
	w := re2Writer{ok: true}
	w.lang(root.lang, 1)
	return w.out.String(), w.ok
}

type re2Writer struct {
	out strings.Builder
	ok  bool
}

// maxCopies is how often RE2 repeats a part, nested counts multiplied.
const maxCopies = 500

func (w *re2Writer) lang(l *lang, copies int) {
	switch l.kind {
	case langSet:
		w.set(l.set)
	case langAssert:
		text, ok := map[assertion]string{atStart: `\A`, atEnd: `\z`, atLineStart: `(?m:^)`, atLineEnd: `(?m:$)`}[l.assert]
		w.ok = w.ok && ok
		w.out.WriteString(text)
	case langLook:
		w.ok = false
	case langConcat:
		for _, x := range l.items {
			w.lang(x, copies)
		}
	case langEither:
		w.out.WriteString("(?:")
		for i, x := range l.items {
			if i > 0 {
				w.out.WriteByte('|')
			}
			w.lang(x, copies)
		}
		w.out.WriteByte(')')
	case langRepeat:
		w.repeat(l, copies)
	}
}

func (w *re2Writer) repeat(l *lang, copies int) {
	most := l.max
	if most == infinite {
		most = max(l.min, 1)
	}
	if copies *= max(most, 1); copies > maxCopies {
		w.ok = false
		return
	}
	w.out.WriteString("(?:")
	w.lang(l.items[0], copies)
	w.out.WriteByte(')')
	switch {
	case l.max == infinite && l.min <= 1:
		w.out.WriteByte("*+"[l.min])
	case l.max == infinite:
		fmt.Fprintf(&w.out, "{%d,}", l.min)
	default:
		fmt.Fprintf(&w.out, "{%d,%d}", l.min, l.max)
	}
}

// re2Classes are the named classes that are the same, as the inside of a bracket.
var re2Classes = map[string]string{
	"digit": `0-9`, "xdigit": `0-9A-Fa-f`, "blank": ` \t`, "ascii": `\x{0}-\x{7f}`, "cntrl": `\x{0}-\x{1f}\x{7f}-\x{9f}`,
	"space": `\t-\r \x{1680}\x{2000}-\x{2006}\x{2008}-\x{200a}\x{2028}\x{2029}\x{205f}\x{3000}`,
}

func (w *re2Writer) set(s *set) {
	switch {
	case len(s.classes) == 0 && len(s.ranges) == 1 && s.ranges[0].low == s.ranges[0].high && !s.negated && s.ranges[0].low < 0x10ffff:
		w.out.WriteString(regexp.QuoteMeta(string(s.ranges[0].low)))
		return
	case len(s.classes) == 0 && len(s.ranges) == 0 && s.negated && !s.noFeed:
		w.out.WriteByte('.')
		return
	}
	w.out.WriteByte('[')
	if s.negated {
		w.out.WriteByte('^')
	}
	if s.noFeed {
		w.out.WriteString(`\n`)
	}
	for _, r := range s.ranges {
		w.ok = w.ok && r.high <= 0x10ffff
		fmt.Fprintf(&w.out, `\x{%x}-\x{%x}`, r.low, r.high)
	}
	for _, c := range s.classes {
		inside, ok := re2Classes[c.name]
		alone := len(s.classes) == 1 && len(s.ranges) == 0 && !s.negated
		w.ok = w.ok && ok && (alone || !c.negated)
		if c.negated {
			w.out.WriteByte('^')
		}
		w.out.WriteString(inside)
	}
	w.out.WriteByte(']')
}
