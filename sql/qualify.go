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
		if p.having, err = b.filter(having, p.scope, "HAVING"); err != nil {
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

// filter binds a condition of groups or of the rows of windows.
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
func (b *binder) redshiftName(parts []string, pos int32, sc *scope) *expr {
	if t := sc.lateralAlias(parts); t != nil {
		if sc.inCall && t.e.scopes.aggregate || sc.inWindow && t.e.scopes.window {
			return nil
		}
		t.needed()
		e := *t.e
		e.pos = pos
		return &e
	}
	if len(parts) == 1 && parts[0] == "sysdate" {
		return b.clock(b.env.Now, pos)
	}
	return nil
}

// lateralAlias finds the output column, bound already, that Redshift lets a later expression of the same SELECT name where no
// relation has a column of that name.
func (sc *scope) lateralAlias(parts []string) *target {
	if len(parts) != 1 {
		return nil
	}
	var found *target
	for _, t := range sc.self.outputs {
		if t.name == parts[0] && t.named {
			if found != nil {
				return nil // it says nothing which one is meant
			}
			found = t
		}
	}
	return found
}
