package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// rowSubLink binds (a, b) IN (SELECT …), (a, b) op ANY (SELECT …) and (a, b) op ALL (SELECT …). The comparison is spelled
// out for every row of the subquery: DuckDB compares rows with NULLs otherwise.
func (b *binder) rowSubLink(n *pg_query.SubLink, p *selectParts, sc *scope) (*expr, error) {
	op := "="
	if len(n.OperName) > 0 {
		op = operatorName(n.OperName)
	}
	compared, from, err := b.rowAgainst(op, n.Testexpr.GetRowExpr(), p, n.Location, sc)
	if err != nil {
		return nil, err
	}
	decides, otherwise := "c", "true"
	if n.SubLinkType == pg_query.SubLinkType_ALL_SUBLINK {
		decides = "NOT c"
	} else {
		otherwise = "false"
	}
	decided := map[string]string{"true": "false", "false": "true"}[otherwise]
	e := computed(pgtypes.Bool, "(SELECT CASE WHEN coalesce(bool_or("+decides+"), false) THEN "+decided+" WHEN coalesce(bool_or(c IS NULL), false) THEN NULL ELSE "+
		otherwise+" END FROM (SELECT "+compared.sql+" AS c FROM "+from+") AS "+b.alias("compared")+")", compared)
	e.when = forRows
	e.pos, e.bare = n.Location, append(e.bare, p.outerRefs...)
	return e, nil
}

// rowEqualsSubquery binds (a, b) op (SELECT …), of which there may be one row.
func (b *binder) rowEqualsSubquery(op string, row *pg_query.RowExpr, n *pg_query.SubLink, pos int32, sc *scope) (*expr, error) {
	if op == "!=" {
		op = "<>"
	}
	p, err := b.selectStatement(n.Subselect.GetSelectStmt(), sc, sc.ctes, usage{})
	if err != nil {
		return nil, err
	}
	compared, from, err := b.rowAgainst(op, row, p, pos, sc)
	if err != nil {
		return nil, err
	}
	e := computed(pgtypes.Bool, "(SELECT "+compared.sql+" FROM "+from+")", compared)
	e.when = forRows
	e.pos, e.bare = pos, append(e.bare, p.outerRefs...)
	return e, nil
}

// rowAgainst gives the comparison of a row with a row of a subquery, and the FROM item in which that row is.
func (b *binder) rowAgainst(op string, row *pg_query.RowExpr, p *selectParts, pos int32, sc *scope) (compared *expr, from string, err error) {
	switch {
	case flip[op] == "":
		return nil, "", b.unsupported(pos, "a row %s a subquery", op)
	case len(p.targets) > len(row.Args):
		return nil, "", b.fail(pgerr.SyntaxError, pos, "subquery has too many columns")
	case len(p.targets) < len(row.Args):
		return nil, "", b.fail(pgerr.SyntaxError, pos, "subquery has too few columns")
	}
	left, err := b.exprs(row.Args, sc)
	if err == nil {
		err = b.settleTargets(p)
	}
	if err != nil {
		return nil, "", err
	}
	alias := b.alias("tuple")
	var right []*expr
	var names []string
	for i, t := range p.targets {
		t.needed()
		c := "c" + itoa(i+1)
		e := computed(t.e.typ.OID, alias+"."+c)
		e.scale, e.wide = t.e.scale, t.e.wide
		right, names = append(right, e), append(names, c)
	}
	from = "(" + b.compose(p, names) + ") AS " + alias + "(" + strings.Join(names, ", ") + ")"
	if op != "=" && op != "<>" {
		compared, err = b.rowOrder(op, left, right, pos)
	} else {
		compared, err = b.rowPairs(op, left, right, pos)
	}
	return compared, from, err
}

// rowPairs spells (a, b) = (c, d) and (a, b) <> (c, d) out.
func (b *binder) rowPairs(op string, left, right []*expr, pos int32) (*expr, error) {
	var texts []string
	var parts []*expr
	var p *proof
	for i := range left {
		e, err := b.operator(op, left[i], right[i], pos)
		if err != nil {
			return nil, err
		}
		switch {
		case i == 0:
			p = e.proof
		case op == "=":
			p = andProof(p, e.proof)
		default:
			p = orProof(p, e.proof)
		}
		texts, parts = append(texts, e.sql), append(parts, e)
	}
	word := map[string]string{"=": " AND ", "<>": " OR "}[op]
	e := computed(pgtypes.Bool, "("+strings.Join(texts, word)+")", parts...)
	e.proof = p
	return e, nil
}
