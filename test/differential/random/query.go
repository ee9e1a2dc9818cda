package random

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"tidegate/internal/pgtypes"
	"tidegate/test/differential/surface"
)

// Query makes the next one.
func (g *Generator) Query() *Query {
	g.names = 0
	q := &Query{}
	switch g.r.IntN(29) {
	case 0, 1, 2, 3, 4:
		q.tree = g.rows(nil)
	case 5, 6, 7:
		q.tree = g.joined()
	case 8, 9, 10:
		q.tree, q.AnyScale = g.grouped(q), true
	case 11, 12:
		q.tree = g.windowed(q)
	case 13, 14:
		q.tree, q.Lazy = g.filteredBySubquery(), true
	case 15:
		q.tree, q.Lazy, q.AnyScale = g.setOperation(), true, true
	case 16:
		q.tree, q.Lazy = g.derived(q), true
	case 17:
		q.tree, q.AnyScale = g.distinct(), true
	case 18:
		if g.chance(50) {
			q.tree = g.series()
		} else {
			q.tree = g.constants()
		}
	case 19:
		q.tree, q.Lazy = g.lateral(), true
	case 20:
		q.tree, q.Lazy, q.AnyScale = g.recursive(), true, true
	case 21, 22:
		q.tree, q.AnyScale = g.groupingSets(q), true
	case 23:
		q.tree, q.AnyScale = g.overGroups(q), true
	case 24:
		q.tree = g.ranged(q)
	case 25:
		q.tree, q.Lazy = g.valuesInFrom(), true
	case 26:
		q.tree, q.Lazy, q.AnyScale = g.setOperations(), true, true
	case 27:
		q.tree, q.Lazy = g.lateralRows(q), true
	default:
		q.tree, q.Lazy = g.scalars(), true
	}
	return q
}

// from picks a table and gives it an alias.
func (g *Generator) from() (item string, sc *scope, unique string) {
	t := g.tables[0]
	if !g.chance(30) { // the first one is made for expressions
		t = pick(g, g.tables)
	}
	g.names++
	alias := fmt.Sprintf("t%d", g.names)
	sc = &scope{}
	for _, c := range t.Columns {
		if _, ok := g.types[c.Type]; ok {
			sc.columns = append(sc.columns, Column{alias + "." + c.Name, c.Type})
		}
	}
	if t.Unique != "" {
		unique = alias + "." + t.Unique
	}
	return t.Name + " " + alias, sc, unique
}

func (g *Generator) where(sc *scope) *node {
	if g.chance(40) {
		return text("")
	}
	return optional(" where ", g.condition(2, sc))
}

// items are n expressions of a select list.
func (g *Generator) items(n int, sc *scope) *node {
	l := list(", ")
	for range n {
		l.items = append(l.items, g.expression(g.anyType(), 3, sc))
	}
	return l
}

// rows is expressions over one table.
func (g *Generator) rows(outer *scope) *node {
	item, sc, unique := g.from()
	sc.outer = outer
	if unique == "" || g.chance(30) {
		return clause("select ", g.items(1+g.r.IntN(3), sc), " from "+item, g.where(sc))
	}
	order := " order by " + unique + pick(g, []string{"", " desc"})
	if g.chance(40) { // a row that LIMIT drops may fail first or not at all: columns cannot fail
		columns := list(", ")
		for range 1 + g.r.IntN(3) {
			columns.items = append(columns.items, g.expression(g.columnType(sc), 0, sc))
		}
		return clause("select ", columns, " from "+item, g.where(sc), order+pick(g, []string{fmt.Sprintf(" limit %d", g.r.IntN(12)), " offset 2", " limit 3 offset 1"}))
	}
	return clause("select ", g.items(1+g.r.IntN(3), sc), " from "+item, g.where(sc), optional(order))
}

// joined is two or three tables.
func (g *Generator) joined() *node {
	item, sc, _ := g.from()
	from := clause(item)
	for range 1 + g.r.IntN(2) {
		right, rs, _ := g.from()
		left := sc.of(pgtypes.Int4)
		keys := rs.of(pgtypes.Int4)
		joined := &scope{columns: append(slices.Clone(sc.columns), rs.columns...)}
		if len(left) == 0 || len(keys) == 0 {
			continue
		}
		on := clause(pick(g, left), " = ", pick(g, keys))
		kind := pick(g, []string{" join ", " left join ", " right join ", " full join "})
		extra := text("")
		if kind != " full join " && g.chance(40) {
			extra = optional(" and ", g.condition(1, joined))
		}
		from.parts = append(from.parts, optional(kind+right+" on ", on, extra))
		sc = joined
	}
	return clause("select ", g.items(1+g.r.IntN(3), sc), " from ", from, g.where(sc))
}

// columns finds a column with its table's alias.
var columns = regexp.MustCompile(`\b[tdfl][0-9]*\.[a-z]`)

// aggregate is one call over a scope. unique orders what depends on the order of rows.
func (g *Generator) aggregate(q *Query, sc *scope, unique string) *node {
	var all []*surface.Finding
	for _, t := range typeOrder {
		all = append(all, g.aggregates[t]...)
	}
	all = append(all, g.orderedSets...)
	if len(all) == 0 || g.chance(15) {
		return text("count(*)")
	}
	f := pick(g, all)
	if f.Direct >= 0 {
		return g.orderedSet(q, f, sc)
	}
	ordered := slices.Contains([]string{"array_agg", "string_agg", "json_agg", "jsonb_agg", "json_object_agg", "jsonb_object_agg"}, f.Name)
	if ordered && unique == "" || f.Name == "xmlagg" {
		return text("count(*)")
	}
	var args []*node
	for i, a := range f.Args {
		if d := domainOf(f.Name, i, f.Args); d != nil {
			args = append(args, text(pick(g, d)))
		} else {
			args = append(args, g.expression(a.OID, 2, sc))
		}
		q.Tolerance = q.Tolerance || a.OID == pgtypes.Float4 || a.OID == pgtypes.Float8
	}
	arguments := list(", ", args...)
	arguments.fixed = true
	if slices.Contains([]string{"corr", "regr_r2", "regr_slope", "regr_intercept"}, f.Name) && !columns.MatchString(arguments.String()) {
		return text("count(*)") // of constants they divide noise by noise, which depends on how the rows are split
	}
	distinct, tail := "", text("")
	switch {
	case ordered:
		tail = text(" order by " + unique)
	case len(args) == 1 && comparable(f.Args[0].OID) && g.chance(20):
		distinct = "distinct "
	}
	filter := text("")
	if g.chance(20) {
		filter = optional(" filter (where ", g.condition(1, sc), ")")
	}
	if len(args) == 0 {
		return clause(f.Name+"(*)", filter)
	}
	return clause(f.Name+"("+distinct, arguments, tail, ")", filter)
}

// orderedSet is a call with WITHIN GROUP: a fraction, a list of them, or nothing, and a value to sort by.
func (g *Generator) orderedSet(q *Query, f *surface.Finding, sc *scope) *node {
	direct := text("")
	if f.Direct == 1 {
		direct = text(pick(g, []string{"0.5", "0", "1", "0.25", "null"}))
		if f.Args[0].Category == 'A' {
			direct = text(pick(g, []string{"array[0.25, 0.5, 0.75]", "array[1, 0.1]"}))
		}
	}
	typ := f.Args[len(f.Args)-1].OID
	if literals[typ] == nil { // anyelement
		typ = pick(g, []uint32{pgtypes.Int4, pgtypes.Text, pgtypes.Date, pgtypes.Numeric})
	}
	q.Tolerance = q.Tolerance || typ == pgtypes.Float8
	return clause(f.Name+"(", direct, ") within group (order by ", g.expression(typ, 1, sc), pick(g, []string{"", " desc"}), ")")
}

// grouped is GROUP BY of expressions, with aggregates, HAVING and grouping sets.
func (g *Generator) grouped(q *Query) *node {
	item, sc, unique := g.from()
	n := g.r.IntN(3)
	keys, ordinals := list(", "), list(", ")
	for i := range n {
		t := g.anyType()
		for !comparable(t) && t != pgtypes.UUID {
			t = g.anyType()
		}
		keys.items = append(keys.items, g.expression(t, 2, sc))
		ordinals.items = append(ordinals.items, text(strconv.Itoa(i+1)))
	}
	keys.fixed, ordinals.fixed = true, true
	calls := list(", ")
	for range 1 + g.r.IntN(3) {
		calls.items = append(calls.items, g.aggregate(q, sc, unique))
	}
	if n == 0 {
		return clause("select ", calls, " from "+item, g.where(sc))
	}
	group := clause(" group by ", ordinals)
	if n > 1 && g.chance(20) {
		columns := sc.of(pgtypes.Int4)
		if len(columns) > 0 {
			c := pick(g, columns)
			kind := pick(g, []string{"rollup (%s)", "cube (%s)", "grouping sets ((%s), ())"})
			return clause("select "+c+", grouping("+c+"), ", calls, " from "+item, g.where(sc), " group by "+fmt.Sprintf(kind, c))
		}
	}
	having := text("")
	if g.chance(20) {
		having = optional(" having count(*) > 1")
	}
	return clause("select ", keys, ", ", calls, " from "+item, g.where(sc), group, having)
}

// windowed is window functions over one table.
func (g *Generator) windowed(q *Query) *node {
	item, sc, unique := g.from()
	for unique == "" {
		item, sc, unique = g.from()
	}
	calls := list(", ")
	for range 1 + g.r.IntN(2) {
		calls.items = append(calls.items, g.window(q, sc, unique))
	}
	return clause("select "+unique+", ", calls, " from "+item, g.where(sc), optional(" order by "+unique))
}

func (g *Generator) window(q *Query, sc *scope, unique string) *node {
	partition := text("")
	if g.chance(50) {
		t := pick(g, []uint32{pgtypes.Bool, pgtypes.Int4, pgtypes.Text, pgtypes.Date})
		partition = optional("partition by ", g.expression(t, 1, sc))
	}
	frame := text("")
	framed := g.chance(40)
	if framed {
		bounds := []string{"unbounded preceding", "2 preceding", "current row", "1 following", "unbounded following"}
		low := g.r.IntN(4)
		high := low + g.r.IntN(len(bounds)-low)
		if bounds[low] == "unbounded following" || bounds[high] == "unbounded preceding" {
			high = 2
		}
		kind := pick(g, []string{"rows", "rows", "groups"})
		frame = optional(fmt.Sprintf(" %s between %s and %s", kind, bounds[low], bounds[high]), pick(g, []string{"", "", " exclude current row", " exclude ties"}))
	}
	over := clause(" over (", partition, " order by "+unique+pick(g, []string{"", " desc"}), frame, ")")
	t := g.anyType()
	x := g.expression(t, 2, sc)
	var call *node
	switch g.r.IntN(10) {
	case 0:
		call = text("row_number()")
	case 1:
		call = text(pick(g, []string{"rank()", "dense_rank()", "percent_rank()", "cume_dist()"}))
	case 2:
		call = text(fmt.Sprintf("ntile(%d)", 1+g.r.IntN(4)))
	case 3, 4:
		q.Lazy = true // a value that no row shows need not be computed
		call = clause(pick(g, []string{"lag(", "lead("}), x, pick(g, []string{"", ", 1", ", 2", ", 0"}), ")")
	case 5, 6:
		q.Lazy = true
		call = clause(pick(g, []string{"first_value(", "last_value("}), x, ")")
	case 7:
		q.Lazy = true
		call = clause("nth_value(", x, ", 2)")
	default:
		a := pick(g, []string{"sum", "avg", "min", "max", "count"})
		t := pick(g, []uint32{pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Float8, pgtypes.Int2})
		q.Tolerance = q.Tolerance || t == pgtypes.Float8
		call = clause(a+"(", g.expression(t, 1, sc), ")")
		q.Lazy = q.Lazy || framed // as may a value that is in no row's frame
	}
	return clause(call, over)
}

// filteredBySubquery has IN, EXISTS, ANY, ALL and scalar subqueries.
func (g *Generator) filteredBySubquery() *node {
	item, sc, _ := g.from()
	inner, is, _ := g.from()
	is.outer = sc
	t := g.columnType(sc)
	if !comparable(t) || len(is.of(t)) == 0 {
		t = pgtypes.Int4
	}
	values := clause("(select ", g.leaf(t, is), " from "+inner, g.where(is), ")")
	var test *node
	switch g.r.IntN(5) {
	case 0:
		test = clause(g.leaf(t, sc), pick(g, []string{" in ", " not in "}), values)
	case 1:
		test = clause(pick(g, []string{"exists ", "not exists "}), clause("(select 1 from "+inner+" where ", g.condition(1, is), ")"))
	case 2:
		test = clause(g.leaf(t, sc), pick(g, []string{" = any ", " <> all ", " > any ", " <= all "}), values)
	case 3:
		test = clause(g.leaf(t, sc), pick(g, []string{" = ", " < ", " >= "}), "(select "+pick(g, []string{"max(", "min("}), g.leaf(t, &scope{columns: is.columns}), ") from "+inner, g.where(is), ")")
		if t == pgtypes.Bool {
			test = clause(g.leaf(t, sc), " in ", values)
		}
	default:
		return clause("select ", g.items(1, sc), ", (select count(*) from "+inner+" where ", g.condition(1, is), ") from "+item, g.where(sc))
	}
	return clause("select ", g.items(1+g.r.IntN(2), sc), " from "+item+" where ", test, optional(" and ", g.condition(1, sc)))
}

// setOperation is UNION, INTERSECT, EXCEPT of the same types.
func (g *Generator) setOperation() *node {
	var types []uint32
	for range 1 + g.r.IntN(2) {
		t := g.anyType()
		for !comparable(t) {
			t = g.anyType()
		}
		types = append(types, t)
	}
	side := func() *node {
		item, sc, _ := g.from()
		l := list(", ")
		for _, t := range types {
			l.items = append(l.items, g.expression(t, 2, sc))
		}
		l.fixed = true
		return clause("select ", l, " from "+item, g.where(sc))
	}
	word := pick(g, []string{" union ", " union all ", " intersect ", " except ", " intersect all ", " except all "})
	return clause(side(), word, side())
}

// derived is a subquery in FROM or WITH, aggregated or filtered above.
func (g *Generator) derived(q *Query) *node {
	item, sc, _ := g.from()
	l := list(", ")
	out := &scope{}
	for i := range 2 + g.r.IntN(2) {
		t := g.anyType()
		l.items = append(l.items, clause(g.expression(t, 2, sc), fmt.Sprintf(" as x%d", i)))
		out.columns = append(out.columns, Column{fmt.Sprintf("d.x%d", i), t})
	}
	l.fixed = true
	inner := clause("select ", l, " from "+item, g.where(sc))
	above := list(", ")
	if g.chance(50) {
		above.items = append(above.items, g.aggregate(q, out, ""), g.aggregate(q, out, ""))
	} else {
		above = g.items(2, out)
	}
	if g.chance(50) {
		return clause("with d as (", inner, ") select ", above, " from d", g.where(out))
	}
	return clause("select ", above, " from (", inner, ") d", g.where(out))
}

// distinct is DISTINCT, and DISTINCT ON with a whole order.
func (g *Generator) distinct() *node {
	item, sc, unique := g.from()
	if unique != "" && g.chance(40) {
		key := g.expression(pick(g, []uint32{pgtypes.Bool, pgtypes.Int4, pgtypes.Text}), 1, sc).String()
		return clause("select distinct on ("+key+") ", g.items(1+g.r.IntN(2), sc), " from "+item, g.where(sc), " order by "+key+", "+unique)
	}
	l := list(", ")
	for range 1 + g.r.IntN(2) {
		t := g.anyType()
		for !comparable(t) {
			t = g.anyType()
		}
		l.items = append(l.items, g.expression(t, 2, sc))
	}
	return clause("select distinct ", l, " from "+item, g.where(sc))
}

// constants reads no table: expressions are folded.
func (g *Generator) constants() *node {
	if g.chance(30) {
		t, u := g.anyType(), g.anyType()
		row := func() *node {
			l := list(", ", g.expression(t, 1, &scope{}), g.expression(u, 1, &scope{}))
			l.fixed = true
			return clause("(", l, ")")
		}
		return clause("values ", list(", ", row(), row(), row()))
	}
	return clause("select ", g.items(1+g.r.IntN(3), &scope{}))
}

// series is a function in FROM that returns rows.
func (g *Generator) series() *node {
	item, sc, _ := g.from()
	choices := []struct {
		call string
		typ  uint32
	}{
		{"generate_series(1, 5)", pgtypes.Int4},
		{"generate_series(10, 1, -3)", pgtypes.Int4},
		{"generate_series(1::int8, 3)", pgtypes.Int8},
		{"generate_series(0.5, 2.0, 0.5)", pgtypes.Numeric},
		{"generate_series(timestamp '2018-02-27', '2018-03-02', '1 day')", pgtypes.Timestamp},
		{"generate_series(timestamptz '2018-03-10 00:00+00', '2018-03-12 00:00+00', interval '12 hours')", pgtypes.Timestamptz},
		{"unnest(array['a', null, 'b'])", pgtypes.Text},
		{"unnest(array[3, 1, 2])", pgtypes.Int4},
		{"string_to_table('a,b', ',')", pgtypes.Text},
		{"regexp_split_to_table('a1b2', '[0-9]')", pgtypes.Text},
		{"json_array_elements_text('[1, \"x\", null]')", pgtypes.Text},
		{"json_object_keys('{\"b\": 1, \"a\": 2}')", pgtypes.Text},
	}
	c := pick(g, choices)
	columns := sc.of(pgtypes.Int4)
	if len(columns) > 0 && g.chance(30) {
		c.call, c.typ = "generate_series(1, least("+pick(g, columns)+", 4))", pgtypes.Int4
	}
	ordinality := pick(g, []string{" as f(x)", " as f(x)", " with ordinality as f(x, n)"})
	out := &scope{columns: append(slices.Clone(sc.columns), Column{"f.x", c.typ})}
	if ordinality == " with ordinality as f(x, n)" {
		out.columns = append(out.columns, Column{"f.n", pgtypes.Int8})
	}
	return clause("select f.x, ", g.items(1+g.r.IntN(2), out), " from "+item+" cross join "+c.call+ordinality, g.where(out))
}

// lateral is a subquery that names columns of the table before it.
func (g *Generator) lateral() *node {
	item, sc, _ := g.from()
	g.names++
	alias := fmt.Sprintf("l%d", g.names)
	t := g.anyType()
	out := &scope{columns: append(slices.Clone(sc.columns), Column{alias + ".y", t})}
	return clause("select ", g.items(1+g.r.IntN(2), out), " from "+item+" cross join lateral (select ", g.expression(t, 2, sc), " as y) "+alias, g.where(out))
}
