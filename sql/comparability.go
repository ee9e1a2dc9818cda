package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// sorted refuses to sort by what has no order in PostgreSQL, or none here; pos is where it is asked for.
func (b *binder) sorted(e *expr, pos int32) error {
	err := b.comparability(e, "ordering", pos)
	if p, ok := asError(err); ok && p.Code == pgerr.UndefinedFunction {
		return p.WithHint("Use an explicit ordering operator or modify the query.")
	}
	return err
}

// grouped refuses to look for equal ones among what has no equality.
func (b *binder) grouped(e *expr, pos int32) error { return b.comparability(e, "equality", pos) }

func (b *binder) groupedAll(list []*expr) error {
	for _, e := range list {
		if err := b.grouped(e, e.pos); err != nil {
			return err
		}
	}
	return nil
}

// distinctArguments is grouped of an aggregate's arguments: PostgreSQL finds equal ones there by sorting.
func (b *binder) distinctArguments(args []*expr) error {
	for _, e := range args {
		if isTransaction(e.typ.OID) {
			p, _ := asError(b.sorted(e, e.pos))
			p.Hint = ""
			return p.WithDetail("Aggregates with DISTINCT must be able to sort their inputs.")
		}
	}
	return b.groupedAll(args)
}

func (b *binder) comparability(e *expr, what string, pos int32) error {
	switch t := e.typ.OID; {
	case e.untyped():
	case t == pgtypes.JSON || postgresTables().elementOf(t) == pgtypes.JSON:
		return b.fail(pgerr.UndefinedFunction, pos, "could not identify an %s operator for type %s", what, typeText(e.typ))
	case isTransaction(t) && what == "ordering":
		return b.fail(pgerr.UndefinedFunction, pos, "could not identify an %s operator for type %s", what, typeText(e.typ))
	case t == pgtypes.Tid && what == "ordering":
		return b.unsupported(pos, "sorting by type tid")
	case t == pgtypes.Record:
		return b.unsupported(pos, "sorting or grouping rows as values")
	}
	return b.oneCollation(e.collation)
}

// placeOf gives the place of a key that is a name or a number, else that of its expression.
func placeOf(n *pg_query.Node, e *expr) int32 {
	switch n := n.GetNode().(type) {
	case *pg_query.Node_ColumnRef:
		return n.ColumnRef.Location
	case *pg_query.Node_AConst:
		return n.AConst.Location
	}
	return e.pos
}
