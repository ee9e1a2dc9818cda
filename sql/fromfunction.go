package sql

import (
	"fmt"
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// rangeFunction binds the few functions that may stand in FROM: generate_series of integers and of timestamps; in
// catalog queries also unnest, pg_partition_ancestors (of which nothing has any) and functions of the session.
func (b *binder) rangeFunction(n *pg_query.RangeFunction, left *source, outer *scope, ctes *cte) (*source, error) {
	if n.IsRowsfrom || len(n.Functions) != 1 || len(n.Coldeflist) > 0 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "this form of a function in FROM is not supported yet")
	}
	items := n.Functions[0].GetList().GetItems()
	f := items[0].GetFuncCall()
	if f == nil {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "this function in FROM is not supported yet")
	}
	schema, fn := functionName(f)
	sc := left.scope(outer, ctes)
	sc.clause = "functions in FROM"
	if schema != "" {
		return nil, b.unknownFunction(f, sc, schema, fn)
	}
	e, text, err := b.setFunction(fn, f, sc)
	if err != nil {
		return nil, err
	}
	alias, names := aliasNames(n.Alias)
	if alias == "" {
		alias = fn
	}
	unique := b.alias(alias)
	column := &visible{name: alias, typ: e.typ, scale: -1, sql: name(unique) + ".v"}
	columns := []*visible{column}
	if n.Ordinality {
		text = "(SELECT v, row_number() OVER () AS ordinality FROM " + text + ")"
		columns = append(columns, &visible{name: "ordinality", typ: pgtypes.Of(pgtypes.Int8), scale: -1, sql: name(unique) + ".ordinality"})
	}
	if err := b.rename(columns, alias, names); err != nil {
		return nil, err
	}
	item := b.ranges.add(&rangeItem{name: alias, columns: columns})
	return &source{sql: text + " AS " + name(unique), tables: []*rangeItem{item}, columns: columns, reach: map[*useState]bool{}}, nil
}

// setFunction gives a subquery with one column v, and an expression that has v's type.
func (b *binder) setFunction(fn string, f *pg_query.FuncCall, sc *scope) (*expr, string, error) {
	if e, ok, err := b.sessionFunction(fn, f, sc); ok || err != nil {
		if err != nil {
			return nil, "", err
		}
		return e, "(SELECT " + e.sql + " AS v)", nil
	}
	args, err := b.exprs(f.Args, sc)
	if err != nil {
		return nil, "", err
	}
	switch {
	case len(postgresTables().functions[fn]) == 0:
		return nil, "", b.noFunction(fn, args, f.Location)
	case fn == "generate_series":
		return b.series(args, f.Location)
	case fn == "unnest" && b.system && len(args) == 1 && !args[0].untyped() && postgresTables().category(args[0].typ.OID) == 'A':
		e := computed(postgresTables().types[args[0].typ.OID].element, "", args[0])
		return e, "(SELECT unnest(" + args[0].sql + ") AS v)", nil
	case fn == "pg_partition_ancestors" && b.system:
		e := computed(oidRegclass, "")
		return e, "(SELECT CAST(NULL AS VARCHAR) AS v WHERE false)", nil
	}
	return nil, "", b.unsupported(f.Location, "function %s in FROM", fn)
}

func (b *binder) series(args []*expr, pos int32) (*expr, string, error) {
	sig, args, err := b.resolve("generate_series", args, pos)
	if err != nil {
		return nil, "", err
	}
	t := sig.args[0]
	if !isInteger(t) && t != pgtypes.Timestamp && t != pgtypes.Timestamptz {
		return nil, "", b.notAllowed(sig, pos)
	}
	texts := sqlOf(args)
	for i, a := range texts {
		switch {
		case isInteger(t) && i == 2:
			texts[i] = "CASE WHEN " + a + " = 0 THEN error('22023: step size cannot equal zero') ELSE CAST(" + a + " AS BIGINT) END"
		case isInteger(t):
			texts[i] = "CAST(" + a + " AS BIGINT)"
		}
	}
	value := "v"
	if isInteger(t) {
		value = "CAST(v AS " + pgtypes.Of(t).DuckDB() + ")"
	}
	e := computed(sig.result, "", args...)
	if !slices.ContainsFunc(args, func(a *expr) bool { return !a.constant || a.isNull() }) {
		return e, "(SELECT " + value + " AS v FROM generate_series(" + strings.Join(texts, ", ") + ") AS s(v))", nil
	}
	// With arguments from other rows the values are a list, which has to fit memory.
	list := "generate_series(" + strings.Join(texts, ", ") + ")"
	if isInteger(t) {
		step := "1"
		if len(texts) == 3 {
			step = texts[2]
		}
		list = fmt.Sprintf("CASE WHEN (CAST(%s AS HUGEINT) - %s) / %s > %d THEN error('54000: generate_series of more than %d values per row is not supported') ELSE %s END",
			texts[1], texts[0], step, maxSeries, maxSeries, list)
	}
	return e, "(SELECT " + value + " AS v FROM (SELECT unnest(" + list + ") AS v))", nil
}

// maxSeries bounds the values that generate_series gives for one row of others.
const maxSeries = 10_000_000
