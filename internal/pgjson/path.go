package pgjson

import (
	"math"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// Field gives the value of an object's member; ok is false for what has none, or is no object. Of several members with
// one key the last counts.
func Field(text, key string) (value string, ok bool, err error) {
	s := scanner{text: text, decode: true}
	if s.peek() != '{' {
		_, err = s.value()
		return "", false, err
	}
	err = s.object(func(quoted string) error {
		same := quoted[1:len(quoted)-1] == key
		if strings.IndexByte(quoted, '\\') >= 0 {
			k, err := unquote(quoted)
			if err != nil {
				return err
			}
			same = k == key
		}
		v, err := s.value()
		if same {
			value, ok = v, true
		}
		return err
	})
	return value, ok, err
}

// Element gives an array's element by its number from 0, or from the end if it is negative.
func Element(text string, n int) (value string, ok bool, err error) {
	s := scanner{text: text, decode: true}
	if s.peek() != '[' {
		_, err = s.value()
		return "", false, err
	}
	var all []string
	err = s.array(func() error {
		v, err := s.value()
		all = append(all, v)
		return err
	})
	if n < 0 {
		n += len(all)
	}
	if err != nil || n < 0 || n >= len(all) {
		return "", false, err
	}
	return all[n], true, nil
}

// ElementB is Element of a jsonb, where a scalar is taken for an array of itself.
func ElementB(text string, n int) (value string, ok bool, err error) {
	if text[0] != '[' && text[0] != '{' {
		return text, n == 0 || n == -1, nil
	}
	return Element(text, n)
}

// Path follows keys and numbers.
func Path(text string, path []string) (value string, ok bool, err error) {
	s := scanner{text: text, decode: true}
	if value, err = s.value(); err != nil {
		return "", false, err
	}
	for _, step := range path {
		if strings.HasPrefix(value, "[") {
			n, isNumber := pathNumber(step)
			if !isNumber {
				return "", false, nil
			}
			value, ok, err = Element(value, n)
		} else {
			value, ok, err = Field(value, step)
		}
		if err != nil || !ok {
			return "", false, err
		}
	}
	return value, true, nil
}

// pathNumber reads a step as the number of an element, as strtol does.
func pathNumber(step string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimLeft(step, " \t\n\v\f\r"))
	return n, err == nil && n >= math.MinInt32 && n <= math.MaxInt32
}

// Unquoted gives a value as the operators ->> and #>> do: the characters of a string, ok false for null, else the text.
func Unquoted(text string) (string, bool, error) {
	switch text[0] {
	case 'n':
		return "", false, nil
	case '"':
		s, err := unquote(text)
		return s, true, err
	}
	return text, true, nil
}

// Length gives the number of an array's elements.
func Length(text string) (int32, error) {
	items, err := elements(text, false, "cannot get array length of a non-array", "cannot get array length of a scalar")
	return int32(len(items)), err
}

// elements gives the texts of an array's elements. What is no array is an error with the message for objects or scalars.
func elements(text string, decode bool, notArray, isScalar string) ([]string, error) {
	s := scanner{text: text, decode: decode}
	switch s.peek() {
	case '[':
	case '{':
		return nil, pgerr.New(pgerr.InvalidParameterValue, "%s", notArray)
	default:
		return nil, pgerr.New(pgerr.InvalidParameterValue, "%s", isScalar)
	}
	all := []string{}
	err := s.array(func() error {
		v, err := s.value()
		all = append(all, v)
		return err
	})
	return all, err
}

// members gives the keys and the texts of the values of an object, in their order.
func members(text, isArray, isScalar string) (keys, values []string, err error) {
	s := scanner{text: text, decode: true}
	switch s.peek() {
	case '{':
	case '[':
		return nil, nil, pgerr.New(pgerr.InvalidParameterValue, "%s", isArray)
	default:
		if _, err := s.value(); err != nil {
			return nil, nil, err
		}
		return nil, nil, pgerr.New(pgerr.InvalidParameterValue, "%s", isScalar)
	}
	keys, values = []string{}, []string{}
	err = s.object(func(quoted string) error {
		key, err := unquote(quoted)
		if err != nil {
			return err
		}
		v, err := s.value()
		keys, values = append(keys, key), append(values, v)
		return err
	})
	return keys, values, err
}

// Elements gives what json_array_elements or jsonb_array_elements (fn) gives.
func Elements(text, fn string) ([]string, error) {
	call := "cannot call " + fn + " on "
	switch fn {
	case "jsonb_to_recordset":
		return elements(text, false, call+"a non-array", call+"a non-array")
	case "json_to_recordset":
		return elements(text, false, call+"an object", call+"a scalar")
	}
	if strings.HasPrefix(fn, "jsonb") {
		return elements(text, false, "cannot extract elements from an object", "cannot extract elements from a scalar")
	}
	return elements(text, strings.HasSuffix(fn, "_text"), call+"a non-array", call+"a scalar")
}

// Each gives the members of an object for json_each and its like (fn): keys and values side by side.
func Each(text, fn string) (keys, values []string, err error) {
	if strings.HasPrefix(fn, "jsonb") {
		return members(text, "cannot call "+fn+" on a non-object", "cannot call "+fn+" on a non-object")
	}
	return members(text, "cannot deconstruct an array as an object", "cannot deconstruct a scalar")
}

// Keys gives the keys of an object for json_object_keys or jsonb_object_keys (fn).
func Keys(text, fn string) ([]string, error) {
	keys, _, err := members(text, "cannot call "+fn+" on an array", "cannot call "+fn+" on a scalar")
	return keys, err
}
