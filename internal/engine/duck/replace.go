package duck

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Replace makes schema.table anew with these columns and rows, in one transaction: a reader sees the old table or
// the new one, and on an error the old one stays. The schema is made if it is missing. Replacements of one DB run
// one after the other.
func (db *DB) Replace(ctx context.Context, schema, table string, columns []engine.LoadColumn, rows iter.Seq[[]any]) error {
	db.replacing.Lock()
	defer db.replacing.Unlock()
	es, err := db.Session(ctx)
	if err != nil {
		return err
	}
	s := es.(*Session)
	err = s.replace(ctx, schema, table, columns, rows)
	if err != nil {
		err = fmt.Errorf("replace table %s.%s: %w", schema, table, err)
	}
	// Closing rolls back what was not committed.
	return errors.Join(err, s.Close())
}

func (s *Session) replace(ctx context.Context, schema, table string, columns []engine.LoadColumn, rows iter.Seq[[]any]) error {
	defs := make([]string, len(columns))
	for i, c := range columns {
		t, err := loadType(c)
		if err != nil {
			return err
		}
		defs[i] = quoteName(c.Name) + " " + t
	}
	for _, sql := range []string{
		"CREATE SCHEMA IF NOT EXISTS " + quoteName(schema),
		"BEGIN TRANSACTION",
		"CREATE OR REPLACE TABLE " + quoteName(schema) + "." + quoteName(table) + " (" + strings.Join(defs, ", ") + ")",
	} {
		if _, err := s.Exec(ctx, sql); err != nil {
			return err
		}
	}
	if err := s.appendRows(ctx, "", schema, table, columns, rows); err != nil {
		return err
	}
	_, err := s.Exec(ctx, "COMMIT")
	return err
}

// loadType gives the DuckDB type of a loaded column.
func loadType(c engine.LoadColumn) (string, error) {
	if _, ok := pgtypes.Lookup(c.Type); !ok {
		return "", fmt.Errorf("column %s: type %d is not known", c.Name, c.Type)
	}
	t := pgtypes.Of(c.Type).DuckDB()
	if c.List {
		t += "[]"
	}
	return t, nil
}

// appendRows fills the table through the appender, a chunk at a time; catalog "" is the database's own.
func (s *Session) appendRows(ctx context.Context, catalog, schema, table string, columns []engine.LoadColumn, rows iter.Seq[[]any]) error {
	var appender bind.Appender
	if bind.AppenderCreateExt(s.conn.handle, catalog, schema, table, &appender) == bind.StateError {
		err := translate(bind.AppenderError(appender))
		bind.AppenderDestroy(&appender)
		return err
	}
	defer bind.AppenderDestroy(&appender)
	types := make([]bind.LogicalType, len(columns))
	for i := range columns {
		types[i] = bind.AppenderColumnType(appender, bind.IdxT(i))
		defer bind.DestroyLogicalType(&types[i])
	}
	chunk := bind.CreateDataChunk(types)
	defer bind.DestroyDataChunk(&chunk)

	b := builder{columns: columns, chunk: chunk, appender: appender}
	for i := range columns {
		b.vectors = append(b.vectors, bind.DataChunkGetVector(chunk, bind.IdxT(i)))
	}
	for row := range rows {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err := b.add(row); err != nil {
			return err
		}
	}
	if err := b.flush(); err != nil {
		return err
	}
	if bind.AppenderClose(appender) == bind.StateError {
		return translate(bind.AppenderError(appender))
	}
	return nil
}

// builder collects rows in a chunk.
type builder struct {
	columns  []engine.LoadColumn
	chunk    bind.DataChunk
	vectors  []bind.Vector // of the chunk: the same after it was reset
	appender bind.Appender
	rows     int // in the chunk
	total    int
}

func (b *builder) add(row []any) error {
	if len(row) != len(b.columns) {
		return fmt.Errorf("row %d has %d values, the table has %d columns", b.total, len(row), len(b.columns))
	}
	for i, value := range row {
		if err := setValue(b.vectors[i], b.rows, b.columns[i], value); err != nil {
			return fmt.Errorf("row %d, column %s: %w", b.total, b.columns[i].Name, err)
		}
	}
	b.rows++
	b.total++
	if b.rows == int(bind.VectorSize()) {
		return b.flush()
	}
	return nil
}

func (b *builder) flush() error {
	if b.rows == 0 {
		return nil
	}
	bind.DataChunkSetSize(b.chunk, bind.IdxT(b.rows))
	if bind.AppendDataChunk(b.appender, b.chunk) == bind.StateError {
		return translate(bind.AppenderError(b.appender))
	}
	bind.DataChunkReset(b.chunk)
	b.rows = 0
	return nil
}
