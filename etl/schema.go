package etl

import (
	"fmt"
	"reflect"
	"slices"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// target gives the table's definition as the pipeline wants it. have is the definition in the catalog, nil for a
// new table. SchemaVersion grows by one when columns are added or widened; a difference that files written
// earlier could not be read through is an error that says which and the way out. MaxBytes is what all files keep: a
// pipeline that has a smaller one now applies it to its rows, and the column keeps the larger.
func target(p *pipeline.Pipeline, columns []catalog.Column, have *catalog.Table) (*catalog.Table, error) {
	want := &catalog.Table{
		Name: p.Table, Description: p.Description, SchemaVersion: 1, Columns: columns, PartitionBy: p.PartitionBy,
		Time: p.Time, ClusterBy: p.ClusterBy, UniqueKey: p.UniqueKey, Hot: p.Hot, MaxStaleness: p.MaxStaleness, Keys: p.Keys,
	}
	if want.Hot != nil {
		want.Hot = hotSpec(columns, *want.Hot, have)
	}
	if have == nil {
		return want, nil
	}
	want.Columns = withLimits(columns, have)
	want.SchemaVersion = have.SchemaVersion
	if !slices.EqualFunc(have.Columns, columns, func(a, b catalog.Column) bool { return a.Name == b.Name && a.Type == b.Type }) {
		want.SchemaVersion++
	}
	if err := catalog.Follows(have, want); err != nil {
		return nil, fmt.Errorf("%s: %w; keep the columns that the table has, in their order (a column without a source can be NULL), or choose a new table name", p.YMLFile, err)
	}
	// dt is made from the time: another zone or grain would give the same folders another meaning.
	if slices.Contains(want.PartitionBy, catalog.PartitionKey) && !reflect.DeepEqual(have.Time, want.Time) {
		return nil, fmt.Errorf("%s: time changed, and with it the meaning of the partitions that %s has; choose a new table name", p.YMLFile, p.Table)
	}
	return want, nil
}

// withLimits gives the columns with MaxBytes as far as the files of the table keep it too.
func withLimits(columns []catalog.Column, have *catalog.Table) []catalog.Column {
	columns = slices.Clone(columns)
	for i, c := range columns {
		if old, ok := have.Column(c.Name); ok {
			columns[i].MaxBytes = catalog.WiderLimit(old.MaxBytes, c.MaxBytes)
		}
	}
	return columns
}

// hotSpec gives what is hot. Of a hot table that decides itself, it is what the loader noted last, nothing before that.
func hotSpec(columns []catalog.Column, hot catalog.HotSpec, have *catalog.Table) *catalog.HotSpec {
	switch {
	case !hot.FromTable:
		hot.Columns = hotColumns(columns, hot.Columns)
	case have != nil && have.Hot != nil && have.Hot.FromTable:
		hot.Columns, hot.Limits = have.Hot.Columns, have.Hot.Limits
	default:
		hot.Columns = []string{}
	}
	return &hot
}

// hotColumns gives the hot columns in the table's order, partition columns included.
func hotColumns(columns []catalog.Column, named []string) []string {
	var hot []string
	for _, c := range columns {
		if c.Partition || slices.Contains(named, c.Name) {
			hot = append(hot, c.Name)
		}
	}
	return hot
}

func columnNames(columns []catalog.Column) []string {
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = c.Name
	}
	return names
}
