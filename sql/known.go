package sql

import (
	"slices"

	"tidegate/internal/pgtypes"
)

// Known gives the values of the Query's one row if all of them are constants, so that nobody has to compute anything;
// nil stands for NULL. ok is false for every other Query.
func (q *Query) Known() (values []*pgtypes.Datum, ok bool) { return q.known, q.known != nil }

// known gives the values of a SELECT of constants alone; nil if it is another one.
func (p *selectParts) known() []*pgtypes.Datum {
	if p.op != "" || p.rows != nil || p.with != "" || p.distinct != "" || p.source != nil && p.source.sql != "" || p.where != nil || len(p.group) > 0 ||
		p.having != nil || p.qualify != nil || len(p.order) > 0 || p.limit != nil || p.offset != nil || p.aggregated || p.windowed {
		return nil
	}
	var values []*pgtypes.Datum
	for _, t := range p.targets {
		v, ok := t.e.known()
		if !ok {
			return nil
		}
		values = append(values, v)
	}
	return values
}

// known gives the value of a constant of the types that are what their Datum is; nil is NULL.
func (e *expr) known() (value *pgtypes.Datum, ok bool) {
	plain := []pgtypes.OID{
		pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Text, pgtypes.Varchar, pgtypes.Name,
		pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz,
	}
	switch {
	case !e.constant || e.late != nil || !slices.Contains(plain, e.typ.OID):
		return nil, false
	case e.value == nil:
		return nil, e.sql == null(e.typ).sql
	}
	return e.value, e.value.Class == pgtypes.ClassOf(e.typ.OID)
}
