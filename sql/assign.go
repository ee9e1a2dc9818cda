package sql

import (
	"fmt"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// assign gives e the type of a column that it is put into. PostgreSQL allows more there than between operands, and cuts
// no text that is too long unless all beyond is blanks. what is e in its message.
func (b *binder) assign(e *expr, c Column, what string) (*expr, error) {
	to := c.Type
	if !e.untyped() && !assignable(e.typ.OID, to.OID) {
		return nil, b.fail(pgerr.DatatypeMismatch, e.pos, "column %q is of type %s but %s is of type %s", c.Name,
			typeText(pgtypes.Of(to.OID)), what, typeText(pgtypes.Of(e.typ.OID))).
			WithHint("You will need to rewrite or cast the expression.")
	}
	if to.Typmod < 4 || !typeIs(to.OID, pgtypes.Varchar, pgtypes.BPChar) {
		if isArray(to.OID) && to.Typmod >= 4 && isText(elementType(to).OID) {
			return nil, b.unsupported(e.pos, "a value for a column of type %s", to)
		}
		return b.cast(e, to)
	}
	if !e.untyped() && e.typ == to {
		return e, nil
	}
	text, err := b.cast(e, pgtypes.Of(to.OID))
	if err != nil || text.isNull() {
		return text, err
	}
	return limitedTo(text, to), nil
}

// limitedTo is a text that must fit varchar(n) or character(n).
func limitedTo(text *expr, t pgtypes.Type) *expr {
	n, value := int(t.Typmod)-4, text.sql
	sql := fmt.Sprintf("CASE WHEN length(rtrim(%[1]s, ' ')) > %[2]d THEN error('22001: value too long for type %[3]s') ELSE left(%[1]s, %[2]d) END",
		value, n, t)
	if t.OID == pgtypes.BPChar {
		sql = padded("("+sql+")", t)
	}
	c := computed(t.OID, sql, text)
	c.typ, c.pos = t, text.pos
	return c
}

// assignable reports whether PostgreSQL casts from one type to another in an assignment. Everything is written as text.
func assignable(from, to pgtypes.OID) bool {
	p := postgresTables()
	if p.coercible(from, to) || from == to || p.category(to) == 'S' {
		return true
	}
	if f, t := p.elementOf(from), p.elementOf(to); f != 0 && t != 0 {
		return assignable(f, t)
	}
	context := p.casts[[2]pgtypes.OID{from, to}]
	return context == castImplicit || context == castAssignment
}

// storedAsText reports whether a column of a temporary table keeps PostgreSQL's text of its numerics: each has a scale of
// its own, or more digits than a DECIMAL.
func storedAsText(t pgtypes.Type) bool {
	if !holdsNumeric(t.OID) {
		return false
	}
	t.OID = pgtypes.Numeric
	precision, scale, limited := t.PrecisionScale()
	return !limited || !narrowable(precision, scale)
}

// StoredType is the DuckDB type in which a temporary table keeps a column.
func StoredType(t pgtypes.Type) string {
	switch {
	case !storedAsText(t):
		return duckType(t)
	case isArray(t.OID):
		return "VARCHAR[]"
	}
	return "VARCHAR"
}

// stored gives a value in the form in which a column of its type is kept.
func (b *binder) stored(e *expr, t pgtypes.Type) *expr {
	s := *e
	if storedAsText(t) {
		s = *widened(e)
	}
	s.typ, s.parts = pgtypes.Of(pgtypes.Text), []*expr{e}
	s.sql = "CAST(" + s.sql + " AS " + StoredType(t) + ")"
	return &s
}
