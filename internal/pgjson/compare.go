package pgjson

import (
	"encoding/binary"

	"tidegate/internal/pgnumeric"
)

// Key gives bytes that order as jsonb does: equal ones for what jsonb takes for equal, 1 and 1.0.
func Key(text string) ([]byte, error) {
	v, err := parse(text)
	if err != nil {
		return nil, err
	}
	if v.kind >= Array {
		return v.key(nil)
	}
	// A scalar is an array of one element, but less than any other array of one.
	b := binary.BigEndian.AppendUint32([]byte{byte(Array)}, 1)
	return v.key(append(b, 0))
}

func (v *value) key(b []byte) (_ []byte, err error) {
	b = append(b, byte(v.kind))
	switch v.kind {
	case String:
		return append(append(b, v.text...), 0), nil
	case Number:
		n, err := pgnumeric.Parse(v.text)
		if err != nil {
			return nil, err
		}
		return append(append(b, n.Key()...), 0), nil
	case Bool:
		return append(b, v.text[0]), nil // f before t
	case Array:
		b = append(binary.BigEndian.AppendUint32(b, uint32(len(v.items))), 1)
	case Object:
		b = binary.BigEndian.AppendUint32(b, uint32(len(v.items)))
	default:
		return b, nil
	}
	for i := range v.items {
		if v.kind == Object {
			b = append(append(b, v.keys[i]...), 0)
		}
		if b, err = v.items[i].key(b); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func (v *value) equal(w *value) bool {
	if v.kind != w.kind || len(v.items) != len(w.items) {
		return false
	}
	switch v.kind {
	case Number:
		n, err1 := pgnumeric.Parse(v.text)
		m, err2 := pgnumeric.Parse(w.text)
		return err1 == nil && err2 == nil && n.Compare(m) == 0
	case Array, Object:
		for i := range v.items {
			if v.kind == Object && v.keys[i] != w.keys[i] || !v.items[i].equal(&w.items[i]) {
				return false
			}
		}
		return true
	default:
		return v.text == w.text
	}
}

// Contains is @>.
func Contains(text, part string) (bool, error) {
	v, err := parse(text)
	if err != nil {
		return false, err
	}
	w, err := parse(part)
	if err != nil {
		return false, err
	}
	if v.kind == Array && w.kind < Array {
		return v.has(&w), nil // an array contains a scalar, on the top level only
	}
	return v.contains(&w), nil
}

func (v *value) contains(w *value) bool {
	switch {
	case v.kind != w.kind:
		return false
	case v.kind == Object:
		for i, k := range w.keys {
			at, found := v.find(k)
			if !found || !v.items[at].contains(&w.items[i]) {
				return false
			}
		}
		return true
	case v.kind == Array:
		for i := range w.items {
			if !v.has(&w.items[i]) {
				return false
			}
		}
		return true
	}
	return v.equal(w)
}

// has reports whether an element contains w.
func (v *value) has(w *value) bool {
	for i := range v.items {
		if v.items[i].contains(w) {
			return true
		}
	}
	return false
}

// Exists is ?: a member of an object, a string of an array, or the string itself.
func Exists(text, key string) (bool, error) {
	v, err := parse(text)
	if err != nil {
		return false, err
	}
	return v.exists(key), nil
}

func (v *value) exists(key string) bool {
	switch v.kind {
	case Object:
		_, found := v.find(key)
		return found
	case Array:
		for _, item := range v.items {
			if item.kind == String && item.text == key {
				return true
			}
		}
		return false
	default:
		return v.kind == String && v.text == key
	}
}

// ExistsAny is ?| and ExistsAll ?&.
func ExistsAny(text string, keys []string) (bool, error) {
	v, err := parse(text)
	for _, k := range keys {
		if err == nil && v.exists(k) {
			return true, nil
		}
	}
	return false, err
}

// ExistsAll reports whether all of keys exist.
func ExistsAll(text string, keys []string) (bool, error) {
	v, err := parse(text)
	for _, k := range keys {
		if err != nil || !v.exists(k) {
			return false, err
		}
	}
	return err == nil, err
}
