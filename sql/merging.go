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

// over gives the text over the columns of the parts.
func (m *merging) over(columns []string) string {
	text := m.text
	for i, c := range columns {
		text = strings.ReplaceAll(text, "$"+itoa(i+1), c)
	}
	return text
}
