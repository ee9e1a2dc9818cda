package pgtypes

import (
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// maxDimensions is how many dimensions an array can have in PostgreSQL.
const maxDimensions = 6

// arrayMistake says what is wrong with an array's text, as PostgreSQL's array_in does; nil: its form is right, in any number of
// dimensions and with any bounds.
func arrayMistake(text string) error {
	m := mistakes{text: text, rest: text}
	given, err := m.bounds()
	switch {
	case err != nil:
		return err
	case given == nil && !strings.HasPrefix(m.rest, "{"):
		return m.wrong(`Array value must start with "{" or dimension information.`)
	case given == nil:
		_, err := m.braces()
		return err
	}
	after, ok := strings.CutPrefix(m.rest, "=")
	if !ok {
		return m.wrong(`Missing "=" after array dimensions.`)
	}
	m.rest = after
	m.skipBlanks()
	if !strings.HasPrefix(m.rest, "{") {
		return m.wrong(`Array contents must start with "{".`)
	}
	found, err := m.braces()
	if err != nil {
		return err
	}
	same := len(found) == len(given)
	for i := range min(len(found), len(given)) {
		same = same && found[i] == given[i]
	}
	if !same {
		return m.wrong("Specified array dimensions do not match array contents.")
	}
	return nil
}

// mistakes reads an array's text to find what is wrong in it.
type mistakes struct{ text, rest string }

func (m *mistakes) wrong(detail string) error { return badArray(m.text).WithDetail("%s", detail) }

func (m *mistakes) unexpected(c byte) error {
	return m.wrong(`Unexpected "` + string(c) + `" character.`)
}

func (m *mistakes) skipBlanks() {
	for m.rest != "" && isBlank(m.rest[0]) {
		m.rest = m.rest[1:]
	}
}

func tooManyDimensions(n int) error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "number of array dimensions (%d) exceeds the maximum allowed (%d)", n, maxDimensions)
}

// bounds reads [1:2][3] and gives how many elements each dimension must have; nil if there are none.
func (m *mistakes) bounds() (sizes []int, err error) {
	for {
		m.skipBlanks()
		after, ok := strings.CutPrefix(m.rest, "[")
		if !ok {
			return sizes, nil
		}
		if len(sizes) >= maxDimensions {
			return nil, tooManyDimensions(len(sizes) + 1)
		}
		m.rest = after
		low, high := 1, m.number()
		if high == "" {
			return nil, m.wrong(`"[" must introduce explicitly-specified array dimensions.`)
		}
		if after, ok := strings.CutPrefix(m.rest, ":"); ok {
			low = atoi(high)
			m.rest = after
			if high = m.number(); high == "" {
				return nil, m.wrong("Missing array dimension value.")
			}
		}
		if m.rest, ok = strings.CutPrefix(m.rest, "]"); !ok {
			return nil, m.wrong(`Missing "]" after array dimensions.`)
		}
		upper := atoi(high)
		if upper < low {
			return nil, &pgerr.Error{Code: "2202E", Message: "upper bound cannot be less than lower bound"}
		}
		sizes = append(sizes, upper-low+1)
	}
}

func (m *mistakes) number() string {
	n := len(m.rest) - len(strings.TrimLeft(m.rest, "0123456789+-"))
	number := m.rest[:n]
	m.rest = m.rest[n:]
	return number
}

// atoi reads as many digits as there are, as C does: "1-2" is 1.
func atoi(s string) int {
	digits := s[min(len(s), 1):]
	n, _ := strconv.Atoi(s[:len(s)-len(strings.TrimLeft(digits, "0123456789"))])
	return n
}

// braceState is what was read last between the braces.
type braceState int

const (
	noLevel braceState = iota
	levelStarted
	elementStarted
	quotedStarted
	quotedCompleted
	elementDelimited
	levelCompleted
	levelDelimited
)

// braces counts the elements of each dimension: PostgreSQL's ArrayCount.
type braces struct {
	*mistakes
	state  braceState
	quoted bool
	empty  bool
	depth  int
	levels int // the deepest
	counts [maxDimensions]int
	items  [maxDimensions]int // of the sub-array that is read
	before [maxDimensions]int // of the one before it
}

func (m *mistakes) braces() ([]int, error) {
	m = &mistakes{m.rest, m.rest} // what is wrong here is told without what stands before, as in PostgreSQL
	b := braces{mistakes: m, empty: true, levels: 1}
	for i := range b.items {
		b.items[i] = 1
	}
	for b.state == noLevel || b.depth > 0 {
		if b.state == elementStarted || b.state == quotedStarted {
			b.empty = false
		}
		if m.rest == "" {
			return nil, m.wrong("Unexpected end of input.")
		}
		c := m.rest[0]
		m.rest = m.rest[1:]
		if err := b.take(c); err != nil {
			return nil, err
		}
	}
	if strings.TrimLeft(m.rest, " \t\n\v\f\r") != "" {
		return nil, m.wrong("Junk after closing right brace.")
	}
	if b.empty {
		return nil, nil
	}
	return b.counts[:b.levels], nil
}

// take reads one byte.
func (b *braces) take(c byte) error {
	switch {
	case c == '\\':
		return b.escape()
	case c == '"':
		if b.state != levelStarted && b.state != quotedStarted && b.state != elementDelimited {
			return b.wrong("Unexpected array element.")
		}
		if b.quoted = !b.quoted; b.quoted {
			b.state = quotedStarted
		} else {
			b.state = quotedCompleted
		}
		return nil
	case b.quoted:
		return nil
	case c == '{':
		return b.open()
	case c == '}':
		return b.shut()
	case c == ',':
		return b.delimit()
	case isBlank(c):
		return nil
	case b.state != levelStarted && b.state != elementStarted && b.state != elementDelimited:
		return b.wrong("Unexpected array element.")
	}
	b.state = elementStarted
	return nil
}

func (b *braces) escape() error {
	switch b.state {
	case levelStarted, elementStarted, elementDelimited:
		b.state = elementStarted
	case quotedStarted:
	default:
		return b.unexpected('\\')
	}
	if b.rest == "" {
		return b.wrong("Unexpected end of input.")
	}
	b.rest = b.rest[1:]
	return nil
}

func (b *braces) open() error {
	if b.state != noLevel && b.state != levelStarted && b.state != levelDelimited {
		return b.unexpected('{')
	}
	b.state = levelStarted
	if b.depth >= maxDimensions {
		return tooManyDimensions(b.depth + 1)
	}
	b.counts[b.depth] = 0
	b.depth++
	b.levels = max(b.levels, b.depth)
	return nil
}

func (b *braces) shut() error {
	switch {
	case b.state == elementStarted, b.state == quotedCompleted, b.state == levelCompleted, b.depth == 1 && b.state == levelStarted:
	default:
		return b.unexpected('}')
	}
	b.state = levelCompleted
	b.depth--
	if before := b.before[b.depth]; before != 0 && b.items[b.depth] != before {
		return b.wrong("Multidimensional arrays must have sub-arrays with matching dimensions.")
	}
	b.before[b.depth], b.items[b.depth] = b.items[b.depth], 1
	if b.depth > 0 {
		b.counts[b.depth-1]++
	} else {
		b.counts[b.levels-1]++
	}
	return nil
}

func (b *braces) delimit() error {
	switch b.state {
	case elementStarted, quotedCompleted:
		b.state = elementDelimited
	case levelCompleted:
		b.state = levelDelimited
	default:
		return b.unexpected(',')
	}
	b.items[b.depth-1]++
	b.counts[b.levels-1]++
	return nil
}
