package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// aggregate binds an aggregate, in a GROUP BY level or with OVER as a window function.
func (b *binder) aggregate(fn string, n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if err := b.callAllowed(n, sc); err != nil {
		return nil, err
	}
	if n.AggWithinGroup {
		return b.orderedSet(fn, n, sc)
	}
	inner := *sc
	inner.sets = false
	inner.inCall = sc.inCall || n.Over == nil
	inner.inWindow = sc.inWindow || n.Over != nil
	sig, args, err := b.aggregateArgs(fn, n, &inner)
	if err != nil {
		return nil, err
	}
	var filter *expr
	if args, filter, err = b.filtered(args, n.AggFilter, &inner); err != nil {
		return nil, err
	}
	if err := b.windowForm(n); err != nil {
		return nil, err
	}
	f := allowed()[sig.key()]
	if f == nil {
		if f, args, err = b.jsonAggregate(fn, args, n); err != nil {
			return nil, err
		}
	}
	if f == nil || sig.kind != 'a' {
		return nil, b.notAllowed(sig, n.Location)
	}
	s, err := b.summaryOf(f, sig, args, n, &inner)
	if err != nil {
		return nil, err
	}
	s.filter = filter
	e := computed(sig.result, "", args...)
	e.scale, e.wide = s.scale, s.wide || byKey(sig.result)
	if fn == "min" || fn == "max" {
		e.width = precisionOf(args[0])
	}
	if f.as != 0 {
		e.typ = pgtypes.Of(f.as)
	}
	if sig.poly > 0 {
		e.likeAll(args)
	}
	e.pos = n.Location
	e.stat = statCall(fn, n, args)
	sc.answerable(n, e, args)
	s.merges = !n.AggDistinct && len(n.AggOrder) == 0
	return b.finishCall(e, s, n, sc, &inner)
}

// aggregateArgs binds the arguments and picks the aggregate that PostgreSQL picks for them.
func (b *binder) aggregateArgs(fn string, n *pg_query.FuncCall, inner *scope) (*signature, []*expr, error) {
	raw, err := b.exprs(n.Args, inner)
	if err != nil {
		return nil, nil, err
	}
	if len(raw) == 0 && !n.AggStar && slices.ContainsFunc(postgresTables().functions[fn], func(s signature) bool { return len(s.args) == 0 }) {
		return nil, nil, b.fail(pgerr.WrongObjectType, n.Location, "%s(*) must be used to call a parameterless aggregate function", fn)
	}
	sig, args := &signature{name: fn, result: pgtypes.Int8, kind: 'a'}, raw
	switch {
	case n.AggStar && fn != "count":
		return nil, nil, b.noFunction(fn, nil, n.Location)
	case n.AggStar:
	default:
		if sig, args, err = b.resolve(fn, raw, n.Location); err != nil {
			return nil, nil, err
		}
	}
	if n.AggDistinct {
		if fn == "count" && len(args) == 1 && args[0].fields != nil {
			return sig, args, b.comparedFields(args[0])
		}
		if err := b.distinctArguments(args); err != nil {
			return nil, nil, err
		}
	}
	return sig, args, nil
}

// summaryOf says how an aggregate of the allow-list is computed, with its DISTINCT and ORDER BY.
func (b *binder) summaryOf(f *function, sig *signature, args []*expr, n *pg_query.FuncCall, inner *scope) (*summary, error) {
	fn := sig.name
	s := exactSummary(fn, sig, args, n.AggDistinct)
	if s == nil {
		s = floatSummary(fn, sig, args, n.AggDistinct || len(n.AggOrder) > 0)
	}
	if s == nil {
		s = plainSummary(f, args)
	}
	switch {
	case n.AggStar:
		s.calls[0] = "count(*)"
	case (fn == "min" || fn == "max") && args[0].wide && isArray(args[0].typ.OID):
		s.calls[0] = "arg_" + fn + "(" + args[0].sql + ", " + orderText(args[0]) + ")"
	case fn == "count" && n.AggDistinct && args[0].fields != nil:
		s.calls[0] = "count(" + rowKey(args[0]) + ")"
	case fn == "string_agg" && args[1].isNull():
		s.calls[0] = "string_agg(" + args[0].sql + ", '')"
	case fn == "string_agg" && !args[1].constant && !args[1].isParam():
		if n.AggDistinct {
			return nil, b.unsupported(n.Location, "string_agg of distinct pairs")
		}
		s = delimitedSummary(args[0].sql, args[1].sql)
	}
	if n.AggDistinct && fn == "array_agg" && args[0].wide {
		return b.distinctArray(args[0], n, inner)
	}
	if n.AggDistinct {
		s.distinct()
	}
	order, err := b.orderKeys(n.AggOrder, inner)
	if err != nil {
		return nil, err
	}
	if err := b.orderedByArgument(n); err != nil {
		return nil, err
	}
	switch { // PostgreSQL finds what is distinct by sorting
	case n.AggDistinct && s.item != "" && len(args) == 2 && order != "":
		return nil, b.unsupported(n.Location, "an order of distinct pairs")
	case n.AggDistinct && order == "" && s.item != "":
		order = " ORDER BY " + s.item
	case n.AggDistinct && order == "" && ordered[fn]:
		order = " ORDER BY " + args[0].sql
	}
	if order != "" && !s.inGo() {
		s.order(order)
	}
	return s, nil
}

// distinctArray is array_agg(DISTINCT x) of what goes by keys: the values are sorted by theirs, and of each run the first one
// is taken.
func (b *binder) distinctArray(x *expr, n *pg_query.FuncCall, inner *scope) (*summary, error) {
	if err := b.orderedByArgument(n); err != nil {
		return nil, err
	}
	order, err := b.orderKeys(n.AggOrder, inner)
	if err != nil {
		return nil, err
	}
	if order == "" {
		order = " ORDER BY " + keyText(x)
	}
	return &summary{
		calls: []string{"list(struct_pack(k := " + keyText(x) + ", v := " + x.sql + ")" + order + ")"}, scale: -1,
		wrap: "list_transform(list_filter(%1, lambda " + eachName + `, "?i": "?i" = 1 OR struct_extract(` + eachName + `, 'k') IS DISTINCT FROM ` +
			`struct_extract(list_extract(%1, "?i" - 1), 'k')), lambda ` + eachName + ": struct_extract(" + eachName + ", 'v'))",
	}, nil
}

// comparedFields refuses a row that has a column without an order.
func (b *binder) comparedFields(row *expr) error {
	for _, f := range row.fields {
		err := b.grouped(f.e, -1)
		if p, ok := asError(err); ok && p.Code == pgerr.UndefinedFunction {
			return b.fail(pgerr.UndefinedFunction, -1, "could not identify a comparison function for type %s", typeText(f.e.typ))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// rowKey is what rows are the same by: the keys of their columns. A row is not NULL, whatever its columns are.
func rowKey(row *expr) string {
	var keys []string
	for i, f := range row.fields {
		keys = append(keys, "f"+itoa(i+1)+" := "+keyText(f.e))
	}
	return "struct_pack(" + strings.Join(keys, ", ") + ")"
}

// delimitedSummary is string_agg of values with delimiters of their own, which stand in front of them: but the first one's,
// which is cut off again.
func delimitedSummary(x, delimiter string) *summary {
	delimiter = "coalesce(" + delimiter + ", '')"
	return &summary{
		calls: []string{"string_agg(" + delimiter + " || " + x + ", '')", "any_value(CASE WHEN " + x + " IS NOT NULL THEN " + delimiter + " END)"}, scale: -1,
		wrap: "substr(%1, 1 + length(%2))",
	}
}

// orderedByArgument checks that what a DISTINCT aggregate is ordered by is one of its arguments.
func (b *binder) orderedByArgument(n *pg_query.FuncCall) error {
	if !n.AggDistinct {
		return nil
	}
	for _, s := range n.AggOrder {
		key := s.GetSortBy().GetNode()
		if !slices.ContainsFunc(n.Args, func(a *pg_query.Node) bool { return sameTree(a, key) }) {
			return b.fail(pgerr.InvalidColumnReference, firstPlace(key, -1), "in an aggregate with DISTINCT, ORDER BY expressions must appear in argument list")
		}
	}
	return nil
}

// filterClause binds the condition of a FILTER.
func (b *binder) filterClause(n *pg_query.Node, inner *scope) (*expr, error) {
	within := *inner
	within.clause = "FILTER"
	return b.filter(n, &within, "FILTER")
}

// filtered computes arguments that may fail for the rows of the FILTER only: DuckDB would for all, and an error of a row
// that does not count would be the statement's. It gives the condition too, nil if no argument needs it.
func (b *binder) filtered(args []*expr, condition *pg_query.Node, inner *scope) (out []*expr, f *expr, err error) {
	if condition == nil {
		return args, nil, nil
	}
	out = slices.Clone(args)
	for i, a := range args {
		if a.column != nil || a.settled {
			continue
		}
		if f == nil {
			if f, err = b.filterClause(condition, inner); err != nil {
				return nil, nil, err
			}
		}
		guarded := *a
		guarded.sql = "CASE WHEN " + f.sql + " THEN " + a.sql + " END"
		guarded.when, guarded.parts, guarded.branches = forRows, []*expr{a}, nil
		out[i] = &guarded
	}
	return out, f, nil
}

// ordered are the aggregates whose result depends on the order of the rows.
var ordered = map[string]bool{"array_agg": true, "string_agg": true, "json_agg": true, "jsonb_agg": true}

// statCall says which statistic answers the call, nil if none does.
func statCall(fn string, n *pg_query.FuncCall, args []*expr) *StatCall {
	switch {
	case n.AggDistinct || n.AggFilter != nil || n.Over != nil || len(n.AggOrder) > 0:
		return nil
	case n.AggStar, fn == "count" && len(args) == 1 && args[0].constant && !args[0].isNull():
		return &StatCall{Func: "count"}
	case len(args) == 1 && args[0].column != nil && (fn == "count" || fn == "min" || fn == "max"):
		return &StatCall{Func: fn, Column: args[0].column.name}
	}
	return nil
}
