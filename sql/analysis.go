package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// PostgreSQL analyses a SELECT's clauses in an order of its own, and tells the first error that it meets. The binder needs
// another one: GROUP BY comes before the columns that are made of its keys. Which of several errors is told is found by
// binding the statement once more, for its errors only.

// analysedDepth is how deep subqueries are analysed in PostgreSQL's order: each level is bound twice for it.
const analysedDepth = 4

// firstError gives the error of a statement, which has one, that PostgreSQL tells. params are the types that the client gave.
func (b *binder) firstError(err error, params []pgtypes.OID) error {
	p, ok := asError(err)
	if !ok || b.redshift() || b.system || p.Code == pgerr.FeatureNotSupported || !strings.HasPrefix(string(p.Code), "42") && !strings.HasPrefix(string(p.Code), "22") {
		return err
	}
	again := newBinder(b.stmt, b.catalog, b.env, params, b.system)
	again.args, again.dialect, again.analyses = b.args, b.dialect, true
	if _, first := again.bindStatement(); first != nil && pgerr.CodeOf(first) != pgerr.FeatureNotSupported {
		return first
	}
	return err
}

// analyse binds the clauses of a SELECT in the order of PostgreSQL's transformSelectStmt. Windows come last there, as they do
// in the binder.
func (b *binder) analyse(n *pg_query.SelectStmt, src *source, sc, outer *scope, ctes *cte) error {
	b.provisional = true
	for _, w := range n.WindowClause {
		sc.windows[w.GetWindowDef().GetName()] = w.GetWindowDef()
	}
	defer func() {
		b.provisional = false
		clear(sc.windows)
		sc.memo, sc.grouping, sc.clause, sc.noCalls = map[*pg_query.Node]*expr{}, nil, "", false
	}()
	p := &selectParts{source: src, scope: sc}
	plan, err := b.analyseTargets(n, p)
	if err != nil {
		return err
	}
	if n.WhereClause != nil {
		if _, err := b.condition(n.WhereClause, sc, "WHERE"); err != nil {
			return err
		}
	}
	if n.HavingClause != nil {
		if err := b.having(n.HavingClause, p); err != nil {
			return err
		}
	}
	for _, s := range n.SortClause {
		if _, err := b.sortKey(s.GetSortBy(), p); err != nil {
			return err
		}
	}
	if err := b.groupBy(n, p, plan); err != nil {
		return err
	}
	if err := b.distinct(n, p); err != nil {
		return err
	}
	if _, err := b.limit(n.LimitOffset, "OFFSET", p, outer, ctes); err != nil {
		return err
	}
	_, err = b.limit(n.LimitCount, "LIMIT", p, outer, ctes)
	return err
}

func (b *binder) analyseTargets(n *pg_query.SelectStmt, p *selectParts) ([]planned, error) {
	if len(n.TargetList) == 0 {
		return nil, nil
	}
	plan, err := b.planTargets(n.TargetList, p.scope)
	if err != nil {
		return nil, err
	}
	for _, t := range plan {
		p.scope.sets = true
		bound, err := b.target(t, p.scope, false)
		p.scope.sets = false
		if err != nil {
			return nil, err
		}
		p.targets = append(p.targets, bound)
	}
	return plan, nil
}
