package hot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// chunkRows bounds a chunk.
const chunkRows = 2048

var errRowsClosed = errors.New("rows are closed")

// rows is the result of a statement, read from the connection as it is asked for.
type rows struct {
	decoder
	pool *pool
	conn *conn   // nil when the result is finished
	in   *reader // the connection's, or that of a spool
	slow slowness

	cause    func() error // why the statement's context ended; nil while it has not
	endWatch func()

	end error // why there is no further row: io.EOF, an error, errRowsClosed
}

var _ engine.RawRows = (*rows)(nil)

// start sends a statement over c and reads up to its first row. It takes over c.
func (e *Engine) start(ctx context.Context, c *conn, s engine.Statement) (*rows, error) {
	if e.kind == Redshift {
		s.Formats = nil // it speaks text; what a client wants in binary is written here
	}
	r := &rows{decoder: decoder{kind: e.kind}, pool: e.pool, conn: c, cause: func() error {
		if ctx.Err() == nil {
			return nil
		}
		return context.Cause(ctx)
	}}
	r.in = &c.in
	r.slow = slowness{spools: e.spools, during: after(ctx), reading: true}
	r.endWatch = sync.OnceFunc(c.watch(ctx))
	before, p, err := c.send(s, e.kind)
	if err == nil {
		err = r.begin(s, before, p)
	} else {
		err = fmt.Errorf("%w: %w", errLost, err)
	}
	if err != nil {
		r.finish(ctx, err)
		return nil, r.end
	}
	if !r.in.whole() {
		r.leave()
	}
	return r, nil
}

// begin reads the answers to SET, Parse, Bind and Describe, and stops in front of the first row. p is the statement if
// it has a name: what the server knew of it, or is to know.
func (r *rows) begin(s engine.Statement, before int, p *preparedStatement) error {
	for range before {
		failed, err := r.conn.settle()
		if err != nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
		if failed != nil {
			if _, err := r.conn.settle(); err != nil { // the statement's own answer
				return fmt.Errorf("%w: %w", errLost, err)
			}
			return translate(failed)
		}
		r.conn.knows(s)
	}
	if p != nil && p.columns != nil {
		if err := r.describe(p.columns, s); err != nil {
			return err
		}
	}
	for {
		kind, _, err := r.conn.in.next()
		if err != nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
		if kind == kindDataRow || kind == kindCommandComplete {
			if r.columns == nil {
				return pgerr.New(pgerr.FeatureNotSupported, "the hot engine runs queries only")
			}
			return nil
		}
		_, body, err := r.conn.in.message()
		if err != nil {
			return fmt.Errorf("%w: %w", errLost, err)
		}
		switch kind {
		case kindRowDescription:
			if err := r.described(body, s, p); err != nil {
				return err
			}
		case kindError:
			err := r.conn.fail(body)
			if isStale(p, pgerr.CodeOf(err)) {
				delete(r.conn.prepared, p.textKey)
				return fmt.Errorf("%w: %w", errStale, err)
			}
			return err
		}
	}
}

// described reads the description of the rows, and keeps it with a statement that the server keeps.
func (r *rows) described(body []byte, s engine.Statement, p *preparedStatement) error {
	come, err := readColumns(body)
	if err != nil {
		return err
	}
	if p != nil {
		p.columns = come
		r.conn.prepared[p.textKey] = p
	}
	return r.describe(come, s)
}

// ready reports why there is nothing to read, nil if there may be.
func (r *rows) ready(ctx context.Context) error {
	if r.end != nil {
		return r.end
	}
	if err := r.cause(); err != nil {
		r.finish(ctx, err)
		return r.end
	}
	if ctx.Err() != nil {
		r.finish(ctx, context.Cause(ctx))
		return r.end
	}
	return nil
}

// CopyDataRows passes rows on as they came.
func (r *rows) CopyDataRows(ctx context.Context, w io.Writer, limit int64) (n int64, done bool, err error) {
	if err := r.ready(ctx); err != nil {
		return 0, errors.Is(err, io.EOF), endOf(err)
	}
	r.enter()
	defer r.leave()
	defer r.watch(ctx)()
	for n < limit {
		data, count, err := r.in.rows(limit - n)
		if err == nil && count == 0 {
			err = r.after()
		}
		if err != nil {
			r.finish(ctx, causeOf(ctx, err))
			return n, errors.Is(r.end, io.EOF), endOf(r.end)
		}
		if err := r.pass(w, data); err != nil {
			return n, false, err
		}
		n += count
	}
	return n, false, nil
}

// pass writes to the client, who may take his time. What is here to its end is not worth a look at it.
func (r *rows) pass(w io.Writer, data []byte) error {
	if !r.in.whole() {
		r.leave()
		defer r.enter()
	}
	_, err := w.Write(data)
	return err
}

// endOf makes the end no error.
func endOf(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func causeOf(ctx context.Context, err error) error {
	if ctx.Err() != nil && !errors.Is(err, io.EOF) {
		return context.Cause(ctx)
	}
	return err
}

// Next gives the next rows as columns, converted to the types of Columns.
func (r *rows) Next(ctx context.Context) (*engine.Chunk, error) {
	if err := r.ready(ctx); err != nil {
		return nil, err
	}
	r.enter()
	defer r.leave()
	defer r.watch(ctx)()
	r.clear()
	for r.chunk.Rows < chunkRows && (r.chunk.Rows == 0 || r.in.waiting()) {
		data, count, err := r.in.rows(1)
		if err == nil && count == 0 {
			if r.chunk.Rows > 0 {
				break // the end is the next call's
			}
			err = r.after()
		}
		if err == nil && count > 0 {
			err = r.add(data)
		}
		if err != nil {
			r.finish(ctx, causeOf(ctx, err))
			return nil, r.end
		}
	}
	return r.vectors(), nil
}

// after reads what is no row: io.EOF for the end.
func (r *rows) after() error {
	kind, body, err := r.in.message()
	if err != nil {
		return err
	}
	switch kind {
	case kindCommandComplete:
		failed, err := r.in.settle()
		if err == nil && failed != nil {
			err = translate(failed)
		}
		if err != nil {
			return err
		}
		return io.EOF
	case kindError:
		return r.in.fail(body)
	}
	return nil // a notice, or a parameter's new value
}

// finish keeps why there are no further rows and gives the connection back.
func (r *rows) finish(ctx context.Context, err error) {
	r.enter() // nobody takes it over from here on
	if c := r.conn; c != nil {
		r.conn = nil
		r.endWatch()
		r.endCall()
		if m := r.slow.move; m != nil {
			c = r.reclaim(c, m)
		}
		// Of two reasons the statement's own context comes first.
		if cause := r.cause(); cause != nil && !errors.Is(err, io.EOF) {
			err = cause
		}
		_, answered := errors.AsType[*pgerr.Error](err)
		switch {
		case c == nil: // it was given back before
		case errors.Is(err, errLost):
			r.pool.drop(c)
		case r.interrupted(ctx, err):
			r.pool.abandon(ctx, c)
		case answered, errors.Is(err, io.EOF):
			r.pool.put(c)
		default:
			r.pool.drop(c)
			err = &pgerr.Error{Code: pgerr.ConnectionFailure, Message: "the connection to the hot store was lost", Err: err}
		}
	}
	if r.end == nil {
		r.end = err
	}
}

// interrupted reports whether the statement still runs at the server.
func (r *rows) interrupted(ctx context.Context, err error) bool {
	if errors.Is(err, io.EOF) {
		return false
	}
	return errors.Is(err, errRowsClosed) || r.cause() != nil || ctx.Err() != nil
}

// Close ends the statement, wherever it is.
func (r *rows) Close() error {
	if r.conn != nil {
		r.finish(context.Background(), errRowsClosed)
	}
	r.end = errRowsClosed
	r.values = slices.Clip(r.values[:0])
	return nil
}
