package sql

import (
	"slices"
	"strings"
)

// compose puts the text together. names are the output columns' names in it; nil takes those of the targets.
func (b *binder) compose(p *selectParts, names []string) string {
	if p.choosesSingles() {
		return b.composeChosen(p, p.outputNames(names))
	}
	var t strings.Builder
	t.WriteString(p.with)
	switch {
	case p.op != "":
		t.WriteString(b.composeSet(p, p.outputNames(names)))
	case p.rows != nil && p.keyedOrder():
		t.WriteString(b.composeOrdered(p, p.composeRows(nil), p.outputNames(names)))
	case p.rows != nil:
		t.WriteString(p.composeRows(names))
	default:
		p.composeSelect(&t, names)
	}
	if len(p.order) > 0 {
		var keys []string
		for _, k := range p.order {
			keys = append(keys, p.orderKey(k))
		}
		t.WriteString(" ORDER BY " + strings.Join(keys, ", "))
	}
	if p.limit != nil {
		t.WriteString(" LIMIT " + p.limit.sql)
	}
	if p.offset != nil {
		t.WriteString(" OFFSET " + p.offset.sql)
	}
	return t.String()
}

func (p *selectParts) composeSelect(t *strings.Builder, names []string) {
	t.WriteString("SELECT " + p.distinctText())
	for i, x := range p.targets {
		if i > 0 {
			t.WriteString(", ")
		}
		as := x.name
		if names != nil {
			as = names[i]
		}
		t.WriteString(x.e.sql + " AS " + name(as))
	}
	if p.source != nil && p.source.sql != "" {
		t.WriteString(" FROM " + p.source.sql)
	}
	if p.where != nil {
		t.WriteString(" WHERE " + p.where.sql)
	}
	if len(p.group) > 0 {
		t.WriteString(" GROUP BY " + strings.Join(p.group, ", "))
	}
	switch {
	case p.having != nil:
		t.WriteString(" HAVING " + p.having.sql)
	case p.aggregated && len(p.group) == 0 && !p.aggregateWritten():
		t.WriteString(" HAVING true")
	}
	if p.qualify != nil {
		t.WriteString(" QUALIFY " + p.qualify.sql)
	}
}

// replacingWhere gives the parts with another condition in WHERE, if there is one.
func (p *selectParts) replacingWhere(with func(condition string) string) *selectParts {
	if with == nil || p.where == nil {
		return p
	}
	other, where := *p, *p.where
	where.sql = with(where.sql)
	other.where = &where
	return &other
}

// aggregateWritten reports whether an aggregate stands in what is selected. What is folded, as coalesce(1, max(x)), has lost
// it, and one row is made of all nevertheless.
func (p *selectParts) aggregateWritten() bool {
	return slices.ContainsFunc(p.targets, func(t *target) bool { return strings.Contains(t.e.sql, mark+"a") })
}

func (p *selectParts) composeRows(names []string) string {
	var rows, columns []string
	for _, r := range p.rows {
		var values []string
		for _, e := range r {
			values = append(values, e.sql)
		}
		rows = append(rows, "("+strings.Join(values, ", ")+")")
	}
	for i, t := range p.targets {
		n := t.name
		if names != nil {
			n = names[i]
		}
		columns = append(columns, name(n))
	}
	return "SELECT * FROM (VALUES " + strings.Join(rows, ", ") + ") AS v(" + strings.Join(columns, ", ") + ")"
}
