package duck

import (
	"context"
	"errors"
	"io"
	"sync"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

var errRowsClosed = errors.New("rows are closed")

// rows is a streaming result. A Close may come from another goroutine than Next's: it ends a Next that runs, and
// waits for it. What a chunk shows is for Next's goroutine alone.
type rows struct {
	stop context.CancelCauseFunc // ends the statement's context, and so a Next that runs

	mu      sync.Mutex // held by Next and Close; everything below is guarded by it
	prep    *prepared
	pending bind.PendingResult
	result  bind.Result
	watch   *watch // of the context that the statement was started with
	conn    *conn
	data    bind.DataChunk // under the views of chunk
	chunk   engine.Chunk
	end     error // why there is no next chunk: io.EOF, an error, errRowsClosed
	closed  bool
	left    bool // the result and the connection are given back
	drained bool // DuckDB has seen the end: no transaction is open any more
	release func(drained bool)
}

// start executes p. It takes over w and p, also when it fails.
//
// Execution returns at the first chunk, so an aggregate does all its work in here.
func (c *conn) start(w *watch, p *prepared) (*rows, error) {
	r := &rows{stop: w.cancel, prep: p, watch: w, conn: c, release: func(bool) {}}
	err := r.execute()
	if cause := w.err(); cause != nil {
		err = cause
	}
	if err == nil {
		err = r.makeReaders()
	}
	if err != nil {
		r.free()
		return nil, err
	}
	r.chunk.Vectors = make([]engine.Vector, len(p.columns))
	return r, nil
}

func (r *rows) execute() error {
	if bind.PendingPreparedStreaming(r.prep.stmt, &r.pending) == bind.StateError {
		return r.conn.translate(bind.PendingError(r.pending))
	}
	if r.watch.err() == nil && bind.ExecutePending(r.pending, &r.result) == bind.StateError {
		return r.conn.translate(bind.ResultError(&r.result))
	}
	return nil
}

// makeReaders makes the readers anew from the result: DuckDB binds a statement again if a table was replaced since it was
// prepared, and reading a vector as another type would read wild memory.
func (r *rows) makeReaders() error {
	same := int(bind.ColumnCount(&r.result)) == len(r.prep.readers)
	for i := 0; same && i < len(r.prep.readers); i++ {
		lt := bind.ColumnLogicalType(&r.result, bind.IdxT(i))
		reader := readerOf(lt)
		bind.DestroyLogicalType(&lt)
		same = reader.typ == r.prep.readers[i].typ && reader.read != nil
		r.prep.readers[i] = reader
	}
	if !same {
		return pgerr.New(pgerr.FeatureNotSupported, "cached plan must not change result type")
	}
	return nil
}

// Columns gives the columns as the client sees them.
func (r *rows) Columns() []engine.Column { return r.prep.columns }

// Next gives the next chunk: views of DuckDB's memory, valid until the following Next or Close.
func (r *rows) Next(ctx context.Context) (*engine.Chunk, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.end != nil {
		return nil, r.end
	}
	bind.DestroyDataChunk(&r.data)
	if err := r.watch.err(); err != nil {
		r.end = err
		return nil, err
	}
	if ctx.Err() != nil {
		r.end = context.Cause(ctx)
		return nil, r.end
	}
	if err := r.fetch(ctx); err != nil {
		r.end = err
		return nil, err
	}
	r.chunk.Rows = int(bind.DataChunkGetSize(r.data))
	for i := range r.chunk.Vectors {
		v := bind.DataChunkGetVector(r.data, bind.IdxT(i))
		if err := r.prep.readers[i].read(&r.chunk.Vectors[i], v, r.chunk.Rows); err != nil {
			r.end = err
			return nil, err
		}
	}
	return &r.chunk, nil
}

// fetch puts a chunk with rows into data, or returns io.EOF.
func (r *rows) fetch(ctx context.Context) error {
	w := r.conn.watch(ctx)
	for {
		r.data = bind.FetchChunk(r.result)
		if r.data.Ptr == nil || bind.DataChunkGetSize(r.data) > 0 {
			break
		}
		bind.DestroyDataChunk(&r.data)
	}
	w.end()
	if r.data.Ptr != nil {
		return nil
	}
	// A failure looks like the end: only the result's error tells them apart.
	if text := bind.ResultError(&r.result); text != "" {
		return causeOr(w, causeOr(r.watch, r.conn.translate(text)))
	}
	r.drained = true
	return io.EOF
}

// Close ends the work, wherever it is. It may be called more than once, and by anybody.
func (r *rows) Close() error {
	if !r.mu.TryLock() {
		r.stop(errRowsClosed)
		r.mu.Lock()
	}
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.closed = true
	if r.end == nil {
		r.end = errRowsClosed
	}
	bind.DestroyDataChunk(&r.data)
	r.leave()
	return nil
}

// leave gives back the result and its connection, once. The last chunk has memory of its own.
func (r *rows) leave() {
	if r.left {
		return
	}
	r.free()
	r.release(r.drained)
}

// free gives back everything but the connection and the last chunk.
func (r *rows) free() {
	r.left = true
	if r.end == nil {
		r.end = errRowsClosed
	}
	r.watch.end()
	if !r.drained {
		// Disconnecting waits for the threads that still work on the statement, and they look for nothing else.
		bind.Interrupt(r.conn.handle)
	}
	bind.DestroyResult(&r.result)
	bind.DestroyPending(&r.pending)
	r.prep.close()
}
