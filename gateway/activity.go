package gateway

import (
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
)

// Activity is a session as pg_stat_activity shows it.
type Activity struct {
	PID              int32
	User, Database   string
	Application      string
	Client           net.Addr
	Began            time.Time
	Transaction      time.Time // start of the one that is open; zero: none is
	Query, Changed   time.Time // start of the newest statement, and of State
	State            string    // as PostgreSQL names it
	Text             string    // of the newest statement
	Reading, Blocked bool      // waits for the client to send, to take
}

// The states of a session.
const (
	stateActive  = "active"
	stateIdle    = "idle"
	stateInBlock = "idle in transaction"
	stateFailed  = "idle in transaction (aborted)"
)

// shownText is how much of a statement is shown: PostgreSQL's track_activity_query_size and its end.
const shownText = 1024 - 1

// activity is what a session does, for those who look at it.
type activity struct {
	mu    sync.Mutex
	shown Activity // guarded by mu
}

// runs shows that a message is answered since now.
func (a *activity) runs(text, application string, transaction, now time.Time) {
	if len(text) > shownText {
		text = strings.Clone(pgtext.Clip(text, shownText)) // what is shown must not keep a long statement
	}
	if transaction.IsZero() {
		transaction = now
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.shown.State != stateActive {
		a.shown.State, a.shown.Changed = stateActive, now
	}
	a.shown.Text, a.shown.Query, a.shown.Transaction, a.shown.Application = text, now, transaction, application
	a.shown.Reading = false
}

// waits shows that the session waits for its client after an answer.
func (a *activity) waits(state, application string, transaction time.Time) {
	now := time.Now()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.shown.State, a.shown.Changed, a.shown.Transaction, a.shown.Application = state, now, transaction, application
	a.shown.Reading = true
}

// showMessage tells what a message is about, before it is answered.
func (s *session) showMessage(m pgproto3.FrontendMessage) {
	var text string
	switch m := m.(type) {
	case *pgproto3.Query:
		text = m.String
	case *pgproto3.Parse:
		text = m.Query
	case *pgproto3.Bind:
		if p, ok := s.statements[clipName(m.PreparedStatement)]; ok {
			text = p.st.Text
		}
	case *pgproto3.Execute:
		if p, ok := s.portals[clipName(m.Portal)]; ok {
			text = p.st.Text
		}
	default:
		return
	}
	s.activity.runs(text, s.state.ApplicationName, s.tx.began(), s.now)
}

// showReady tells that the session waits for its next statement.
func (s *session) showReady() {
	state := stateIdle
	switch s.tx.status() {
	case 'T':
		state = stateInBlock
	case 'E':
		state = stateFailed
	}
	s.activity.waits(state, s.state.ApplicationName, s.tx.began())
}

// began gives when the transaction began; zero: there is none.
func (t *transaction) began() time.Time {
	if !t.active {
		return time.Time{}
	}
	return t.now
}

// Activities gives every session, in no order.
func (s *Server) Activities() []Activity {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]Activity, 0, len(s.sessions))
	for _, x := range s.sessions {
		x.activity.mu.Lock()
		a := x.activity.shown
		x.activity.mu.Unlock()
		a.Blocked = x.socket.writing.Load()
		all = append(all, a)
	}
	return all
}

// Signal ends what the session pid does, or the session, as asker asks for, a session too. may reports whether the one
// user may do so to the other. It is false if there is no such session, of which asker is warned. The wait is for the
// session's end.
func (s *Server) Signal(asker, pid int32, terminate bool, wait time.Duration, may func(asker, of string) bool) (bool, error) {
	s.mu.Lock()
	from, target := s.sessions[asker], s.sessions[pid]
	s.mu.Unlock()
	if from == nil {
		return false, errShutdown() // it has ended meanwhile
	}
	if target == nil {
		from.work.warn(warning(pgerr.Warning, fmt.Sprintf("PID %d is not a PostgreSQL backend process", pid)))
		return false, nil
	}
	if !may(from.state.User, target.state.User) {
		what := "query is being canceled"
		if terminate {
			what = "process is being terminated"
		}
		return false, pgerr.New(pgerr.InsufficientPrivilege, "must be a member of the role whose %s or member of pg_signal_backend", what)
	}
	if !terminate {
		target.work.interrupt(errClientCancel())
		return true, nil
	}
	target.terminate()
	if wait <= 0 || target == from {
		return true, nil
	}
	if !target.endsWithin(wait, from) {
		from.work.warn(warning(pgerr.Warning, fmt.Sprintf("backend with PID %d did not terminate within %d milliseconds", pid, wait.Milliseconds())))
		return false, nil
	}
	return true, nil
}

// endsWithin waits for the session's end, and no longer than whoever asks is there itself.
func (s *session) endsWithin(wait time.Duration, asker *session) bool {
	const look = 50 * time.Millisecond
	for until := time.Now().Add(wait); time.Now().Before(until) && !asker.terminated.Load(); {
		select {
		case <-s.ended:
			return true
		case <-time.After(look):
		}
	}
	return false
}

// terminate ends the session with 57P01, whatever it does.
func (s *session) terminate() {
	s.terminated.Store(true)
	s.work.interrupt(errShutdown())
	s.socket.expire()
	// A client that does not read would keep its session for ever.
	_ = s.socket.SetWriteDeadline(time.Now().Add(time.Second)) // fails on a closed connection only
}

// warn keeps a notice for the end of the answer.
func (w *work) warn(n engine.Notice) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.notices = append(w.notices, n)
}

// tellWarnings tells the client what functions have left for it.
func (s *session) tellWarnings() {
	for _, n := range s.work.told() {
		s.notice(n)
	}
}

// told takes the notices that others have left.
func (w *work) told() []engine.Notice {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.notices
	w.notices = nil
	return n
}
