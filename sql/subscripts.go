package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// indirection binds array[n] and array[m:n].
func (b *binder) indirection(n *pg_query.A_Indirection, sc *scope) (*expr, error) {
	a, err := b.expr(n.Arg, sc)
	if err != nil {
		return nil, err
	}
	return b.subscripted(a, n, sc)
}

// subscripted gives what the subscripts of n make of a.
func (b *binder) subscripted(a *expr, n *pg_query.A_Indirection, sc *scope) (_ *expr, err error) {
	for i, step := range n.Indirection {
		at := step.GetAIndices()
		switch {
		case step.GetString_() != nil:
			a, err = b.rowField(a, step.GetString_().Sval)
		case at == nil:
			return nil, b.unsupported(a.pos, "all columns of a value")
		case a.typ.OID == pgtypes.JSONB && !at.IsSlice:
			a, err = b.jsonSubscript(a, at, sc)
		case a.untyped() || !isArray(a.typ.OID):
			return nil, b.notSubscriptable(a, at, i)
		case at.IsSlice && i+1 < len(n.Indirection):
			return nil, b.unsupported(a.pos, "a slice of more than one dimension")
		case at.IsSlice:
			a, err = b.slice(a, at, sc)
		default:
			a, err = b.element(a, at, sc)
		}
		if err != nil {
			return nil, err
		}
	}
	return a, nil
}

func (b *binder) notSubscriptable(a *expr, at *pg_query.A_Indices, step int) error {
	if step > 0 {
		return b.unsupported(a.pos, "an array of more than one dimension")
	}
	if a.typ.OID == pgtypes.JSONB {
		return b.fail(pgerr.DatatypeMismatch, placeOf(at.Uidx, a), "jsonb subscript does not support slices")
	}
	return b.fail(pgerr.DatatypeMismatch, a.pos, "cannot subscript type %s because it does not support subscripting", postgresTables().typeName(a.oid()))
}

// jsonSubscript writes jsonb[key], which is a step of a path.
func (b *binder) jsonSubscript(a *expr, at *pg_query.A_Indices, sc *scope) (*expr, error) {
	i, err := b.expr(at.Uidx, sc)
	if err != nil {
		return nil, err
	}
	if !i.untyped() && !isInteger(i.typ.OID) && !isText(i.typ.OID) {
		return nil, b.fail(pgerr.DatatypeMismatch, i.pos, "subscript type %s is not supported", typeText(i.typ)).
			WithHint("jsonb subscript must be coercible to either integer or text.")
	}
	if i, err = b.coerce(i, pgtypes.Text); err != nil {
		return nil, err
	}
	return computed(pgtypes.JSONB, "tg_json_path("+a.sql+", "+listOf([]string{i.sql})+")", a, i), nil
}

func (b *binder) subscript(n *pg_query.Node, sc *scope) (*expr, error) {
	i, err := b.expr(n, sc)
	if err != nil {
		return nil, err
	}
	if !i.untyped() && !isInteger(i.typ.OID) {
		return nil, b.fail(pgerr.DatatypeMismatch, i.pos, "array subscript must have type integer")
	}
	return b.coerce(i, pgtypes.Int4)
}

// element writes array[n]: NULL outside the array, where a negative number of DuckDB would count from the end.
func (b *binder) element(a *expr, at *pg_query.A_Indices, sc *scope) (*expr, error) {
	i, err := b.subscript(at.Uidx, sc)
	if err != nil {
		return nil, err
	}
	text := i.sql
	if countsFromZero(a) {
		text = "(" + text + " + 1)"
	}
	if i.value == nil || i.value.I < 1 {
		text = "nullif(greatest(" + text + ", 0), 0)"
	}
	t := elementType(a.typ)
	e := computed(t.OID, "list_extract("+a.sql+", "+text+")", a, i)
	e.typ, e.scale, e.wide = t, a.scale, a.wide
	return e, nil
}

// slice writes array[m:n], whose result counts from 1 again.
func (b *binder) slice(a *expr, at *pg_query.A_Indices, sc *scope) (*expr, error) {
	if countsFromZero(a) {
		return nil, b.unsupported(a.pos, "a slice of %s", postgresTables().typeName(a.typ.OID))
	}
	parts := []*expr{a}
	from, to := "1", "len("+a.sql+")"
	if at.Lidx != nil {
		i, err := b.subscript(at.Lidx, sc)
		if err != nil {
			return nil, err
		}
		from, parts = "CASE WHEN "+i.sql+" < 1 THEN 1 ELSE "+i.sql+" END", append(parts, i)
	}
	if at.Uidx != nil {
		i, err := b.subscript(at.Uidx, sc)
		if err != nil {
			return nil, err
		}
		to, parts = "CASE WHEN "+i.sql+" < 0 THEN 0 ELSE "+i.sql+" END", append(parts, i)
	}
	e := computed(a.typ.OID, "list_slice("+a.sql+", "+from+", "+to+")", parts...)
	e.typ, e.scale, e.wide = a.typ, a.scale, a.wide
	return e, nil
}

// countsFromZero reports whether the first element has the number 0.
func countsFromZero(e *expr) bool { return isVector(e.typ.OID) || e.fromZero }

// boundsText is what stands before the text of an array that counts from 0.
func boundsText(list string) string {
	return "CASE WHEN len(" + list + ") > 0 THEN '[0:' || (len(" + list + ") - 1) || ']=' ELSE '' END || "
}

// fromZero is what a function says of the bounds of an int2vector or oidvector, which count from 0, made of what it says of an
// array that counts from 1.
func fromZero(fn, call, vector string) string {
	switch fn {
	case "array_lower", "array_upper", "array_position":
		return "(" + call + " - 1)"
	case "array_dims":
		return "CASE WHEN len(" + vector + ") > 0 THEN '[0:' || (len(" + vector + ") - 1) || ']' END"
	}
	return call
}
