package random

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/pgtypes"
)

// distinctTypes picks n types of which values can be compared.
func (g *Generator) distinctTypes(n int) []uint32 {
	var types []uint32
	for range n {
		t := g.anyType()
		for !comparable(t) {
			t = g.anyType()
		}
		types = append(types, t)
	}
	return types
}

// derivedScope is what a subquery d with columns x0, x1, … of the types gives.
func derivedScope(types []uint32) *scope {
	sc := &scope{}
	for i, t := range types {
		sc.columns = append(sc.columns, Column{fmt.Sprintf("d.x%d", i), t})
	}
	return sc
}

func columnNames(n int) string {
	names := make([]string, n)
	for i := range names {
		names[i] = "x" + strconv.Itoa(i)
	}
	return strings.Join(names, ", ")
}

// typed is an expression with a cast to its own type: without a modifier.
func (g *Generator) typed(typ uint32, depth int, sc *scope) *node {
	return clause("(", g.expression(typ, depth, sc), ")::"+g.types[typ])
}

// recursive is WITH RECURSIVE: a counter, and a value that each step makes of the one before.
func (g *Generator) recursive() *node {
	t := g.distinctTypes(1)[0]
	out := derivedScope([]uint32{pgtypes.Int4, t})
	item, sc, unique := g.from()
	first := clause("select 1, ", g.typed(t, 1, &scope{}))
	if unique != "" && g.chance(40) {
		first = clause("select ("+unique+")::int, ", g.typed(t, 1, sc), " from "+item+" where "+unique+" < 3")
	}
	word := pick(g, []string{" union all ", " union "})
	step := clause("select d.x0 + 1, ", g.typed(t, 1, out), " from d where d.x0 < "+strconv.Itoa(2+g.r.IntN(4)))
	return clause("with recursive d(x0, x1) as (", first, word, step, ") select d.x0, ", g.items(1+g.r.IntN(2), out), " from d", g.where(out))
}

// groupingSets is ROLLUP, CUBE and GROUPING SETS of two or three columns, and an expression beside them.
func (g *Generator) groupingSets(q *Query) *node {
	item, sc, unique := g.from()
	var columns []string
	for _, c := range sc.columns {
		if comparable(c.Type) && !isReal(c.Type) {
			columns = append(columns, c.Name)
		}
	}
	g.r.Shuffle(len(columns), func(i, j int) { columns[i], columns[j] = columns[j], columns[i] })
	columns = columns[:min(len(columns), 2+g.r.IntN(2))]
	if len(columns) < 2 {
		return g.grouped(q)
	}
	list := strings.Join(columns, ", ")
	group := pick(g, []string{
		"rollup (" + list + ")", "cube (" + list + ")", "grouping sets ((" + list + "), (" + columns[0] + "), ())", columns[0] + ", rollup (" + strings.Join(columns[1:], ", ") + ")",
		"grouping sets (" + columns[0] + ", rollup (" + strings.Join(columns[1:], ", ") + "))", "rollup ((" + list + "))",
	})
	calls := clause(g.aggregate(q, sc, unique), optional(", ", g.aggregate(q, sc, unique)))
	having := pick(g, []string{"", "", " having grouping(" + columns[0] + ") = 0", " having count(*) > 1"})
	return clause("select "+list+", grouping("+list+"), ", calls, " from "+item, g.where(sc), " group by "+group, optional(having))
}

func isReal(t uint32) bool { return t == pgtypes.Float4 || t == pgtypes.Float8 }

// overGroups is a window function over the rows of a GROUP BY.
func (g *Generator) overGroups(q *Query) *node {
	item, sc, _ := g.from()
	keys := sc.of(pick(g, []uint32{pgtypes.Int4, pgtypes.Date, pgtypes.Text, pgtypes.Int8, pgtypes.Bool}))
	if len(keys) == 0 {
		return g.windowed(q)
	}
	k := pick(g, keys)
	call := pick(g, []string{
		"sum(count(*)) over (order by " + k + ")", "rank() over (order by count(*) desc, " + k + ")", "lag(count(*)) over (order by " + k + ")",
		"count(*) over ()", "sum(sum(1)) over (order by " + k + " rows between 1 preceding and current row)", "first_value(count(*)) over (order by " + k + " desc)",
		"max(max(" + k + "::text)) over ()", "row_number() over w", "percent_rank() over w",
	})
	window := text("")
	if strings.HasSuffix(call, " w") {
		window = text(" window w as (order by " + k + ")")
	}
	return clause("select "+k+", ", g.aggregate(q, sc, ""), ", "+call+" from "+item, g.where(sc), " group by "+k, window)
}

// ranged is an aggregate over a RANGE frame whose ends are so far away.
func (g *Generator) ranged(q *Query) *node {
	item, sc, unique := g.from()
	for unique == "" {
		item, sc, unique = g.from()
	}
	key, offsets := unique, []string{"0", "1", "2", "100"}
	if columns := sc.of(pick(g, []uint32{pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz})); len(columns) > 0 && g.chance(60) {
		key, offsets = pick(g, columns), []string{"interval '1 day'", "interval '1 month'", "interval '36 hours'", "interval '100 years'"}
	} else if columns := sc.of(pick(g, []uint32{pgtypes.Int4, pgtypes.Float8})); len(columns) > 0 && g.chance(40) {
		key = pick(g, columns)
	}
	frame := pick(g, []string{
		pick(g, offsets) + " preceding and current row", pick(g, offsets) + " preceding and " + pick(g, offsets) + " following",
		"unbounded preceding and " + pick(g, offsets) + " following", "current row and " + pick(g, offsets) + " following", "current row and unbounded following",
	})
	q.Lazy = true
	t := pick(g, []uint32{pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Int2})
	call := clause(pick(g, []string{"sum(", "min(", "max(", "count(", "avg("}), g.expression(t, 1, sc), ")")
	over := " over (order by " + key + pick(g, []string{"", " desc", " nulls first"}) + " range between " + frame + pick(g, []string{"", "", " exclude ties", " exclude group"}) + ")"
	return clause("select "+unique+", ", call, over, " from "+item, g.where(sc))
}

// valuesInFrom reads rows that are written down.
func (g *Generator) valuesInFrom() *node {
	types := g.distinctTypes(2)
	out := derivedScope(types)
	row := func() *node {
		l := list(", ", g.typed(types[0], 1, &scope{}), g.typed(types[1], 0, &scope{}))
		l.fixed = true
		return clause("(", l, ")")
	}
	rows := list(", ", row(), row(), row())
	if g.chance(50) {
		return clause("select ", g.items(2, out), " from (values ", rows, ") as d("+columnNames(2)+")", g.where(out))
	}
	item, sc, _ := g.from()
	both := &scope{columns: append(slices.Clone(sc.columns), out.columns...)}
	join := pick(g, []string{" cross join ", " left join "})
	on := text("")
	if join == " left join " {
		on = clause(" on ", g.condition(1, both))
	}
	return clause("select ", g.items(2, both), " from "+item+join+"(values ", rows, ") as d("+columnNames(2)+")", on, g.where(both))
}

// setOperations is three SELECTs, with parentheses, and in an order if every column has one.
func (g *Generator) setOperations() *node {
	types := g.distinctTypes(1 + g.r.IntN(2))
	side := func() *node {
		item, sc, _ := g.from()
		l := list(", ")
		for _, t := range types {
			l.items = append(l.items, g.expression(t, 1, sc))
		}
		l.fixed = true
		return clause("select ", l, " from "+item, g.where(sc))
	}
	words := []string{" union ", " union all ", " intersect ", " except "}
	n := clause(side(), pick(g, words), "(", side(), pick(g, words), side(), ")")
	if g.chance(50) {
		n = clause("(", side(), pick(g, words), side(), ")", pick(g, words), side())
	}
	for _, t := range types {
		if !slices.Contains([]uint32{pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Text, pgtypes.Date, pgtypes.Timestamp, pgtypes.Bool}, t) {
			return n
		}
	}
	return clause(n, optional(" order by "+pick(g, []string{"1", "1 desc", "1 nulls first"})+strings.Repeat(", 2", len(types)-1)))
}

// lateralRows is a subquery of several rows, or of a group, that names columns of the table before it.
func (g *Generator) lateralRows(q *Query) *node {
	item, sc, _ := g.from()
	inner, is, unique := g.from()
	t := g.columnType(sc)
	if !comparable(t) || len(is.of(t)) == 0 || len(sc.of(t)) == 0 {
		t = pgtypes.Int4
	}
	if len(is.of(t)) == 0 || len(sc.of(t)) == 0 {
		return g.lateral()
	}
	where := " where " + pick(g, is.of(t)) + pick(g, []string{" = ", " = ", " <= ", " <> "}) + pick(g, sc.of(t))
	types := g.distinctTypes(1)
	out := &scope{columns: append(slices.Clone(sc.columns), derivedScope(types).columns...)}
	var sub *node
	if unique != "" && g.chance(50) {
		sub = clause("select ", g.expression(types[0], 1, is), " as x0 from "+inner+where+" order by "+unique+pick(g, []string{"", " desc"})+" limit 2")
	} else {
		sub = clause("select max(", g.expression(types[0], 1, is), ") as x0 from "+inner+where)
		if types[0] == pgtypes.Bool || types[0] == pgtypes.UUID || types[0] == pgtypes.Bytea || types[0] >= 1000 {
			types[0] = pgtypes.Int8
			out.columns[len(out.columns)-1].Type = pgtypes.Int8
			sub = clause("select ", g.aggregate(q, is, ""), ", count(*) as x0 from "+inner+where)
		}
	}
	join := pick(g, []string{" cross join lateral (", " left join lateral ("})
	end := ") d"
	if join == " left join lateral (" {
		end = ") d on true"
	}
	return clause("select ", g.items(1+g.r.IntN(2), out), " from "+item+join, sub, end, g.where(out))
}

// scalars has subqueries among its columns, which name columns of the level above.
func (g *Generator) scalars() *node {
	item, sc, unique := g.from()
	inner, is, _ := g.from()
	is.outer = sc
	t := g.distinctTypes(1)[0]
	if unique == "" || len(is.of(pgtypes.Int4)) == 0 {
		return g.filteredBySubquery()
	}
	value := clause("(select ", pick(g, []string{"max(", "min(", "count("}), g.leaf(pick(g, []uint32{pgtypes.Int4, pgtypes.Text, pgtypes.Date, pgtypes.Numeric}), &scope{columns: is.columns}),
		") from "+inner+" where "+pick(g, is.of(pgtypes.Int4))+" = "+unique+")")
	test := clause("case when ", pick(g, []string{"exists", "not exists"}), " (select 1 from "+inner+" where ", g.condition(1, is), ") then ", g.expression(t, 1, sc), " end")
	return clause("select "+unique+", ", list(", ", value, test), " from "+item, g.where(sc))
}
