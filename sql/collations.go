package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// collate drops the collations that are the order of bytes already; no other is supported.
func (b *binder) collate(n *pg_query.CollateClause, sc *scope) (*expr, error) {
	e, err := b.expr(n.Arg, sc)
	if err != nil {
		return nil, err
	}
	p := postgresTables()
	if t := e.oid(); t != 0 && p.category(t) != 'S' && p.category(p.elementOf(t)) != 'S' {
		return nil, b.fail(pgerr.DatatypeMismatch, n.Location, "collations are not supported by type %s", p.typeName(t))
	}
	switch strings.ToLower(operatorName(n.Collname)) {
	case "default", "c", "posix", "ucs_basic", "c.utf-8", "c.utf8":
		return e, nil
	}
	return nil, b.unsupported(n.Location, "collation %q", operatorName(n.Collname))
}
