package pgregex

// maxSteps bounds how often a match is taken apart in another way: with back references that can be exponential.
const maxSteps = 5_000_000

// dissect finds how a part matches text[begin:end], which its automaton does, and notes the groups.
func (m *matcher) dissect(t *part, begin, end int) bool {
	if m.steps++; m.steps > maxSteps {
		m.tooMany = true
		return false
	}
	ok := true
	switch t.kind {
	case whole:
	case backref:
		ok = m.repeats(t, begin, end)
	case concatted:
		if t.children[0].flags&shorter != 0 {
			ok = m.splitShort(t.children[0], t.children[1], begin, end)
		} else {
			ok = m.splitLong(t.children[0], t.children[1], begin, end)
		}
	case either:
		ok = m.choose(t, begin, end)
	case iterated:
		ok = m.iterate(t, begin, end)
	case wrapped:
		ok = m.dissect(t.children[0], begin, end)
	}
	if ok && t.group > 0 {
		m.groups[t.group] = span{begin, end}
	}
	return ok
}

// forget takes back what the groups below have matched.
func (m *matcher) forget(t *part) {
	if t.group > 0 {
		m.groups[t.group] = span{-1, -1}
	}
	for _, c := range t.children {
		m.forget(c)
	}
}

// both tries one way to divide a concatenation.
func (m *matcher) both(left, right *part, begin, middle, end int) bool {
	return m.machines[right.id].longest(middle, end) == end && m.dissect(left, begin, middle) && m.dissect(right, middle, end)
}

func (m *matcher) splitLong(left, right *part, begin, end int) bool {
	for middle := m.machines[left.id].longest(begin, end); middle >= 0; {
		if m.both(left, right, begin, middle, end) {
			return true
		}
		if middle == begin || m.tooMany {
			return false
		}
		middle = m.machines[left.id].longest(begin, middle-1)
		m.forget(left)
		m.forget(right)
	}
	return false
}

func (m *matcher) splitShort(left, right *part, begin, end int) bool {
	for middle := m.machines[left.id].shortest(begin, begin, end); middle >= 0; {
		if m.both(left, right, begin, middle, end) {
			return true
		}
		if middle == end || m.tooMany {
			return false
		}
		middle = m.machines[left.id].shortest(begin, middle+1, end)
		m.forget(left)
		m.forget(right)
	}
	return false
}

func (m *matcher) choose(t *part, begin, end int) bool {
	for _, c := range t.children {
		if m.machines[c.id].longest(begin, end) == end && m.dissect(c, begin, end) {
			return true
		}
	}
	return false
}

// repeats reports whether the text is the group that a back reference means, as often as its quantifier allows.
func (m *matcher) repeats(t *part, begin, end int) bool {
	g := m.groups[t.refers]
	size := g.end - g.start
	switch {
	case g.start < 0:
		return false
	case size == 0:
		return begin == end && t.min <= t.max
	case begin == end:
		return t.min == 0
	case (end-begin)%size != 0:
		return false
	}
	if n := (end - begin) / size; n < t.min || n > t.max && t.max != infinite {
		return false
	}
	for i := begin; i < end; i++ {
		if !m.same(m.text[i], m.text[g.start+(i-begin)%size]) {
			return false
		}
	}
	return true
}
