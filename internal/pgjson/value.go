package pgjson

import (
	"slices"
	"strings"

	"tidegate/internal/pgtypes"
)

// Kind is a value's kind, in the order in which jsonb sorts scalars and containers.
type Kind uint8

// The kinds of value.
const (
	Null Kind = iota
	String
	Number
	Bool
	Array
	Object
)

// String gives what json_typeof gives.
func (k Kind) String() string {
	return [...]string{"null", "string", "number", "boolean", "array", "object"}[k]
}

// value is a parsed jsonb.
type value struct {
	kind  Kind
	text  string   // of a scalar: a string's characters, a number's digits, true or false
	keys  []string // of an object: sorted as jsonb does, each once
	items []value  // of an array, or an object's values
}

// parse reads a value as jsonb.
func parse(text string) (value, error) {
	s := scanner{text: text, decode: true}
	v, err := s.tree()
	if err != nil {
		return value{}, err
	}
	return v, s.end()
}

func (s *scanner) tree() (v value, err error) {
	switch c := s.peek(); c {
	case '{':
		v.kind = Object
		err = s.object(func(quoted string) error {
			key, err := unquote(quoted)
			if err != nil {
				return err
			}
			item, err := s.tree()
			v.keys, v.items = append(v.keys, key), append(v.items, item)
			return err
		})
		v.sortKeys()
		return v, err
	case '[':
		v.kind = Array
		err = s.array(func() error {
			item, err := s.tree()
			v.items = append(v.items, item)
			return err
		})
		return v, err
	}
	text, err := s.value()
	if err != nil {
		return value{}, err
	}
	return scalar(text)
}

func scalar(text string) (v value, err error) {
	switch text[0] {
	case '"':
		v.kind = String
		v.text, err = unquote(text)
	case 't', 'f':
		v.kind, v.text = Bool, text
	case 'n':
		v.text = text
	default:
		v.kind = Number
		v.text, err = pgtypes.CheckNumeric(text)
	}
	return v, err
}

// compareKeys is jsonb's order of keys: shorter ones first.
func compareKeys(a, b string) int {
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}

// sortKeys orders the members; of several with one key the last stays.
func (v *value) sortKeys() {
	if len(v.keys) < 2 {
		return
	}
	order := make([]int, len(v.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, k int) int { return compareKeys(v.keys[i], v.keys[k]) })
	keys, items := v.keys, v.items
	v.keys, v.items = nil, nil
	for n, i := range order {
		if n+1 < len(order) && keys[order[n+1]] == keys[i] {
			continue
		}
		v.keys, v.items = append(v.keys, keys[i]), append(v.items, items[i])
	}
}

// find gives the place of a key, and whether it is there.
func (v *value) find(key string) (int, bool) {
	return slices.BinarySearchFunc(v.keys, key, compareKeys)
}

// at gives the place of an element by its number, from the end if that is negative.
func (v *value) at(n int) (int, bool) {
	if n < 0 {
		n += len(v.items)
	}
	return n, n >= 0 && n < len(v.items)
}

// append writes the normal form.
func (v *value) append(b []byte) []byte {
	switch v.kind {
	case String:
		return AppendString(b, v.text)
	case Array:
		b = append(b, '[')
		for i := range v.items {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = v.items[i].append(b)
		}
		return append(b, ']')
	case Object:
		b = append(b, '{')
		for i := range v.items {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = append(AppendString(b, v.keys[i]), ": "...)
			b = v.items[i].append(b)
		}
		return append(b, '}')
	default:
		return append(b, v.text...)
	}
}

func (v *value) string() string { return string(v.append(nil)) }

// AppendString appends a string's text with quotes and escapes, as escape_json does.
func AppendString(b []byte, s string) []byte {
	b = append(b, '"')
	for i := range len(s) {
		switch c := s[i]; c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			if c < ' ' {
				b = append(b, `\u00`...)
				b = append(b, "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			} else {
				b = append(b, c)
			}
		}
	}
	return append(b, '"')
}

// Quote gives a string's text.
func Quote(s string) string { return string(AppendString(nil, s)) }

// Normal gives the text of a jsonb.
func Normal(text string) (string, error) {
	v, err := parse(text)
	if err != nil {
		return "", mistake(text, true, err)
	}
	return v.string(), nil
}

// Typeof gives the kind of a valid value.
func Typeof(text string) Kind {
	switch strings.TrimLeft(text, " \t\n\r")[0] {
	case '{':
		return Object
	case '[':
		return Array
	case '"':
		return String
	case 't', 'f':
		return Bool
	case 'n':
		return Null
	}
	return Number
}
