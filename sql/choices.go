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
	tried := reached(list)
	given := slices.DeleteFunc(slices.Clone(tried), (*expr).isNothing)
	nothing := len(given) == 0
	if nothing {
		given = list[:1]
	}
	e := computed(t.OID, call(apart(given)), list...)
	e.typ, e.pos = t, pos
	e.likeAll(given)
	e.mixed = mixedOf(e, given, call)
	e.settled, e.when = true, whilePlanning
	for _, a := range tried {
		e.when = min(e.when, a.when)
		e.settled = e.settled && a.settled && !a.isParam()
		e.branches = append(e.branches, branch{test: a, ends: a.sql + " IS NOT NULL"})
	}
	e.isNothingIf(nothing)
	return e, nil
}

// reached gives those of COALESCE's arguments that PostgreSQL does not leave out when it plans: none behind a constant is
// ever computed, and none may fail.
func reached(list []*expr) []*expr {
	for i, a := range list {
		if (a.constant || a.settled) && !a.isNothing() && !a.isParam() {
			return list[:i+1]
		}
	}
	return list
}

// apart gives the texts of COALESCE's arguments. What DuckDB finds twice in an expression it computes once, for every row,
// before it looks whether one asks for it (common_subexpressions). It leaves alone what stands in a CASE behind the
// condition: so does what is computed only where the first argument is NULL.
func apart(list []*expr) []string {
	texts := sqlOf(list)
	asked := "random() < 2"
	if repeatable(list[0]) {
		asked = texts[0] + " IS NULL"
	}
	for i, a := range list {
		if i > 0 && len(a.parts) > 0 && a.column == nil && !a.constant && !a.settled && a.scopes == (aggregates{}) {
			texts[i] = "CASE WHEN " + asked + " THEN " + a.sql + " END"
		}
	}
	return texts
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
		e.sql = extremeByKey(word, list)
	case e.wide:
		e.sql = "tg_num_" + e.sql
	case isFloat(t.OID): // DuckDB's makes one zero of two
		e.sql = "tg_float_" + e.sql
	}
	e.typ, e.pos = t, n.Location
	return e, nil
}

// extremeByKey writes GREATEST or LEAST of what goes by keys: of values that are the same the first one.
func extremeByKey(word string, list []*expr) string {
	sign := map[string]string{"greatest": "-", "least": ""}[word]
	texts := make([]string, len(list))
	for i, x := range list {
		texts[i] = "CASE WHEN " + x.sql + " IS NOT NULL THEN struct_pack(k := " + orderText(x) + ", i := " + sign + itoa(i) + ", v := " + x.sql + ") END"
	}
	return "struct_extract(" + word + "(" + strings.Join(texts, ", ") + "), 'v')"
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
		value := *subject // computed once: for its comparisons it is as a column
		value.collation = collationOf(subject).ofColumn()
		subject = &value
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
	if r := decided(conditions, list); r != nil && r.scale == e.scale && r.wide == e.wide {
		// A literal by itself would be taken for an ordinal in GROUP BY.
		e.sql, e.when, e.settled, e.nothing = "CASE WHEN true THEN "+r.sql+" END", r.when, r.settled, r.isNothing()
		e.branches = []branch{{test: r, ends: "true"}}
	}
	return e, nil
}

// decided gives the result of a CASE that PostgreSQL picks while it plans, nil if rows do. Conditions that are NULL then or
// false are left out. The last result stands behind ELSE.
func decided(conditions, results []*expr) *expr {
	for i, c := range conditions {
		c = c.decision()
		switch {
		case c.isNothing(), c.value != nil && c.value.I == 0:
		case c.value != nil:
			return results[i]
		default:
			return nil
		}
	}
	return results[len(results)-1]
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
