package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtypes"
)

// A scalar subquery of count, min and max over one relation has a value that the catalog's statistics may tell, but
// only to the plan that knows which generation it reads. What a comparison with it proves is late (late.go), and is
// nothing until Narrowed is told the value.

// answerable is an aggregate call of a level that statistics may answer.
type answerable struct {
	node *pg_query.FuncCall
	call StatCall
	typ  pgtypes.Type
	use  *useState // whose column it is of; nil for count(*)
}

// answers gives a value by the statistics of a use; nil is NULL.
type answers func(of *useState, c StatCall) (value *pgtypes.Datum, ok bool)

// answerable records a call that statistics may answer.
func (s *scope) answerable(n *pg_query.FuncCall, e *expr, args []*expr) {
	if e.stat == nil {
		return
	}
	a := answerable{node: n, call: *e.stat, typ: e.typ}
	if a.call.Column != "" {
		a.use = args[0].column.use
	}
	s.self.answerables = append(s.self.answerables, a)
}

// summarizes reports whether the SELECT gives one row, of the statistics of its one relation.
func (p *selectParts) summarizes() bool {
	if p.source == nil || p.source.base == nil || p.with != "" || len(p.group) > 0 || p.having != nil || p.qualify != nil ||
		p.distinct != "" || p.limit != nil || p.offset != nil || len(p.order) > 0 || len(p.targets) != 1 {
		return false
	}
	for _, a := range p.scope.answerables {
		if a.use != nil && a.use != p.source.base {
			return false
		}
	}
	return len(p.scope.answerables) > 0
}

// told gives e, the one value of a subquery, with what it is when statistics answer it.
func (b *binder) told(e *expr, n *pg_query.SelectStmt, p *selectParts) *expr {
	if !p.summarizes() {
		return e
	}
	b.summarizes = true
	of, calls, target := p.source.base, p.scope.answerables, n.TargetList[0].GetResTarget().GetVal()
	late, unknown := *e, *e
	late.late = func(values *binder) (*expr, error) {
		if values.answers == nil {
			return &unknown, nil
		}
		known, err := values.tell(of, calls, target)
		if known == nil || err != nil {
			return &unknown, err
		}
		return known, nil
	}
	return &late
}

// tell computes a subquery's output from the values of its calls, by binding it once more with them as constants.
// It gives nil if they are not known.
func (b *binder) tell(of *useState, calls []answerable, target *pg_query.Node) (*expr, error) {
	inner := &binder{
		stmt: b.stmt, dialect: b.dialect, catalog: b.catalog, env: b.env, system: b.system, params: append([]pgtypes.OID{}, b.params...),
		args: b.args, open: b.open, aliases: map[string]bool{}, folded: map[int32]*expr{}, answered: map[*pg_query.FuncCall]*expr{},
	}
	for _, a := range calls {
		value, ok := b.answers(of, a.call)
		if !ok {
			return nil, nil //nolint:nilnil // not known is an answer
		}
		c, err := inner.datumConstant(value, a.typ)
		if err != nil {
			return nil, err
		}
		inner.answered[a.node] = c
	}
	e, err := inner.expr(target, level(scope{windows: map[string]*pg_query.WindowDef{}, memo: map[*pg_query.Node]*expr{}}))
	if err != nil || e.untyped() || !e.constant {
		return nil, err
	}
	return e, nil
}

// datumConstant gives the constant of a value; nil is NULL.
func (b *binder) datumConstant(d *pgtypes.Datum, t pgtypes.Type) (*expr, error) {
	switch {
	case d == nil:
		return null(t), nil
	case d.Class == pgtypes.ClassBool:
		return boolConstant(d.I != 0), nil
	case d.Class == pgtypes.ClassInt:
		return intConstant(t.OID, d.I), nil
	case d.Class == pgtypes.ClassDate:
		return dateConstant(d.I), nil
	case d.Class == pgtypes.ClassTimestamp, d.Class == pgtypes.ClassTimestamptz:
		return timestampConstant(t.OID, d.I), nil
	default:
		return b.typed(d.S, t, -1)
	}
}

// Narrowed gives Use.Where of every use as it is when the values of scalar subqueries are known that statistics tell.
// known is asked for a statistic of all rows that the Query sees of a use. ok is false if there is no such subquery, or
// if a value does not fit where it stands: then the engine gives the error, if it comes to it.
func (q *Query) Narrowed(known func(of *Use, c StatCall) (value *pgtypes.Datum, ok bool)) (where []map[string]Domain, ok bool) {
	b := q.binder
	if b == nil || !b.summarizes {
		return nil, false
	}
	values := q.values()
	values.answers = func(of *useState, c StatCall) (*pgtypes.Datum, bool) {
		for i, u := range b.uses {
			if u == of {
				return known(q.Uses[i], c)
			}
		}
		return nil, false
	}
	left, err := b.narrowAll(values)
	if err != nil {
		return nil, false
	}
	for i, u := range b.uses {
		narrowed := Use{Where: left.of(u).where, filtered: q.Uses[i].filtered}
		if narrowed.filtered != nil {
			narrowed.filtered.narrow(&narrowed)
		}
		where = append(where, narrowed.Where)
	}
	return where, true
}

// values is a copy of the query's binder with the values that the query has.
func (q *Query) values() *binder {
	values := *q.binder
	values.lates = slices.Clip(values.lates) // what is added is the copy's
	values.catalog, values.env = q.catalog, q.env
	if t := q.template; t != nil {
		args := q.args
		values.template, values.read = false, nil
		if args == nil {
			values.open = t.params
			args = make([]Arg, t.params)
		}
		values.args = append(append(make([]Arg, 0, len(args)+len(q.literals)), args...), q.literals...)
	}
	return &values
}
