package sql

import "tidegate/internal/pgtypes"

// nestedCall binds the functions of arrays whose text depends on the type of the elements. ok is false if fn is none.
func (b *binder) nestedCall(fn string, args []*expr, pos int32) (e *expr, ok bool, err error) {
	if fn != "array_to_string" {
		return nil, false, nil
	}
	e, err = b.arrayToString(args, pos)
	if e != nil {
		e.pos = pos
	}
	return e, true, err
}

// arrayToString writes array_to_string(array, delimiter [, text for NULLs]).
func (b *binder) arrayToString(args []*expr, pos int32) (*expr, error) {
	_, args, err := b.resolve("array_to_string", args, pos)
	if err != nil {
		return nil, err
	}
	texts, err := b.outTexts(args[0])
	if err != nil {
		return nil, err
	}
	nulls := "NULL"
	if len(args) > 2 {
		nulls = args[2].sql
	}
	return computed(pgtypes.Text, "tg_array_to_string("+texts.sql+", "+args[1].sql+", "+nulls+")", args...), nil
}
