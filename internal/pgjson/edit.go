package pgjson

import (
	"slices"
	"strings"

	"tidegate/internal/pgerr"
)

// The functions of this file take and give jsonb in its normal form.

// Pretty gives what jsonb_pretty gives.
func Pretty(text string) (string, error) {
	v, err := parse(text)
	return string(v.pretty(nil, 0)), err
}

func (v *value) pretty(b []byte, level int) []byte {
	if v.kind < Array {
		return v.append(b)
	}
	open, closing := byte('['), byte(']')
	if v.kind == Object {
		open, closing = '{', '}'
	}
	line := func(level int) { b = append(append(b, '\n'), strings.Repeat("    ", level)...) }
	b = append(b, open)
	for i := range v.items {
		if i > 0 {
			b = append(b, ',')
		}
		line(level + 1)
		if v.kind == Object {
			b = append(AppendString(b, v.keys[i]), ": "...)
		}
		b = v.items[i].pretty(b, level+1)
	}
	line(level)
	return append(b, closing)
}

// Concat is ||: members of two objects, elements of two arrays; anything else is taken for an array of itself.
func Concat(x, y string) (string, error) {
	v, err := parse(x)
	if err != nil {
		return "", err
	}
	w, err := parse(y)
	if err != nil {
		return "", err
	}
	if v.kind == Object && w.kind == Object {
		v.keys, v.items = append(v.keys, w.keys...), append(v.items, w.items...)
		v.sortKeys()
		return v.string(), nil
	}
	list := func(v value) []value {
		if v.kind == Array {
			return v.items
		}
		return []value{v}
	}
	all := value{kind: Array, items: slices.Concat(list(v), list(w))}
	return all.string(), nil
}

// DeleteKeys is - with keys: members of an object, strings of an array.
func DeleteKeys(text string, keys []string) (string, error) {
	v, err := parse(text)
	if err != nil {
		return "", err
	}
	if v.kind < Array {
		return "", pgerr.New(pgerr.InvalidParameterValue, "cannot delete from scalar")
	}
	kept := value{kind: v.kind}
	for i, item := range v.items {
		switch {
		case v.kind == Object && slices.Contains(keys, v.keys[i]):
		case v.kind == Array && item.kind == String && slices.Contains(keys, item.text):
		default:
			kept.items = append(kept.items, item)
			if v.kind == Object {
				kept.keys = append(kept.keys, v.keys[i])
			}
		}
	}
	return kept.string(), nil
}

// DeleteElement is - with a number.
func DeleteElement(text string, n int) (string, error) {
	v, err := parse(text)
	switch {
	case err != nil:
		return "", err
	case v.kind < Array:
		return "", pgerr.New(pgerr.InvalidParameterValue, "cannot delete from scalar")
	case v.kind == Object:
		return "", pgerr.New(pgerr.InvalidParameterValue, "cannot delete from object using integer index")
	}
	if i, ok := v.at(n); ok {
		v.items = slices.Delete(v.items, i, i+1)
	}
	return v.string(), nil
}

// StripNullsB is StripNulls for jsonb, which stays in its normal form.
func StripNullsB(text string) (string, error) {
	v, err := parse(text)
	v.strip()
	return v.string(), err
}

func (v *value) strip() {
	var keys []string
	var items []value
	for i := range v.items {
		if v.kind == Object {
			if v.items[i].kind == Null {
				continue
			}
			keys = append(keys, v.keys[i])
		}
		v.items[i].strip()
		items = append(items, v.items[i])
	}
	v.keys, v.items = keys, items
}

// Change is what Edit does at the end of a path.
type Change uint8

// The changes.
const (
	Set          Change = 1 << iota // replace, or add with Create
	Create                          // add what is not there
	InsertBefore                    // jsonb_insert
	InsertAfter
	Remove // #-
)

// Edit changes what a path leads to: jsonb_set, jsonb_insert, #-. A path that leads nowhere changes nothing. nil in it is
// NULL, an error only where the path gets that far.
func Edit(text string, path []*string, what Change, with string) (string, error) {
	v, err := parse(text)
	if err != nil {
		return "", err
	}
	var w value
	if what != Remove {
		if w, err = parse(with); err != nil {
			return "", err
		}
	}
	if v.kind < Array {
		verb := "set path in"
		if what == Remove {
			verb = "delete path in"
		}
		return "", pgerr.New(pgerr.InvalidParameterValue, "cannot %s scalar", verb)
	}
	if len(path) == 0 || what == Set && len(v.items) == 0 || what == Remove && len(v.items) == 0 {
		return v.string(), nil
	}
	e := edit{path: path, what: what, with: w}
	if err := e.do(&v, 0); err != nil {
		return "", err
	}
	return v.string(), nil
}

type edit struct {
	path []*string
	what Change
	with value
}

func (e *edit) do(v *value, level int) error {
	if e.path[level] == nil {
		return pgerr.New("22004", "path element at position %d is null", level+1)
	}
	switch v.kind {
	case Object:
		return e.member(v, *e.path[level], level)
	case Array:
		return e.element(v, *e.path[level], level)
	default:
		return nil
	}
}

func (e *edit) member(v *value, key string, level int) error {
	i, found := v.find(key)
	last := level == len(e.path)-1
	switch {
	case !last && found:
		return e.do(&v.items[i], level+1)
	case !last:
	case found && e.what&(InsertBefore|InsertAfter) != 0:
		return pgerr.New(pgerr.InvalidParameterValue, "cannot replace existing key")
	case found && e.what == Remove:
		v.keys, v.items = slices.Delete(v.keys, i, i+1), slices.Delete(v.items, i, i+1)
	case found:
		v.items[i] = e.with
	case e.what&(Create|InsertBefore|InsertAfter) != 0:
		v.keys, v.items = slices.Insert(v.keys, i, key), slices.Insert(v.items, i, e.with)
	}
	return nil
}

func (e *edit) element(v *value, number string, level int) error {
	n, ok := pathNumber(number)
	if !ok {
		return pgerr.New(pgerr.InvalidTextRepresentation, `path element at position %d is not an integer: "%s"`, level+1, number)
	}
	i, found := v.at(n)
	last := level == len(e.path)-1
	switch {
	case !last && found:
		return e.do(&v.items[i], level+1)
	case !last:
	case found && e.what == Remove:
		v.items = slices.Delete(v.items, i, i+1)
	case found && e.what == InsertBefore:
		v.items = slices.Insert(v.items, i, e.with)
	case found && e.what == InsertAfter:
		v.items = slices.Insert(v.items, i+1, e.with)
	case found:
		v.items[i] = e.with
	case e.what&(Create|InsertBefore|InsertAfter) != 0 && i < 0:
		v.items = slices.Insert(v.items, 0, e.with)
	case e.what&(Create|InsertBefore|InsertAfter) != 0:
		v.items = append(v.items, e.with)
	}
	return nil
}
