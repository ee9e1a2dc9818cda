package duck

import (
	"context"
	"errors"
	"fmt"
	"strings"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck/udf"
)

// feed is a udf.Table of chunks that others make meanwhile.
//
// A thread of DuckDB that finds none waits for one, whatever happens to its statement. So nobody who makes chunks may wait
// for what such a thread did not finish: a chunk is handed over, not lent.
type feed struct {
	db           *DB
	number, none int64 // of itself, and of the table of its columns without rows
	names        []string
	types        []bind.LogicalType
	threads      int
	chunks       chan handed
	over         chan struct{} // closed: nobody reads any more
}

// handed is a chunk with what to call when it is done.
type handed struct {
	chunk *engine.Chunk
	done  func()
}

// Feed makes a feed that so many threads read at a time.
func (db *DB) Feed(ctx context.Context, columns []engine.FeedColumn, threads int) (engine.Feed, error) {
	f := &feed{db: db, threads: threads, chunks: make(chan handed, threads), over: make(chan struct{})}
	nulls := make([]string, len(columns))
	for i, c := range columns {
		f.names = append(f.names, c.Name)
		nulls[i] = "NULL::" + c.Type
	}
	var err error
	if f.types, err = db.typesOf(ctx, "SELECT "+strings.Join(nulls, ", ")); err != nil {
		return nil, fmt.Errorf("types of a feed: %w", err)
	}
	f.number, f.none = db.numbered.Add(f), db.numbered.Add(withoutRows{f})
	return f, nil
}

// typesOf gives the types of a SELECT's columns. The caller destroys them.
func (db *DB) typesOf(ctx context.Context, query string) (types []bind.LogicalType, err error) {
	s, err := db.open(ctx, utc)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var stmt bind.PreparedStatement
	defer bind.DestroyPrepare(&stmt)
	if bind.Prepare(s.conn.handle, query, &stmt) == bind.StateError {
		return nil, s.conn.translate(bind.PrepareError(stmt))
	}
	for i := range bind.PreparedStatementColumnCount(stmt) {
		types = append(types, bind.PreparedStatementColumnLogicalType(stmt, i))
	}
	return types, nil
}

// Relation names the feed. DuckDB puts rows into a table by one thread, in their order, if they are of a table function; of a
// UNION whose first part has no order it does not.
func (f *feed) Relation() string {
	if f.threads == 1 {
		return fmt.Sprintf("%s(%d)", udf.TableFunction, f.number)
	}
	return fmt.Sprintf("(SELECT DISTINCT * FROM %[1]s(%[2]d) UNION ALL SELECT * FROM %[1]s(%[3]d))", udf.TableFunction, f.none, f.number)
}

// Add hands a chunk over to the next thread that asks.
func (f *feed) Add(ctx context.Context, c *engine.Chunk, done func()) error {
	if c.Rows == 0 { // which would be the end
		done()
		return nil
	}
	select {
	case f.chunks <- handed{c, done}:
		return nil
	case <-f.over:
		return engine.ErrNotRead
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// End lets threads go that wait for more.
func (f *feed) End() { close(f.chunks) }

// Close lets go of those who wait in Add.
func (f *feed) Close() {
	close(f.over)
	f.db.numbered.Remove(f.number)
	f.db.numbered.Remove(f.none)
	for i := range f.types {
		bind.DestroyLogicalType(&f.types[i])
	}
}

// Columns are what tg_table gives.
func (f *feed) Columns() ([]string, []bind.LogicalType) { return f.names, f.types }

// Rows is more than anything has that it may be joined with: the other side is the one to make a hash table of.
func (f *feed) Rows() int64 { return 1 << 30 }

// Threads is how many read.
func (f *feed) Threads() int { return f.threads }

// Next gives a thread of DuckDB the next chunk, whose texts stay in Go's memory.
func (f *feed) Next(into bind.DataChunk) (release func(), err error) {
	next, more := <-f.chunks
	if !more {
		bind.DataChunkSetSize(into, 0)
		return nil, nil
	}
	unpin, err := writeChunk(into, next.chunk, "feed", len(f.types))
	if err != nil {
		return nil, err
	}
	return func() {
		unpin()
		next.done()
	}, nil
}

// withoutRows is the same table without rows.
type withoutRows struct{ *feed }

// Rows is none.
func (withoutRows) Rows() int64 { return 0 }

// Next is the end.
func (withoutRows) Next(into bind.DataChunk) (release func(), err error) {
	bind.DataChunkSetSize(into, 0)
	return nil, nil
}
