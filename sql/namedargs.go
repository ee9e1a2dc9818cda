package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// arguments binds the arguments of a call: f(1, name => 2). They come out in the order that the function has them.
func (b *binder) arguments(fn string, n *pg_query.FuncCall, sc *scope) ([]*expr, error) {
	first := slices.IndexFunc(n.Args, func(a *pg_query.Node) bool { return a.GetNamedArgExpr() != nil })
	if first < 0 {
		return b.exprs(n.Args, sc)
	}
	args, err := b.exprs(n.Args[:first], sc)
	if err != nil {
		return nil, err
	}
	named := map[string]*expr{}
	var order []string
	for _, a := range n.Args[first:] {
		x := a.GetNamedArgExpr()
		switch {
		case x == nil:
			return nil, b.fail(pgerr.SyntaxError, firstPlace(a, -1), "positional argument cannot follow named argument")
		case named[x.Name] != nil:
			return nil, b.fail(pgerr.SyntaxError, x.Location, "argument name %q used more than once", x.Name)
		}
		e, err := b.expr(x.Arg, sc)
		if err != nil {
			return nil, err
		}
		named[x.Name] = e
		order = append(order, x.Name)
	}
	for _, s := range postgresTables().functions[fn] {
		if placed := placedArguments(&s, args, named); placed != nil {
			return placed, nil
		}
	}
	var types []string
	for _, e := range args {
		types = append(types, postgresTables().typeName(e.oid()))
	}
	for _, name := range order {
		types = append(types, name+" => "+postgresTables().typeName(named[name].oid()))
	}
	return nil, b.fail(pgerr.UndefinedFunction, n.Location, "function %s(%s) does not exist", fn, strings.Join(types, ", ")).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

// placedArguments gives the arguments of a call of s in their places, nil if they do not fit. What is left out at the end has
// defaults that the function's own text knows; what is left out in between is 0, as make_interval has it.
func placedArguments(s *signature, args []*expr, named map[string]*expr) []*expr {
	if len(args)+len(named) > len(s.names) {
		return nil
	}
	placed := slices.Clone(args)
	left := len(named)
	for i := len(args); left > 0; i++ {
		if i == len(s.names) {
			return nil
		}
		e := named[s.names[i]]
		switch {
		case e != nil && postgresTables().coercible(e.oid(), s.args[i]):
			left--
		case e != nil || i < len(s.args)-s.defaults || s.name != "make_interval":
			return nil
		default:
			e = intConstant(pgtypes.Int4, 0)
		}
		placed = append(placed, e)
	}
	if len(placed) < len(s.args)-s.defaults {
		return nil
	}
	return placed
}
