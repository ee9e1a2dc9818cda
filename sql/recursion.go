package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"tidegate/internal/pgerr"
)

// invalidRecursion is PostgreSQL's SQLSTATE for a WITH RECURSIVE that it does not compute.
const invalidRecursion pgerr.Code = "42P19"

// wellFormed checks the query of a WITH item that refers to itself as PostgreSQL does: the recursive term has the item
// once, where every row of it gives rows of its own. Elsewhere the recursion could go on for ever.
func (b *binder) wellFormed(q *pg_query.SelectStmt, item string, at int32) error {
	if q.Op != pg_query.SetOperation_SETOP_UNION || q.WithClause != nil {
		return b.fail(invalidRecursion, at, "recursive query %q does not have the form non-recursive-term UNION [ALL] recursive-term", item)
	}
	r := &recursion{b: b, item: item}
	r.within("its non-recursive term", q.Larg)
	r.message(q.Rarg.ProtoReflect())
	if r.err != nil {
		return r.err
	}
	for _, c := range []struct {
		clause string
		there  bool
		at     int32
	}{
		{"ORDER BY", len(q.SortClause) > 0, firstOf(q.SortClause)},
		{"OFFSET", q.LimitOffset != nil, firstPlace(q.LimitOffset, -1)},
		{"LIMIT", q.LimitCount != nil, firstPlace(q.LimitCount, -1)},
		{"FOR UPDATE/SHARE", len(q.LockingClause) > 0, -1},
	} {
		if c.there {
			return b.fail(pgerr.FeatureNotSupported, c.at, "%s in a recursive query is not implemented", c.clause)
		}
	}
	return nil
}

func firstOf(keys []*pg_query.Node) int32 {
	if len(keys) == 0 {
		return -1
	}
	return firstPlace(keys[0].GetSortBy().GetNode(), -1)
}

// recursion looks for references of an item to itself.
type recursion struct {
	b     *binder
	item  string
	place string // what a reference must not appear within, "" where it may
	found int
	err   error // the first mistake
}

// within looks at a part in which no reference may be; nil is no part.
func (r *recursion) within(place string, part proto.Message) {
	before := r.place
	r.place = place
	r.message(part.ProtoReflect())
	r.place = before
}

func (r *recursion) message(m protoreflect.Message) {
	if !m.IsValid() || r.err != nil {
		return
	}
	switch n := m.Interface().(type) {
	case *pg_query.RangeVar:
		r.reference(n)
	case *pg_query.SelectStmt:
		r.selection(n)
	case *pg_query.JoinExpr:
		r.join(n)
	case *pg_query.SubLink:
		r.within("a subquery", n.Subselect)
		r.message(n.Testexpr.ProtoReflect())
	default:
		r.children(m)
	}
}

func (r *recursion) children(m protoreflect.Message) {
	for part := range parts(m) {
		r.message(part.ProtoReflect())
	}
}

func (r *recursion) reference(v *pg_query.RangeVar) {
	if v.Schemaname != "" || v.Relname != r.item {
		return
	}
	if r.place != "" {
		r.err = r.b.fail(invalidRecursion, v.Location, "recursive reference to query %q must not appear within %s", r.item, r.place)
		return
	}
	if r.found++; r.found > 1 {
		r.err = r.b.fail(invalidRecursion, v.Location, "recursive reference to query %q must not appear more than once", r.item)
	}
}

// selection looks at a query, in which a WITH item of the same name hides the outer one.
func (r *recursion) selection(n *pg_query.SelectStmt) {
	for _, c := range n.WithClause.GetCtes() {
		if c.GetCommonTableExpr().GetCtename() == r.item {
			return
		}
	}
	left, right := "", ""
	switch n.Op {
	case pg_query.SetOperation_SETOP_INTERSECT:
		if n.All {
			left, right = "INTERSECT", "INTERSECT"
		}
	case pg_query.SetOperation_SETOP_EXCEPT:
		right = "EXCEPT"
		if n.All {
			left = "EXCEPT"
		}
	default:
		r.children(n.ProtoReflect())
		return
	}
	r.side(left, n.Larg)
	r.side(right, n.Rarg)
}

func (r *recursion) join(n *pg_query.JoinExpr) {
	left, right := "", ""
	switch n.Jointype {
	case pg_query.JoinType_JOIN_LEFT:
		right = "an outer join"
	case pg_query.JoinType_JOIN_RIGHT:
		left = "an outer join"
	case pg_query.JoinType_JOIN_FULL:
		left, right = "an outer join", "an outer join"
	default:
	}
	r.side(left, n.Larg)
	r.side(right, n.Rarg)
	r.message(n.Quals.ProtoReflect())
}

// side looks at a side of a join or a set operation, which place forbids unless it is "".
func (r *recursion) side(place string, part proto.Message) {
	if place == "" || r.place != "" {
		r.message(part.ProtoReflect())
		return
	}
	r.within(place, part)
}

// foundKey is the column by which a recursive UNION of what goes by keys knows the rows that it has found.
const foundKey = `"?key"`

// composeFound writes such a UNION: DuckDB's own would find the same rows by their texts. Of rows with one key the first one
// stays, and gives no more rows when another is met.
func (b *binder) composeFound(p *selectParts, c *cte) string {
	columns := strings.Join(columnNames(p), ", ")
	keys := columnKeys(p)
	for i := range keys {
		keys[i] = "k" + itoa(i) + " := " + keys[i]
	}
	key := "struct_pack(" + strings.Join(keys, ", ") + ")"
	part := func(side *selectParts) string {
		return "SELECT DISTINCT ON (" + key + ") " + columns + ", " + key + " FROM (" + b.compose(side, columnNames(p)) + ") AS " + b.alias("found") + "(" + columns + ")"
	}
	return "(" + part(p.left) + ") UNION (" + part(p.right) + " WHERE NOT EXISTS (SELECT 1 FROM recurring." + name(c.alias) +
		" AS r WHERE r." + foundKey + " IS NOT DISTINCT FROM " + key + "))"
}

func refersTo(n *pg_query.Node, table string) bool {
	found := false
	walk(n, func(n *pg_query.Node) {
		v := n.GetRangeVar()
		found = found || v != nil && v.Schemaname == "" && v.Relname == table
	})
	return found
}
