package system

import (
	"iter"
	"slices"
	"strings"

	"tidegate/catalog"
)

// Audience says what of the relations is for those who ask. The zero Audience is everybody: all of it.
type Audience struct {
	// Sees reports whether anything of a table is there for them, and whether every row and column is. Nil is always.
	Sees func(table catalog.Name) (seen, whole bool)
	// SeesColumn reports the same of a column.
	SeesColumn func(table catalog.Name, column string) bool
	// Monitor says that they see how all tables are doing. It does not bring them rows, as quarantine has them.
	Monitor bool
	// Sizes says that they see how much their statements read: behind a row filter that depends on other rows too.
	Sizes bool
}

// What of a row tells of the rows of a table, by the relations' columns.
var telling = map[string][]int{
	"tables":    {3, 4, 5, 6, 7},
	"tiers":     {3, 4, 5, 6, 7},
	"freshness": {3, 4},
}

// only leaves of a relation's rows, whose first column is a table's name, what is for the audience. Of a table that is not
// there whole for them, sizes and times are NULL, and files, partitions, batches and the like are none: they tell of rows
// that are not theirs.
func (a Audience) only(relation string, rows iter.Seq2[[]any, error]) iter.Seq2[[]any, error] {
	if a.Sees == nil || a.Monitor && relation != "quarantine" {
		return rows
	}
	return func(yield func([]any, error) bool) {
		for row, err := range rows {
			if err == nil {
				if row = a.row(relation, row); row == nil {
					continue
				}
			}
			if !yield(row, err) {
				return
			}
		}
	}
}

// row gives a row as it is for the audience, nil if it is not.
func (a Audience) row(relation string, row []any) []any {
	if relation == "query_log" { // whose statements are there is the role's row filter
		if !a.Sizes {
			row[7], row[8] = nil, nil
		}
		return row
	}
	text, _ := row[0].(string)
	table, ok := catalog.ParseName(text)
	if !ok {
		return nil
	}
	seen, whole := a.Sees(table)
	if whole {
		return row
	}
	tells, shown := telling[relation]
	if !seen || !shown {
		return nil
	}
	for _, i := range tells {
		row[i] = nil
	}
	switch relation {
	case "tiers":
		columns := a.columns(table, row[8])
		row[2], row[8] = int64(len(columns)), strings.Join(columns, ", ")
	case "tables":
		row[2] = strings.Join(a.columns(table, row[2]), ", ")
	}
	return row
}

// columns gives those of a list in a row that are there for the audience.
func (a Audience) columns(table catalog.Name, list any) []string {
	text, _ := list.(string)
	return slices.DeleteFunc(strings.Split(text, ", "), func(c string) bool { return c == "" || !a.SeesColumn(table, c) })
}
