package pgregex

import (
	"strings"

	"tidegate/internal/pgerr"
)

// each calls f for the matches from a place on, until it says stop. After an empty match the search goes on one
// character later.
func (t *Text) each(from int, f func() (more bool)) error {
	for from <= t.Len() {
		found, err := t.find(from)
		if err != nil || !found {
			return err
		}
		whole := t.m.groups[0]
		if !f() {
			return nil
		}
		if from = whole.end; whole.start == whole.end {
			from++
		}
	}
	return nil
}

// texts gives what the groups matched or, without groups, the whole.
func (t *Text) texts() []*string {
	groups := t.m.groups[1:]
	if len(groups) == 0 {
		groups = t.m.groups
	}
	out := make([]*string, len(groups))
	for i, g := range groups {
		if g.start >= 0 {
			s := t.part(g)
			out[i] = &s
		}
	}
	return out
}

// All gives the groups of all matches, or of the first one.
func (r *Regexp) All(text string, global bool) (list [][]*string, err error) {
	t := r.On(text)
	defer t.Close()
	err = t.each(0, func() bool {
		list = append(list, t.texts())
		return global
	})
	return list, err
}

// Substring gives what the first group of the first match is or, without groups, the whole; nil for none.
func (r *Regexp) Substring(text string) (*string, error) {
	list, err := r.All(text, false)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0][0], nil
}

// Count counts the matches from a place on.
func (r *Regexp) Count(text string, from int) (n int, err error) {
	t := r.On(text)
	defer t.Close()
	err = t.each(from, func() bool {
		n++
		return true
	})
	return n, err
}

// Nth gives a group of the nth match from a place on, 0 for the whole. ok is false if there is none.
func (r *Regexp) Nth(text string, from, n, group int) (start, end int, part string, ok bool, err error) {
	t := r.On(text)
	defer t.Close()
	if r.groups == 0 && group == 1 {
		group = 0
	}
	err = t.each(from, func() bool {
		if n--; n > 0 {
			return true
		}
		if group < len(t.m.groups) && t.m.groups[group].start >= 0 {
			g := t.m.groups[group]
			start, end, part, ok = g.start, g.end, t.part(g), true
		}
		return false
	})
	return start, end, part, ok, err
}

// Split cuts the text at its matches, but not at empty ones at the ends or behind another match.
func (r *Regexp) Split(text string) ([]string, error) {
	t := r.On(text)
	defer t.Close()
	var parts []string
	last, cut := 0, 0
	err := t.each(0, func() bool {
		g := t.m.groups[0]
		if g.start < t.Len() && g.end > last {
			parts = append(parts, t.part(span{cut, g.start}))
			cut = g.end
		}
		last = g.end
		return true
	})
	return append(parts, t.part(span{cut, t.Len()})), err
}

// Replace replaces the nth match from a place on, or every one if n is 0. In the replacement \1 to \9 are groups, \& is
// the match.
func (r *Regexp) Replace(text, replacement string, from, n int) (string, error) {
	t := r.On(text)
	defer t.Close()
	var out strings.Builder
	copied := 0
	seen := 0
	err := t.each(from, func() bool {
		if seen++; n > 0 && seen != n {
			return true
		}
		g := t.m.groups[0]
		out.WriteString(t.part(span{copied, g.start}))
		t.expand(&out, replacement)
		copied = g.end
		return n == 0
	})
	if err != nil || copied == 0 && out.Len() == 0 && seen == 0 {
		return text, err
	}
	out.WriteString(t.part(span{copied, t.Len()}))
	return out.String(), nil
}

func (t *Text) expand(out *strings.Builder, replacement string) {
	for {
		before, after, found := strings.Cut(replacement, `\`)
		out.WriteString(before)
		if !found {
			return
		}
		group := -1
		switch {
		case after == "":
		case after[0] == '&':
			group = 0
		case '1' <= after[0] && after[0] <= '9':
			group = int(after[0] - '0')
		}
		switch {
		case strings.HasPrefix(after, `\`):
			out.WriteByte('\\')
		case group < 0:
			out.WriteByte('\\')
			replacement = after
			continue
		case group < len(t.m.groups) && t.m.groups[group].start >= 0:
			out.WriteString(t.part(t.m.groups[group]))
		}
		replacement = after[1:]
	}
}

// Similar writes a pattern of SIMILAR TO as a regular expression. An empty escape is none.
func Similar(pattern, escape string) (string, error) {
	if len([]rune(escape)) > 1 {
		return "", pgerr.New("22025", "invalid escape string").WithHint("Escape string must be empty or one character.")
	}
	s := similar{}
	s.out.WriteString("^(?:")
	for _, c := range pattern {
		switch {
		case s.escaped:
			s.escaped = false
			if c != '"' || s.bracket {
				s.out.WriteString(`\` + string(c))
			} else if err := s.separator(); err != nil {
				return "", err
			}
		case string(c) == escape:
			s.escaped = true
		default:
			s.plain(c)
		}
	}
	s.out.WriteString(")$")
	return s.out.String(), nil
}

type similar struct {
	out              strings.Builder
	escaped, bracket bool
	separators       int
}

// separator writes an escaped quote, which stands before and behind the part that substring gives.
func (s *similar) separator() error {
	switch s.separators {
	case 0:
		s.out.WriteString("){1,1}?(")
	case 1:
		s.out.WriteString("){1,1}(?:")
	default:
		return pgerr.New("2200C", "SQL regular expression may not contain more than two escape-double-quote separators")
	}
	s.separators++
	return nil
}

func (s *similar) plain(c rune) {
	switch {
	case s.bracket:
		if c == '\\' {
			s.out.WriteByte('\\')
		}
		s.out.WriteRune(c)
		s.bracket = c != ']'
	case c == '[':
		s.out.WriteRune(c)
		s.bracket = true
	case c == '%':
		s.out.WriteString(".*")
	case c == '_':
		s.out.WriteByte('.')
	case c == '(':
		s.out.WriteString("(?:")
	case strings.ContainsRune(`\.^$`, c):
		s.out.WriteString(`\` + string(c))
	default:
		s.out.WriteRune(c)
	}
}
