package sql

import (
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
)

// Call is a CALL: a procedure's name and its arguments.
type Call struct {
	Schema string // "" if the text gave none
	Name   string
	Args   []CallArg
}

// CallArg is a constant, or a parameter whose value WithCallArgs sets.
type CallArg struct {
	Arg

	Param int    // n of $n; 0: a constant
	Type  string // as PostgreSQL's messages name it: "unknown" of a quoted constant
}

// CallParams is the number of parameters that a CALL has.
func (s *Statement) CallParams() int {
	n := 0
	if s.Call != nil {
		for _, a := range s.Call.Args {
			n = max(n, a.Param)
		}
	}
	return n
}

// WithCallArgs gives the CALL with its parameters replaced by values, which must be as many as CallParams.
func (s *Statement) WithCallArgs(values []Arg) *Statement {
	call := *s.Call
	call.Args = append([]CallArg(nil), call.Args...)
	for i, a := range call.Args {
		if a.Param > 0 {
			call.Args[i] = CallArg{Arg: values[a.Param-1], Type: a.Type}
		}
	}
	replaced := *s
	replaced.Call = &call
	return &replaced
}

// readCall reads CALL schema.name(argument, …).
func (s *Statement) readCall(n *pg_query.CallStmt) error {
	s.Kind, s.Tag = KindCall, "CALL"
	names := n.Funccall.Funcname
	call := &Call{Name: operatorName(names)}
	if len(names) > 1 {
		call.Schema = operatorName(names[:len(names)-1])
	}
	for _, node := range n.Funccall.Args {
		a, ok := callArg(node)
		if !ok {
			return pgerr.New(pgerr.FeatureNotSupported, "an argument of CALL must be a constant or a parameter")
		}
		call.Args = append(call.Args, a)
	}
	s.Call = call
	return nil
}

func callArg(n *pg_query.Node) (CallArg, bool) {
	switch n := n.Node.(type) {
	case *pg_query.Node_TypeCast:
		a, ok := callArg(n.TypeCast.Arg)
		a.Type = operatorName(n.TypeCast.TypeName.GetNames())
		return a, ok
	case *pg_query.Node_ParamRef:
		return CallArg{Param: int(n.ParamRef.Number), Type: "text"}, n.ParamRef.Number > 0
	}
	a, ok := constant(n)
	return CallArg{Arg: a, Type: constantType(n)}, ok
}

// constantType names the type of a constant without a cast.
func constantType(n *pg_query.Node) string {
	switch n.GetAConst().GetVal().(type) {
	case *pg_query.A_Const_Ival:
		return "integer"
	case *pg_query.A_Const_Fval:
		return "numeric"
	case *pg_query.A_Const_Boolval:
		return "boolean"
	case *pg_query.A_Const_Bsval:
		return "bit"
	}
	if n.GetAExpr() != nil { // a minus
		return constantType(n.GetAExpr().Rexpr)
	}
	return "unknown"
}
