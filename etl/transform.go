package etl

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// etlSchema is where the relation source is for the binder. Nobody can name it: it is only in the search path.
const etlSchema = "tidegate_etl"

// environment is what session functions mean in a pipeline's SELECT: no user, always UTC.
func (b *batch) environment() sql.Env {
	return sql.Env{
		SearchPath: []string{etlSchema}, Database: "tidegate", User: "tidegate",
		Now: b.started, Statement: b.started, Zone: nil,
		Settings: func(string) (string, bool) { return "", false },
	}
}

// fill makes rowsTable of a rendered SELECT with these output names: the table's columns by name, each in its
// type, dt computed, a cutColumn for each that may be cut, and after them the carried columns, which the SELECT gives
// last.
func (b *batch) fill(ctx context.Context, rendered string, names, carried []string) error {
	positions := make([]string, len(names)+len(carried))
	for i := range positions {
		positions[i] = fmt.Sprintf("c%d", i)
	}
	var given, all []string
	for _, c := range b.table.Columns {
		i := slices.Index(names, c.Name)
		if i < 0 {
			expression, err := b.partitionTime(c)
			if err != nil {
				return err
			}
			all = append(all, expression+" AS "+ident(c.Name))
			continue
		}
		expression, cut := b.refined(positions[i], c)
		given = append(given, expression+" AS "+ident(c.Name))
		all = append(all, ident(c.Name))
		if cut != "" {
			given = append(given, cut+" AS "+cutColumn(len(b.cuts)))
			all = append(all, cutColumn(len(b.cuts)))
			b.cuts = append(b.cuts, c.Name)
		}
	}
	for i, c := range carried {
		given = append(given, positions[len(names)+i]+" AS "+ident(c))
		all = append(all, ident(c))
	}
	return b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS SELECT %s FROM (SELECT %s FROM (%s) AS t(%s))",
		rowsTable, strings.Join(all, ", "), strings.Join(given, ", "), rendered, strings.Join(positions, ", ")))
}

func (b *batch) refinement(name string) (pipeline.Column, bool) {
	i := slices.IndexFunc(b.p.Columns, func(r pipeline.Column) bool { return r.Name == name })
	if i < 0 {
		return pipeline.Column{}, false
	}
	return b.p.Columns[i], true
}

// grains are dt's formats, for DuckDB's strftime and Go's time.
var grains = map[string]struct{ duckdb, layout string }{
	"hour":  {"%Y-%m-%dT%H", "2006-01-02T15"},
	"day":   {"%Y-%m-%d", "2006-01-02"},
	"month": {"%Y-%m", "2006-01"},
}

// partitionTime is the expression of a column that the SELECT does not give: dt, from the table's time. A
// timestamptz is an instant and is looked at in the table's zone; a timestamp or date is in that zone already.
func (b *batch) partitionTime(c catalog.Column) (string, error) {
	spec := b.table.Time
	if c.Name != catalog.PartitionKey || spec == nil {
		return "", fmt.Errorf("%s: the SELECT gives no column %q", b.p.SQLFile, c.Name)
	}
	grain, ok := grains[spec.Grain]
	if !ok {
		return "", fmt.Errorf("%s: time.grain %q is not hour, day or month", b.p.YMLFile, spec.Grain)
	}
	timeColumn, ok := b.table.Column(spec.Column)
	if !ok {
		return "", fmt.Errorf("%s: the SELECT gives no column %q, which is time.column", b.p.SQLFile, spec.Column)
	}
	expression := ident(spec.Column)
	switch timeColumn.Type.OID {
	case pgtypes.Timestamptz:
		expression = fmt.Sprintf("timezone(%s, %s)", literal(spec.Zone), expression)
	case pgtypes.Timestamp, pgtypes.Date:
	default:
		return "", fmt.Errorf("%s: time.column %q is %s; it must be a timestamptz, timestamp or date", b.p.YMLFile, spec.Column, timeColumn.Type)
	}
	return fmt.Sprintf("strftime(%s, %s)", expression, literal(grain.duckdb)), nil
}
