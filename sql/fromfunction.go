package sql

import (
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// rangeFunction binds a function in FROM: one that returns sets, or any other, which gives one row.
func (b *binder) rangeFunction(n *pg_query.RangeFunction, left *source, outer *scope, ctes *cte) (*source, error) {
	if n.IsRowsfrom || len(n.Functions) != 1 {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "ROWS FROM is not supported yet")
	}
	f := n.Functions[0].GetList().GetItems()[0].GetFuncCall()
	if f == nil {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "this function in FROM is not supported yet")
	}
	schema, fn := functionName(f)
	sc := left.scope(outer, ctes)
	sc.clause = "functions in FROM"
	if schema != "" {
		return nil, b.unknownFunction(f, sc, schema, fn)
	}
	if view := systemViews[fn]; view != "" && len(f.Args) == 0 && len(n.Coldeflist) == 0 {
		return b.viewFunction(fn, view, n, f.Location)
	}
	s, err := b.fromSet(fn, f, n.Coldeflist, sc)
	if err != nil {
		return nil, err
	}
	alias, names := aliasNames(n.Alias)
	if alias == "" {
		alias = fn
	}
	unique := b.alias(alias)
	var columns []*visible
	for i, c := range s.columns {
		v := &visible{name: alias, typ: c.e.typ, scale: c.e.scale, wide: c.e.wide, sql: name(unique) + ".c" + itoa(i), endless: c.e.endless}
		if c.name != "" {
			v.name = c.name
		}
		columns = append(columns, v)
	}
	if n.Ordinality {
		columns = append(columns, &visible{name: "ordinality", typ: pgtypes.Of(pgtypes.Int8), scale: -1, sql: name(unique) + ".ordinality"})
	}
	if err := b.rename(columns, alias, names); err != nil {
		return nil, err
	}
	item := b.ranges.add(&rangeItem{name: alias, columns: columns, scalar: len(columns) == 1 && len(n.Coldeflist) == 0})
	return &source{sql: s.table(n.Ordinality) + " AS " + name(unique), tables: []*rangeItem{item}, columns: columns, reach: map[*useState]bool{}}, nil
}

// fromSet binds the function and gives its rows.
func (b *binder) fromSet(fn string, f *pg_query.FuncCall, definitions []*pg_query.Node, sc *scope) (*set, error) {
	if !isSet(fn) && len(definitions) == 0 {
		e, err := b.call(f, sc)
		if err != nil {
			return nil, err
		}
		if e.fields != nil {
			return nil, b.unsupported(f.Location, "a function in FROM that returns a row")
		}
		return &set{columns: []setColumn{{"", e}}, rows: "(SELECT " + e.sql + " AS c0)"}, nil
	}
	args, err := b.exprs(f.Args, sc)
	if err != nil {
		return nil, err
	}
	if fn == lateBinding && len(args) == 0 && len(definitions) > 0 {
		return b.lateBindingSet(definitions, f.Location)
	}
	if len(definitions) > 0 {
		return b.definedSet(fn, args, definitions, f.Location)
	}
	return b.set(fn, args, f.Location)
}

// table writes the rows of a set as a subquery with columns c0, c1 … and perhaps the number of each row.
func (s *set) table(ordinality bool) string {
	if s.rows != "" {
		if ordinality {
			return "(SELECT *, row_number() OVER () AS ordinality FROM " + s.rows + ")"
		}
		return s.rows
	}
	var columns, lengths []string
	for i, c := range s.columns {
		columns = append(columns, "unnest("+c.e.sql+") AS c"+itoa(i))
		lengths = append(lengths, "coalesce(len("+c.e.sql+"), 0)")
	}
	if ordinality {
		columns = append(columns, "unnest(generate_series(1, greatest("+strings.Join(lengths, ", ")+"))) AS ordinality")
	}
	return "(SELECT " + strings.Join(columns, ", ") + ")"
}
