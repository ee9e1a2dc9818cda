package pgregex

import "tidegate/internal/pgctype"

// matcher runs a pattern over one text at a time.
type matcher struct {
	r        *Regexp
	text     []rune
	groups   []span // of the match that is being taken apart; 0 is the whole
	machines []*machine
	search   *machine
	looks    []lookAnswers
	steps    int
	tooMany  bool
}

// span is where a group matched; start is -1 if it did not.
type span struct{ start, end int }

func newMatcher(r *Regexp) *matcher {
	m := &matcher{r: r, groups: make([]span, r.groups+1), machines: make([]*machine, r.parts), looks: make([]lookAnswers, len(r.looks))}
	m.search = newMachine(m, r.search)
	var visit func(*part)
	visit = func(t *part) {
		m.machines[t.id] = newMachine(m, t.program)
		for _, c := range t.children {
			visit(c)
		}
	}
	visit(r.root)
	for i, l := range r.looks {
		m.looks[i].machine = newMachine(m, l.program)
	}
	return m
}

// reset takes another text.
func (m *matcher) reset(text string) {
	m.text = m.text[:0]
	for _, r := range text {
		m.text = append(m.text, r)
	}
	m.steps, m.tooMany = 0, false
	for i := range m.looks {
		m.looks[i].known = m.looks[i].known[:0]
	}
}

// lookAnswers remembers what a look-around says at the places of a text.
type lookAnswers struct {
	machine *machine
	known   []int8 // 0 unknown, 1 no, 2 yes
}

func (m *matcher) looking(i, at int) bool {
	a, kind := &m.looks[i], m.r.looks[i].kind
	if len(a.known) == 0 {
		a.known = append(a.known, make([]int8, len(m.text)+1)...)
	}
	if a.known[at] == 0 {
		found := false
		if kind&lookBehind == 0 {
			found = a.machine.shortest(at, at, len(m.text)) >= 0
		} else {
			for start := at; start >= 0 && !found; start-- {
				found = a.machine.longest(start, at) == at
			}
		}
		a.known[at] = 1
		if found {
			a.known[at] = 2
		}
	}
	return (a.known[at] == 2) != (kind&lookNot != 0)
}

// holds reports whether an assertion is true at a place.
func (m *matcher) holds(a assertion, at int) bool {
	before := at > 0 && pgctype.IsWord(m.text[at-1])
	after := at < len(m.text) && pgctype.IsWord(m.text[at])
	switch a {
	case atStart:
		return at == 0
	case atEnd:
		return at == len(m.text)
	case atLineStart:
		return at == 0 || m.text[at-1] == '\n'
	case atLineEnd:
		return at == len(m.text) || m.text[at] == '\n'
	case atWordStart:
		return !before && after
	case atWordEnd:
		return before && !after
	case atBoundary:
		return before != after
	default:
		return before == after
	}
}

// machine runs one automaton. Sets of states become states of a deterministic one as they are met, unless what
// follows depends on the place.
type machine struct {
	m      *matcher
	p      *program
	marks  []uint32 // when a state was added to the set that is being made
	mark   uint32
	stack  []int
	set    []int // states that are a character or the end
	next   []int
	known  map[string]*node
	first  *node
	buffer []byte
}

// node is a state of the deterministic automaton.
type node struct {
	states []int
	ends   bool
	ascii  [128]*node
	others map[rune]*node
}

// maxNodes is how many nodes are kept; then all are forgotten.
const maxNodes = 1000

func newMachine(m *matcher, p *program) *machine {
	return &machine{m: m, p: p, marks: make([]uint32, len(p.states)), known: map[string]*node{}}
}

// begin starts a new set.
func (x *machine) begin() {
	x.next = x.next[:0]
	if x.mark++; x.mark == 0 {
		clear(x.marks)
		x.mark = 1
	}
}

// add puts a state, and all that it leads to without a character, into the next set.
func (x *machine) add(s, at int) {
	x.stack = append(x.stack[:0], s)
	for len(x.stack) > 0 {
		s := x.stack[len(x.stack)-1]
		x.stack = x.stack[:len(x.stack)-1]
		if s < 0 || x.marks[s] == x.mark {
			continue
		}
		x.marks[s] = x.mark
		switch st := &x.p.states[s]; st.kind {
		case stateSplit:
			x.stack = append(x.stack, st.other, st.next)
		case stateAssert:
			if x.m.holds(st.assert, at) {
				x.stack = append(x.stack, st.next)
			}
		case stateLook:
			if x.m.looking(st.look, at) {
				x.stack = append(x.stack, st.next)
			}
		default:
			x.next = append(x.next, s)
		}
	}
}

// step makes the set that follows the states with a character before at.
func (x *machine) step(states []int, c rune, at int) {
	x.begin()
	for _, s := range states {
		if st := &x.p.states[s]; st.kind == stateSet && st.set.has(c) {
			x.add(st.next, at)
		}
	}
}

func (x *machine) ends(states []int) bool {
	for _, s := range states {
		if x.p.states[s].kind == stateMatch {
			return true
		}
	}
	return false
}

// longest gives the end of the longest match from start that ends at stop at the latest, -1 for none.
func (x *machine) longest(start, stop int) int { return x.run(start, stop+1, stop) }

// shortest gives the end of the shortest match from start that ends between low and stop, -1 for none.
func (x *machine) shortest(start, low, stop int) int { return x.run(start, low, stop) }

// run stops at the first end from low on, else it gives the last.
func (x *machine) run(start, low, stop int) int {
	if x.p.anchored {
		return x.walk(start, low, stop)
	}
	n := x.firstNode()
	found := -1
	for at := start; ; at++ {
		if n.ends {
			if at >= low || low > stop {
				found = at
			}
			if at >= low {
				return at
			}
		}
		if at == stop || len(n.states) == 0 {
			return found
		}
		n = x.after(n, x.m.text[at])
	}
}

// walk is run for automata whose sets depend on the place.
func (x *machine) walk(start, low, stop int) int {
	x.begin()
	x.add(x.p.start, start)
	found := -1
	for at := start; ; at++ {
		x.set, x.next = x.next, x.set
		if x.ends(x.set) {
			if at >= low || low > stop {
				found = at
			}
			if at >= low {
				return at
			}
		}
		if at == stop || len(x.set) == 0 {
			return found
		}
		x.step(x.set, x.m.text[at], at+1)
	}
}

func (x *machine) firstNode() *node {
	if x.first == nil {
		x.begin()
		x.add(x.p.start, 0)
		x.first = x.intern()
	}
	return x.first
}

func (x *machine) after(n *node, c rune) *node {
	if c < 128 {
		if next := n.ascii[c]; next != nil {
			return next
		}
	} else if next := n.others[c]; next != nil {
		return next
	}
	x.step(n.states, c, 0)
	next := x.intern()
	if c < 128 {
		n.ascii[c] = next
		return next
	}
	if n.others == nil {
		n.others = map[rune]*node{}
	}
	n.others[c] = next
	return next
}

// intern gives the node of the next set.
func (x *machine) intern() *node {
	x.buffer = x.buffer[:0]
	for _, s := range x.next {
		x.buffer = append(x.buffer, byte(s), byte(s>>8), byte(s>>16))
	}
	if n := x.known[string(x.buffer)]; n != nil {
		return n
	}
	if len(x.known) >= maxNodes {
		clear(x.known)
		x.first = nil
	}
	n := &node{states: append([]int(nil), x.next...), ends: x.ends(x.next)}
	x.known[string(x.buffer)] = n
	return n
}
