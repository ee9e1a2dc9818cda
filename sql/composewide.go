package sql

import (
	"slices"
	"strings"
)

// Rows with wide numerics (see numeric.go) are the same, and in order, by the keys of these. DuckDB's DISTINCT, set
// operations and ORDER BY of output columns go by the texts, so they are written in another way.

// distinctText is the DISTINCT of a SELECT.
func (p *selectParts) distinctText() string {
	if p.distinct != "DISTINCT " || !p.wide() {
		return p.distinct
	}
	var keys []string
	for _, t := range p.targets {
		keys = append(keys, orderText(t.e))
	}
	return "DISTINCT ON (" + strings.Join(keys, ", ") + ") "
}

// orderKey is the text of one key of ORDER BY.
func (p *selectParts) orderKey(k sortKey) string {
	if k.output == 0 || !p.targets[k.output-1].e.wide {
		return k.sql
	}
	if p.op != "" || p.rows != nil {
		return columnKey(p, k.output-1) + k.direction
	}
	return orderText(p.targets[k.output-1].e) + k.direction
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
	return orderText(&expr{typ: e.typ, wide: e.wide, sql: column})
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
	switch {
	case !p.wide():
		return "(" + l + ") " + p.op + " (" + r + ")"
	case p.op == "UNION ALL" && p.wideOrder():
		return b.composeOrdered(p, "("+l+") UNION ALL ("+r+")", names)
	case p.op == "UNION ALL":
		return "(" + l + ") UNION ALL (" + r + ")"
	}
	columns := "(" + strings.Join(columnNames(p), ", ") + ")"
	distinct := "DISTINCT ON (" + strings.Join(columnKeys(p), ", ") + ") "
	if p.op == "UNION" {
		return b.composeOrdered(p, renamed(p, distinct, columnNames(p))+"(("+l+") UNION ALL ("+r+")) AS "+b.alias("united")+columns, names)
	}
	// The rows of the left side that are also, or are not, on the right.
	left, right := b.alias("rows_left"), b.alias("rows_right")
	var same []string
	for i, t := range p.targets {
		x, y := left+".c"+itoa(i), right+".c"+itoa(i)
		same = append(same, keyOf(t.e, x)+" IS NOT DISTINCT FROM "+keyOf(t.e, y))
	}
	word := " WHERE EXISTS ("
	if p.op == "EXCEPT" {
		word = " WHERE NOT EXISTS ("
	}
	body := renamed(p, distinct, columnNames(p)) + "(" + l + ") AS " + left + columns + word +
		"SELECT 1 FROM (" + r + ") AS " + right + columns + " WHERE " + strings.Join(same, " AND ") + ")"
	return b.composeOrdered(p, body, names)
}
