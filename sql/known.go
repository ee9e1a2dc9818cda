package sql

import (
	"slices"

	"tidegate/internal/pgtypes"
)

// Known gives the values of the Query's one row if all of them are constants, so that nobody has to compute anything;
// nil stands for NULL. ok is false for every other Query.
func (q *Query) Known() (values []*pgtypes.Datum, ok bool) { return q.known, q.known != nil }

// Constant gives a Query that is Known without the catalog and the session that it was bound in: under the settings of that
// session it means the same as long as there are any. ok is false for what another statement of the same text may not be.
func (q *Query) Constant() (alone *Query, ok bool) {
	if q.known == nil || q.template == nil || len(q.Params)+len(q.literals) > 0 {
		return nil, false
	}
	copied := *q
	copied.catalog, copied.env = nil, Env{}
	return &copied, true
}

// known gives the values of a SELECT of constants alone; ok is false if it is another one. at gives the constant that an
// output column is, if it is one.
func (p *selectParts) known(at func(*expr) (*expr, bool)) (values []*pgtypes.Datum, ok bool) {
	if p.op != "" || p.rows != nil || p.with != "" || p.distinct != "" || p.source != nil && p.source.sql != "" || p.where != nil || len(p.group) > 0 ||
		p.having != nil || p.qualify != nil || len(p.order) > 0 || p.limit != nil || p.offset != nil || p.aggregated || p.windowed {
		return nil, false
	}
	for _, t := range p.targets {
		e, ok := at(t.e)
		if !ok {
			return nil, false
		}
		if e.late == nil {
			v, ok := e.known()
			if !ok {
				return nil, false
			}
			values = append(values, v)
		}
	}
	return values, true
}

// constantNow is for known: an expression whose value is not there yet is no constant.
func constantNow(e *expr) (*expr, bool) { return e, e.late == nil }

// laterOrNow is for known: a constant, or what will be one.
func laterOrNow(e *expr) (*expr, bool) { return e, true }

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
