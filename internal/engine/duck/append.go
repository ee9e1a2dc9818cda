package duck

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
)

// flushBytes is how much text an appender keeps, outside of the memory limit, before the table gets it. Rows it counts
// by itself.
const flushBytes = 64 << 20

var errAppended = errors.New("the rows were added already")

// appending is an appender of a table.
type appending struct {
	conn *conn

	mu       sync.Mutex // guards what follows
	appender bind.Appender
	types    []bind.LogicalType
	chunk    bind.DataChunk
	texts    int // bytes since the last flush
	failed   error
}

// Append begins to add rows to a table, a temporary one if its name has no schema.
func (s *Session) Append(ctx context.Context, table string) (engine.Appending, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	a := &appending{conn: s.conn}
	catalog, schema, name := "temp", "main", table
	if before, after, ok := strings.Cut(table, "."); ok {
		catalog, schema, name = "", before, after
	}
	if bind.AppenderCreateExt(s.conn.handle, catalog, schema, name, &a.appender) == bind.StateError {
		err := translate(bind.AppenderError(a.appender))
		bind.AppenderDestroy(&a.appender)
		return nil, fmt.Errorf("append to %s: %w", table, err)
	}
	for i := range bind.AppenderColumnCount(a.appender) {
		a.types = append(a.types, bind.AppenderColumnType(a.appender, i))
	}
	a.chunk = bind.CreateDataChunk(a.types)
	return a, nil
}

// Add copies a chunk.
func (a *appending) Add(ctx context.Context, c *engine.Chunk) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed == nil {
		a.failed = a.add(ctx, c)
	}
	return a.failed
}

func (a *appending) add(ctx context.Context, c *engine.Chunk) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	bind.DataChunkReset(a.chunk)
	unpin, err := writeChunk(a.chunk, c, "table", len(a.types))
	if err != nil {
		return err
	}
	defer unpin() // DuckDB copies the texts now
	if err := a.interruptible(ctx, func() bind.State { return bind.AppendDataChunk(a.appender, a.chunk) }); err != nil {
		return err
	}
	if a.texts += len(c.Texts()); a.texts < flushBytes {
		return nil
	}
	a.texts = 0
	return a.interruptible(ctx, func() bind.State { return bind.AppenderFlush(a.appender) })
}

// interruptible runs work of the appender that the end of the context ends.
func (a *appending) interruptible(ctx context.Context, work func() bind.State) error {
	w := a.conn.watch(ctx)
	state := work()
	w.end()
	if state == bind.StateError {
		return causeOr(w, a.conn.translate(bind.AppenderError(a.appender)))
	}
	return nil
}

// Close gives the table the rest.
func (a *appending) Close(ctx context.Context) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	err := a.failed
	if err == nil {
		err = a.interruptible(ctx, func() bind.State { return bind.AppenderClose(a.appender) })
	}
	bind.DestroyDataChunk(&a.chunk)
	for i := range a.types {
		bind.DestroyLogicalType(&a.types[i])
	}
	bind.AppenderDestroy(&a.appender)
	a.failed = errors.Join(err, errAppended)
	return err
}

// writeChunk copies a chunk into one of a table or feed of so many columns, which points to its texts where they are, until
// unpin.
func writeChunk(to bind.DataChunk, c *engine.Chunk, of string, columns int) (unpin func(), err error) {
	if len(c.Vectors) != columns || c.Rows > int(bind.VectorSize()) {
		return nil, fmt.Errorf("a chunk of %d rows in %d columns is added to a %s of %d columns", c.Rows, len(c.Vectors), of, columns)
	}
	for i := range c.Vectors {
		if err := write(bind.DataChunkGetVector(to, bind.IdxT(i)), &c.Vectors[i], c.Rows); err != nil {
			return nil, fmt.Errorf("column %d: %w", i+1, err)
		}
	}
	bind.DataChunkSetSize(to, bind.IdxT(c.Rows))
	var pinned runtime.Pinner
	if texts := c.Texts(); len(texts) > 0 {
		pinned.Pin(unsafe.SliceData(texts))
	}
	return pinned.Unpin, nil
}

// write copies a column into a vector of the same layout.
func write(to bind.Vector, from *engine.Vector, rows int) error {
	switch from.Physical {
	case engine.PhysicalBool:
		copy(view[bool](to, rows), from.Bool)
	case engine.PhysicalI16:
		copy(view[int16](to, rows), from.I16)
	case engine.PhysicalI32:
		copy(view[int32](to, rows), from.I32)
	case engine.PhysicalI64:
		copy(view[int64](to, rows), from.I64)
	case engine.PhysicalI128:
		copy(view[engine.Int128](to, rows), from.I128)
	case engine.PhysicalF32:
		copy(view[float32](to, rows), from.F32)
	case engine.PhysicalF64:
		copy(view[float64](to, rows), from.F64)
	case engine.PhysicalString:
		copy(view[engine.String](to, rows), from.Str)
	default:
		return fmt.Errorf("values of layout %d cannot be added", from.Physical)
	}
	if from.Validity != nil {
		bind.VectorEnsureValidityWritable(to)
		copy(unsafe.Slice((*uint64)(bind.VectorGetValidity(to)), (rows+63)/64), from.Validity)
	}
	return nil
}
