package gateway

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"
)

// watchAfter is how long a statement runs before its client is watched for leaving.
const watchAfter = 100 * time.Millisecond

// task is work that may be cancelled with a cause: a statement, or a portal from its first row to its last.
type task struct {
	cancel context.CancelCauseFunc
	cause  func() error
}

func newTask(ctx context.Context) (context.Context, *task) {
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, &task{cancel: cancel, cause: func() error { return context.Cause(ctx) }}
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

// engage makes t what the session works at until release is called: a CancelRequest, statement_timeout and the
// client's leaving end it. A nil task cannot wait and needs none of it.
func (s *session) engage(t *task) (release func()) {
	if t == nil {
		return func() {}
	}
	s.mu.Lock()
	s.working = append(s.working, t)
	outer := len(s.working) > 1
	s.mu.Unlock()
	stopWatch, stopTimer := func() {}, func() bool { return true }
	if !outer {
		stopWatch = s.socket.watch(watchAfter, func() { t.cancel(errGone) })
	}
	if s.timeout > 0 {
		stopTimer = time.AfterFunc(s.timeout, func() { t.cancel(errTimeout()) }).Stop
	}
	return func() {
		stopTimer()
		stopWatch()
		s.mu.Lock()
		s.working = s.working[:len(s.working)-1]
		s.mu.Unlock()
	}
}

// interrupt cancels what the session works at; an idle session does not notice.
func (s *session) interrupt(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, t := range s.working {
		t.cancel(cause)
	}
}

// cancelRequest cancels the statement of the session that pid and secret name together. A wrong secret does nothing,
// and as PostgreSQL the server never says which.
func (s *Server) cancelRequest(pid uint32, secret []byte) {
	s.mu.Lock()
	target := s.sessions[int32(pid)]
	s.mu.Unlock()
	if target != nil && subtle.ConstantTimeCompare(target.secret[:], secret) == 1 {
		target.interrupt(errClientCancel())
	}
}
