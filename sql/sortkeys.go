package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// sortKey is one key of ORDER BY.
type sortKey struct {
	sql    string
	e      *expr // nil for an output column
	output int   // number of the output column, from 1; 0 for an expression
	desc   bool

	direction string // DESC, NULLS FIRST
}

// sortKey binds one key of ORDER BY: an output column by number, by name or by being the same expression, else an
// expression of the level.
func (b *binder) sortKey(s *pg_query.SortBy, p *selectParts) (sortKey, error) {
	s, err := b.sortOperator(s)
	if err != nil {
		return sortKey{}, err
	}
	i, err := b.outputRef(s.Node, p, "ORDER BY")
	if err != nil {
		return sortKey{}, err
	}
	k := sortKey{output: i, desc: s.SortbyDir == pg_query.SortByDir_SORTBY_DESC}
	if i == 0 {
		if p.scope == nil || p.rows != nil {
			return k, b.noSortKey(s, p)
		}
		p.scope.sets = true
		k.e, err = b.expr(s.Node, p.scope)
		p.scope.sets = false
		if err != nil {
			return k, err
		}
		if k.e, err = b.settle(k.e); err != nil {
			return k, err
		}
		k.output = slices.IndexFunc(p.targets, func(t *target) bool {
			return t.e.sql == k.e.sql && isReg(t.e.oid()) == isReg(k.e.oid()) // a name and its object have one text
		}) + 1
		if k.output == 0 && strings.HasPrefix(p.distinct, "DISTINCT ") && !strings.HasPrefix(p.distinct, "DISTINCT ON") {
			return k, b.fail(pgerr.InvalidColumnReference, k.e.pos, "for SELECT DISTINCT, ORDER BY expressions must appear in select list")
		}
	}
	if k.output == 0 && k.e.scopes.set {
		return k, b.unsupported(k.e.pos, "ORDER BY a set-returning function that is no output column")
	}
	sorted := k.e
	if k.output > 0 {
		sorted = p.targets[k.output-1].e
	}
	if err := b.sorted(sorted, placeOf(s.Node, sorted)); err != nil {
		return k, err
	}
	switch {
	case isReg(sorted.oid()) && p.rows == nil && p.distinct == "":
		k.sql = b.regNumber(sorted) // objects are sorted by number
	case k.output > 0:
		k.sql = itoa(k.output)
	default:
		k.sql = orderText(k.e)
	}
	if k.output > 0 {
		p.targets[k.output-1].needed()
		k.e = nil
	}
	k.direction = direction(s)
	k.sql += k.direction
	return k, nil
}

// sortOperator gives a key that is ordered by an operator the direction that it means.
func (b *binder) sortOperator(s *pg_query.SortBy) (*pg_query.SortBy, error) {
	direction := pg_query.SortByDir_SORTBY_ASC
	switch op := operatorName(s.UseOp); op {
	case "":
		return s, nil
	case "<":
	case ">":
		direction = pg_query.SortByDir_SORTBY_DESC
	default:
		return nil, b.unsupported(s.Location, "ORDER BY … USING %s", op)
	}
	return &pg_query.SortBy{Node: s.Node, SortbyDir: direction, SortbyNulls: s.SortbyNulls, Location: s.Location}, nil
}

// noSortKey says what is wrong with a key of a set operation that is none of its columns.
func (b *binder) noSortKey(s *pg_query.SortBy, p *selectParts) error {
	sc := level(scope{})
	for _, t := range p.targets {
		sc.columns = append(sc.columns, &visible{name: t.name, typ: t.e.typ, scale: t.e.scale, sql: name(t.name), level: sc})
	}
	e, err := b.expr(s.Node, sc)
	if err != nil {
		return err
	}
	if p.rows != nil {
		return b.unsupported(e.pos, "VALUES in the order of an expression")
	}
	return b.fail(pgerr.FeatureNotSupported, firstPlace(s.Node, e.pos), "invalid UNION/INTERSECT/EXCEPT ORDER BY clause").
		WithDetail("Only result column names can be used, not expressions or functions.").
		WithHint("Add the expression/function to every SELECT, or move the UNION into a FROM clause.")
}

// firstPlace gives the first place that a tree names, pos if there is none.
func firstPlace(n *pg_query.Node, pos int32) int32 {
	walk(n, func(n *pg_query.Node) {
		for _, at := range []int32{n.GetColumnRef().GetLocation(), n.GetAConst().GetLocation(), n.GetFuncCall().GetLocation(), n.GetTypeCast().GetLocation(), n.GetAExpr().GetLocation()} {
			if at > 0 && (pos < 0 || at < pos) {
				pos = at
			}
		}
	})
	return pos
}

func direction(s *pg_query.SortBy) string {
	text := ""
	if s.SortbyDir == pg_query.SortByDir_SORTBY_DESC {
		text = " DESC"
	}
	switch s.SortbyNulls {
	case pg_query.SortByNulls_SORTBY_NULLS_FIRST:
		text += " NULLS FIRST"
	case pg_query.SortByNulls_SORTBY_NULLS_LAST:
		text += " NULLS LAST"
	default:
	}
	return text
}
