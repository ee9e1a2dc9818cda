package duck

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

var _ engine.Bringer = (*DB)(nil)

// bringing is temporary tables of a session, which leave with it. They count as the memory of queries does.
type bringing struct {
	session *Session
	taken   int64 // bytes
}

// Bring opens a session for rows of other engines.
func (db *DB) Bring(ctx context.Context, zone string) (engine.Bringing, error) {
	s, err := db.open(ctx, zoneOf(engine.Statement{TimeZone: zone}))
	if err != nil {
		return nil, err
	}
	return &bringing{session: s}, nil
}

// Take keeps the rows of a statement of another engine.
func (b *bringing) Take(ctx context.Context, i, n int, rows engine.Rows, limit int64) error {
	columns := make([]engine.LoadColumn, n)
	defs := make([]string, n)
	for c := range columns {
		columns[c] = engine.LoadColumn{Name: "c" + strconv.Itoa(c+1), Type: pgtypes.Text}
		defs[c] = columns[c].Name + " VARCHAR"
	}
	name := engine.BroughtTable(i)
	if _, err := b.session.Exec(ctx, "CREATE TEMP TABLE "+name+" ("+strings.Join(defs, ", ")+")"); err != nil {
		return err
	}
	_, table, _ := strings.Cut(strings.TrimPrefix(name, "temp."), ".")
	var failed error
	err := b.session.appendRows(ctx, "temp", "main", table, columns, func(yield func([]any) bool) {
		failed = b.each(ctx, n, rows, limit, yield)
	})
	return errors.Join(failed, err)
}

// each gives every row to yield.
func (b *bringing) each(ctx context.Context, n int, rows engine.Rows, limit int64, yield func([]any) bool) error {
	for chunk, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return err
		}
		for i := range chunk.Rows {
			row := make([]any, n)
			for c := range row {
				if !chunk.Vectors[c].Valid(i) {
					continue
				}
				text, err := chunk.Vectors[c].TextAt(i)
				if err != nil {
					return err
				}
				row[c] = text
				b.taken += int64(len(text))
			}
			if b.taken += int64(16 * n); b.taken > limit {
				return &pgerr.Error{
					Code:    pgerr.InsufficientResources,
					Message: fmt.Sprintf("the rows that are to be read together with system relations are more than %d MB", limit>>20),
					Hint:    "narrow them, or read the system relations in a statement of their own",
				}
			}
			if !yield(row) {
				return nil
			}
		}
	}
	return nil
}

// Query starts the statement, with the columns that the client must see.
func (b *bringing) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	return b.session.query(ctx, func() (*prepared, error) { return b.session.conn.prepareFor(s) })
}

// Close drops the tables.
func (b *bringing) Close() error { return b.session.Close() }
