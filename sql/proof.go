package sql

import (
	"maps"

	"tidegate/internal/pgtypes"
)

// facts are what must hold of the columns for a row to get through a predicate.
type facts struct {
	columns map[*column]Domain // all of them; a column that is not here may have any value
	exact   bool               // they are also enough
	never   bool               // nothing gets through
}

// proof is what a boolean expression's being true, and its being false, proves. NULL is neither.
type proof struct {
	yes, no facts
	late    func(b *binder) (*proof, error) // if it is set the values of parameters decide: see late.go
}

func leaf(c *column, yes, no Domain) *proof {
	return &proof{
		yes: facts{columns: map[*column]Domain{c: yes}, exact: true},
		no:  facts{columns: map[*column]Domain{c: no}, exact: true},
	}
}

func (p *proof) get() proof {
	if p == nil {
		return proof{}
	}
	return *p
}

// certain is the proof of a condition that is not there.
func certain() *proof { return &proof{yes: facts{exact: true}} }

// both gives the facts of a row that gets through a and b.
func both(a, b facts) facts {
	f := facts{columns: map[*column]Domain{}, exact: a.exact && b.exact, never: a.never || b.never}
	maps.Copy(f.columns, a.columns)
	for c, d := range b.columns {
		if have, ok := f.columns[c]; ok {
			d = have.intersect(d)
		}
		f.columns[c] = d
	}
	return f
}

// either gives the facts of a row that gets through a or b: only columns that both restrict are restricted.
func either(a, b facts) facts {
	switch {
	case a.never:
		b.exact = b.exact && a.exact
		return b
	case b.never:
		a.exact = a.exact && b.exact
		return a
	}
	f := facts{columns: map[*column]Domain{}}
	for c, d := range a.columns {
		if e, ok := b.columns[c]; ok {
			f.columns[c] = d.union(e)
		}
	}
	everything := a.exact && len(a.columns) == 0 || b.exact && len(b.columns) == 0
	oneColumn := len(a.columns) == 1 && len(b.columns) == 1 && len(f.columns) == 1
	f.exact = a.exact && b.exact && (oneColumn || everything)
	return f
}

func andProof(a, b *proof) *proof {
	return combine(func(x, y proof) *proof { return &proof{yes: both(x.yes, y.yes), no: either(x.no, y.no)} }, a, b)
}

func orProof(a, b *proof) *proof {
	return combine(func(x, y proof) *proof { return &proof{yes: either(x.yes, y.yes), no: both(x.no, y.no)} }, a, b)
}

func notProof(a *proof) *proof {
	return a.then(func(x proof) *proof { return &proof{yes: x.no, no: x.yes} })
}

// flip is the operator seen from the other side.
var flip = map[string]string{"=": "=", "<>": "<>", "<": ">", ">": "<", "<=": ">=", ">=": "<="}

// compareProof is what "l op r" proves: one side a column or a step function of one, the other a constant.
func (b *binder) compareProof(op string, l, r *expr) *proof {
	if l.constant && !r.constant {
		l, r, op = r, l, flip[op]
	}
	switch {
	case flip[op] == "" || !r.constant || l.column == nil && l.steps == nil:
		return nil
	case r.value == nil:
		if r.isNull() {
			return &proof{yes: facts{exact: true, never: true}, no: facts{exact: true, never: true}}
		}
		return nil
	case l.steps != nil:
		return b.stepProof(op, l.steps, r.value)
	}
	c := l.column
	v, op, ok := b.boundFor(c, op, r)
	if !ok {
		return nil
	}
	d, ok := compareDomain(op, v)
	if !ok {
		return nil
	}
	return leaf(c, d, d.complement())
}

func (e *expr) isNull() bool {
	return e.constant && e.value == nil && len(e.sql) > 13 && e.sql[:13] == "CAST(NULL AS "
}

func compareDomain(op string, v *pgtypes.Datum) (Domain, bool) {
	switch op {
	case "=":
		return only(v), true
	case "<>":
		return only(v).complement(), true
	case "<":
		return Domain{Intervals: []Interval{{High: v, HighOpen: true}}}, true
	case "<=":
		return Domain{Intervals: []Interval{{High: v}}}, true
	case ">":
		return Domain{Intervals: []Interval{{Low: v, LowOpen: true}}}, true
	case ">=":
		return Domain{Intervals: []Interval{{Low: v}}}, true
	}
	return Domain{}, false
}

// boundFor makes the constant a value of the column's class, if that is exact; the operator may change with it.
func (b *binder) boundFor(c *column, op string, r *expr) (*pgtypes.Datum, string, bool) {
	class := pgtypes.ClassOf(c.typ.OID)
	v := r.value
	switch {
	case class == pgtypes.ClassNone:
		return nil, op, false
	case class == v.Class:
		return v, op, true
	case class == pgtypes.ClassTimestamptz && (v.Class == pgtypes.ClassTimestamp || v.Class == pgtypes.ClassDate):
		return b.momentBound(r, pgtypes.Timestamptz, op)
	case class == pgtypes.ClassTimestamp && v.Class == pgtypes.ClassDate:
		return b.momentBound(r, pgtypes.Timestamp, op)
	case class == pgtypes.ClassDate && v.Class == pgtypes.ClassTimestamp:
		return dateBound(op, v)
	case class == pgtypes.ClassNumeric && v.Class == pgtypes.ClassInt, class == pgtypes.ClassFloat && v.Class == pgtypes.ClassInt,
		class == pgtypes.ClassFloat && v.Class == pgtypes.ClassNumeric:
		folded, err := b.foldCast(r, pgtypes.Of(c.typ.OID))
		if err != nil || folded == nil {
			return nil, op, false
		}
		return folded.value, op, folded.value != nil
	}
	return nil, op, false
}

func (b *binder) momentBound(r *expr, to pgtypes.OID, op string) (*pgtypes.Datum, string, bool) {
	folded := b.foldMoment(r, to)
	if folded == nil {
		return nil, op, false
	}
	return folded.value, op, true
}

const microsPerDay = 86400 * 1000000

// dateBound compares a date column with a timestamp: the date stands for its midnight.
func dateBound(op string, v *pgtypes.Datum) (*pgtypes.Datum, string, bool) {
	d := &pgtypes.Datum{Class: pgtypes.ClassDate, I: floorDiv(v.I, microsPerDay)}
	if v.I == d.I*microsPerDay {
		return d, op, true
	}
	switch op {
	case "<", "<=":
		return d, "<=", true
	case ">", ">=":
		return d, ">", true
	}
	return nil, op, false // equal to no date: left to the engine
}

// inProof is what "l IN (list)" proves.
func (b *binder) inProof(l *expr, list []*expr) *proof {
	if l.column == nil {
		return nil
	}
	var d Domain
	hasNull := false
	for _, e := range list {
		if e.isNull() {
			hasNull = true
			continue
		}
		if !e.constant || e.value == nil {
			return nil
		}
		v, op, ok := b.boundFor(l.column, "=", e)
		if !ok || op != "=" {
			return nil
		}
		d.Intervals = append(d.Intervals, Interval{Low: v, High: v})
	}
	d = d.normal()
	p := leaf(l.column, d, d.complement())
	if hasNull {
		p.no = facts{exact: true, never: true}
	}
	return p
}
