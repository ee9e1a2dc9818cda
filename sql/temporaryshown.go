package sql

import (
	"strconv"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgtext"
)

// ShownCheck is a check as the system relations show it.
type ShownCheck struct {
	Name       string
	Columns    []string // that it reads
	Definition string   // CHECK (…)
}

// Checks are the checks of the table. Their texts have PostgreSQL's parentheses, but not the casts that it adds.
func (m *TemporaryTable) Checks() []ShownCheck {
	shown := make([]ShownCheck, len(m.checks))
	for i, c := range m.checks {
		shown[i] = ShownCheck{c.name, columnsOf(c.node), "CHECK (" + c.text + ")"}
	}
	return shown
}

// keep makes a check one that stands in no text.
func (t *temporaries) keep(c *temporaryCheck, node *pg_query.Node) (err error) {
	c.node = unqualified(node)
	c.text, err = t.ruleText(c.node)
	return err
}

// ruleText writes an expression over a table's columns as PostgreSQL writes those that it keeps.
func (t *temporaries) ruleText(n *pg_query.Node) (string, error) {
	switch x := n.Node.(type) {
	case *pg_query.Node_AExpr:
		if x.AExpr.Kind == pg_query.A_Expr_Kind_AEXPR_OP && x.AExpr.Lexpr != nil && len(x.AExpr.Name) == 1 {
			return t.ruleTexts(" "+x.AExpr.Name[0].GetString_().GetSval()+" ", x.AExpr.Lexpr, x.AExpr.Rexpr)
		}
	case *pg_query.Node_BoolExpr:
		switch x.BoolExpr.Boolop {
		case pg_query.BoolExprType_AND_EXPR:
			return t.ruleTexts(" AND ", x.BoolExpr.Args...)
		case pg_query.BoolExprType_OR_EXPR:
			return t.ruleTexts(" OR ", x.BoolExpr.Args...)
		default:
			text, err := t.ruleText(x.BoolExpr.Args[0])
			return "(NOT " + text + ")", err
		}
	case *pg_query.Node_NullTest:
		text, err := t.ruleText(x.NullTest.Arg)
		if x.NullTest.Nulltesttype == pg_query.NullTestType_IS_NULL {
			return "(" + text + " IS NULL)", err
		}
		return "(" + text + " IS NOT NULL)", err
	case *pg_query.Node_ColumnRef:
		if parts := columnParts(x.ColumnRef); len(parts) > 0 {
			return pgtext.QuoteIdent(parts[len(parts)-1]), nil
		}
	case *pg_query.Node_AConst:
		if v, ok := x.AConst.Val.(*pg_query.A_Const_Ival); ok {
			return strconv.FormatInt(int64(v.Ival.Ival), 10), nil
		}
	}
	return t.deparsed(n)
}

// deparsed is the text of an expression.
func (t *temporaries) deparsed(n *pg_query.Node) (string, error) {
	text, err := pg_query.Deparse(&pg_query.ParseResult{Version: t.stmt.grammar, Stmts: []*pg_query.RawStmt{{Stmt: selectOf(n)}}})
	return strings.TrimPrefix(text, "SELECT "), err
}

// ruleTexts joins operands.
func (t *temporaries) ruleTexts(by string, operands ...*pg_query.Node) (string, error) {
	texts := make([]string, len(operands))
	for i, o := range operands {
		var err error
		if texts[i], err = t.ruleText(o); err != nil {
			return "", err
		}
	}
	return "(" + strings.Join(texts, by) + ")", nil
}
