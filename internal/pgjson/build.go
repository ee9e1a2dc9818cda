package pgjson

import (
	"strings"

	"tidegate/internal/pgerr"
)

// JoinArray writes an array of the texts of values, with a separator between them.
func JoinArray(items []string, separator string) string {
	return "[" + strings.Join(items, separator) + "]"
}

// JoinObject writes an object of keys and the texts of values with what stands around them:
// json_build_object gives {"a" : 1, "b" : 2}, row_to_json {"a":1,"b":2}, json_object_agg { "a" : 1, "b" : 2 }.
func JoinObject(keys, values []string, open, colon, separator, closing string) string {
	b := []byte(open)
	for i, k := range keys {
		if i > 0 {
			b = append(b, separator...)
		}
		b = append(AppendString(b, k), colon...)
		b = append(b, values[i]...)
	}
	return string(append(b, closing...))
}

// FromPairs makes an object of a list of keys and values in turn, as json_object of one array does.
func FromPairs(list []*string) (string, error) {
	if len(list)%2 != 0 {
		return "", pgerr.New("2202E", "array must have even number of elements")
	}
	var keys, values []*string
	for i := 0; i < len(list); i += 2 {
		keys, values = append(keys, list[i]), append(values, list[i+1])
	}
	return FromKeys(keys, values)
}

// FromKeys makes an object of keys and strings, as json_object of two arrays does.
func FromKeys(keys, values []*string) (string, error) {
	if len(keys) != len(values) {
		return "", pgerr.New("2202E", "mismatched array dimensions")
	}
	var names, texts []string
	for i, k := range keys {
		if k == nil {
			return "", pgerr.New("22004", "null value not allowed for object key")
		}
		names = append(names, *k)
		if values[i] == nil {
			texts = append(texts, "null")
		} else {
			texts = append(texts, Quote(*values[i]))
		}
	}
	return JoinObject(names, texts, "{", " : ", ", ", "}"), nil
}

// StripNulls removes the members that are null, everywhere, and the white space.
func StripNulls(text string) (string, error) {
	s := scanner{text: text, decode: true}
	b, err := s.strip(nil)
	return string(b), err
}

func (s *scanner) strip(b []byte) ([]byte, error) {
	var err error
	first := true
	comma := func() {
		if !first {
			b = append(b, ',')
		}
		first = false
	}
	switch s.peek() {
	case '{':
		b = append(b, '{')
		err = s.object(func(quoted string) error {
			if s.peek() == 'n' {
				_, err := s.value()
				return err
			}
			key, err := unquote(quoted)
			if err != nil {
				return err
			}
			comma()
			b = append(AppendString(b, key), ':')
			b, err = s.strip(b)
			return err
		})
		return append(b, '}'), err
	case '[':
		b = append(b, '[')
		err = s.array(func() error {
			comma()
			var err error
			b, err = s.strip(b)
			return err
		})
		return append(b, ']'), err
	case '"':
		quoted, err := s.str()
		if err != nil {
			return nil, err
		}
		text, err := unquote(quoted)
		return AppendString(b, text), err
	}
	text, err := s.value()
	return append(b, text...), err
}
