package sql

import (
	"errors"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// sequenceFunctions are those of sequences.
var sequenceFunctions = map[string]bool{"nextval": true, "currval": true, "lastval": true, "setval": true}

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
	if sequenceFunctions[fn] {
		return nil, b.fail(pgerr.FeatureNotSupported, n.Location, "%s() is not supported: sequences are the warehouse's, which counts on its own", fn).
			WithHint("INSERT … RETURNING gives the numbers of the rows that it makes.")
	}
	if n.FuncVariadic {
		return b.variadicCall(fn, n, sc)
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
	if n.AggWithinGroup {
		return nil, b.notOrderedSet(fn, n, sc)
	}
	args, err := b.arguments(fn, n, sc)
	if err != nil {
		return nil, err
	}
	if what := aggregateWords(n, fn); what != "" {
		if _, _, err := b.resolve(fn, args, n.Location); err != nil {
			return nil, err
		}
		return nil, b.fail(pgerr.WrongObjectType, n.Location, "%s specified, but %s is not an aggregate function", what, fn)
	}
	if n.Over != nil {
		return nil, b.fail(pgerr.WrongObjectType, n.Location, "OVER specified, but %s is not a window function nor an aggregate function", fn)
	}
	types := oidsOf(args) // before they are coerced
	e, err := b.scalarCall(fn, args, n.Location)
	if err != nil {
		return nil, inSchema(err, n, fn)
	}
	b.called(e, fn, types)
	return e, nil
}

// inSchema makes an error that names the function say it with the schema, which the text gives or the grammar: a call in
// the words of SQL, TRIM(BOTH FROM x), is one of pg_catalog.
func inSchema(err error, n *pg_query.FuncCall, fn string) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	if rest, named := strings.CutPrefix(message(err), "function "+fn+"("); ok && named && len(n.Funcname) > 1 {
		e.Message = "function pg_catalog." + fn + "(" + rest
	}
	return err
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
	vector := len(args) > 0 && countsFromZero(args[0]) // which the function takes as an array like others
	if vector && fn == "array_positions" {
		return nil, b.unsupported(pos, "array_positions of what counts from 0")
	}
	e, err := b.plainCall(fn, args, pos)
	if err == nil && vector {
		e.sql = fromZero(fn, e.sql, args[0].sql)
	}
	return e, err
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
		return nil, nil, noPolymorphic()
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
	b.catalogs = b.catalogs || systemFunctions[sig.name] || sig.name == typeOf || sessionCalls[sig.name] != nil
	return b.unsupported(pos, "function %s(%s)", sig.name, strings.Join(types, ", "))
}

// plainCall writes a function of the allow-list.
func (b *binder) plainCall(fn string, args []*expr, pos int32) (*expr, error) {
	if t := b.castNamed(fn, args); t != 0 {
		return b.castCall(t, args[0])
	}
	if fn == typeOf && b.system && len(args) == 1 && args[0].untyped() && args[0].param == 0 {
		return b.typeNamed(pgtypes.Unknown, nil, pos), nil // nothing gives a literal a type there
	}
	sig, args, err := b.resolve(fn, defaulted(fn, args), pos)
	if err != nil {
		return nil, err
	}
	f := allowed()[sig.key()]
	if f == nil && len(args) == 1 && postgresTables().typeNames[sig.name] == sig.result && castExists(args[0].typ.OID, sig.result) {
		return b.castCall(sig.result, args[0])
	}
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

// callAllowed checks that an aggregate or window call may stand where it does.
func (b *binder) callAllowed(n *pg_query.FuncCall, sc *scope) error {
	what, code := "aggregate functions", pgerr.GroupingError
	if n.Over != nil {
		what, code = "window functions", "42P20"
	}
	switch {
	case sc.noCalls && sc.clause != "" && n.Over == nil && b.ofOuterLevel(n, sc):
		return b.unsupported(n.Location, "an aggregate of an outer query in %s of a subquery", sc.clause)
	case sc.noCalls && sc.clause != "":
		return b.fail(code, n.Location, "%s are not allowed in %s", what, sc.clause)
	case sc.clause == "FILTER" && (sc.inCall || n.Over != nil), (sc.clause == windowDefinitions || sc.clause == "HAVING") && n.Over != nil:
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

// ofOuterLevel reports whether an aggregate is one of a query around that it stands in: all columns of its arguments are.
func (b *binder) ofOuterLevel(n *pg_query.FuncCall, sc *scope) bool {
	if sc.outer == nil {
		return false
	}
	inner := *sc
	inner.inCall = true
	args, err := b.exprs(n.Args, &inner)
	if err != nil {
		return false
	}
	columns := 0
	for _, a := range args {
		columns += len(a.bare)
		if slices.ContainsFunc(a.bare, func(v *visible) bool { return v.level == sc.self }) {
			return false
		}
	}
	return columns > 0
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
		e.beside(f)
	}
	if n.Over != nil {
		over, err := b.over(n.Over, sc, inner)
		if err != nil {
			return nil, err
		}
		window = " OVER (" + over.text(s.inGo()) + ")"
		e.beside(over.parts...)
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
