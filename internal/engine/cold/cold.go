// Package cold answers statements over a lake that is not on this machine: it has the column cache bring what the
// statement needs of each object, and DuckDB scan the cache's files.
//
// A lake on this machine needs none of this: there DuckDB scans the objects in place.
package cold

import (
	"context"
	"errors"
	"log/slog"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage/colcache"
)

// Engine is an engine.Engine around another one. It is safe for concurrent use.
type Engine struct {
	inner engine.Engine
	cache *colcache.Cache
	log   *slog.Logger
}

var _ engine.Engine = (*Engine)(nil)

// New puts the cache in front of inner, which must be allowed to read files below cache.Dir.
func New(inner engine.Engine, cache *colcache.Cache, log *slog.Logger) *Engine {
	return &Engine{inner: inner, cache: cache, log: log}
}

// Path gives the local file that a statement's text must name for an object.
func (e *Engine) Path(f engine.ScanFile) string { return e.cache.Path(object(f)) }

// Present gives how many bytes of what the files' columns need are on this machine.
func (e *Engine) Present(files []engine.ScanFile) int64 { return e.cache.Present(objects(files)) }

// FetchRate is the measured speed of fetching, in bytes per second.
func (e *Engine) FetchRate() float64 { return e.cache.FetchRate() }

// MaxBytes is the most that one statement can have of the lake.
func (e *Engine) MaxBytes() int64 { return e.cache.MaxBytes() }

// Free is what of it no running statement holds.
func (e *Engine) Free() int64 { return e.cache.Free() }

func object(f engine.ScanFile) colcache.Object {
	return colcache.Object{Key: f.Key, ETag: f.ETag, Size: f.Size, FooterBytes: f.FooterBytes, Columns: f.Columns}
}

func objects(files []engine.ScanFile) []colcache.Object {
	all := make([]colcache.Object, len(files))
	for i, f := range files {
		all[i] = object(f)
	}
	return all
}

// Describe gives the columns of a statement's result without a request to the lake: DuckDB only looks whether the
// files are there.
func (e *Engine) Describe(ctx context.Context, s engine.Statement) ([]engine.Column, error) {
	lease, err := e.cache.Placeholders(objects(s.Files))
	if err != nil {
		return nil, err
	}
	defer lease.Release()
	return e.inner.Describe(ctx, s)
}

// Query brings what the statement needs and starts it. The files stay until the rows are closed.
//
// A statement that reads what it did not ask for fails, or is answered right from a footer. If it fails before its
// first row has left, it is run once more with its objects whole.
func (e *Engine) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	if s.Waves != nil {
		return e.queryWaves(ctx, s)
	}
	r, err := e.start(ctx, s, objects(s.Files))
	if isAbsentRead(err) {
		return e.startWhole(ctx, s, err)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// readError is an error of the inner engine.
type readError struct{ error }

func (e readError) Unwrap() error { return e.error }

// isAbsentRead reports whether the inner engine found no page where one should be. DuckDB's texts for that differ by
// codec and kind of page; the class is what they have in common.
func isAbsentRead(err error) bool {
	read, ok := errors.AsType[readError](err)
	return ok && pgerr.CodeOf(read.error) == pgerr.IOError
}

func (e *Engine) start(ctx context.Context, s engine.Statement, need []colcache.Object) (*rows, error) {
	lease, err := e.cache.Acquire(ctx, need)
	if err != nil {
		return nil, err
	}
	inner, err := e.inner.Query(ctx, s)
	if err != nil {
		lease.Release()
		return nil, readError{err}
	}
	return &rows{ctx: ctx, e: e, s: s, inner: inner, lease: lease}, nil
}

// startWhole starts a statement again that failed with failure, with every column of its objects.
func (e *Engine) startWhole(ctx context.Context, s engine.Statement, failure error) (*rows, error) {
	e.cache.NoteAbsentRead()
	e.log.WarnContext(ctx, "statement read what it did not ask for", logkey.Files, len(s.Files), logkey.Error, failure)
	need := objects(s.Files)
	for i := range need {
		need[i].All = true
	}
	r, err := e.start(ctx, s, need)
	if ctx.Err() != nil && err != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(failure, err) // the first one is why the client has no answer
	}
	r.again = true
	return r, nil
}

// rows are inner's, with the files that they read.
type rows struct {
	ctx   context.Context //nolint:containedctx // the statement's: Next may have to start it again
	e     *Engine
	s     engine.Statement
	inner engine.Rows
	lease *colcache.Lease
	left  bool // a row has left: the statement cannot be run again
	again bool // it was run again
}

// Columns gives the columns as the client sees them.
func (r *rows) Columns() []engine.Column { return r.inner.Columns() }

// Next gives the next chunk, or io.EOF after the last.
func (r *rows) Next(ctx context.Context) (*engine.Chunk, error) {
	chunk, err := r.inner.Next(ctx)
	if err == nil {
		r.left = true
		return chunk, nil
	}
	if !isAbsentRead(readError{err}) {
		return nil, err
	}
	if r.left || r.again {
		r.e.cache.NoteAbsentRead()
		return nil, err
	}
	if closing := r.Close(); closing != nil {
		return nil, errors.Join(err, closing)
	}
	whole, startErr := r.e.startWhole(r.ctx, r.s, err) //nolint:contextcheck // not Next's: it may end before the statement
	if startErr != nil {
		r.again = true
		return nil, startErr
	}
	r.inner, r.lease, r.again = whole.inner, whole.lease, true
	return r.Next(ctx)
}

// Close ends the work and lets the files go. It may be called more than once.
func (r *rows) Close() error {
	err := r.inner.Close()
	r.lease.Release() // after DuckDB has let go of the files
	return err
}
