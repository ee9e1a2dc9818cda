package pgregex

import "slices"

// maxStates bounds the automata of a pattern.
const maxStates = 200_000

// program is a nondeterministic automaton.
type program struct {
	states []state
	start  int
	// anchored says that it has assertions or look-around: what follows from a state depends on the place.
	anchored bool
}

type stateKind byte

const (
	stateMatch stateKind = iota
	stateSet
	stateSplit
	stateAssert
	stateLook
)

type state struct {
	kind   stateKind
	set    *set
	assert assertion
	look   int
	next   int
	other  int // of a split; -1: none
}

// budget is how many states may still be made.
type budget struct{ left int }

// compileParts gives every part its automaton and its number; n are taken.
func (b *budget) compileParts(t *part, n int) int {
	t.program, t.id = b.compile(t.lang), n
	n++
	for _, c := range t.children {
		n = b.compileParts(c, n)
	}
	return n
}

func (b *budget) compile(l *lang) *program {
	p := &program{}
	c := compiler{program: p, budget: b}
	end := c.add(state{kind: stateMatch})
	p.start = c.lang(l, end)
	return p
}

type compiler struct {
	*program
	*budget
}

func (c *compiler) add(s state) int {
	c.left--
	c.states = append(c.states, s)
	return len(c.states) - 1
}

// lang adds what matches l and goes on at next, and gives where it begins.
func (c *compiler) lang(l *lang, next int) int {
	if c.left < 0 {
		return next
	}
	switch l.kind {
	case langSet:
		l.set.compile()
		return c.add(state{kind: stateSet, set: l.set, next: next})
	case langAssert:
		c.anchored = true
		return c.add(state{kind: stateAssert, assert: l.assert, next: next})
	case langLook:
		c.anchored = true
		return c.add(state{kind: stateLook, look: l.look, next: next})
	case langRepeat:
		return c.repeat(l.items[0], l.min, l.max, next)
	case langEither:
		start := -1
		for _, x := range slices.Backward(l.items) {
			start = c.add(state{kind: stateSplit, next: c.lang(x, next), other: start})
		}
		return start
	default:
	}
	for _, x := range slices.Backward(l.items) {
		next = c.lang(x, next)
	}
	return next
}

func (c *compiler) repeat(l *lang, low, high, next int) int {
	switch {
	case high == infinite && low > 0:
		loop := c.add(state{kind: stateSplit, other: next})
		first := c.lang(l, loop)
		c.states[loop].next = first
		next, low = first, low-1
	case high == infinite:
		loop := c.add(state{kind: stateSplit, other: next})
		c.states[loop].next = c.lang(l, loop)
		next = loop
	default:
		end := next
		for range high - low {
			next = c.add(state{kind: stateSplit, next: c.lang(l, next), other: end})
		}
	}
	for range low {
		next = c.lang(l, next)
	}
	return next
}
