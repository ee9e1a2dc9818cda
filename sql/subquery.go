package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// subLink binds a subquery that stands in an expression.
func (b *binder) subLink(n *pg_query.SubLink, sc *scope) (*expr, error) {
	if n.SubLinkType == pg_query.SubLinkType_EXPR_SUBLINK {
		if e, ok, err := b.oneMatch(n.Subselect.GetSelectStmt(), sc); ok || err != nil {
			return e, err
		}
	}
	exists := n.SubLinkType == pg_query.SubLinkType_EXISTS_SUBLINK
	p, err := b.selectStatement(n.Subselect.GetSelectStmt(), sc, sc.ctes, usage{derived: exists, exists: exists})
	if err != nil {
		return nil, err
	}
	if exists {
		if err := b.settleTargets(p); err != nil {
			return nil, err
		}
		e := computed(pgtypes.Bool, "EXISTS ("+b.compose(p, nil)+")")
		e.bare, e.pos = p.outerRefs, n.Location
		return e, nil
	}
	if n.Testexpr.GetRowExpr() != nil {
		return b.rowSubLink(n, p, sc)
	}
	if len(p.targets) != 1 {
		message := "subquery must return only one column"
		if n.Testexpr != nil {
			message = "subquery has too many columns"
		}
		return nil, b.fail(pgerr.SyntaxError, n.Location, "%s", message)
	}
	switch n.SubLinkType {
	case pg_query.SubLinkType_EXPR_SUBLINK:
		if err := b.settleTargets(p); err != nil {
			return nil, err
		}
		t := p.targets[0].e
		e := &expr{typ: t.typ, scale: t.scale, wide: t.wide, sql: "(" + b.compose(p, nil) + ")", pos: n.Location, bare: p.outerRefs, collation: t.collation.ofColumn(), endless: t.endless, fromZero: t.fromZero}
		return b.told(e, n.Subselect.GetSelectStmt(), p), nil
	case pg_query.SubLinkType_ANY_SUBLINK, pg_query.SubLinkType_ALL_SUBLINK:
		return b.quantified(n, p, sc)
	case pg_query.SubLinkType_ARRAY_SUBLINK:
		return b.arraySubquery(n, p)
	default:
		return nil, b.unsupported(n.Location, "this form of subquery")
	}
}

// quantified binds x IN (SELECT …), x op ANY (SELECT …) and x op ALL (SELECT …).
func (b *binder) quantified(n *pg_query.SubLink, p *selectParts, sc *scope) (*expr, error) {
	op, word := "=", "ANY"
	if len(n.OperName) > 0 {
		op = operatorName(n.OperName)
	}
	if n.SubLinkType == pg_query.SubLinkType_ALL_SUBLINK {
		word = "ALL"
	}
	if flip[op] == "" {
		return nil, b.unsupported(n.Location, "%s %s (subquery)", op, word)
	}
	l, err := b.expr(n.Testexpr, sc)
	if err != nil {
		return nil, err
	}
	if err := b.settleTargets(p); err != nil {
		return nil, err
	}
	r := p.targets[0].e
	probe := *b.told(r, n.Subselect.GetSelectStmt(), p) // one row: ANY and ALL are the comparison with it
	// The operator tells both sides' types; only untyped sides take them.
	compared, err := b.operator(op, l, &probe, n.Location)
	if err != nil {
		return nil, err
	}
	if l.untyped() {
		if l, err = b.coerce(l, orText(r.oid())); err != nil {
			return nil, err
		}
	}
	left, rows, err := b.comparedRows(op, l, p)
	if err != nil {
		return nil, err
	}
	text := "(" + left + " " + op + " " + word + " (" + rows + "))"
	if op == "=" && word == "ANY" {
		text = "(" + left + " IN (" + rows + "))"
	}
	e := computed(pgtypes.Bool, text, l)
	e.when = forRows
	e.pos, e.bare = compared.pos, append(e.bare, p.outerRefs...)
	if probe.late != nil {
		e.proof = compared.proof
	}
	return e, nil
}

// comparedRows gives the texts of a value and of the rows that it is compared with: of wide numerics their
// keys, of objects their numbers.
func (b *binder) comparedRows(op string, l *expr, p *selectParts) (left, rows string, err error) {
	if b.blind(l, p.targets[0].e) {
		return b.trimmed(l).sql, "SELECT rtrim(c0, ' ') FROM (" + b.compose(p, nil) + ") AS " + b.alias("compared") + "(c0)", nil
	}
	if from := p.targets[0].e.oid(); isReg(l.oid()) || isReg(from) {
		left, rows = b.numberedRows(l, from, b.compose(p, nil))
		return left, rows, nil
	}
	if !l.wide && !p.targets[0].e.wide {
		return l.sql, b.compose(p, nil), nil
	}
	// Both sides have the operator's types: DuckDB does not know that the text is a numeric or jsonb.
	sig, res := chooseOperator(op, []pgtypes.OID{l.oid(), p.targets[0].e.oid()})
	if res != resolved {
		return l.sql, b.compose(p, nil), nil
	}
	if l, err = b.coerce(l, sig.args[0]); err != nil {
		return "", "", err
	}
	if err = b.retarget(p, 0, pgtypes.Of(sig.args[1])); err != nil {
		return "", "", err
	}
	if sig.args[0] == pgtypes.Numeric {
		p.widen(0)
	}
	return comparedText(l), "SELECT " + keyOf(p.targets[0].e, "c0") + " FROM (" + b.compose(p, nil) + ") AS " + b.alias("compared") + "(c0)", nil
}

// numberedRows writes both sides, one of which reads as an object's name, as numbers of objects.
func (b *binder) numberedRows(l *expr, from pgtypes.OID, rows string) (left, numbers string) {
	left = l.sql
	if isReg(l.oid()) {
		left = b.regNumber(l)
	}
	if !isReg(from) {
		return left, rows
	}
	return left, "SELECT " + b.regCall(from, "_oid", "c0") + " FROM (" + rows + ") AS " + b.alias("compared") + "(c0)"
}

func orText(t pgtypes.OID) pgtypes.OID {
	if t == 0 {
		return pgtypes.Text
	}
	return t
}
