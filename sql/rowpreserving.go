package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// RowPreserving says whether a SELECT gives at most one row for each row of the relation `source` and nothing else,
// so that every row that is missing from its result was taken away by WHERE: one scan of source in FROM, no join but to
// lookups by their key, no subquery, CTE, set operation, DISTINCT, GROUP BY, HAVING, aggregate, window or set-returning function, LIMIT. What
// is not so is 0A000 with the position. ORDER BY is refused too, because it would mean nothing.
func RowPreserving(st *Statement, lookups ...Lookup) error {
	sel := st.node.GetSelectStmt()
	if sel == nil {
		return pgerr.New(pgerr.FeatureNotSupported, "a pipeline is one SELECT, not %s", st.Tag)
	}
	if what := notPreserving(sel); what != "" {
		return pgerr.New(pgerr.FeatureNotSupported, "%s is not supported in a SELECT from source", what).
			WithHint("a first-stage SELECT gives one row for each record of source that WHERE lets through; put more into a second stage")
	}
	if err := st.scansSource(sel, lookups); err != nil {
		return err
	}
	var found *pgerr.Error
	walk(sel, func(n *pg_query.Node) {
		if what, location := manyRows(n); what != "" && found == nil {
			found = pgerr.New(pgerr.FeatureNotSupported, "%s is not supported in a SELECT from source", what).At(st.position(location))
		}
	})
	if found != nil {
		return found
	}
	return nil
}

// notPreserving names the clause that makes a SELECT something else than a projection and a filter, "" if none does.
func notPreserving(sel *pg_query.SelectStmt) string {
	switch {
	case sel.Op != pg_query.SetOperation_SETOP_NONE:
		return "a set operation"
	case len(sel.ValuesLists) > 0:
		return "VALUES"
	case sel.WithClause != nil:
		return "WITH"
	case sel.IntoClause != nil:
		return "INTO"
	case len(sel.DistinctClause) > 0:
		return "DISTINCT"
	case len(sel.GroupClause) > 0:
		return "GROUP BY"
	case sel.HavingClause != nil:
		return "HAVING"
	case len(sel.WindowClause) > 0:
		return "WINDOW"
	case sel.LimitCount != nil || sel.LimitOffset != nil:
		return "LIMIT"
	case len(sel.SortClause) > 0:
		return "ORDER BY"
	case len(sel.LockingClause) > 0:
		return "FOR UPDATE"
	}
	return ""
}

// SourceRelation is the name under which a first-stage SELECT reads the validated raw records.
const SourceRelation = "source"

// manyRows names an expression that depends on other rows or gives several, "" if it does not.
func manyRows(n *pg_query.Node) (what string, location int32) {
	if l := n.GetSubLink(); l != nil {
		return "a subquery", l.Location
	}
	if g := n.GetGroupingFunc(); g != nil {
		return "GROUPING", g.Location
	}
	call := n.GetFuncCall()
	if call == nil {
		return "", 0
	}
	name := ""
	if len(call.Funcname) > 0 {
		name = call.Funcname[len(call.Funcname)-1].GetString_().GetSval()
	}
	switch {
	case call.Over != nil:
		return "window function " + name, call.Location
	case call.AggStar, call.AggDistinct, call.AggFilter != nil, len(call.AggOrder) > 0, call.AggWithinGroup:
		return "aggregate " + name, call.Location
	}
	for _, f := range postgresTables().functions[name] {
		switch {
		case f.kind == 'a':
			return "aggregate " + name, call.Location
		case f.kind == 'w':
			return "window function " + name, call.Location
		case f.set:
			return "set-returning function " + name, call.Location
		}
	}
	return "", 0
}

// OutputPositions gives where the expressions of the SELECT list begin, in characters of the whole text from 1; of a
// set operation the first SELECT's. A `*` is one position.
func (s *Statement) OutputPositions() []int {
	sel := s.node.GetSelectStmt()
	for sel.GetLarg() != nil {
		sel = sel.GetLarg()
	}
	var positions []int
	for _, t := range sel.GetTargetList() {
		positions = append(positions, s.position(t.GetResTarget().GetLocation()))
	}
	return positions
}

// TableNames gives the relations that the statement names in FROM, each once, without those that a WITH defines.
func (s *Statement) TableNames() []TableName {
	ctes := map[string]bool{}
	walk(s.node, func(n *pg_query.Node) {
		if c := n.GetCommonTableExpr(); c != nil {
			ctes[c.Ctename] = true
		}
	})
	var names []TableName
	walk(s.node, func(n *pg_query.Node) {
		r := n.GetRangeVar()
		if r == nil || r.Schemaname == "" && ctes[r.Relname] {
			return
		}
		if name := (TableName{Schema: r.Schemaname, Table: r.Relname}); !slices.Contains(names, name) {
			names = append(names, name)
		}
	})
	return names
}
