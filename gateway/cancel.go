package gateway

import (
	"context"
	"crypto/subtle"
	"errors"
	"slices"
	"sync"
	"time"

	"tidegate/internal/engine"
)

// task is work that may be cancelled with a cause: a statement, or a portal from its first row to its last.
type task struct {
	cancel context.CancelCauseFunc
	cause  func() error
	after  func(f func()) (stop func() bool) // calls f when the task has ended
}

func newTask(ctx context.Context) (context.Context, *task) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &task{
		cancel: cancel, cause: func() error { return context.Cause(ctx) },
		after: func(f func()) func() bool { return context.AfterFunc(ctx, f) },
	}
}

// end gives the task's resources back.
func (t *task) end() {
	if t != nil {
		t.cancel(nil)
	}
}

// explain gives the cause of the task's end instead of what the interrupted work says of it. Call it before end.
func (t *task) explain(err error) error {
	if t == nil || err == nil || t.cause() == nil {
		return err
	}
	if cause := t.cause(); !errors.Is(cause, context.Canceled) {
		return cause
	}
	return errShutdown() // the sessions' parent has ended
}

// work is what a session does at the moment, for those who may end it.
type work struct {
	mu    sync.Mutex
	busy  bool    // a message is being answered; guarded by mu
	tasks []*task // the outer one first; guarded by mu
	open  []*task // of results, which may be ended; guarded by mu
	// pending cancels the next task of the message: it came between two of them; guarded by mu.
	pending error
	seen    *task           // what the last look for clients that are gone has found; guarded by mu
	notices []engine.Notice // that others have for the client; guarded by mu
}

// begin says that a message is being answered, until end. What was cancelled before it is not this one's matter.
func (w *work) begin() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy, w.pending = true, nil
}

func (w *work) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.busy, w.pending = false, nil
}

func (w *work) push(t *task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks = append(w.tasks, t)
	if w.pending != nil {
		t.cancel(w.pending)
		w.pending = nil
	}
}

func (w *work) pop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.tasks = w.tasks[:len(w.tasks)-1]
}

// interrupt cancels what is being worked at. An idle session does not notice: its next message is another matter.
func (w *work) interrupt(cause error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy && len(w.tasks) == 0 {
		w.pending = cause
	}
	for _, t := range w.tasks {
		t.cancel(cause)
	}
}

// lasting reports whether a task that was there when it was asked last still is.
func (w *work) lasting() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	var first *task
	if len(w.tasks) > 0 {
		first = w.tasks[0]
	}
	lasts := first != nil && first == w.seen
	w.seen = first
	return lasts
}

// opened says that t is the work of a result.
func (w *work) opened(t *task) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.open = append(slices.DeleteFunc(w.open, func(t *task) bool { return t.cause() != nil }), t)
}

// while gives a context for what a statement of the session waits for: it ends with that statement. Which of the open
// ones calls is not known, but only one of them runs.
func (w *work) while() (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(context.Background())
	w.mu.Lock()
	defer w.mu.Unlock()
	var stops []func() bool
	for _, t := range w.open {
		if t.cause() == nil {
			stops = append(stops, t.after(func() { cancel(t.cause()) }))
		}
	}
	if len(stops) == 0 {
		cancel(nil) // it has just ended
	}
	return ctx, func() {
		for _, s := range stops {
			s()
		}
		cancel(nil)
	}
}

// engage makes t what the session works at until release is called: a CancelRequest, statement_timeout and the
// client's leaving end it. A nil task cannot wait and needs none of it.
func (s *session) engage(t *task) engagement {
	if t == nil {
		return engagement{}
	}
	s.work.push(t)
	e := engagement{work: &s.work}
	if s.timeout > 0 {
		e.timeout = time.AfterFunc(s.timeout, func() { t.cancel(errTimeout()) })
	}
	return e
}

// engagement is a task that the session works at; the zero one is of none.
type engagement struct {
	work    *work
	timeout *time.Timer // nil: there is none
}

func (e engagement) release() {
	if e.timeout != nil {
		e.timeout.Stop()
	}
	if e.work != nil {
		e.work.pop()
	}
}

// cancelRequest cancels the statement of the session that pid and secret name together. A wrong secret does nothing,
// and as PostgreSQL the server never says which.
func (s *Server) cancelRequest(pid uint32, secret []byte) {
	s.mu.Lock()
	target := s.sessions[int32(pid)]
	s.mu.Unlock()
	if target != nil && subtle.ConstantTimeCompare(target.secret, secret) == 1 {
		target.work.interrupt(errClientCancel())
	}
}
