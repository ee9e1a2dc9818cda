package sql

import (
	"fmt"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// arrayOperator binds x op ANY (array) and x op ALL (array).
func (b *binder) arrayOperator(op string, n *pg_query.A_Expr, sc *scope) (*expr, error) {
	all := n.Kind == pg_query.A_Expr_Kind_AEXPR_OP_ALL
	equal := op == "=" && !all || (op == "<>" || op == "!=") && all
	if a := n.Rexpr.GetAArrayExpr(); a != nil && equal && len(a.Elements) > 0 {
		return b.inArray(all, n, a, sc)
	}
	l, r, err := b.operands(n, sc)
	if err != nil {
		return nil, err
	}
	if r.untyped() {
		array, err := b.arrayTypeOf(orText(l.oid()), n.Location)
		if err == nil {
			r, err = b.coerce(r, array)
		}
		if err != nil {
			return nil, err
		}
	}
	if !isArray(r.typ.OID) {
		return nil, b.fail(pgerr.WrongObjectType, n.Location, "op ANY/ALL (array) requires array on right side")
	}
	if equal && r.items != nil {
		if len(r.items) == 0 {
			return boolConstant(all), nil
		}
		return b.in(all, l, r.items, n.Location)
	}
	switch {
	case equal:
		return b.among(all, l, r, n.Location)
	case len(r.items) > 0 && len(r.items) <= maxSpelled:
		return b.spelledOut(op, all, l, r.items, n.Location)
	}
	return b.quantifiedArray(op, all, l, r, n.Location)
}

// inArray binds x = ANY (ARRAY[a, b]), which the engine has as IN. Here the elements alone say what their type is.
func (b *binder) inArray(not bool, n *pg_query.A_Expr, a *pg_query.A_ArrayExpr, sc *scope) (*expr, error) {
	l, err := b.expr(n.Lexpr, sc)
	if err != nil {
		return nil, err
	}
	items, err := b.exprs(a.Elements, sc)
	if err != nil {
		return nil, err
	}
	if items, _, err = b.unify(items, "ARRAY", a.Location); err != nil {
		return nil, err
	}
	return b.in(not, l, items, n.Location)
}

// maxSpelled bounds the comparisons that take the place of one with a constant array.
const maxSpelled = 64

// spelledOut writes x op ANY (array) as comparisons with its elements, which prove what they prove one by one.
func (b *binder) spelledOut(op string, all bool, l *expr, items []*expr, pos int32) (*expr, error) {
	word, join := " OR ", orProof
	if all {
		word, join = " AND ", andProof
	}
	var texts []string
	var parts []*expr
	var p *proof
	for i, item := range items {
		e, err := b.operator(op, l, item, pos)
		switch {
		case err != nil:
			return nil, err
		case e.typ.OID != pgtypes.Bool:
			return nil, b.fail(pgerr.WrongObjectType, pos, "op ANY/ALL (array) requires operator to yield boolean")
		case i == 0:
			p = e.proof
		default:
			p = join(p, e.proof)
		}
		texts, parts = append(texts, e.sql), append(parts, e)
	}
	e := computed(pgtypes.Bool, "("+strings.Join(texts, word)+")", parts...)
	e.proof, e.pos = p, pos
	return e, nil
}

// among writes x = ANY (array), or x <> ALL (array) for not, without a function of every element: DuckDB binds none
// that looks at columns of two levels of query.
func (b *binder) among(not bool, l, r *expr, pos int32) (*expr, error) {
	probe := elementExpr(r)
	if _, err := b.operator("=", l, probe, pos); err != nil {
		return nil, err
	}
	t, err := b.equalType(l, []*expr{probe}, pos)
	if err != nil {
		return nil, err
	}
	if !comparable(t, b.system) {
		return nil, b.unsupported(pos, "= ANY over type %s", typeText(r.typ))
	}
	x, err := b.coerce(l, t)
	if err != nil {
		return nil, err
	}
	a, err := b.each(r, func(element *expr) (*expr, error) {
		c, err := b.coerce(element, t)
		if err == nil && x.wide {
			c = computed(pgtypes.Text, comparedText(c), c)
		}
		return c, err
	})
	if err != nil {
		return nil, err
	}
	if x.wide {
		x = computed(pgtypes.Text, comparedText(x), x)
	}
	text := fmt.Sprintf("CASE WHEN list_contains(%[1]s, %[2]s) THEN true "+
		"WHEN len(%[1]s) = 0 OR %[1]s IS NOT NULL AND %[2]s IS NOT NULL AND list_position(%[1]s, NULL) IS NULL THEN false END", a.sql, x.sql)
	if not {
		text = "(NOT " + text + ")"
	}
	e := computed(pgtypes.Bool, text, x, a)
	e.pos = pos
	if r.late != nil {
		e.proof = &proof{late: func(b *binder) (*proof, error) { return b.amongProof(not, l, r, pos) }}
	}
	return e, nil
}

// amongProof gives what among proves when the array is known: what a constant one does.
func (b *binder) amongProof(not bool, l, r *expr, pos int32) (*proof, error) {
	array, err := r.at(b)
	switch {
	case err != nil:
		return nil, err
	case array.items == nil:
		return nil, nil //nolint:nilnil // NULL, or not known yet: nothing is proven
	case len(array.items) == 0:
		return boolConstant(not).proof, nil
	}
	e, err := b.in(not, l, array.items, pos)
	if err != nil {
		return nil, err
	}
	return e.proof.at(b)
}

// quantifiedArray compares with every element. NULL is the answer where an element that is NULL could have decided.
func (b *binder) quantifiedArray(op string, all bool, l, r *expr, pos int32) (*expr, error) {
	answers, err := b.each(r, func(x *expr) (*expr, error) {
		e, err := b.operator(op, l, x, pos)
		if err == nil && e.typ.OID != pgtypes.Bool {
			err = b.fail(pgerr.WrongObjectType, pos, "op ANY/ALL (array) requires operator to yield boolean")
		}
		return e, err
	})
	if err != nil {
		return nil, err
	}
	fn := "tg_any("
	if all {
		fn = "tg_all("
	}
	e := computed(pgtypes.Bool, fn+answers.sql+")", l, r)
	e.pos = pos
	return e, nil
}

// arrayPair writes an operator of two arrays, or of an array and an element.
// l and r are the sides as they were written, x and y with the operator's types.
func (b *binder) arrayPair(op string, sig *signature, l, r, x, y *expr, pos int32) (*expr, error) {
	both := alike([]*expr{x, y})
	x, y = both[0], both[1]
	if unlike := countsFromZero(x) != countsFromZero(y); unlike && isArray(x.typ.OID) && isArray(y.typ.OID) {
		switch op {
		case "=", "<>": // of two arrays whose bounds differ only empty ones are equal
			not := map[string]string{"<>": "NOT "}[op]
			return computed(pgtypes.Bool, "("+not+"(len("+x.sql+") = 0 AND len("+y.sql+") = 0))", x, y), nil
		case "<", "<=", ">", ">=":
			return nil, b.unsupported(pos, "operator %s of arrays that do not count from the same number", op)
		}
	}
	switch op {
	case "=", "<>", "<", "<=", ">", ">=":
		equality := op == "=" || op == "<>" // the only ones that ACL items have
		if comparable(x.typ.OID, b.system) || equality && b.system && x.typ.OID == pgtypes.ACLItemArray {
			return b.compare(op, l, r, x, y), nil
		}
	case "||":
		e := b.concatenateArrays(sig, x, y)
		e.likeAll(both)
		return e, nil
	case "@>":
		return b.contains(x, y), nil
	case "<@":
		return b.contains(y, x), nil
	case "&&":
		return computed(pgtypes.Bool, "list_has_any("+orderText(x)+", "+orderText(y)+")", x, y), nil
	}
	return nil, b.unsupported(pos, "operator %s %s %s", op, typeText(x.typ), typeText(y.typ))
}

// contains writes x @> y. An element that is NULL is in no array, which DuckDB does not look at.
func (b *binder) contains(x, y *expr) *expr {
	return computed(pgtypes.Bool, "(list_has_all("+orderText(x)+", "+orderText(y)+") AND list_position("+y.sql+", NULL) IS NULL)", x, y)
}

// concatenateArrays writes || of two arrays or of an array and an element. A NULL array counts as an empty one.
func (b *binder) concatenateArrays(sig *signature, x, y *expr) *expr {
	switch {
	case !isArray(sig.args[0]):
		return computed(y.typ.OID, "list_prepend("+x.sql+", "+y.sql+")", x, y)
	case !isArray(sig.args[1]):
		return computed(x.typ.OID, "list_append("+x.sql+", "+y.sql+")", x, y)
	}
	return computed(x.typ.OID, "CASE WHEN "+x.sql+" IS NOT NULL OR "+y.sql+" IS NOT NULL THEN list_concat("+x.sql+", "+y.sql+") END", x, y)
}

// comparableArray reports whether arrays order as their elements do, on both sides.
func comparableArray(t pgtypes.OID, system bool) bool {
	element := postgresTables().elementOf(t)
	return element != 0 && comparable(element, system)
}
