package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"
)

// leakproof reports whether no expression of the statement that may be tried on a row before a row filter has dropped it
// can fail by the row's values: such a failure would tell of rows that are not the asker's. Engines move conditions down
// to the rows, and never the outermost SELECT list, which is free. It answers by a short list; what is not on it can fail.
func leakproof(statement *pg_query.Node) bool {
	s := statement.GetSelectStmt()
	if s == nil {
		return false
	}
	if s.Op == pg_query.SetOperation_SETOP_NONE {
		for _, list := range [][]*pg_query.Node{s.TargetList, s.SortClause, s.GroupClause, s.DistinctClause} {
			if !slices.ContainsFunc(list, hasSubquery) {
				continue
			}
			return false
		}
		free := pg_query.SelectStmt{
			FromClause: s.FromClause, WhereClause: s.WhereClause, HavingClause: s.HavingClause, WithClause: s.WithClause,
			LimitOffset: s.LimitOffset, LimitCount: s.LimitCount, LimitOption: s.LimitOption, Op: s.Op,
		}
		return len(s.ValuesLists) == 0 && len(s.WindowClause) == 0 && quietSelect(&free)
	}
	return quietSelect(s)
}

func hasSubquery(n *pg_query.Node) bool {
	found := false
	walk(n, func(n *pg_query.Node) { found = found || n.GetSubLink() != nil })
	return found
}

// quietSelect reports whether nothing in a SELECT can fail by a row's values.
func quietSelect(s *pg_query.SelectStmt) bool {
	if s == nil {
		return true
	}
	if s.Op != pg_query.SetOperation_SETOP_NONE && (!quietSelect(s.Larg) || !quietSelect(s.Rarg)) {
		return false
	}
	for _, n := range s.WithClause.GetCtes() {
		if c := n.GetCommonTableExpr(); c == nil || !quietSelect(c.Ctequery.GetSelectStmt()) {
			return false
		}
	}
	for _, list := range [][]*pg_query.Node{s.TargetList, s.SortClause, s.GroupClause, s.ValuesLists} {
		if !all(list, quiet) {
			return false
		}
	}
	distinctOn := slices.ContainsFunc(s.DistinctClause, func(n *pg_query.Node) bool { return n.GetNode() != nil })
	return !distinctOn && len(s.WindowClause) == 0 && s.IntoClause == nil && all(s.FromClause, quietFrom) &&
		all([]*pg_query.Node{s.WhereClause, s.HavingClause, s.LimitOffset, s.LimitCount}, quiet)
}

func all(list []*pg_query.Node, f func(*pg_query.Node) bool) bool {
	return !slices.ContainsFunc(list, func(n *pg_query.Node) bool { return !f(n) })
}

func quietFrom(n *pg_query.Node) bool {
	switch x := n.GetNode().(type) {
	case *pg_query.Node_RangeVar:
		return true
	case *pg_query.Node_RangeSubselect:
		return quietSelect(x.RangeSubselect.Subquery.GetSelectStmt())
	case *pg_query.Node_JoinExpr:
		return quietFrom(x.JoinExpr.Larg) && quietFrom(x.JoinExpr.Rarg) && quiet(x.JoinExpr.Quals)
	}
	return false
}

// quiet reports whether an expression, also none, is of columns, constants and comparisons.
func quiet(n *pg_query.Node) bool {
	switch x := n.GetNode().(type) {
	case nil, *pg_query.Node_ColumnRef, *pg_query.Node_AConst, *pg_query.Node_ParamRef:
		return true
	case *pg_query.Node_ResTarget:
		return quiet(x.ResTarget.Val)
	case *pg_query.Node_SortBy:
		return quiet(x.SortBy.Node)
	case *pg_query.Node_List:
		return all(x.List.Items, quiet)
	case *pg_query.Node_BoolExpr:
		return all(x.BoolExpr.Args, quiet)
	case *pg_query.Node_NullTest:
		return quiet(x.NullTest.Arg)
	case *pg_query.Node_BooleanTest:
		return quiet(x.BooleanTest.Arg)
	case *pg_query.Node_TypeCast: // of a literal, which is read before any row is
		return x.TypeCast.Arg.GetAConst() != nil || x.TypeCast.Arg.GetParamRef() != nil
	case *pg_query.Node_AExpr:
		return quietOperator(x.AExpr)
	case *pg_query.Node_FuncCall:
		return quietAggregate(x.FuncCall)
	case *pg_query.Node_SubLink: // a scalar one fails by its number of rows
		t := x.SubLink.SubLinkType
		return (t == pg_query.SubLinkType_EXISTS_SUBLINK || t == pg_query.SubLinkType_ANY_SUBLINK && len(x.SubLink.OperName) == 0) &&
			quiet(x.SubLink.Testexpr) && quietSelect(x.SubLink.Subselect.GetSelectStmt())
	}
	return false
}

// quietOperators compare; they are the same for all types, and PostgreSQL calls them leakproof for the plain ones.
var quietOperators = []string{"=", "<>", "!=", "<", "<=", ">", ">="}

func quietOperator(x *pg_query.A_Expr) bool {
	switch x.Kind {
	case pg_query.A_Expr_Kind_AEXPR_OP, pg_query.A_Expr_Kind_AEXPR_OP_ANY, pg_query.A_Expr_Kind_AEXPR_IN:
		return len(x.Name) == 1 && slices.Contains(quietOperators, operatorName(x.Name)) && x.Lexpr != nil && quiet(x.Lexpr) && quiet(x.Rexpr)
	case pg_query.A_Expr_Kind_AEXPR_BETWEEN, pg_query.A_Expr_Kind_AEXPR_NOT_BETWEEN,
		pg_query.A_Expr_Kind_AEXPR_DISTINCT, pg_query.A_Expr_Kind_AEXPR_NOT_DISTINCT:
		return quiet(x.Lexpr) && quiet(x.Rexpr)
	case pg_query.A_Expr_Kind_AEXPR_LIKE: // of a pattern that cannot be wrong
		c := x.Rexpr.GetAConst().GetSval()
		return c != nil && !strings.Contains(c.Sval, `\`) && quiet(x.Lexpr)
	default:
		return false
	}
}

// quietAggregate lets aggregates pass: what they compute is computed above the rows that the filter leaves.
func quietAggregate(f *pg_query.FuncCall) bool {
	if len(f.Funcname) != 1 || f.Over != nil || f.AggFilter != nil || len(f.AggOrder) > 0 {
		return false
	}
	return slices.Contains([]string{"count", "sum", "min", "max", "avg"}, operatorName(f.Funcname)) && !slices.ContainsFunc(f.Args, hasSubquery)
}
