package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// variadicCall binds f(VARIADIC array): the elements are the last arguments.
func (b *binder) variadicCall(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	args, err := b.arguments(fn, n, sc)
	if err != nil {
		return nil, err
	}
	last := len(args) - 1
	list := args[last]
	plain := strings.Replace(fn, "jsonb", "json", 1)
	switch {
	case (fn == "concat" && last == 0 || fn == "concat_ws" && last == 1) && isArray(list.oid()):
		separator := textConstant("", pgtypes.Of(pgtypes.Text))
		if last == 1 {
			separator = args[0]
		}
		return b.arrayToString([]*expr{list, separator}, n.Location)
	case fn == "concat" || fn == "concat_ws":
		if !list.untyped() && !isArray(list.oid()) {
			return nil, b.fail(pgerr.DatatypeMismatch, list.pos, "VARIADIC argument must be an array")
		}
	case (plain == "json_extract_path" || plain == "json_extract_path_text") && last == 1:
		op := "#>"
		if strings.HasSuffix(fn, "_text") {
			op = "#>>"
		}
		_, args, err := b.resolve(fn, args, n.Location)
		if err != nil {
			return nil, err
		}
		return b.operator(op, args[0], args[1], n.Location)
	case list.items != nil && fn == "format":
		return b.scalarCall(fn, append(args[:last:last], list.items...), n.Location)
	}
	if !slices.ContainsFunc(postgresTables().functions[fn], func(s signature) bool { return s.variadic }) {
		return nil, b.noFunction(fn, args, n.Location)
	}
	return nil, b.unsupported(n.Location, "VARIADIC of %s", fn)
}
