package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// call binds a function call: session functions, functions with a spelling of their own, window functions, then the
// allow-list. All else is refused.
func (b *binder) call(n *pg_query.FuncCall, sc *scope) (*expr, error) {
	if e := b.answered[n]; e != nil {
		return e, nil
	}
	if b.redshift() {
		if e, ok, err := b.redshiftCall(n, sc); ok || err != nil {
			return e, err
		}
	}
	schema, fn := functionName(n)
	known := postgresTables().functions[fn]
	if schema != "" || len(known) == 0 || fn == expandArray && len(n.Funcname) == 1 {
		return nil, b.unknownFunction(n, sc, schema, fn)
	}
	if n.FuncVariadic {
		return nil, b.unsupported(n.Location, "VARIADIC")
	}
	if e, ok, err := b.sessionFunction(fn, n, sc); ok || err != nil {
		return e, err
	}
	if known[0].set {
		return b.selectSet(fn, n, sc)
	}
	if known[0].kind == 'w' {
		return b.windowCall(fn, n, sc)
	}
	if known[0].kind == 'a' {
		return b.aggregate(fn, n, sc)
	}
	args, err := b.exprs(n.Args, sc)
	if err != nil {
		return nil, err
	}
	if what := aggregateWords(n, fn); what != "" {
		if _, _, err := b.resolve(fn, args, n.Location); err != nil {
			return nil, err
		}
		return nil, b.fail("42809", n.Location, "%s specified, but %s is not an aggregate function", what, fn)
	}
	if n.Over != nil {
		return nil, b.fail("42809", n.Location, "OVER specified, but %s is not a window function nor an aggregate function", fn)
	}
	types := oidsOf(args) // before they are coerced
	e, err := b.scalarCall(fn, args, n.Location)
	if err == nil {
		b.called(e, fn, types)
	}
	return e, err
}

// scalarCall binds a function of one row's values.
func (b *binder) scalarCall(fn string, args []*expr, pos int32) (*expr, error) {
	if e, ok, err := b.spelled(fn, args, pos); ok || err != nil {
		return e, err
	}
	if e, ok, err := b.nestedCall(fn, args, pos); ok || err != nil {
		return e, err
	}
	if e, ok, err := b.jsonCall(fn, args, pos); ok || err != nil {
		return e, err
	}
	return b.plainCall(fn, args, pos)
}

func oidsOf(list []*expr) []pgtypes.OID {
	var types []pgtypes.OID
	for _, e := range list {
		types = append(types, e.oid())
	}
	return types
}

// aggregateWords gives the first thing in a call that only an aggregate may have, "" if there is none.
func aggregateWords(n *pg_query.FuncCall, fn string) string {
	switch {
	case n.AggStar:
		return fn + "(*)"
	case n.AggDistinct:
		return "DISTINCT"
	case n.AggWithinGroup:
		return "WITHIN GROUP"
	case len(n.AggOrder) > 0:
		return "ORDER BY"
	case n.AggFilter != nil:
		return "FILTER"
	}
	return ""
}

// functionName gives the name that is called; schema is "" for a name without one and for pg_catalog's.
func functionName(n *pg_query.FuncCall) (schema, fn string) {
	var parts []string
	for _, part := range n.Funcname {
		parts = append(parts, part.GetString_().GetSval())
	}
	home := "pg_catalog"
	if parts[len(parts)-1] == expandArray {
		home = "information_schema"
	}
	if len(parts) == 2 && parts[0] == home {
		parts = parts[1:]
	}
	last := len(parts) - 1
	return strings.Join(parts[:last], "."), parts[last]
}

// unknownFunction says that no schema but pg_catalog has functions, or that pg_catalog has none of that name.
func (b *binder) unknownFunction(n *pg_query.FuncCall, sc *scope, schema, fn string) error {
	args, err := b.exprs(n.Args, sc)
	switch {
	case err != nil:
		return err
	case schema == "":
		return b.noFunction(fn, args, n.Location)
	case !b.catalog.HasSchema(schema):
		return b.fail(pgerr.InvalidSchemaName, n.Location, "schema %q does not exist", schema)
	}
	return b.noFunction(schema+"."+fn, args, n.Location)
}

func typeList(args []*expr) string {
	var types []string
	for _, a := range args {
		types = append(types, postgresTables().typeName(a.oid()))
	}
	return strings.Join(types, ", ")
}

func (b *binder) noFunction(fn string, args []*expr, pos int32) error {
	return b.fail(pgerr.UndefinedFunction, pos, "function %s(%s) does not exist", fn, typeList(args)).
		WithHint("No function matches the given name and argument types. You might need to add explicit type casts.")
}

// resolve picks the function that PostgreSQL picks and gives the arguments its types.
func (b *binder) resolve(fn string, args []*expr, pos int32) (*signature, []*expr, error) {
	p := postgresTables()
	types := oidsOf(args)
	sig, res := p.choose(p.functions[fn], types)
	switch res {
	case resolved:
	case noCandidate:
		return nil, nil, b.noFunction(fn, args, pos)
	case ambiguous:
		return nil, nil, b.fail(pgerr.AmbiguousFunction, pos, "function %s(%s) is not unique", fn, typeList(args)).
			WithHint("Could not choose a best candidate function. You might need to add explicit type casts.")
	}
	wanted, result, _ := p.concrete(sig, types)
	if result == pgtypes.Unknown {
		return nil, nil, b.fail(pgerr.DatatypeMismatch, pos, "could not determine polymorphic type because input has type unknown")
	}
	out := make([]*expr, len(args))
	for i, a := range args {
		e, err := b.coerce(a, wanted[i])
		if err != nil {
			return nil, nil, err
		}
		out[i] = e
	}
	if sig.poly > 0 {
		called := *sig // its args stay: the allow-list has the functions by them
		called.result = result
		sig = &called
	}
	return sig, out, nil
}

func (b *binder) notAllowed(sig *signature, pos int32) error {
	var types []string
	for _, a := range sig.args {
		types = append(types, postgresTables().typeName(a))
	}
	b.catalogs = b.catalogs || systemFunctions[sig.name] || sig.name == typeOf
	return b.unsupported(pos, "function %s(%s)", sig.name, strings.Join(types, ", "))
}

// plainCall writes a function of the allow-list.
func (b *binder) plainCall(fn string, args []*expr, pos int32) (*expr, error) {
	sig, args, err := b.resolve(fn, defaulted(fn, args), pos)
	if err != nil {
		return nil, err
	}
	f := allowed()[sig.key()]
	if f == nil && b.system {
		return b.systemCall(sig, args, pos)
	}
	if f == nil || sig.set {
		return nil, b.notAllowed(sig, pos)
	}
	if sig.poly > 0 {
		args = alike(args)
	}
	wide := f.text == "" || slices.ContainsFunc(args, func(a *expr) bool {
		return a.wide && !typeIs(a.typ.OID, pgtypes.JSONB, pgtypes.BPChar, pgtypes.Interval, pgtypes.Timetz)
	})
	if wide && f.wide == "" {
		return nil, b.notAllowed(sig, pos)
	}
	e := computed(sig.result, "", args...)
	e.pos = pos
	if err := b.oneLevel(e, pos); err != nil {
		return nil, err
	}
	if wide {
		for i := range args {
			args[i] = widened(args[i])
		}
		e.sql, e.wide = f.write(f.wide, args), holdsNumeric(sig.result) || byKey(sig.result)
		return e, nil
	}
	text := f.text
	if f.zoned != "" && !b.inUTC() {
		text = strings.ReplaceAll(f.zoned, "$zone", b.zoneText())
	}
	e.sql = f.write(text, args)
	switch {
	case sig.poly > 0 && holdsNumeric(sig.result):
		e.likeAll(args)
	case sig.result == pgtypes.Numeric:
		e.scale = f.scaleOf(args)
	}
	return e, nil
}

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
		if e.wide && (n.AggDistinct || fn != "array_agg") {
			return nil, b.unsupported(n.Location, "%s of jsonb, intervals or numerics with several scales, with DISTINCT or as arrays,", fn)
		}
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
		return nil, nil, b.fail("42809", n.Location, "%s(*) must be used to call a parameterless aggregate function", fn)
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
	if fn == "count" && len(raw) == 1 {
		if err := b.notAlone(raw[0]); err != nil {
			return nil, nil, err
		}
	}
	if n.AggDistinct {
		if err := b.groupedAll(args); err != nil {
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
	if fn == "string_agg" && !args[1].constant && !args[1].isParam() {
		return nil, b.unsupported(n.Location, "string_agg with a delimiter that is not a constant")
	}
	if n.AggStar {
		s.calls[0] = "count(*)"
	}
	if n.AggDistinct {
		s.distinct()
	}
	order, err := b.orderKeys(n.AggOrder, inner)
	if err != nil {
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
		if a.column != nil || a.constant {
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

// callAllowed checks that an aggregate or window call may stand where it does.
func (b *binder) callAllowed(n *pg_query.FuncCall, sc *scope) error {
	what, code := "aggregate functions", pgerr.GroupingError
	if n.Over != nil {
		what, code = "window functions", "42P20"
	}
	switch {
	case sc.noCalls && sc.clause != "":
		return b.fail(code, n.Location, "%s are not allowed in %s", what, sc.clause)
	case sc.clause == "FILTER" && (sc.inCall || n.Over != nil), sc.clause == windowDefinitions && n.Over != nil:
		return b.fail(code, n.Location, "%s are not allowed in %s", what, sc.clause)
	case sc.inCall && n.Over == nil:
		return b.fail(code, n.Location, "aggregate function calls cannot be nested")
	case sc.inCall:
		return b.fail(pgerr.GroupingError, n.Location, "aggregate function calls cannot contain window function calls")
	case sc.inWindow && n.Over != nil:
		return b.fail(code, n.Location, "window function calls cannot be nested")
	}
	return nil
}

// finishCall adds FILTER and OVER to the calls of s, and what stands around them.
func (b *binder) finishCall(e *expr, s *summary, n *pg_query.FuncCall, sc, inner *scope) (*expr, error) {
	filter, window := "", ""
	e.when = forRows
	if n.AggFilter != nil {
		f := s.filter
		if f == nil {
			var err error
			if f, err = b.filterClause(n.AggFilter, inner); err != nil {
				return nil, err
			}
		}
		filter = " FILTER (WHERE " + f.sql + ")"
		e.from(f)
	}
	if n.Over != nil {
		over, err := b.over(n.Over, sc, inner)
		if err != nil {
			return nil, err
		}
		window = " OVER (" + over.text(s.inGo()) + ")"
		e.from(over.parts...)
		e.scopes.window = true
	} else {
		e.scopes.aggregate = true
		var outer []*visible
		for _, v := range e.bare {
			if v.level != sc.self {
				outer = append(outer, v)
			}
		}
		e.bare = outer
	}
	e.sql = s.text(filter + window)
	if n.Over == nil {
		e.sql = b.aggregateMarker(aggregateCall{level: sc.self, text: e.sql, merging: s.merging(filter)})
	}
	return e, nil
}

// orderKeys binds ORDER BY inside a call: plain expressions, no output columns.
func (b *binder) orderKeys(list []*pg_query.Node, sc *scope) (string, error) {
	var keys []string
	for _, s := range list {
		k := s.GetSortBy()
		e, err := b.expr(k.Node, sc)
		if err == nil {
			e, err = b.settle(e)
		}
		if err == nil {
			err = b.sorted(e, placeOf(k.Node, e))
		}
		if err != nil {
			return "", err
		}
		if k, err = b.sortOperator(k); err != nil {
			return "", err
		}
		if !e.constant {
			keys = append(keys, keyText(e)+direction(k))
		}
	}
	if len(keys) == 0 {
		return "", nil
	}
	return " ORDER BY " + strings.Join(keys, ", "), nil
}
