// Package cold answers statements over Parquet: objects on this machine are scanned by DuckDB in place, of the others
// the column cache brings what the statement needs, and DuckDB scans the cache's files.
package cold

import (
	"context"
	"errors"
	"log/slog"
	"math"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage/colcache"
)

// Engine is an engine.Engine around another one. It is safe for concurrent use.
type Engine struct {
	inner engine.Engine
	open  func() (*colcache.Cache, error)
	local func(key string) (path string, ok bool)
	log   *slog.Logger
}

var _ engine.Engine = (*Engine)(nil)

// Options are what an Engine is made of.
type Options struct {
	Inner engine.Engine // DuckDB, which must be allowed to read below the cache's folder and the paths of Local
	// Cache opens the column cache, or gives the one that is open. It is called for the first object that is not local.
	Cache func() (*colcache.Cache, error)
	// Local gives the file that is an object, if DuckDB can scan it in place; nil: it can none.
	Local func(key string) (path string, ok bool)
	Log   *slog.Logger
}

// New makes an Engine.
func New(o Options) *Engine {
	e := &Engine{inner: o.Inner, open: o.Cache, local: o.Local, log: o.Log}
	if e.local == nil {
		e.local = func(string) (string, bool) { return "", false }
	}
	return e
}

// Path gives the local file that a statement's text must name for an object. Without a cache it names none, and Query
// says why.
func (e *Engine) Path(f engine.ScanFile) string {
	if path, ok := e.local(f.Key); ok {
		return path
	}
	cache, err := e.open()
	if err != nil {
		return "no-cache"
	}
	return cache.Path(object(f))
}

// InPlace reports whether an object is scanned where it is.
func (e *Engine) InPlace(f engine.ScanFile) bool {
	_, ok := e.local(f.Key)
	return ok
}

// Present gives how many bytes of what the files' columns need are in the cache.
func (e *Engine) Present(files []engine.ScanFile) int64 {
	cache, err := e.open()
	if err != nil {
		return 0 // Query says why
	}
	return cache.Present(e.objects(files))
}

// FetchRate is the measured speed of fetching, in bytes per second.
func (e *Engine) FetchRate() float64 {
	cache, err := e.open()
	if err != nil {
		return 1
	}
	return cache.FetchRate()
}

// MaxBytes is the most that one statement can have in the cache.
func (e *Engine) MaxBytes() int64 {
	cache, err := e.open()
	if err != nil {
		return math.MaxInt64 // Query says why there is none
	}
	return cache.MaxBytes()
}

// Free is what of it no running statement holds.
func (e *Engine) Free() int64 {
	cache, err := e.open()
	if err != nil {
		return math.MaxInt64
	}
	return cache.Free()
}

func object(f engine.ScanFile) colcache.Object {
	return colcache.Object{Key: f.Key, ETag: f.ETag, Size: f.Size, FooterBytes: f.FooterBytes, Columns: f.Columns}
}

// objects gives the files that the cache must bring.
func (e *Engine) objects(files []engine.ScanFile) []colcache.Object {
	all := make([]colcache.Object, 0, len(files))
	for _, f := range files {
		if !e.InPlace(f) {
			all = append(all, object(f))
		}
	}
	return all
}

// Describe gives the columns of a statement's result without a request to the lake: DuckDB only looks whether the
// files are there.
func (e *Engine) Describe(ctx context.Context, s engine.Statement) ([]engine.Column, error) {
	need := e.objects(s.Files)
	if len(need) == 0 {
		return e.inner.Describe(ctx, s)
	}
	cache, err := e.open()
	if err != nil {
		return nil, err
	}
	lease, err := cache.Placeholders(need)
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
	need := e.objects(s.Files)
	if len(need) == 0 {
		return e.inner.Query(ctx, s)
	}
	cache, err := e.open()
	if err != nil {
		return nil, err
	}
	r, err := e.start(ctx, cache, s, need)
	if isAbsentRead(err) {
		return e.startWhole(ctx, cache, s, err)
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

func (e *Engine) start(ctx context.Context, cache *colcache.Cache, s engine.Statement, need []colcache.Object) (*rows, error) {
	lease, err := cache.Acquire(ctx, need)
	if err != nil {
		return nil, err
	}
	inner, err := e.inner.Query(ctx, s)
	if err != nil {
		lease.Release()
		return nil, readError{err}
	}
	return &rows{ctx: ctx, e: e, cache: cache, s: s, inner: inner, lease: lease}, nil
}

// startWhole starts a statement again that failed with failure, with every column of its objects.
func (e *Engine) startWhole(ctx context.Context, cache *colcache.Cache, s engine.Statement, failure error) (*rows, error) {
	cache.NoteAbsentRead()
	e.log.WarnContext(ctx, "statement read what it did not ask for", logkey.Files, len(s.Files), logkey.Error, failure)
	need := e.objects(s.Files)
	for i := range need {
		need[i].All = true
	}
	r, err := e.start(ctx, cache, s, need)
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
	cache *colcache.Cache
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
		r.cache.NoteAbsentRead()
		return nil, err
	}
	if closing := r.Close(); closing != nil {
		return nil, errors.Join(err, closing)
	}
	whole, startErr := r.e.startWhole(r.ctx, r.cache, r.s, err) //nolint:contextcheck // not Next's: it may end before the statement
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
