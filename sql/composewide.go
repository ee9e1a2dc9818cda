package sql

import (
	"slices"
	"strings"

	"tidegate/internal/pgtypes"
)

// Rows with wide numerics (see numeric.go) are the same, and in order, by the keys of these. DuckDB's DISTINCT, set
// operations and ORDER BY of output columns go by the texts, and make one zero of the two that floats have, so they are
// written in another way.

// distinctText is the DISTINCT of a SELECT.
func (p *selectParts) distinctText() string {
	if p.distinct != "DISTINCT " || !p.keyed() {
		return p.distinct
	}
	var keys []string
	for _, t := range p.targets {
		keys = append(keys, distinctKey(t.e))
	}
	return "DISTINCT ON (" + strings.Join(keys, ", ") + ") "
}

// choosesSingles reports whether DISTINCT ON takes one row by an order, with single-precision floats in it: DuckDB forgets
// the sign of a zero there, as of a key, but not that of a double.
func (p *selectParts) choosesSingles() bool {
	return len(p.order) > 0 && strings.HasPrefix(p.distinctText(), "DISTINCT ON") && slices.ContainsFunc(p.targets, isSingle)
}

func isSingle(t *target) bool { return t.e.typ.OID == pgtypes.Float4 }

// composeChosen has such rows chosen with doubles.
func (b *binder) composeChosen(p *selectParts, names []string) string {
	doubled := *p
	doubled.targets = slices.Clone(p.targets)
	var list []string
	for i, t := range p.targets {
		c := "c" + itoa(i)
		if isSingle(t) {
			double, e := *t, *t.e
			e.typ, e.sql = pgtypes.Of(pgtypes.Float8), "CAST("+t.e.sql+" AS DOUBLE)"
			double.e = &e
			doubled.targets[i] = &double
			c = "CAST(" + c + " AS FLOAT)"
		}
		list = append(list, c+" AS "+name(names[i]))
	}
	return "SELECT " + strings.Join(list, ", ") + " FROM (" + b.compose(&doubled, columnNames(p)) + ") AS " + b.alias("chosen")
}

// distinctKey is the text of one key of DISTINCT ON.
func distinctKey(e *expr) string { return noOrdinal(e, keyText(e)) }

// noOrdinal writes a key so that a constant is not taken for the number of a column.
func noOrdinal(e *expr, key string) string {
	if e.constant {
		return "CAST(" + key + " AS VARCHAR)"
	}
	return key
}

// orderKey is the text of one key of ORDER BY.
func (p *selectParts) orderKey(k sortKey) string {
	if k.output == 0 || !keyed(p.targets[k.output-1].e) {
		return k.sql
	}
	if p.op != "" || p.rows != nil {
		return columnKey(p, k.output-1) + k.direction
	}
	return keyText(p.targets[k.output-1].e) + k.direction
}

// keyedOrder reports whether the rows are sorted by an output column by way of its key.
func (p *selectParts) keyedOrder() bool {
	return slices.ContainsFunc(p.order, func(k sortKey) bool { return k.output > 0 && keyed(p.targets[k.output-1].e) })
}

// wideOrder reports whether the rows are sorted by a wide numeric.
func (p *selectParts) wideOrder() bool {
	return slices.ContainsFunc(p.order, func(k sortKey) bool {
		return k.output > 0 && p.targets[k.output-1].e.wide || k.e != nil && k.e.wide
	})
}

func (p *selectParts) outputNames(names []string) []string {
	if names != nil {
		return names
	}
	for _, t := range p.targets {
		names = append(names, t.name)
	}
	return names
}

// columnNames are the names c0, c1 … of output columns, for texts that refer to them.
func columnNames(p *selectParts) []string {
	var list []string
	for i := range p.targets {
		list = append(list, "c"+itoa(i))
	}
	return list
}

// columnKey is the key of such a column.
func columnKey(p *selectParts, i int) string {
	c := "c" + itoa(i)
	return keyOf(p.targets[i].e, c)
}

// keyOf is the key of an output column that goes by a name.
func keyOf(e *expr, column string) string {
	return keyText(&expr{typ: e.typ, wide: e.wide, sql: column})
}

func columnKeys(p *selectParts) []string {
	var list []string
	for i := range p.targets {
		list = append(list, columnKey(p, i))
	}
	return list
}

// renamed selects the columns c0, c1 … under the output's names.
func renamed(p *selectParts, distinct string, names []string) string {
	var list []string
	for i := range p.targets {
		list = append(list, "c"+itoa(i)+" AS "+name(names[i]))
	}
	return "SELECT " + distinct + strings.Join(list, ", ") + " FROM "
}

// composeOrdered puts rows into a subquery whose columns ORDER BY can name.
func (b *binder) composeOrdered(p *selectParts, body string, names []string) string {
	return renamed(p, "", names) + "(" + body + ") AS " + b.alias("ordered") + "(" + strings.Join(columnNames(p), ", ") + ")"
}

// composeSet writes a set operation without its ORDER BY.
func (b *binder) composeSet(p *selectParts, names []string) string {
	l, r := b.compose(p.left, names), b.compose(p.right, names)
	with := ""
	if !strings.HasPrefix(p.op, "UNION") && len(p.outerRefs) == 0 && (p.left.computes() || p.right.computes()) {
		with, l, r = b.computedSides(p, l, r)
	}
	plain := "(" + l + ") " + p.op + " (" + r + ")"
	counted := (p.op == "EXCEPT ALL" || p.op == "INTERSECT ALL") && p.keyed()
	switch asIs := !p.wide() && !counted || p.op == "UNION ALL"; {
	case counted:
		return b.composeOrdered(p, with+b.composeCopies(p, l, r), names)
	case asIs && (p.keyedOrder() || with != ""):
		return b.composeOrdered(p, with+plain, names)
	case asIs:
		return plain
	}
	columns := "(" + strings.Join(columnNames(p), ", ") + ")"
	distinct := "DISTINCT ON (" + strings.Join(columnKeys(p), ", ") + ") "
	if p.op == "UNION" {
		// Of rows that are the same the left side's is taken, as PostgreSQL mostly does.
		united := "((SELECT *, 0 FROM (" + l + ")) UNION ALL (SELECT *, 1 FROM (" + r + "))) AS " + b.alias("united") +
			"(" + strings.Join(append(columnNames(p), "side"), ", ") + ")"
		return b.composeOrdered(p, renamed(p, distinct, columnNames(p))+united+" ORDER BY side", names)
	}
	left, right := b.alias("rows_left"), b.alias("rows_right")
	body := renamed(p, distinct, columnNames(p)) + "(" + l + ") AS " + left + columns + p.alsoThere(left, "("+r+") AS "+right+columns, right, "")
	return b.composeOrdered(p, with+body, names)
}

// computedSides names the sides of INTERSECT or EXCEPT in a WITH that computes them whole. DuckDB looks at a column of
// constants first, and where they differ it computes nothing else: what fails there is the statement's error in PostgreSQL.
func (b *binder) computedSides(p *selectParts, l, r string) (with, left, right string) {
	left, right = b.alias("side_left"), b.alias("side_right")
	columns := "(" + strings.Join(columnNames(p), ", ") + ") AS MATERIALIZED ("
	return "WITH " + left + columns + l + "), " + right + columns + r + ") ", "SELECT * FROM " + left, "SELECT * FROM " + right
}

// computes reports whether an output column is more than a column or a constant.
func (p *selectParts) computes() bool {
	return p.op != "" || slices.ContainsFunc(p.targets, func(t *target) bool { return t.e.column == nil && !t.e.constant })
}

// composeCopies writes EXCEPT ALL and INTERSECT ALL of what goes by keys: a row's copies are numbered on either side, and each is
// looked for by its number too.
func (b *binder) composeCopies(p *selectParts, l, r string) string {
	numbered := func(text, alias string) string {
		return "(SELECT *, row_number() OVER (PARTITION BY " + strings.Join(columnKeys(p), ", ") + ") FROM (" + text + ") AS " + b.alias("copies") +
			"(" + strings.Join(columnNames(p), ", ") + ")) AS " + alias + "(" + strings.Join(append(columnNames(p), "copy"), ", ") + ")"
	}
	left, right := b.alias("rows_left"), b.alias("rows_right")
	return renamed(p, "", columnNames(p)) + numbered(l, left) + p.alsoThere(left, numbered(r, right), right, " AND "+left+".copy = "+right+".copy")
}

// alsoThere is the condition that a row of the left side is also, or is not, on the right: from has those rows.
func (p *selectParts) alsoThere(left, from, right, and string) string {
	var same []string
	for i, t := range p.targets {
		x, y := left+".c"+itoa(i), right+".c"+itoa(i)
		same = append(same, keyOf(t.e, x)+" IS NOT DISTINCT FROM "+keyOf(t.e, y))
	}
	word := " WHERE EXISTS ("
	if strings.HasPrefix(p.op, "EXCEPT") {
		word = " WHERE NOT EXISTS ("
	}
	return word + "SELECT 1 FROM " + from + " WHERE " + strings.Join(same, " AND ") + and + ")"
}
