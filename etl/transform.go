package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/pgerr"
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

// selection makes b.selected of the pipeline's SELECT, with the two columns that say where each row is from. where, if not
// nil, makes the condition of its WHERE another one.
func (b *batch) selection(where func(string) string) (string, error) {
	var star []string
	for _, f := range b.p.SourceFields() {
		star = append(star, f.Name)
	}
	carried := []string{raw.ObjectColumn, raw.LineColumn}
	carrying, err := b.p.Statement.Carry(star, carried...)
	if err != nil {
		return "", fmt.Errorf("%s: %w", b.p.SQLFile, err)
	}
	names, rendered, err := b.renderSource(carrying, where)
	if err != nil {
		return "", err
	}
	return b.fitted(rendered, names[:len(names)-len(carried)], carried)
}

// countFiltered counts the records of sourceTable that WHERE does not let through.
func (b *batch) countFiltered(ctx context.Context) (int64, error) {
	filters := false
	_, others, err := b.renderSource(b.p.Statement, func(condition string) string {
		filters = true
		return "NOT coalesce(" + condition + ", false)"
	})
	if err != nil || !filters {
		return 0, err
	}
	n, err := number(ctx, b.session, "SELECT count(*)::BIGINT FROM ("+others+")")
	if err != nil {
		return 0, fmt.Errorf("count filtered records: %w", err)
	}
	return n, nil
}

// transform adds the rows of the records in sourceTable to the batch's.
func (b *batch) transform(ctx context.Context) error {
	err := b.addRows(ctx, b.selected)
	if err == nil {
		return nil
	}
	err = fmt.Errorf("transform by %s: %w", b.p.SQLFile, err)
	if e, ok := errors.AsType[*pgerr.Error](err); ok && strings.HasPrefix(string(e.Code), valueErrorClass) {
		err = &valueError{err}
	}
	return err
}

// addRows adds what a SELECT gives to the batch's rows.
func (b *batch) addRows(ctx context.Context, selected string) error {
	if b.fault.selected != "" {
		selected = "SELECT * FROM (" + selected + ") WHERE " + b.fault.selected
	}
	if !b.filled && !b.scratch {
		b.filled = true
		return b.exec(ctx, fmt.Sprintf("CREATE TEMP TABLE %s AS %s", b.rows, selected))
	}
	if !b.filled {
		b.filled = true
		if err := b.createInScratch(ctx, selected); err != nil {
			return err
		}
	}
	return b.exec(ctx, "INSERT INTO "+b.rows+" "+selected)
}

// fitted is the SELECT of b.rows' columns from a rendered SELECT with these output names: the table's columns by name,
// each in its type, dt computed, a cutColumn for each that may be cut, the carried columns, which the SELECT gives last,
// and why the row cannot be in the table.
func (b *batch) fitted(rendered string, names, carried []string) (string, error) {
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
				return "", err
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
	return fmt.Sprintf("SELECT *, %s AS %s FROM (SELECT %s FROM (SELECT %s FROM (%s) AS t(%s)))", reasonOf(b.fitRules()), reasonColumn,
		strings.Join(all, ", "), strings.Join(given, ", "), rendered, strings.Join(positions, ", ")), nil
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
		if spec.Zone == "UTC" {
			// Three times as fast as to ask for the zone. A time that is not finite has no row in the table.
			return fmt.Sprintf("CASE WHEN isfinite(%[1]s) THEN strftime(make_timestamp(epoch_us(%[1]s)), %[2]s) END", expression, literal(grain.duckdb)), nil
		}
		expression = fmt.Sprintf("timezone(%s, %s)", literal(spec.Zone), expression)
	case pgtypes.Timestamp, pgtypes.Date:
	default:
		return "", fmt.Errorf("%s: time.column %q is %s; it must be a timestamptz, timestamp or date", b.p.YMLFile, spec.Column, timeColumn.Type)
	}
	return fmt.Sprintf("strftime(%s, %s)", expression, literal(grain.duckdb)), nil
}
