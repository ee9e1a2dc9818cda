package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// fill puts a statement's rows into a table, all or none, and gives their number as the only row.
func (db *DB) fill(ctx context.Context, st engine.Statement) (engine.Rows, error) {
	s, err := db.open(ctx, zoneOf(st))
	if err != nil {
		return nil, err
	}
	rows, err := s.fill(ctx, st)
	return rows, errors.Join(err, s.Close())
}

func (s *Session) fill(ctx context.Context, st engine.Statement) (engine.Rows, error) {
	if st.Before != "" {
		if err := s.conn.run(st.Before); err != nil {
			return nil, err
		}
	}
	// In one transaction, for the reason of conn.begin.
	if err := s.conn.run("BEGIN TRANSACTION"); err != nil {
		return nil, err
	}
	n, err := s.Exec(ctx, insertText(st))
	if err == nil {
		err = s.conn.run("COMMIT")
	}
	if err != nil {
		return nil, errors.Join(err, s.conn.run("ROLLBACK"))
	}
	return &filled{count: n}, nil
}

// insertText is INSERT around a statement. As a subquery it can be nothing but one that reads.
func insertText(st engine.Statement) string {
	into := st.Into
	names, columns := make([]string, len(into.Columns)), make([]string, len(into.Columns))
	for i, c := range into.Columns {
		names[i], columns[i] = "c"+itoa(i), quoteName(c)
	}
	list := strings.Join(names, ", ")
	return fmt.Sprintf("INSERT INTO %s (%s, %s) SELECT %s, %d FROM (%s\n) AS t(%s)", into.Table, strings.Join(columns, ", "),
		quoteName(into.Mark), list, into.Value, strings.TrimRight(st.SQL, "; \t\r\n"), list)
}

// filled is the number of rows that were put into a table, until it was read.
type filled struct {
	count int64
	read  bool
}

// Columns gives the one column.
func (*filled) Columns() []engine.Column {
	return []engine.Column{{Name: "count", Type: pgtypes.Of(pgtypes.Int8)}}
}

// Next gives the number.
func (f *filled) Next(context.Context) (*engine.Chunk, error) {
	if f.read {
		return nil, io.EOF
	}
	f.read = true
	return &engine.Chunk{Rows: 1, Vectors: []engine.Vector{{Physical: engine.PhysicalI64, I64: []int64{f.count}}}}, nil
}

// Close ends nothing: the rows are in the table.
func (f *filled) Close() error {
	f.read = true
	return nil
}
