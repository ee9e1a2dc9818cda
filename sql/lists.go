package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtypes"
)

// inList binds x IN (a, b, …) as PostgreSQL does: x = ANY of the elements that name no column of this level, if they are two
// at least and have a type with x, and a comparison of its own with each of the others.
func (b *binder) inList(not bool, n *pg_query.A_Expr, sc *scope) (*expr, error) {
	items := n.Rexpr.GetList().GetItems()
	if row := n.Lexpr.GetRowExpr(); row != nil {
		return b.rowIn(not, row, items, n.Location, sc)
	}
	l, err := b.expr(n.Lexpr, sc)
	if err != nil {
		return nil, err
	}
	list, err := b.exprs(items, sc)
	if err != nil {
		return nil, err
	}
	var among, alone []*expr
	for i, e := range list {
		if holdsColumn(e, items[i], sc) {
			alone = append(alone, e)
		} else {
			among = append(among, e)
		}
	}
	if _, ok := postgresTables().common(oidsOf(append([]*expr{l}, among...))); len(among) < 2 || !ok {
		among, alone = nil, list
	}
	return b.inAny(not, l, among, alone, n.Location)
}

// inAny writes l = ANY (among) OR l = a OR … for each of alone, or what denies it.
func (b *binder) inAny(not bool, l *expr, among, alone []*expr, pos int32) (*expr, error) {
	var parts []*expr
	if len(among) > 0 {
		e, err := b.in(not, l, among, pos)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	op, connect := "=", disjunction
	if not {
		op, connect = "<>", conjunction
	}
	for _, a := range alone {
		e, err := b.operator(op, l, a, pos)
		if err != nil {
			return nil, err
		}
		parts = append(parts, e)
	}
	if len(parts) == 1 {
		return parts[0], nil
	}
	return connect(parts...), nil
}

// holdsColumn reports whether a column of this level is in e, which was written as n. Of a column that is grouped by, and of
// one inside an aggregate, only n tells.
func holdsColumn(e *expr, n *pg_query.Node, sc *scope) bool {
	if len(e.bare) > 0 {
		return slices.ContainsFunc(e.bare, func(v *visible) bool { return v.level == sc.self })
	}
	if e.constant || n.GetSubLink() != nil {
		return false
	}
	named := false
	walk(n, func(n *pg_query.Node) { named = named || n.GetColumnRef() != nil })
	return named
}

// in writes l IN (list), which has an element at least.
func (b *binder) in(not bool, l *expr, list []*expr, pos int32) (*expr, error) {
	t, err := b.equalType(l, list, pos)
	if err != nil {
		return nil, err
	}
	if !comparable(t, b.system) && t != oidRegclass {
		return nil, b.unsupported(pos, "IN over type %s", postgresTables().typeName(t))
	}
	x, err := b.coerce(l, t)
	if err != nil {
		return nil, err
	}
	elements, err := b.coerceAll(list, t)
	if err != nil {
		return nil, err
	}
	if b.blind(x, x) {
		return b.inBlind(not, l, x, elements), nil
	}
	sides := inTexts(x, elements)
	word := " IN ("
	if not {
		word = " NOT IN ("
	}
	e := computed(pgtypes.Bool, "("+sides[0]+word+strings.Join(sides[1:], ", ")+"))", append([]*expr{x}, elements...)...)
	subject := x
	if l.column != nil {
		subject = l
	}
	e.proof = b.inProof(subject, elements)
	if anyLate(elements...) {
		e.proof = &proof{late: func(b *binder) (*proof, error) {
			values, err := b.valued(elements)
			if err != nil {
				return nil, err
			}
			return b.inProof(subject, values), nil
		}}
	}
	e.outcome = membership(x, elements)
	if not {
		e.proof = notProof(e.proof)
		if e.outcome != nil && e.outcome.value != nil {
			e.outcome = boolConstant(e.outcome.value.I == 0)
		}
	}
	return e, nil
}

// equalType gives the type that l and the elements of a list are compared in: their common one, or else that of the
// operator, as of "char" and text.
func (b *binder) equalType(l *expr, list []*expr, pos int32) (pgtypes.OID, error) {
	p := postgresTables()
	if t, ok := p.common(oidsOf(append([]*expr{l}, list...))); ok {
		return t, nil
	}
	var t pgtypes.OID
	for i, e := range list {
		// The operator of the first pair that does not fit says what is wrong.
		if _, err := b.operator("=", l, e, pos); err != nil {
			return 0, err
		}
		sig, _ := chooseOperator("=", []pgtypes.OID{l.oid(), e.oid()})
		if sig.args[0] != sig.args[1] || isPolymorphic(sig.args[0]) || i > 0 && sig.args[0] != t {
			return 0, b.unsupported(pos, "IN over types %s and %s", p.typeName(l.oid()), p.typeName(e.oid()))
		}
		t = sig.args[0]
	}
	return t, nil
}

// inTexts gives the texts of x and of the elements: of numerics their keys, unless DuckDB can compare them all.
func inTexts(x *expr, elements []*expr) []string {
	all := append([]*expr{x}, elements...)
	keys := slices.ContainsFunc(all, func(e *expr) bool { return e.wide || e.typ.OID == pgtypes.Numeric && (beyond(e, x) || beyond(x, e)) })
	texts := make([]string, len(all))
	for i, e := range all {
		if texts[i] = e.sql; keys {
			texts[i] = comparedText(e)
		}
	}
	return texts
}

func (b *binder) rowIn(not bool, row *pg_query.RowExpr, items []*pg_query.Node, pos int32, sc *scope) (*expr, error) {
	var all *expr
	for _, i := range items {
		e, err := b.rowCompare("=", row, i.GetRowExpr(), pos, sc)
		if err != nil {
			return nil, err
		}
		if all != nil {
			e = disjunction(all, e)
		}
		all = e
	}
	if not {
		all = negated(all)
	}
	return all, nil
}

// between spells BETWEEN out, so that each side is compared by its own operator.
func (b *binder) between(n *pg_query.A_Expr, sc *scope) (*expr, error) {
	bounds := n.Rexpr.GetList().GetItems()
	x, err := b.expr(n.Lexpr, sc)
	if err != nil {
		return nil, err
	}
	low, err := b.expr(bounds[0], sc)
	if err != nil {
		return nil, err
	}
	high, err := b.expr(bounds[1], sc)
	if err != nil {
		return nil, err
	}
	within := func(low, high *expr) (*expr, error) {
		ge, err := b.operator(">=", x, low, n.Location)
		if err != nil {
			return nil, err
		}
		le, err := b.operator("<=", x, high, n.Location)
		if err != nil {
			return nil, err
		}
		return conjunction(ge, le), nil
	}
	e, err := within(low, high)
	if err != nil {
		return nil, err
	}
	if n.Kind == pg_query.A_Expr_Kind_AEXPR_BETWEEN_SYM || n.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM {
		other, err := within(high, low)
		if err != nil {
			return nil, err
		}
		e = disjunction(e, other)
	}
	if n.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN || n.Kind == pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN_SYM {
		e = negated(e)
	}
	return e, nil
}
