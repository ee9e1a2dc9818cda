package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
)

// having binds HAVING and, of Redshift, QUALIFY.
func (b *binder) having(n *pg_query.Node, p *selectParts) error {
	having, qualify := qualified(n)
	var err error
	if having != nil {
		p.scope.clause = "HAVING"
		p.having, err = b.filter(having, p.scope, "HAVING")
		p.scope.clause = ""
		if err != nil {
			return err
		}
		p.aggregated = true
	}
	if qualify == nil {
		return nil
	}
	if p.qualify, err = b.filter(qualify, p.scope, "QUALIFY"); err != nil {
		return err
	}
	windowed := p.qualify.scopes.window
	for _, t := range p.targets {
		windowed = windowed || t.e.scopes.window
	}
	if !windowed {
		return b.fail(pgerr.SyntaxError, p.qualify.pos, "QUALIFY needs a window function, in its condition or in the SELECT list")
	}
	p.windowed, p.aggregated = true, p.aggregated || p.qualify.scopes.aggregate
	return nil
}

// filter binds a condition of groups, of the rows of windows, or of the rows of an aggregate.
func (b *binder) filter(n *pg_query.Node, sc *scope, clause string) (*expr, error) {
	e, err := b.expr(n, sc)
	if err != nil {
		return nil, err
	}
	return b.boolean(e, clause)
}

// qualified takes QUALIFY's condition out of HAVING.
func qualified(having *pg_query.Node) (rest, qualify *pg_query.Node) {
	if respelledAs(having.GetFuncCall()) == callQualify {
		return nil, having.GetFuncCall().Args[0]
	}
	and := having.GetBoolExpr()
	if and.GetBoolop() != pg_query.BoolExprType_AND_EXPR {
		return having, nil
	}
	last := len(and.Args) - 1
	if respelledAs(and.Args[last].GetFuncCall()) != callQualify {
		return having, nil
	}
	qualify = and.Args[last].GetFuncCall().Args[0]
	if last == 1 {
		return and.Args[0], qualify
	}
	left, _ := proto.Clone(and).(*pg_query.BoolExpr) // it is of its own type
	left.Args = left.Args[:last]
	return &pg_query.Node{Node: &pg_query.Node_BoolExpr{BoolExpr: left}}, qualify
}

// redshiftName is what a name means that is no column: SYSDATE, or an output column in front. It is nil for none.
func (b *binder) redshiftName(parts []string, pos int32, sc *scope) (*expr, error) {
	if len(parts) != 1 {
		return nil, nil
	}
	if i := sc.self.lateralAlias(parts[0], pos); i >= 0 {
		return b.lateral(i, pos, sc)
	}
	if parts[0] == "sysdate" {
		return b.clock(b.env.Now, pos), nil
	}
	return nil, nil
}

// lateralAlias finds the output column that Redshift lets a later expression of the same SELECT name where no relation
// has a column of that name; -1 is none.
func (sc *scope) lateralAlias(name string, pos int32) int {
	found := -1
	for i, t := range sc.plan {
		if !t.as || t.name != name || t.at > pos || i+1 < len(sc.plan) && sc.plan[i+1].at > pos {
			continue
		}
		if found >= 0 {
			return -1 // it says nothing which one is meant
		}
		found = i
	}
	return found
}

// lateral gives output column i for an expression behind it. GROUP BY comes here before the output columns are bound.
func (b *binder) lateral(i int, pos int32, sc *scope) (*expr, error) {
	level := sc.self
	var bound *expr
	switch {
	case i < len(level.outputs):
		level.outputs[i].needed()
		bound = level.outputs[i].e
	case level.plan[i].binding:
		return nil, nil // it names itself
	default:
		level.plan[i].binding = true
		defer func() { level.plan[i].binding = false }()
		var err error
		if bound, err = b.expr(level.plan[i].node, sc); err != nil {
			return nil, err
		}
	}
	if sc.inCall && bound.scopes.aggregate || sc.inWindow && bound.scopes.window {
		return nil, nil
	}
	e := *bound
	e.pos = pos
	return &e, nil
}
