package sql

import (
	"fmt"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// Carry gives the statement with more output columns: columns of its first relation, by their names, after its own.
// A `*` of it is spelled out as the columns given in star, so that it does not take in the carried ones. The statement is
// a SELECT over one relation named directly in FROM (not a subquery or CTE), or over that with joins; anything else is 0A000.
func (s *Statement) Carry(star []string, carried ...string) (*Statement, error) {
	tree, sel, qualifier, err := s.singleSelect()
	if err != nil {
		return nil, err
	}
	var targets []*pg_query.Node
	for _, t := range sel.TargetList {
		value := t.GetResTarget().GetVal()
		if of, _ := columnOf(value); !isStar(value) || of != "" && of != qualifier {
			targets = append(targets, t)
			continue
		}
		for _, name := range star {
			targets = append(targets, columnTarget(qualifier, name))
		}
	}
	for _, name := range carried {
		targets = append(targets, columnTarget(qualifier, name))
	}
	sel.TargetList = targets
	return deparsed(tree)
}

// BareOutputs gives the output columns of a SELECT that are nothing but a column of a relation named in FROM: output
// name → column name, without the relation's. Outputs of expressions are not in it, nor is what a `*` stands for.
// There are none where the name may stand for something else or the rows for others than they came from: in a set
// operation, with WITH, a subquery or function in FROM, LIMIT, DISTINCT ON, grouping sets.
func (s *Statement) BareOutputs() map[string]string {
	bare := map[string]string{}
	sel := s.node.GetSelectStmt()
	if sel == nil || sel.Op != pg_query.SetOperation_SETOP_NONE || sel.WithClause != nil ||
		sel.LimitCount != nil || sel.LimitOffset != nil {
		return bare
	}
	plain := true
	walkAll(sel.FromClause, func(n *pg_query.Node) {
		plain = plain && n.GetRangeSubselect() == nil && n.GetRangeFunction() == nil
	})
	walkAll(sel.GroupClause, func(n *pg_query.Node) { plain = plain && n.GetGroupingSet() == nil })
	for _, n := range sel.DistinctClause { // a plain DISTINCT has one empty node
		plain = plain && n.GetNode() == nil
	}
	if !plain {
		return bare
	}
	for _, t := range sel.TargetList {
		fields := t.GetResTarget().GetVal().GetColumnRef().GetFields()
		if len(fields) == 0 {
			continue
		}
		column := fields[len(fields)-1].GetString_().GetSval()
		if column == "" {
			continue
		}
		name := t.GetResTarget().GetName()
		if name == "" {
			name = column
		}
		bare[name] = column
	}
	return bare
}

// ReadsOnce reports whether a SELECT reads one relation once and combines its rows by GROUP BY alone: no join, subquery
// or window function, with which a row may depend on any other row.
func (s *Statement) ReadsOnce() bool {
	relations, alone := 0, true
	walk(s.node, func(n *pg_query.Node) {
		if n.GetRangeVar() != nil {
			relations++
		}
		alone = alone && n.GetSubLink() == nil && n.GetRangeSubselect() == nil && n.GetFuncCall().GetOver() == nil
	})
	return alone && relations == 1
}

// singleSelect parses the statement's text once more, for the caller to change, and gives the name under which the
// first relation of its joins is known in it.
func (s *Statement) singleSelect() (tree *pg_query.ParseResult, sel *pg_query.SelectStmt, qualifier string, err error) {
	tree, err = pg_query.Parse(s.Text)
	if err != nil {
		return nil, nil, "", fmt.Errorf("parse a statement again: %w", err)
	}
	if len(tree.Stmts) == 1 {
		sel = tree.Stmts[0].Stmt.GetSelectStmt()
	}
	relation := firstRelation(sel)
	if relation == nil {
		return nil, nil, "", pgerr.New(pgerr.FeatureNotSupported,
			"a first-stage SELECT that does not read source directly is not supported yet").
			WithHint("write SELECT … FROM source WHERE …, without subquery or CTE")
	}
	if len(relation.GetAlias().GetColnames()) > 0 {
		return nil, nil, "", pgerr.New(pgerr.FeatureNotSupported, "column aliases of source are not supported yet")
	}
	return tree, sel, nameOf(relation), nil
}

// firstRelation gives the leftmost relation of a plain SELECT's joins; nil if there is none.
func firstRelation(sel *pg_query.SelectStmt) *pg_query.RangeVar {
	if sel == nil || sel.Op != pg_query.SetOperation_SETOP_NONE || sel.WithClause != nil || len(sel.FromClause) != 1 {
		return nil
	}
	from := sel.FromClause[0]
	for from.GetJoinExpr() != nil {
		from = from.GetJoinExpr().Larg
	}
	return from.GetRangeVar()
}

// isStar reports whether the expression is `*` or `relation.*`.
func isStar(n *pg_query.Node) bool {
	fields := n.GetColumnRef().GetFields()
	return len(fields) > 0 && fields[len(fields)-1].GetAStar() != nil
}

func columnTarget(qualifier, name string) *pg_query.Node {
	ref := pg_query.MakeColumnRefNode([]*pg_query.Node{
		pg_query.MakeStrNode(qualifier), pg_query.MakeStrNode(name),
	}, -1)
	return pg_query.MakeResTargetNodeWithVal(ref, -1)
}

// deparsed makes a Statement of a changed tree, by way of its text: a Statement's tree and text always agree.
func deparsed(tree *pg_query.ParseResult) (*Statement, error) {
	text, err := pg_query.Deparse(tree)
	if err != nil {
		return nil, fmt.Errorf("deparse a changed SELECT: %w", err)
	}
	statements, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse a changed SELECT: %w", err)
	}
	if len(statements) != 1 {
		return nil, fmt.Errorf("a changed SELECT became %d statements", len(statements))
	}
	return statements[0], nil
}
