package raw

import (
	"encoding/binary"
	"math/bits"
)

// maxDepth is how deep a record's objects and arrays may lie in each other.
const maxDepth = 1000

// Outcomes of a scan that found no complete value; a position otherwise.
const (
	scanBad   = -1 // not JSON
	scanShort = -2 // the text ends inside the value
	scanDeep  = -3 // nested deeper than maxDepth
)

// scanner checks JSON text (RFC 8259) in one pass and notes the members of the outermost object. What it accepts is
// what encoding/json.Valid accepts down to maxDepth; text that is no Unicode is noted, not refused.
type scanner struct {
	members   []member
	surrogate bool   // an escape is half of a surrogate pair
	high      uint64 // some byte of a string may be 0x80 or more if its top bits are set
}

// scan reads one value that begins at b[0] and gives the position after it, or an outcome.
func (s *scanner) scan(b []byte) int {
	s.members, s.surrogate, s.high = s.members[:0], false, 0
	if len(b) == 0 {
		return scanShort
	}
	if b[0] == '{' {
		return s.record(b)
	}
	return s.value(b, 0)
}

// unicode reports whether the record, as scanned, may hold bytes beyond ASCII.
func (s *scanner) beyondASCII() bool { return s.high&topBits != 0 }

func skipSpace(b []byte, i int) int {
	for i < len(b) && b[i] <= ' ' && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}

// record reads the outermost object.
func (s *scanner) record(b []byte) int {
	i := skipSpace(b, 1)
	if i < len(b) && b[i] == '}' {
		return i + 1
	}
	for {
		end, escaped := s.key(b, i)
		if end < 0 {
			return end
		}
		m := member{key: b[i+1 : end-1], escaped: escaped}
		if i = colon(b, end); i < 0 {
			return i
		}
		value := i
		if i = s.value(b, i); i < 0 {
			return i
		}
		m.value = b[value:i]
		s.members = append(s.members, m)
		i = skipSpace(b, i)
		switch {
		case i >= len(b):
			return scanShort
		case b[i] == '}':
			return i + 1
		case b[i] != ',':
			return scanBad
		}
		i = skipSpace(b, i+1)
	}
}

// key reads a quoted key at b[i] and reports whether it holds an escape.
func (s *scanner) key(b []byte, i int) (end int, escaped bool) {
	if i >= len(b) {
		return scanShort, false
	}
	if b[i] != '"' {
		return scanBad, false
	}
	return s.text(b, i+1)
}

// colon reads white space, a colon, white space.
func colon(b []byte, i int) int {
	i = skipSpace(b, i)
	if i >= len(b) {
		return scanShort
	}
	if b[i] != ':' {
		return scanBad
	}
	return skipSpace(b, i+1)
}

// value reads any value at b[i].
func (s *scanner) value(b []byte, i int) int {
	if i >= len(b) {
		return scanShort
	}
	if c := b[i]; c == '{' || c == '[' {
		return s.nested(b, i)
	}
	return s.scalar(b, i)
}

func (s *scanner) scalar(b []byte, i int) int {
	switch c := b[i]; {
	case c == '"':
		i, _ = s.text(b, i+1)
		return i
	case c == '-' || '0' <= c && c <= '9':
		return number(b, i)
	case c == 't':
		return word(b, i, "true")
	case c == 'f':
		return word(b, i, "false")
	case c == 'n':
		return word(b, i, "null")
	}
	return scanBad
}

func word(b []byte, i int, w string) int {
	n := min(len(w), len(b)-i)
	if string(b[i:i+n]) != w[:n] {
		return scanBad
	}
	if n < len(w) {
		return scanShort
	}
	return i + n
}

// nest is a stack of one bit per open container: set for an object.
type nest struct {
	open  [(maxDepth + 63) / 64]uint64
	depth int
}

func (n *nest) push(object bool) bool {
	if n.depth+1 >= maxDepth { // the record itself is the first level
		return false
	}
	word, bit := n.depth/64, uint64(1)<<(n.depth%64)
	n.open[word] &^= bit
	if object {
		n.open[word] |= bit
	}
	n.depth++
	return true
}

func (n *nest) object() bool {
	d := n.depth - 1
	return n.open[d/64]>>(d%64)&1 == 1
}

// nested reads an object or array inside the record, without recursion.
func (s *scanner) nested(b []byte, i int) int {
	var n nest
	for {
		if i >= len(b) {
			return scanShort
		}
		if c := b[i]; c == '{' || c == '[' {
			if !n.push(c == '{') {
				return scanDeep
			}
			i = skipSpace(b, i+1)
			if i < len(b) && b[i] == c+2 { // '{'+2 is '}', '['+2 is ']'
				n.depth--
				i++
			} else if i = s.enter(b, i, c == '{'); i < 0 {
				return i
			} else {
				continue
			}
		} else if i = s.scalar(b, i); i < 0 {
			return i
		}
		if i = s.leave(b, i, &n); i < 0 || n.depth == 0 {
			return i
		}
	}
}

// enter moves to the next value of a container: in an object over the key and its colon.
func (s *scanner) enter(b []byte, i int, object bool) int {
	if !object {
		return i
	}
	if i, _ = s.key(b, i); i < 0 {
		return i
	}
	return colon(b, i)
}

// leave moves from the end of a value over closing brackets and a comma to the next value.
func (s *scanner) leave(b []byte, i int, n *nest) int {
	for n.depth > 0 {
		i = skipSpace(b, i)
		if i >= len(b) {
			return scanShort
		}
		object := n.object()
		switch c := b[i]; {
		case c == ',':
			return s.enter(b, skipSpace(b, i+1), object)
		case c == '}' && object, c == ']' && !object:
			n.depth--
			i++
		default:
			return scanBad
		}
	}
	return i
}

const (
	everyByte = 0x0101010101010101
	topBits   = 0x80 * everyByte
)

// text reads a string whose opening quote is before b[i]; the position is after the closing one.
func (s *scanner) text(b []byte, i int) (end int, escaped bool) {
	for {
		// Eight bytes at a time: a byte below 0x20, a quote or a backslash sets its top bit in stop. A bit
		// above a true one may be wrong, the lowest never is.
		for i+8 <= len(b) {
			x := binary.LittleEndian.Uint64(b[i:])
			q, e := x^'"'*everyByte, x^'\\'*everyByte
			stop := (x - ' '*everyByte) &^ x
			stop |= (q - everyByte) &^ q
			stop |= (e - everyByte) &^ e
			s.high |= x
			if stop &= topBits; stop != 0 {
				i += bits.TrailingZeros64(stop) / 8
				break
			}
			i += 8
		}
		if i >= len(b) {
			return scanShort, escaped
		}
		switch c := b[i]; {
		case c == '"':
			return i + 1, escaped
		case c == '\\':
			escaped = true
			if i = s.escape(b, i+1); i < 0 {
				return i, escaped
			}
		case c < ' ':
			return scanBad, escaped
		default:
			s.high |= uint64(c)
			i++
		}
	}
}

// escape reads what follows a backslash.
func (s *scanner) escape(b []byte, i int) int {
	if i >= len(b) {
		return scanShort
	}
	switch b[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1
	case 'u':
	default:
		return scanBad
	}
	r, end := hex4(b, i+1)
	if end < 0 || r < 0xd800 || r > 0xdfff {
		return end
	}
	if r < 0xdc00 && end+2 <= len(b) && b[end] == '\\' && b[end+1] == 'u' {
		if low, next := hex4(b, end+2); next >= 0 && low >= 0xdc00 && low <= 0xdfff {
			return next
		}
	}
	s.surrogate = true
	return end
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte, i int) (r rune, end int) {
	for end = i; end < i+4; end++ {
		if end >= len(b) {
			return 0, scanShort
		}
		c := b[end]
		switch {
		case '0' <= c && c <= '9':
			c -= '0'
		case 'a' <= c && c <= 'f':
			c -= 'a' - 10
		case 'A' <= c && c <= 'F':
			c -= 'A' - 10
		default:
			return 0, scanBad
		}
		r = r<<4 | rune(c)
	}
	return r, end
}

// number reads a number by RFC 8259's grammar.
func number(b []byte, i int) int {
	if b[i] == '-' {
		i++
	}
	start := i
	if i = digits(b, i); i < 0 {
		return i
	}
	if b[start] == '0' && i > start+1 {
		return scanBad
	}
	if i < len(b) && b[i] == '.' {
		if i = digits(b, i+1); i < 0 {
			return i
		}
	}
	if i < len(b) && (b[i] == 'e' || b[i] == 'E') {
		if i++; i < len(b) && (b[i] == '+' || b[i] == '-') {
			i++
		}
		i = digits(b, i)
	}
	return i
}

// digits reads one or more decimal digits.
func digits(b []byte, i int) int {
	start := i
	for i < len(b) && '0' <= b[i] && b[i] <= '9' {
		i++
	}
	switch {
	case i > start:
		return i
	case i >= len(b):
		return scanShort
	}
	return scanBad
}
