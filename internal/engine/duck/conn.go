package duck

import (
	"context"
	"sync/atomic"
	"time"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// conn is one DuckDB connection. It carries at most one open result: a second statement ends the first.
type conn struct {
	handle bind.Connection
	zone   string // its TimeZone
	within bool   // in a transaction

	db         *DB
	generation int // of the instance that it is of
}

func (c *conn) close() { bind.Disconnect(&c.handle) }

// setZone makes the connection show timestamptz in zone.
func (c *conn) setZone(zone string) error {
	if zone == c.zone {
		return nil
	}
	if err := c.run("SET TimeZone=" + quote(zone)); err != nil {
		return err
	}
	c.zone = zone
	return nil
}

// begin starts the transaction in which a client's statement is prepared and run. DuckDB leaves a filter out of the
// plan when the table's statistics say that every row passes it; rows that are committed between a prepare and an
// execute of two transactions would then come through a filter that is not there.
func (c *conn) begin() error {
	c.within = true // if it fails too: an interrupt may come when the transaction has begun, and the next one would be in it
	return c.run("BEGIN TRANSACTION READ ONLY")
}

// finish ends the transaction, if there is one.
func (c *conn) finish() error {
	if !c.within {
		return nil
	}
	c.within = false
	return c.run("ROLLBACK")
}

// run does a statement without a result.
func (c *conn) run(sql string) error {
	var res bind.Result
	defer bind.DestroyResult(&res)
	if bind.Query(c.handle, sql, &res) == bind.StateError {
		return c.translate(bind.ResultError(&res))
	}
	return nil
}

// interruptEvery is the pause between two interrupts of one piece of work: DuckDB forgets an interrupt that comes
// just before a statement starts.
const interruptEvery = 5 * time.Millisecond

// watch interrupts a connection's work when a context ends.
type watch struct {
	cancel context.CancelCauseFunc // of a watch that its holder may end too; else nil
	stop   func() bool
	ended  chan struct{} // closed by end: stop interrupting
	gone   chan struct{} // closed when the interrupting goroutine is over
	cause  atomic.Pointer[error]
}

// watch starts to watch ctx. No goroutine runs until ctx ends. The caller calls end, on every path.
func (c *conn) watch(ctx context.Context) *watch {
	w := &watch{ended: make(chan struct{}), gone: make(chan struct{})}
	w.stop = context.AfterFunc(ctx, func() {
		defer close(w.gone)
		cause := context.Cause(ctx)
		w.cause.Store(&cause)
		t := time.NewTicker(interruptEvery)
		defer t.Stop()
		for {
			bind.Interrupt(c.handle)
			select {
			case <-w.ended:
				return
			case <-t.C:
			}
		}
	})
	return w
}

// watchOwn is watch of a context that w.cancel ends too.
func (c *conn) watchOwn(ctx context.Context) *watch {
	ctx, cancel := context.WithCancelCause(ctx)
	w := c.watch(ctx)
	w.cancel = cancel
	return w
}

// end stops watching. After it no interrupt reaches the connection. It is called once.
func (w *watch) end() {
	if w.cancel != nil {
		defer w.cancel(nil)
	}
	if w.stop() {
		return
	}
	close(w.ended)
	<-w.gone
}

// err gives the cause of the context's end, nil before.
func (w *watch) err() error {
	if p := w.cause.Load(); p != nil {
		return *p
	}
	return nil
}
