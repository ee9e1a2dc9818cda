// Package pgregex is PostgreSQL 15's regular expressions: AREs, EREs and literal patterns with all their escapes,
// embedded options, look-around and back references, and the same match of all that are possible.
//
// Like PostgreSQL's engine it finds a match by automata and takes it apart afterwards. A pattern is parsed into two
// things: what it matches (lang), and a tree of parts (part) that says in which order of preference a match is divided
// among them. The whole takes the longest match, or the shortest if the first quantifier that has a preference is not
// greedy; so do its parts. It is a leaf.
package pgregex

import (
	"sync"

	"tidegate/internal/pgerr"
)

// Flags are the options that a pattern is read with.
type Flags uint16

// The options, as in PostgreSQL's regex.h.
const (
	extended Flags = 1 << iota
	advanced
	quote
	foldCase
	expanded
	newlineStops   // . and [^…] do not match a line feed
	newlineAnchors // ^ and $ match at line feeds
	basic
)

// ARE are the options of the operators, and of functions without flags.
const ARE = extended | advanced

// FoldCase adds that case does not matter.
func (f Flags) FoldCase() Flags { return f | foldCase }

// ParseFlags reads the flags argument of a function. global is g.
func ParseFlags(text string) (f Flags, global bool, err error) {
	f = ARE
	for _, c := range text {
		switch {
		case c == 'g':
			global = true
		case c == 'e':
			f.option('b') // they are extended ones in the documentation only
		case !f.option(c):
			return 0, false, pgerr.New(pgerr.InvalidParameterValue, "invalid regular expression option: \"%c\"", c)
		}
	}
	return f, global, nil
}

// option sets what one letter means.
func (f *Flags) option(c rune) bool {
	switch c {
	case 'b':
		*f = *f&^(ARE|quote) | basic
	case 'c':
		*f &^= foldCase
	case 'e':
		*f = *f&^(advanced|quote|basic) | extended
	case 'i':
		*f |= foldCase
	case 'm', 'n':
		*f |= newlineStops | newlineAnchors
	case 'p':
		*f = *f&^newlineAnchors | newlineStops
	case 'q':
		*f = *f&^(ARE|basic) | quote
	case 's':
		*f &^= newlineStops | newlineAnchors
	case 't':
		*f &^= expanded
	case 'w':
		*f = *f&^newlineStops | newlineAnchors
	case 'x':
		*f |= expanded
	default:
		return false
	}
	return true
}

// Regexp is a compiled pattern. It may be used from many goroutines.
type Regexp struct {
	root     *part
	groups   int
	backrefs bool
	fold     bool // case does not matter, for back references
	parts    int  // how many parts have an automaton
	looks    []*look
	search   *program // anything, then the pattern
	matchers sync.Pool
}

// Groups is the number of capturing parentheses.
func (r *Regexp) Groups() int { return r.groups }

// Compile reads a pattern. What is none is 2201B.
func Compile(pattern string, f Flags) (*Regexp, error) {
	if f&basic != 0 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "basic regular expressions are not supported")
	}
	p := &parser{lexer: lexer{pattern: []rune(pattern), flags: f}}
	root, err := p.parsePattern()
	if err != nil {
		return nil, err
	}
	r := &Regexp{root: root, groups: p.groups, backrefs: p.backrefs, fold: p.flags&foldCase != 0, looks: p.looks}
	b := budget{left: maxStates}
	for _, l := range r.looks {
		l.program = b.compile(l.lang)
	}
	r.parts = b.compileParts(root, 0)
	r.search = b.compile(concat(&lang{kind: langRepeat, max: infinite, items: []*lang{{kind: langSet, set: &set{negated: true}}}}, root.lang))
	if b.left < 0 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "a regular expression of this size is not supported")
	}
	r.matchers.New = func() any { return newMatcher(r) }
	return r, nil
}

// cached is how many patterns a Cache keeps.
const cached = 256

// Cache keeps compiled patterns. Its zero value is ready.
type Cache struct {
	mu      sync.Mutex
	regexps map[cacheKey]*Regexp // guarded by mu
}

type cacheKey struct {
	pattern string
	flags   Flags
}

// Compile is Compile for a pattern that may have been compiled already.
func (c *Cache) Compile(pattern string, f Flags) (*Regexp, error) {
	c.mu.Lock()
	r := c.regexps[cacheKey{pattern, f}]
	c.mu.Unlock()
	if r != nil {
		return r, nil
	}
	key := cacheKey{string(append([]byte(nil), pattern...)), f} // the caller's text may not live on
	r, err := Compile(key.pattern, f)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.regexps) >= cached || c.regexps == nil {
		c.regexps = map[cacheKey]*Regexp{} // patterns of a column: all others are as likely to come again
	}
	c.regexps[key] = r
	return r, nil
}

func invalid(reason string) error {
	return pgerr.New(pgerr.InvalidRegularExpression, "invalid regular expression: %s", reason)
}
