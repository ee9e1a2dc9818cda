package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtypes"
)

// What gives one of several values: COALESCE, GREATEST, LEAST and CASE.

func (b *binder) coalesce(args []*expr, pos int32) (*expr, error) {
	list, t, err := b.unify(args, "COALESCE", pos)
	if err != nil {
		return nil, err
	}
	call := func(texts []string) string { return "coalesce(" + strings.Join(texts, ", ") + ")" }
	given := reached(list)
	e := computed(t.OID, call(sqlOf(given)), list...)
	e.typ, e.pos = t, pos
	e.likeAll(given)
	e.mixed = mixedOf(e, given, call)
	e.settled = len(given) == 1 && given[0].settled
	for _, a := range given {
		e.branches = append(e.branches, branch{test: a, ends: a.sql + " IS NOT NULL"})
	}
	return e, nil
}

// reached gives those of COALESCE's arguments that PostgreSQL does not leave out when it plans: none behind a constant is
// ever computed, and none may fail. One is always left.
func reached(list []*expr) []*expr {
	var given []*expr
	for _, a := range list {
		if !a.isNull() {
			given = append(given, a)
		}
		if a.constant && !a.isNull() {
			break
		}
	}
	if len(given) == 0 {
		return list[:1]
	}
	return given
}

func (b *binder) minMax(n *pg_query.MinMaxExpr, sc *scope) (*expr, error) {
	args, err := b.exprs(n.Args, sc)
	if err != nil {
		return nil, err
	}
	word := "greatest"
	if n.Op == pg_query.MinMaxOp_IS_LEAST {
		word = "least"
	}
	list, t, err := b.unify(args, strings.ToUpper(word), n.Location)
	if err != nil {
		return nil, err
	}
	e := computed(t.OID, word+"("+strings.Join(sqlOf(list), ", ")+")", list...)
	e.likeAll(list)
	switch {
	case t.OID == pgtypes.Interval:
		e.sql = "tg_interval_" + e.sql
	case e.wide && len(list) == 1:
		e.sql = list[0].sql
	case e.wide && t.OID != pgtypes.Numeric:
		return nil, b.unsupported(n.Location, "%s of type %s", strings.ToUpper(word), typeText(t))
	case e.wide:
		e.sql = "tg_num_" + e.sql
	case isFloat(t.OID): // DuckDB's makes one zero of two
		e.sql = "tg_float_" + e.sql
	}
	e.typ, e.pos = t, n.Location
	return e, nil
}

func (b *binder) caseExpr(n *pg_query.CaseExpr, sc *scope) (*expr, error) {
	var subject *expr
	var err error
	if n.Arg != nil {
		if subject, err = b.expr(n.Arg, sc); err == nil {
			subject, err = b.settle(subject)
		}
		if err != nil {
			return nil, err
		}
	}
	var conditions, results []*expr
	for _, w := range n.Args {
		c, err := b.expr(w.GetCaseWhen().Expr, sc)
		if err != nil {
			return nil, err
		}
		if subject != nil {
			c, err = b.operator("=", subject, c, w.GetCaseWhen().GetLocation())
		} else {
			c, err = b.boolean(c, "CASE/WHEN")
		}
		if err != nil {
			return nil, err
		}
		r, err := b.expr(w.GetCaseWhen().Result, sc)
		if err != nil {
			return nil, err
		}
		conditions, results = append(conditions, c), append(results, r)
	}
	otherwise := &expr{lit: &Arg{Null: true}, pos: -1, scale: -1}
	if n.Defresult != nil {
		if otherwise, err = b.expr(n.Defresult, sc); err != nil {
			return nil, err
		}
	}
	// ELSE is the first for PostgreSQL when it looks for the common type.
	list, t, err := b.unify(slices.Concat([]*expr{otherwise}, results), "CASE", n.Location)
	if err != nil {
		return nil, err
	}
	list = append(list[1:], list[0])
	choose := func(results []string) string { return caseText(conditions, results) }
	e := computed(t.OID, choose(sqlOf(list)), slices.Concat(conditions, list)...)
	e.typ, e.pos = t, n.Location
	e.likeAll(list)
	e.mixed = mixedOf(e, list, choose)
	for i, c := range conditions {
		e.branches = append(e.branches, branch{test: c, ends: c.sql, result: list[i]})
	}
	e.branches = append(e.branches, branch{test: list[len(list)-1], ends: "true"})
	return e, nil
}

// caseText writes a CASE; the last of results stands behind ELSE.
func caseText(conditions []*expr, results []string) string {
	var text strings.Builder
	text.WriteString("CASE")
	for i, c := range conditions {
		text.WriteString(" WHEN " + c.sql + " THEN " + results[i])
	}
	text.WriteString(" ELSE " + results[len(results)-1] + " END")
	return text.String()
}
