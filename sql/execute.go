package sql

import (
	"errors"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// ExecuteArg is an argument of EXECUTE.
type ExecuteArg struct {
	// Arg is the value of a constant without a type of its own, if Quoted; or of an integer, if Integer.
	Arg

	Quoted, Integer bool

	node *pg_query.Node
}

func executeArg(n *pg_query.Node) ExecuteArg {
	a := ExecuteArg{node: n}
	c := n.GetAConst()
	if c == nil {
		return a
	}
	a.Arg = constText(c)
	_, text := c.Val.(*pg_query.A_Const_Sval)
	_, a.Integer = c.Val.(*pg_query.A_Const_Ival)
	a.Quoted = text || c.Isnull
	return a
}

// At gives err the place of an argument.
func (s *Statement) At(a ExecuteArg, err error) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	if !ok {
		return err
	}
	return e.At(s.position(location(a.node)))
}

// Arguments is the read that gives an EXECUTE's arguments in one row. With types each of them is cast to its own.
func (s *Statement) Arguments(types []pgtypes.OID) *Statement {
	list := &pg_query.SelectStmt{LimitOption: pg_query.LimitOption_LIMIT_OPTION_DEFAULT, Op: pg_query.SetOperation_SETOP_NONE}
	for i, a := range s.Prepared.Args {
		value := a.node
		if types != nil {
			value = &pg_query.Node{Node: &pg_query.Node_TypeCast{TypeCast: &pg_query.TypeCast{
				Arg: value, Location: location(value),
				TypeName: &pg_query.TypeName{Typemod: -1, Location: -1, Names: []*pg_query.Node{
					pg_query.MakeStrNode("pg_catalog"), pg_query.MakeStrNode(postgresTables().types[types[i]].name),
				}},
			}}}
		}
		list.TargetList = append(list.TargetList, &pg_query.Node{Node: &pg_query.Node_ResTarget{
			ResTarget: &pg_query.ResTarget{Val: value, Location: location(value)},
		}})
	}
	return &Statement{
		Kind: KindSelect, Tag: "SELECT", Text: s.Text, Offset: s.Offset, Hints: s.Hints,
		node: &pg_query.Node{Node: &pg_query.Node_SelectStmt{SelectStmt: list}}, grammar: s.grammar,
		source: s.source, tokens: s.tokens, dialect: s.dialect, spelled: s.spelled, log: s.log,
	}
}

// Coercible checks that PostgreSQL would assign an EXECUTE's arguments, of the types that they have by themselves, to
// the parameters' types.
func (s *Statement) Coercible(have []pgtypes.Type, want []pgtypes.OID) error {
	p := postgresTables()
	for i, a := range s.Prepared.Args {
		from, to := have[i].OID, want[i]
		if a.Quoted || p.coercible(from, to) || p.casts[[2]pgtypes.OID{from, to}] == castAssignment || p.category(to) == 'S' {
			continue
		}
		return pgerr.New(pgerr.DatatypeMismatch, "parameter $%d of type %s cannot be coerced to the expected type %s",
			i+1, p.typeName(from), p.typeName(to)).
			WithHint("You will need to rewrite or cast the expression.").At(s.position(location(a.node)))
	}
	return nil
}

// TypeAt gives err the place of the i-th type of a PREPARE.
func (s *Statement) TypeAt(i int, err error) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	if !ok {
		return err
	}
	return e.At(s.position(s.node.GetPrepareStmt().Argtypes[i].GetTypeName().GetLocation()))
}

// location is where an expression begins, -1 if that is not known.
func location(n *pg_query.Node) int32 {
	switch x := n.GetNode().(type) {
	case *pg_query.Node_AConst:
		return x.AConst.Location
	case *pg_query.Node_TypeCast:
		return location(x.TypeCast.Arg)
	case *pg_query.Node_FuncCall:
		return x.FuncCall.Location
	case *pg_query.Node_ColumnRef:
		return x.ColumnRef.Location
	case *pg_query.Node_AExpr:
		if x.AExpr.Lexpr != nil {
			return location(x.AExpr.Lexpr)
		}
		return x.AExpr.Location
	}
	return -1
}
