package random

import (
	"strings"

	"tidegate/internal/pgtypes"
	"tidegate/test/differential/surface"
)

// scope is the columns that an expression may name.
type scope struct {
	columns []Column // names are qualified
	outer   *scope
}

func (s *scope) of(typ uint32) []string {
	var names []string
	for _, c := range s.columns {
		if c.Type == typ {
			names = append(names, c.Name)
		}
	}
	return names
}

// expression makes one of a type. depth bounds how deep it is.
func (g *Generator) expression(typ uint32, depth int, sc *scope) *node {
	n := g.anyExpression(typ, depth, sc)
	n.typ, n.plain = typ, literals[typ][0]
	return n
}

func (g *Generator) anyExpression(typ uint32, depth int, sc *scope) *node {
	if depth <= 0 || g.chance(15) {
		return g.leaf(typ, sc)
	}
	switch roll := g.r.IntN(100); {
	case roll < 60:
		if calls := g.functions[typ]; len(calls) > 0 {
			return g.call(pick(g, calls), depth, sc)
		}
	case roll < 68:
		if casts := g.casts[typ]; len(casts) > 0 {
			c := pick(g, casts)
			return clause("(", g.expression(c.Args[0].OID, depth-1, sc), ")::", g.types[typ])
		}
	case roll < 76:
		return clause("case when ", g.condition(depth-1, sc), " then ", g.expression(typ, depth-1, sc), optional(" else ", g.expression(typ, depth-1, sc)), " end")
	case roll < 82:
		return clause("coalesce(", list(", ", g.expression(typ, depth-1, sc), g.expression(typ, depth-1, sc)), ")")
	case roll < 85 && comparable(typ):
		return clause("nullif(", g.expression(typ, depth-1, sc), ", ", g.expression(typ, depth-1, sc), ")")
	case roll < 88 && comparable(typ):
		return clause(pick(g, []string{"greatest(", "least("}), list(", ", g.expression(typ, depth-1, sc), g.expression(typ, depth-1, sc)), ")")
	case typ == pgtypes.Bool:
		return clause("(", g.condition(depth-1, sc), ")")
	}
	return g.leaf(typ, sc)
}

// comparable tells whether values of a type have an order.
func comparable(typ uint32) bool { return typ != pgtypes.JSON && typ != pgtypes.UUID }

func (g *Generator) leaf(typ uint32, sc *scope) *node {
	for s := sc; s != nil; s = s.outer {
		if names := s.of(typ); len(names) > 0 && g.chance(75) {
			return text(pick(g, names))
		}
	}
	for {
		l := pick(g, literals[typ])
		// Without a table PostgreSQL takes NULL for a call with a NULL before it computes the other arguments, or after.
		if len(sc.columns) > 0 || !strings.HasPrefix(l, "null") {
			return text(l)
		}
	}
}

func (g *Generator) call(f *surface.Finding, depth int, sc *scope) *node {
	var args []*node
	for i, a := range f.Args {
		if a.OID == 0 {
			continue
		}
		if d := domainOf(f.Name, i, f.Args); d != nil {
			args = append(args, text(pick(g, d)))
		} else {
			args = append(args, g.expression(a.OID, depth-1, sc))
		}
	}
	g.useColumn(f, args, sc)
	switch {
	case f.Kind == surface.Operator && len(args) == 1:
		return clause("("+f.Name+" ", args[0], ")")
	case f.Kind == surface.Operator:
		return clause("(", args[0], " "+f.Name+" ", args[1], ")")
	case f.Name == "timezone" && len(args) == 2 && g.chance(50):
		return clause("(", args[1], " at time zone ", args[0], ")")
	case f.Name == "extract":
		return clause("extract("+strings.Trim(args[0].String(), "'")+" from ", args[1], ")")
	}
	arguments := list(", ", args...)
	arguments.fixed = true
	return clause(quoted(f.Name)+"(", arguments, ")")
}

// useColumn makes one argument a column if none has one: PostgreSQL computes calls of constants while it plans, and
// their errors come even where no row is read.
func (g *Generator) useColumn(f *surface.Finding, args []*node, sc *scope) {
	if len(sc.columns) == 0 {
		return
	}
	for _, a := range args {
		if strings.Contains(a.String(), ".") && a.typ != pgtypes.Numeric || strings.Contains(a.String(), "t1.") {
			return
		}
	}
	for i := range args {
		typ := f.Args[len(f.Args)-len(args)+i].OID
		if names := sc.of(typ); len(names) > 0 && domainOf(f.Name, len(f.Args)-len(args)+i, f.Args) == nil {
			args[i].parts, args[i].items = []any{pick(g, names)}, nil
			return
		}
	}
}

// quoted gives a function's name as it can be called: some are words of the grammar.
func quoted(name string) string {
	switch name {
	case "position", "overlay", "substring", "trim", "timestamp", "timestamptz", "time", "timetz", "interval", "numeric", "bpchar", "varchar", "char", "bit",
		"float8", "float4", "int2", "int4", "int8", "bool", "text", "date", "normalize", "like", "notlike", "left", "right", "json", "jsonb":
		return `pg_catalog."` + name + `"`
	}
	return name
}

// condition is a boolean that is safe to filter with: comparisons of leaves, which cannot fail, so that the order in
// which an engine tests conditions does not show.
func (g *Generator) condition(depth int, sc *scope) *node {
	if depth > 0 && g.chance(35) {
		c := list(pick(g, []string{" and ", " or "}), g.condition(depth-1, sc), g.condition(depth-1, sc))
		return &node{typ: pgtypes.Bool, plain: "true", parts: []any{"(", c, ")"}}
	}
	typ := g.columnType(sc)
	var n *node
	switch roll := g.r.IntN(12); {
	case roll < 5 && comparable(typ):
		n = clause(g.leaf(typ, sc), pick(g, []string{" = ", " <> ", " < ", " <= ", " > ", " >= "}), g.leaf(typ, sc))
	case roll == 5 && comparable(typ):
		n = clause(g.leaf(typ, sc), pick(g, []string{" between ", " not between ", " between symmetric "}), g.leaf(typ, sc), " and ", g.leaf(typ, sc))
	case roll == 6 && comparable(typ):
		n = clause(g.leaf(typ, sc), pick(g, []string{" in (", " not in ("}), list(", ", g.leaf(typ, sc), g.leaf(typ, sc), g.leaf(typ, sc)), ")")
	case roll == 7 && comparable(typ):
		n = clause(g.leaf(typ, sc), pick(g, []string{" is distinct from ", " is not distinct from "}), g.leaf(typ, sc))
	case roll == 8 && isText(typ):
		n = clause(g.leaf(typ, sc), pick(g, []string{" like ", " ilike ", " not like ", " similar to "}), pick(g, likes))
	case roll == 9 && isText(typ):
		n = clause(g.leaf(typ, sc), pick(g, []string{" ~ ", " !~ "}), pick(g, patterns))
	case roll == 10:
		n = clause("(", g.leaf(pgtypes.Bool, sc), ")", pick(g, []string{" is true", " is not true", " is unknown", ""}))
	default:
		n = clause(g.leaf(typ, sc), pick(g, []string{" is null", " is not null"}))
	}
	n.typ, n.plain = pgtypes.Bool, "true"
	return n
}

// columnType is the type of a column in scope.
func (g *Generator) columnType(sc *scope) uint32 {
	if len(sc.columns) > 0 {
		if t := pick(g, sc.columns).Type; literals[t] != nil {
			return t
		}
	}
	return pgtypes.Int4
}

// anyType is a type that expressions can have, the common ones more often.
func (g *Generator) anyType() uint32 {
	common := []uint32{
		pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Float8, pgtypes.Text, pgtypes.Date, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Bool, pgtypes.Interval,
	}
	if g.chance(75) {
		return pick(g, common)
	}
	var all []uint32
	for _, t := range typeOrder {
		if _, ok := g.types[t]; ok {
			all = append(all, t)
		}
	}
	return pick(g, all)
}

var typeOrder = []uint32{
	pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric, pgtypes.Float4, pgtypes.Float8, pgtypes.Text, pgtypes.Varchar, pgtypes.Date,
	pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Interval, pgtypes.UUID, pgtypes.JSON, pgtypes.Bytea, jsonb, textArray, intArray,
}
