package sql

import "strings"

// aggregateCall is an aggregate, for which a marker stands in the texts of a query: Decompose puts something else there.
type aggregateCall struct {
	level   *scope // whose rows it aggregates
	text    string
	merging *merging // nil: it cannot be made of parts
}

// aggregateMarker gives the marker of a call. The same text of the same level is one call: expressions are compared by
// their texts.
func (b *binder) aggregateMarker(a aggregateCall) string {
	for n := range b.aggregates {
		if b.aggregates[n].text == a.text && b.aggregates[n].level == a.level {
			return mark + "a" + itoa(n) + mark
		}
	}
	b.aggregates = append(b.aggregates, a)
	return mark + "a" + itoa(len(b.aggregates)-1) + mark
}

// merging says how an aggregate of the whole is made of aggregates of its parts.
type merging struct {
	calls []string // what is asked of each part
	text  string   // over the columns $1, $2 … of these
}

// mergingOf gives the merging of a function of the allow-list without DISTINCT and ORDER BY, nil if there is none. call
// is its text for all rows.
func mergingOf(f *function, args []*expr, call string) *merging {
	switch f.name {
	case "count":
		return &merging{[]string{call}, "CAST(sum($1) AS BIGINT)"}
	case "sum", "min", "max", "bool_and", "bool_or", "bit_and", "bit_or", "every":
		text, _, _ := strings.Cut(f.text, "|")
		return &merging{[]string{call}, text}
	case "avg":
		// The same double as DuckDB's: the sum of integers and numerics is exact.
		return &merging{[]string{f.write("sum($1)", args), f.write("count($1)", args)}, "(CAST(sum($1) AS DOUBLE) / nullif(sum($2), 0))"}
	}
	return nil
}

// finish adds what stands around the call.
func (m *merging) finish(filter, wrap string) *merging {
	if m == nil {
		return nil
	}
	for i := range m.calls {
		m.calls[i] += filter
	}
	if wrap != "" {
		m.text = strings.Replace(wrap, "%", m.text, 1)
	}
	return m
}

// over gives the text over the columns of the parts.
func (m *merging) over(columns []string) string {
	text := m.text
	for i, c := range columns {
		text = strings.ReplaceAll(text, "$"+itoa(i+1), c)
	}
	return text
}
