package hot

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"tidegate/internal/engine/spool"
)

// stall is how long nobody reads a connection before its client counts as slow: then the rest of the result is moved
// into a spool as fast as the server sends it, so that the server's slot is free when it has sent everything.
const stall = 200 * time.Millisecond

// errStopped ends a move that nobody wants any more.
var errStopped = errors.New("the result was closed")

// slowness watches whether a result's client keeps up. While it does, nothing but a timer is set and stopped.
type slowness struct {
	spools *spool.Store // nil: the client is waited for
	// during is context.AfterFunc of the statement's context.
	during func(f func()) (stop func() bool)
	timer  *time.Timer

	mu      sync.Mutex
	reading bool // somebody reads the connection, or the result is finished; guarded by mu
	// call is that of the context of the call that is being answered, and unwatch ends what it watches; guarded by mu.
	call    func(f func()) (stop func() bool)
	unwatch func()
	move    *move // nil while the client keeps up; guarded by mu, written by takeOver alone
}

// move is a result on its way from the connection into a spool.
type move struct {
	spool  *spool.Queue
	ended  chan struct{}
	unhook func() bool // of the statement's context

	mu sync.Mutex
	// Guarded by mu: nobody wants the rows; the connection was given back; its answer was read to the end.
	stopped, returned, settled bool
}

func after(ctx context.Context) func(f func()) (stop func() bool) {
	return func(f func()) func() bool { return context.AfterFunc(ctx, f) }
}

// enter says that the connection is being read from here to leave. Then it cannot be taken over.
func (r *rows) enter() {
	if r.slow.spools == nil {
		return
	}
	if r.slow.timer != nil {
		r.slow.timer.Stop()
	}
	r.slow.mu.Lock()
	r.slow.reading = true
	r.slow.mu.Unlock()
}

// leave says that the connection waits for the client.
func (r *rows) leave() {
	if r.slow.spools == nil || r.conn == nil {
		return
	}
	r.slow.mu.Lock()
	r.slow.reading = false
	moving := r.slow.move != nil
	r.slow.mu.Unlock()
	switch {
	case moving:
	case r.slow.timer == nil:
		r.slow.timer = time.AfterFunc(stall, r.takeOver)
	default:
		r.slow.timer.Reset(stall)
	}
}

// watch makes reads end when a call's context does, until end: those of the connection, or those of the spool.
func (r *rows) watch(ctx context.Context) (end func()) {
	w := &r.slow
	w.mu.Lock()
	defer w.mu.Unlock()
	w.call = after(ctx)
	if m := w.move; m != nil {
		stop := w.call(m.spool.Interrupt)
		w.unwatch = func() { stop() }
	} else {
		w.unwatch = r.conn.watch(ctx)
	}
	return r.endCall
}

func (r *rows) endCall() {
	w := &r.slow
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.unwatch != nil {
		w.unwatch()
		w.unwatch, w.call = nil, nil
	}
}

// takeOver begins to move the result away, unless somebody reads it again.
func (r *rows) takeOver() {
	w := &r.slow
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.reading || w.move != nil {
		return
	}
	m := &move{spool: w.spools.Open(), ended: make(chan struct{})}
	m.unhook = w.during(m.spool.Interrupt)
	if w.unwatch != nil {
		// The connection may be another statement's before this call ends.
		w.unwatch()
		stop := w.call(m.spool.Interrupt)
		w.unwatch = func() { stop() }
	}
	c := r.conn
	c.in.detach()
	w.move, r.in = m, &reader{src: m.spool}
	go func() {
		defer close(m.ended)
		m.spool.Finish(r.fillSafely(c, m))
	}()
}

// fillSafely is fill whose panic is an error of the result: there is no session here that could end with it.
func (r *rows) fillSafely(c *conn, m *move) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("move a result: panic: %v\n%s", p, debug.Stack())
		}
	}()
	return r.fill(c, m)
}

// fill moves what the server sends, up to the end of its answer, and gives the connection back. io.EOF says that
// nothing is missing.
func (r *rows) fill(c *conn, m *move) error {
	for {
		data, ready, err := c.in.messages()
		if err != nil {
			return err
		}
		if ready {
			data = bytes.Clone(data) // the buffer is the connection's
			if err := r.giveBack(c, m); err != nil {
				return err
			}
		}
		if !m.spool.Add(data) {
			return errStopped
		}
		if ready {
			return io.EOF
		}
	}
}

// giveBack gives back a connection whose answer was read to the end, or leaves it to finish.
func (r *rows) giveBack(c *conn, m *move) error {
	r.endWatch()
	if err := r.cause(); err != nil {
		m.lock(func() { m.settled = true })
		return err
	}
	m.lock(func() {
		m.settled = true
		m.returned = !m.stopped
	})
	if !m.returned {
		return errStopped
	}
	r.pool.put(c)
	return nil
}

func (m *move) lock(do func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	do()
}

// reclaim ends a move, wherever it is. c is the connection if it is still at work, nil if it was given back.
func (r *rows) reclaim(c *conn, m *move) *conn {
	m.lock(func() {
		m.stopped = true
		m.spool.Stop()
		if !m.returned {
			_ = c.link.SetDeadline(past()) // it fails on a closed connection only
		}
	})
	<-m.ended
	m.unhook()
	m.spool.Close()
	if !m.settled {
		return c
	}
	if !m.returned {
		if err := c.link.SetDeadline(time.Time{}); err != nil {
			r.pool.drop(c)
		} else {
			r.pool.put(c)
		}
	}
	return nil
}
