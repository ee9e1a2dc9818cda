package hotload

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/fit"
	"tidegate/internal/engine"
	"tidegate/internal/logkey"
)

// Picky is a hot store that does not take every value that the lake has.
type Picky interface {
	// Unfit gives the names of those of the columns in which some row of the load's files has a value that the hot table
	// does not take.
	Unfit(ctx context.Context, l Load, columns []catalog.Column) ([]string, error)
}

// unchecked gives the hot columns of now whose values nobody has looked at: the ETL that wrote the batch, with the
// definition then, did not know that they would be hot, or how long they may be.
func unchecked(then, now *catalog.Table) []catalog.Column {
	var columns []catalog.Column
	for _, name := range now.Hot.Columns {
		c, ok := now.Column(name)
		if !ok {
			continue // hotColumns says so
		}
		written, _ := then.Column(name)
		if !vouched(then.Hot, now.Hot, written) {
			columns = append(columns, c)
		}
	}
	return columns
}

// vouched reports whether the values of a column, as it was when they were written, are known to fit the hot table.
func vouched(then, now *catalog.HotSpec, written catalog.Column) bool {
	text := fit.IsText(written.Type)
	if _, ranged := fit.OutOfRange("", written.Type); !text && !ranged {
		return true
	}
	wasHot := then != nil && then.MayHave(written.Name)
	if !text {
		return wasHot
	}
	need := fit.OfHot(0, now.Limit(written.Name))
	kept := fit.Length{Bytes: written.MaxBytes}
	if wasHot {
		kept = fit.OfHot(written.MaxBytes, then.Limit(written.Name))
	}
	inBytes := kept.Bytes > 0 && kept.Bytes <= need.Bytes
	inChars := need.Chars == 0 || kept.Bytes > 0 && kept.Bytes <= need.Chars || kept.Chars > 0 && kept.Chars <= need.Chars
	return inBytes && inChars
}

// fit takes the columns out of a load that have a value which does not fit: one bad row shall not keep a batch out. It
// gives the hot schema of what is left.
func (l *Loader) fit(ctx context.Context, load *Load) ([]string, error) {
	spec := load.Table.Hot
	hot, ok := l.Hot.(Picky)
	if !ok || len(load.unchecked) == 0 {
		return spec.Columns, nil
	}
	names, err := hot.Unfit(ctx, *load, load.unchecked)
	if err != nil || len(names) == 0 {
		return spec.Columns, err
	}
	left := without(spec.Columns, names)
	if len(left) == 0 {
		return nil, fmt.Errorf("no hot column takes all values of batch %s: %s", load.Batch, strings.Join(names, ", "))
	}
	schema := slices.Clone(left)
	for _, name := range names {
		schema = append(schema, spec.Unfit(name))
	}
	l.Log.WarnContext(ctx, "columns stay cold for a batch with values that the hot table does not take", logkey.Table, load.Table.Name.String(),
		logkey.Batch, load.Batch, "columns", strings.Join(names, ", "))
	if slices.ContainsFunc(load.Table.PartitionBy, func(c string) bool { return slices.Contains(names, c) }) {
		load.Subset = nil // it would not tell the partitions of its rows
	}
	table, lesser := *load.Table, *spec
	lesser.Columns = left
	table.Hot = &lesser
	load.Table = &table
	return schema, nil
}

// Unfit asks DuckDB, which reads the files.
func (s *Server) Unfit(ctx context.Context, l Load, columns []catalog.Column) (names []string, err error) {
	all, err := hotColumns(l.Table)
	if err != nil {
		return nil, err
	}
	from, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	conditions := make([]string, len(columns))
	for i, c := range columns {
		value := quoteName(c.Name)
		condition, ok := fit.OutOfRange(value, c.Type)
		if !ok {
			condition = fit.OfHot(0, l.Table.Hot.Limit(c.Name)).Exceeded("CAST(" + value + " AS VARCHAR)")
		}
		conditions[i] = "coalesce(bool_or(" + condition + "), false)"
	}
	session, err := s.Dialect.sessions().Session(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	err = each(ctx, session, "SELECT "+strings.Join(conditions, ", ")+" FROM ("+selectStatement(from, all)+")", func(c *engine.Chunk, row int) {
		for i, column := range columns {
			if c.Vectors[i].Bool[row] {
				names = append(names, column.Name)
			}
		}
	})
	if err != nil {
		return nil, fmt.Errorf("look for values that do not fit: %w", err)
	}
	return names, nil
}
