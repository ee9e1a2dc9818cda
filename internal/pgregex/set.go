package pgregex

import (
	"unicode"
	"unicode/utf8"

	"tidegate/internal/pgctype"
)

// set is a set of characters.
type set struct {
	ranges   []runeRange
	classes  []class
	negated  bool
	noFeed   bool // a line feed is not in it, though it is negated
	ascii    [utf8.RuneSelf]bool
	compiled bool
}

type runeRange struct{ low, high rune }

// class is a named class or, in \W, what is not in it.
type class struct {
	name    string
	is      func(rune) bool
	negated bool
}

// classOf finds a class by its name in [[:…:]].
func classOf(name string, fold bool) (class, bool) {
	if fold && (name == "upper" || name == "lower") {
		name = "alpha"
	}
	is := map[string]func(rune) bool{
		"alpha": pgctype.IsAlpha, "alnum": pgctype.IsAlnum, "digit": pgctype.IsDigit, "upper": pgctype.IsUpper, "lower": pgctype.IsLower,
		"punct": pgctype.IsPunct, "graph": pgctype.IsGraph, "print": pgctype.IsPrint, "space": pgctype.IsSpace, "word": pgctype.IsWord,
		"ascii":  func(r rune) bool { return r < 0x80 },
		"blank":  func(r rune) bool { return r == ' ' || r == '\t' },
		"cntrl":  func(r rune) bool { return r < 0x20 || 0x7f <= r && r < 0xa0 },
		"xdigit": func(r rune) bool { return pgctype.IsDigit(r) || 'a' <= r && r <= 'f' || 'A' <= r && r <= 'F' },
	}[name]
	return class{name: name, is: is}, is != nil
}

// addChar adds a character, or both its cases.
func (s *set) addChar(c rune, fold bool) {
	if low, up := unicode.ToLower(c), unicode.ToUpper(c); fold && low != up {
		s.ranges = append(s.ranges, runeRange{low, low}, runeRange{up, up})
		return
	}
	s.ranges = append(s.ranges, runeRange{c, c})
}

// addRange adds a range, and what its characters are in the other case.
func (s *set) addRange(low, high rune, fold bool) {
	s.ranges = append(s.ranges, runeRange{low, high})
	if !fold {
		return
	}
	for c := low; c <= min(high, unicode.MaxRune); c++ {
		for _, other := range []rune{unicode.ToLower(c), unicode.ToUpper(c)} {
			if other < low || other > high {
				s.ranges = append(s.ranges, runeRange{other, other})
			}
		}
	}
}

// compile prepares has. The set must not change any more.
func (s *set) compile() {
	if s.compiled {
		return
	}
	for r := range rune(utf8.RuneSelf) {
		s.ascii[r] = s.find(r)
	}
	s.compiled = true
}

func (s *set) has(r rune) bool {
	if r < utf8.RuneSelf {
		return s.ascii[r]
	}
	return s.find(r)
}

func (s *set) find(r rune) bool {
	if s.noFeed && r == '\n' {
		return false
	}
	for _, x := range s.ranges {
		if x.low <= r && r <= x.high {
			return !s.negated
		}
	}
	for _, c := range s.classes {
		if c.is(r) != c.negated {
			return !s.negated
		}
	}
	return s.negated
}
