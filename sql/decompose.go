package sql

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// Decomposition says how a Query over one relation is answered from parts of the relation's rows, each row in one part:
// Partial is asked of each part, and Final of all rows that the parts gave. Without a Final they are the answer as they
// are, one part after the other, Limit of them.
type Decomposition struct {
	// Limit is the number of rows that are enough if there is no Final; -1: all.
	Limit int64

	q       *Query
	partial string // with a marker for the use
	final   string // with a marker for the table of parts
}

// partsAlias is the name under which Final knows the rows of the parts.
const partsAlias = "parts"

// partsMarker stands in Final for the table that holds the rows of the parts.
const partsMarker = mark + "p0" + mark

// RenderPartial gives DuckDB text for one part. source is as for Query.Render.
func (d *Decomposition) RenderPartial(source func(*Use) (string, error)) (string, error) {
	return replace(d.partial, "u", func(n int) (string, error) { return d.q.Uses[n].item(source) })
}

// RenderFinal gives DuckDB text over table, which holds the rows of every part under the names that Partial gives its
// columns; "" if there is nothing to do but to put the parts' rows together.
func (d *Decomposition) RenderFinal(table string) string {
	return strings.ReplaceAll(d.final, partsMarker, table)
}

// Decompose says how the Query is answered from parts. If it cannot be, why says what stands against it, in a few words.
//
// Integers and numerics come out as in one pass, doubles but for the order of their additions.
func (q *Query) Decompose() (d *Decomposition, why string, err error) {
	if q.template != nil {
		full, err := q.bound()
		if err != nil {
			return nil, "", err
		}
		return full.Decompose()
	}
	p := q.parts
	if why = q.inOnePiece(); why != "" {
		return nil, why, nil
	}
	d = &Decomposition{q: q, Limit: -1}
	switch {
	case p.aggregated:
		why, err = d.aggregates(p)
	case len(p.order) == 0 && p.offset == nil && p.distinct == "":
		d.partial = q.text
		if p.limit != nil {
			d.Limit = p.limit.value.I
		}
	default:
		why, err = d.sorted(p)
	}
	if why != "" || err != nil {
		return nil, why, err
	}
	return d, "", nil
}

// inOnePiece says what keeps any query of this shape from being answered from parts.
func (q *Query) inOnePiece() string {
	p := q.parts
	switch {
	case len(q.Uses) != 1:
		return "it reads more than one table, or one twice"
	case p.op != "" || p.rows != nil || p.with != "":
		return "it has WITH or a set operation"
	case !p.source.rowByRow():
		return "its FROM is more than one table row by row"
	case p.windowed || slices.ContainsFunc(p.order, func(k sortKey) bool { return k.e != nil && k.e.scopes.window }):
		return "it has a window function"
	case strings.HasPrefix(p.distinct, "DISTINCT ON"):
		return "it has DISTINCT ON"
	case p.limit != nil && p.limit.value == nil || p.offset != nil && p.offset.value == nil:
		return "its LIMIT is not known yet"
	}
	return ""
}

// rowByRow reports whether the item gives a row for each row of one base relation that passes, whatever the others are.
func (s *source) rowByRow() bool {
	if s == nil {
		return false
	}
	if s.base != nil {
		return true
	}
	p := s.only
	return p != nil && p.transparent && p.op == "" && p.rows == nil && p.with == "" && p.source.rowByRow()
}

// sorted decomposes rows that need a last step: the first of an order, the rest of an offset, or each once.
func (d *Decomposition) sorted(p *selectParts) (why string, err error) {
	switch {
	case p.distinct == "" && p.limit == nil:
		return "it orders all its rows", nil
	case p.wideOrder() || p.distinct != "" && p.keyed():
		return "it sorts values that are equal and look different, as numerics without a fixed scale, or is distinct by such or by floats", nil
	}
	var columns, outputs, keys, finalKeys []string
	for i, t := range p.targets {
		c := "c" + itoa(i)
		columns = append(columns, t.e.sql+" AS "+c)
		outputs = append(outputs, partsAlias+"."+c+" AS "+name(t.name))
	}
	for i, k := range p.order {
		keys = append(keys, p.orderKey(k))
		if k.output > 0 && isFloat(p.targets[k.output-1].e.typ.OID) {
			k.sql = "(" + partsAlias + ".c" + itoa(k.output-1) + " + 0)" + k.direction
		}
		if k.output == 0 {
			o := "o" + itoa(i)
			columns = append(columns, k.e.sql+" AS "+o)
			k.sql = partsAlias + "." + o + strings.TrimPrefix(k.sql, k.e.sql)
		}
		finalKeys = append(finalKeys, k.sql)
	}
	partial := "SELECT " + p.distinct + strings.Join(columns, ", ") + p.fromWhere()
	if p.distinct == "" { // its order is kept by DuckDB for the first rows only
		partial += orderBy(keys) + " LIMIT " + strconv.FormatInt(p.reached(), 10)
	}
	final := "SELECT " + p.distinct + strings.Join(outputs, ", ") + " FROM " + partsMarker + " AS " + partsAlias + orderBy(finalKeys)
	return d.texts(partial, final+p.limits())
}

// aggregates decomposes a grouped query: the parts are grouped by the same keys, and their aggregates merged.
func (d *Decomposition) aggregates(p *selectParts) (why string, err error) {
	b := d.q.binder
	if p.scope.grouping != nil && p.scope.grouping.sets {
		return "it has grouping sets or constant keys", nil
	}
	if g := p.scope.grouping; g != nil && len(g.wide) > 0 {
		return "it groups by values that are equal and look different, as numerics without a fixed scale", nil
	}
	if p.bareOutside() {
		return "a column stands outside of its aggregates", nil
	}
	merged := map[string]string{} // marker → text over the parts
	var columns, keys, finalKeys []string
	if g := p.scope.grouping; g != nil {
		for i, n := range g.keys {
			c := partsAlias + ".k" + itoa(i)
			columns, keys, finalKeys = append(columns, b.keys[n]+" AS k"+itoa(i)), append(keys, b.keys[n]), append(finalKeys, c)
			merged[mark+"k"+itoa(n)+mark] = c
		}
	}
	for n, a := range b.aggregates {
		if a.level != p.scope {
			continue
		}
		if a.merging == nil {
			return "it has an aggregate that does not merge", nil
		}
		var names []string
		for _, call := range a.merging.calls {
			names = append(names, partsAlias+".a"+itoa(len(columns)))
			columns = append(columns, call+" AS a"+itoa(len(columns)))
		}
		merged[mark+"a"+itoa(n)+mark] = a.merging.over(names)
	}
	if len(columns) == 0 { // HAVING alone
		columns = append(columns, "count(*) AS a0")
	}
	final := *p
	final.with, final.where, final.group = "", nil, finalKeys
	final.source = &source{sql: partsMarker + " AS " + partsAlias}
	text := b.compose(&final, nil)
	for marker, over := range merged {
		text = strings.ReplaceAll(text, marker, over)
	}
	// A subquery's reference to a grouped column has no marker. That a literal may look like one does no harm.
	if slices.ContainsFunc(p.scope.columns, func(v *visible) bool { return mentions(text, v.sql) }) {
		return "a column is read behind its aggregates", nil
	}
	return d.texts("SELECT "+strings.Join(columns, ", ")+p.fromWhere()+groupBy(keys), text)
}

// texts fills the markers that are left. A final text that still names the relation is none.
func (d *Decomposition) texts(partial, final string) (why string, err error) {
	if d.partial, err = d.q.binder.fill(partial); err != nil {
		return "", err
	}
	if d.final, err = d.q.binder.fill(final); err != nil {
		return "", err
	}
	if strings.Contains(d.final, mark+"u") {
		return "its table is read behind the aggregates", nil
	}
	return "", nil
}

// mentions reports whether a column's text stands in text, and not at the end of a longer name.
func mentions(text, column string) bool {
	for {
		before, after, found := strings.Cut(text, column)
		if !found || before == "" {
			return found
		}
		if c := before[len(before)-1]; c != '_' && c != '"' && (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return true
		}
		text = after
	}
}

// bareOutside reports whether an expression behind the grouping still names a column of the source.
func (p *selectParts) bareOutside() bool {
	bare := func(e *expr) bool { return e != nil && len(e.bare) > 0 }
	return slices.ContainsFunc(p.targets, func(t *target) bool { return bare(t.e) }) ||
		slices.ContainsFunc(p.order, func(k sortKey) bool { return bare(k.e) }) || bare(p.having)
}

func (p *selectParts) fromWhere() string {
	text := " FROM " + p.source.sql
	if p.where != nil {
		text += " WHERE " + p.where.sql
	}
	return text
}

// reached is LIMIT + OFFSET: the rows behind it are never seen.
func (p *selectParts) reached() int64 {
	n := p.limit.value.I
	if p.offset != nil {
		n += min(p.offset.value.I, math.MaxInt64-n)
	}
	return n
}

func (p *selectParts) limits() string {
	text := ""
	if p.limit != nil {
		text += " LIMIT " + p.limit.sql
	}
	if p.offset != nil {
		text += " OFFSET " + p.offset.sql
	}
	return text
}

func orderBy(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return " ORDER BY " + strings.Join(keys, ", ")
}

func groupBy(keys []string) string {
	if len(keys) == 0 {
		return ""
	}
	return " GROUP BY " + strings.Join(keys, ", ")
}
