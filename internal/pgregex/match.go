package pgregex

import "tidegate/internal/pgerr"

// Text is a text that a pattern is matched with. Places are counted in characters, from 0.
type Text struct {
	m *matcher
	r *Regexp
}

// On prepares a text. It must be Closed.
func (r *Regexp) On(text string) *Text {
	m := r.matchers.Get().(*matcher) //nolint:forcetypeassert // New makes it
	m.reset(text)
	return &Text{m: m, r: r}
}

// Close gives back what On took. Nothing that came from the Text may be used any more.
func (t *Text) Close() {
	t.r.matchers.Put(t.m)
}

// Len is the text's length in characters.
func (t *Text) Len() int { return len(t.m.text) }

// part gives characters of the text.
func (t *Text) part(s span) string { return string(t.m.text[s.start:s.end]) }

// Matches reports whether the pattern matches anywhere.
func (r *Regexp) Matches(text string) (bool, error) {
	t := r.On(text)
	defer t.Close()
	if r.backrefs {
		ok, err := t.find(0)
		return ok, err
	}
	return t.m.search.shortest(0, 0, t.Len()) >= 0, nil
}

// find looks for the first match that begins at from or later; its groups are then in the matcher.
func (t *Text) find(from int) (bool, error) {
	m, root := t.m, t.r.root
	stop := m.search.shortest(from, from, t.Len())
	if stop < 0 {
		return false, nil
	}
	if t.r.backrefs {
		stop = t.Len()
	}
	for begin := from; begin <= stop; begin++ {
		found := t.at(root, begin)
		if m.tooMany {
			return false, pgerr.New("54001", "the regular expression has too many ways to match")
		}
		if found {
			return true, nil
		}
	}
	return false, nil
}

// at tries the matches that begin at a place in their order of preference.
func (t *Text) at(root *part, begin int) bool {
	m, machine := t.m, t.m.machines[root.id]
	low, high := begin, t.Len()
	for low <= high {
		var end int
		if root.flags&shorter != 0 {
			end = machine.shortest(begin, low, high)
		} else {
			end = machine.longest(begin, high)
		}
		if end < 0 || m.tooMany {
			return false
		}
		for i := range m.groups {
			m.groups[i] = span{-1, -1}
		}
		if m.dissect(root, begin, end) {
			m.groups[0] = span{begin, end}
			return true
		}
		if root.flags&shorter != 0 {
			low = end + 1
		} else {
			high = end - 1
		}
	}
	return false
}
