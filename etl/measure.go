package etl

import (
	"context"
	"fmt"
	"strings"

	"tidegate/catalog"
)

// measure notes what the pipeline's rules compare batches by, of the columns that they name.
func (b *batch) measure(ctx context.Context, past history) error {
	nulls, silent := b.p.Checks.NullRate, b.p.Checks.Silent
	if nulls == nil && silent == nil {
		return nil
	}
	b.notes.Measured = &catalog.Measured{}
	if nulls != nil {
		counts := map[string]int64{}
		for _, column := range nulls.Columns {
			n, err := b.countNulls(column)
			if err != nil {
				return err
			}
			counts[column] = n
		}
		b.notes.Measured.Nulls = counts
	}
	if silent == nil {
		return nil
	}
	_, always := past.lasting(silent)
	counts, err := b.countValues(ctx, silent.Column, always)
	b.notes.Measured.Values = map[string]map[string]int64{silent.Column: counts}
	return err
}

// countNulls adds up what the footers say.
func (b *batch) countNulls(column string) (sum int64, err error) {
	for i := range b.files {
		for _, c := range b.files[i].Columns {
			if c.Name != column {
				continue
			}
			if c.Nulls < 0 {
				return 0, fmt.Errorf("the footer of %s does not say how often %s is NULL", b.files[i].Path, column)
			}
			sum += c.Nulls
		}
	}
	return sum, nil
}

// countValues counts the rows of a column's most frequent values, and of those that are wanted.
func (b *batch) countValues(ctx context.Context, column string, wanted []string) (map[string]int64, error) {
	counts := map[string]int64{}
	grouped := fmt.Sprintf("SELECT CAST(%[1]s AS VARCHAR) AS v, count(*)::BIGINT AS n FROM %[2]s WHERE %[1]s IS NOT NULL GROUP BY 1",
		ident(column), b.writable)
	add := func(row []cell) error {
		counts[row[0].s] = row[1].i
		return nil
	}
	err := each(ctx, b.session, fmt.Sprintf("%s ORDER BY n DESC, v LIMIT %d", grouped, catalog.MaxValues), add)
	if err != nil || len(counts) < catalog.MaxValues || len(wanted) == 0 {
		return counts, err
	}
	list := make([]string, len(wanted))
	for i, v := range wanted {
		list[i] = literal(v)
	}
	return counts, each(ctx, b.session, fmt.Sprintf("SELECT v, n FROM (%s) WHERE v IN (%s)", grouped, strings.Join(list, ", ")), add)
}
