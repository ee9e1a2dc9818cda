package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// with binds the WITH list. It gives the text in front of the statement and the list that it sees.
func (b *binder) with(w *pg_query.WithClause, outer *scope, ctes *cte) (string, *cte, error) {
	if w == nil {
		return "", ctes, nil
	}
	var texts []string
	named := map[string]bool{}
	before := len(b.future)
	defer func() { b.future = b.future[:before] }()
	if !w.Recursive {
		for _, n := range slices.Backward(w.Ctes) {
			b.future = append(b.future, n.GetCommonTableExpr().GetCtename())
		}
	}
	for _, n := range w.Ctes {
		e := n.GetCommonTableExpr()
		if named[e.Ctename] {
			return "", nil, b.fail(pgerr.DuplicateAlias, e.Location, "WITH query name %q specified more than once", e.Ctename)
		}
		named[e.Ctename] = true
		if e.Ctequery.GetSelectStmt() == nil {
			return "", nil, b.fail(pgerr.FeatureNotSupported, e.Location, "data-modifying statements in WITH are not supported: tables are read-only here")
		}
		if e.SearchClause != nil || e.CycleClause != nil {
			return "", nil, b.unsupported(e.Location, "SEARCH and CYCLE in WITH")
		}
		c := &cte{name: e.Ctename, alias: b.alias("with_" + e.Ctename), outer: ctes}
		text, err := b.cteText(e, c, w.Recursive, outer)
		if err != nil {
			return "", nil, err
		}
		texts = append(texts, text)
		ctes = c
		b.future = b.future[:max(before, len(b.future)-1)]
	}
	word := "WITH "
	if w.Recursive {
		word = "WITH RECURSIVE "
	}
	return word + strings.Join(texts, ", ") + " ", ctes, nil
}

func (b *binder) cteText(e *pg_query.CommonTableExpr, c *cte, recursive bool, outer *scope) (string, error) {
	var names []string
	for _, n := range e.Aliascolnames {
		names = append(names, n.GetString_().GetSval())
	}
	q := e.Ctequery.GetSelectStmt()
	var p *selectParts
	var err error
	if recursive && refersTo(e.Ctequery, e.Ctename) {
		p, err = b.recursive(q, c, names, outer)
	} else {
		p, err = b.selectStatement(q, outer, c.outer, usage{derived: true})
	}
	if err != nil {
		return "", err
	}
	columns, text, err := b.derive(p, true)
	if err != nil {
		return "", err
	}
	if len(names) > len(columns) {
		return "", b.fail(pgerr.InvalidColumnReference, e.Location, "WITH query %q has %d columns available but %d columns specified", e.Ctename, len(columns), len(names))
	}
	if err := b.rename(columns, e.Ctename, names); err != nil {
		return "", err
	}
	var list []string
	for _, v := range columns {
		v.column = nil
		list = append(list, v.sql)
	}
	c.columns = columns
	return name(c.alias) + "(" + strings.Join(list, ", ") + ") AS (" + text + ")", nil
}

// recursive binds "first UNION [ALL] step", where step sees the columns that first gives.
func (b *binder) recursive(q *pg_query.SelectStmt, c *cte, names []string, outer *scope) (*selectParts, error) {
	if q.Op != pg_query.SetOperation_SETOP_UNION || len(q.SortClause) > 0 || q.LimitCount != nil || q.WithClause != nil {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "recursive query %q does not have the form non-recursive-term UNION [ALL] recursive-term", c.name)
	}
	first, err := b.selectStatement(q.Larg, outer, c.outer, usage{})
	if err != nil {
		return nil, err
	}
	for i, t := range first.targets {
		if t.e.typ.OID == pgtypes.Numeric { // the step may give other scales
			first.widen(i)
		}
	}
	if first.wide() && !q.All {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "a recursive UNION of numerics is not supported yet: UNION ALL is")
	}
	columns, _, err := b.derive(first, false)
	if err != nil {
		return nil, err
	}
	if err := b.rename(columns, c.name, names); err != nil {
		return nil, err
	}
	for _, v := range columns {
		v.column = nil
	}
	c.columns = columns
	step, err := b.selectStatement(q.Rarg, outer, c, usage{})
	if err != nil {
		return nil, err
	}
	return b.combine("UNION", q.All, first, step)
}

func refersTo(n *pg_query.Node, table string) bool {
	found := false
	walk(n, func(n *pg_query.Node) {
		v := n.GetRangeVar()
		found = found || v != nil && v.Schemaname == "" && v.Relname == table
	})
	return found
}
