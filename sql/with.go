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
	list := w.Ctes
	if w.Recursive {
		var err error
		if list, err = b.inOrder(list); err != nil {
			return "", nil, err
		}
	}
	for _, n := range list {
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
	itself := recursive && refersTo(e.Ctequery, e.Ctename)
	if itself {
		p, err = b.recursive(q, c, names, outer, e.Location)
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
	if itself && p.op == "UNION" && p.wide() {
		return name(c.alias) + "(" + strings.Join(append(list, foundKey), ", ") + ") USING KEY (" + foundKey + ") AS (" + b.composeFound(p, c) + ")", nil
	}
	return name(c.alias) + "(" + strings.Join(list, ", ") + ") AS (" + text + ")", nil
}

// inOrder sorts the items of WITH RECURSIVE so that each stands behind those that it refers to.
func (b *binder) inOrder(list []*pg_query.Node) ([]*pg_query.Node, error) {
	left := slices.Clone(list)
	var sorted []*pg_query.Node
	for len(left) > 0 {
		i := slices.IndexFunc(left, func(n *pg_query.Node) bool {
			return !slices.ContainsFunc(left, func(o *pg_query.Node) bool {
				return o != n && refersTo(n.GetCommonTableExpr().GetCtequery(), o.GetCommonTableExpr().GetCtename())
			})
		})
		if i < 0 {
			return nil, b.fail(pgerr.FeatureNotSupported, left[0].GetCommonTableExpr().GetLocation(), "mutual recursion between WITH items is not implemented")
		}
		sorted = append(sorted, left[i])
		left = slices.Delete(left, i, i+1)
	}
	return sorted, nil
}

// recursive binds "first UNION [ALL] step", where step sees the columns that first gives.
func (b *binder) recursive(q *pg_query.SelectStmt, c *cte, names []string, outer *scope, at int32) (*selectParts, error) {
	if err := b.wellFormed(q, c.name, at); err != nil {
		return nil, err
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
	columns, _, err := b.derive(first, false)
	if err != nil {
		return nil, err
	}
	if err := b.rename(columns, c.name, names); err != nil {
		return nil, err
	}
	for _, v := range columns {
		v.column, v.origin = nil, Origin{}
	}
	c.columns = columns
	step, err := b.selectStatement(q.Rarg, outer, c, usage{})
	if err != nil {
		return nil, err
	}
	if step.aggregated {
		return nil, b.fail(invalidRecursion, aggregateIn(q.Rarg), "aggregate functions are not allowed in a recursive query's recursive term")
	}
	types := make([]pgtypes.Type, len(first.targets))
	for i, t := range first.targets {
		types[i] = t.e.typ
		types[i].OID = t.e.oid()
	}
	p, err := b.combine("UNION", q.All, first, step)
	if err != nil {
		return nil, err
	}
	for i, t := range p.targets {
		if types[i].OID != 0 && (t.e.typ.OID != types[i].OID || t.e.typ.Typmod != types[i].Typmod) {
			return nil, b.fail(pgerr.DatatypeMismatch, first.targets[i].e.pos, "recursive query %q column %d has type %s in non-recursive term but type %s overall",
				c.name, i+1, typeText(types[i]), typeText(t.e.typ)).
				WithHint("Cast the output of the non-recursive term to the correct type.")
		}
	}
	return p, nil
}

// aggregateIn finds the first aggregate of a statement, -1 if there is none.
func aggregateIn(q *pg_query.SelectStmt) int32 {
	at := int32(-1)
	for _, n := range append(slices.Clone(q.TargetList), q.HavingClause) {
		walk(n, func(n *pg_query.Node) {
			f := n.GetFuncCall()
			if f == nil || f.Over != nil || at >= 0 {
				return
			}
			if known := postgresTables().functions[operatorName(f.Funcname)]; len(known) > 0 && known[0].kind == 'a' {
				at = f.Location
			}
		})
	}
	return at
}
