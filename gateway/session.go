package gateway

import (
	"context"
	"errors"
	"log/slog"
	"runtime/debug"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// session is one client from its startup message to the end. Everything up to work belongs to its goroutine.
type session struct {
	server *Server
	log    *slog.Logger
	traced bool // log takes a line of each statement: without asking first its arguments are garbage
	socket *socket
	in     *inbox
	wire   *wire
	pid    int32
	secret []byte
	role   string // of its user

	settings *settings
	called   called
	seen     int // the settings' version that state, timeout and severity follow
	state    State
	timeout  time.Duration // statement_timeout; 0 is none
	idle     idleLimits
	resting  bool // the client has its answer and the session waits for the next message
	severity int  // of client_min_messages

	reported   values // what ParameterStatus has told
	reportedAt int    // the settings' version then

	tx           transaction
	changes      changes
	transactions transactionID // so far
	messages     messages
	statements   map[string]*prepared
	constant     constant
	now          time.Time // when the statement or the message that is answered was taken up
	portals      map[string]*portal
	skipping     bool    // an extended message failed: everything up to Sync is ignored
	lastID       string  // of the newest recorded statement
	said         string  // the text that is being answered; "" between two
	wanted       []int16 // the formats of the portal that is started; nil is text

	listening  listening
	advisory   advisory
	parking    parking
	work       work
	activity   activity
	terminated atomic.Bool   // by another session
	ended      chan struct{} // closed when the session is over
}

// serve answers messages until the client leaves, the server drains or the protocol is violated.
func (s *session) serve(ctx context.Context) {
	defer s.server.advisory.unlockAll(s)
	defer s.endAdvisory(0)
	defer s.unlistenAll()
	defer s.dropTemporary(ctx)
	defer s.dropChanges()
	defer s.dropPortals(func(*portal) bool { return true })
	for {
		s.wire.shrink()
		if !s.in.whole() {
			s.rest()
		}
		kind, body, err := s.receive()
		s.parking.wake()
		s.wakeListening()
		if err != nil {
			s.receiveFailed(err, s.server.draining() || s.terminated.Load() || ctx.Err() != nil)
			return
		}
		if err := s.handle(ctx, kind, body); err != nil {
			if !errors.Is(err, errEnd) && !errors.Is(err, errGone) {
				s.log.ErrorContext(ctx, "session ends", logkey.Error, err)
			}
			return
		}
	}
}

// errEnd ends a session in order.
var errEnd = errors.New("session ends")

// receiveFailed tells a client why its session ends, if it is still there.
func (s *session) receiveFailed(err error, stopping bool) {
	e, violation := errors.AsType[*pgerr.Error](err)
	switch {
	case stopping:
		e, _ = flatten(errShutdown(), "")
	case !violation:
		return // the client has left
	}
	s.wire.send(errorResponse(e, "FATAL"))
	s.finalFlush()
}

// finalFlush writes what is left before the connection closes; a client that is gone does not get it.
func (s *session) finalFlush() {
	if err := s.wire.flush(); err != nil {
		s.log.Debug("last message not written", logkey.Error, err)
	}
}

// handle answers one message. A panic in it is told to the client as XX000 and ends the session, whose state is not
// known any more.
func (s *session) handle(ctx context.Context, kind byte, body []byte) (err error) {
	if kind != 'S' && kind != 'H' { // they start nothing
		s.now = time.Now()
	}
	s.work.begin()
	defer s.work.end()
	defer func() {
		if p := recover(); p != nil {
			s.log.ErrorContext(ctx, "panic", logkey.Error, p, "stack", string(debug.Stack()))
			e, _ := flatten(errPanic, s.lastID)
			s.wire.send(errorResponse(e, "FATAL"))
			s.finalFlush()
			err = errEnd
		}
	}()
	switch {
	case kind == 'X':
		return errEnd
	case kind == 'd' || kind == 'c' || kind == 'f':
		return nil // of a COPY that was refused
	case kind == 'S':
		s.skipping = false
	case s.skipping:
		return nil
	}
	return s.respond(ctx, kind, body)
}

// respond answers a message that is not skipped.
func (s *session) respond(ctx context.Context, kind byte, body []byte) error {
	s.refresh()
	m, err := s.messages.decode(kind, body, s.wire.encoding)
	if err == nil {
		s.showMessage(m)
	} else {
		err = s.unread(m, kind, err)
	}
	switch {
	case kind == 'Q' && err == nil:
		if err := s.simpleQuery(ctx, m.(*pgproto3.Query).String); err != nil {
			return err
		}
		return s.ready()
	case kind == 'S' && err == nil:
		return s.sync(ctx)
	case kind == 'Q', kind == 'S', kind == 'F':
		s.begin()
		if err := s.fail(err); err != nil {
			return err
		}
		return s.sync(ctx)
	case kind == 'H' && err == nil:
		return s.wire.flush()
	case err == nil:
		err = s.extended(ctx, m)
	}
	if err == nil {
		return s.wire.err
	}
	// What was pipelined behind it is skipped; PostgreSQL tells an error at once.
	s.skipping = true
	if err := s.fail(err); err != nil {
		return err
	}
	return s.wire.flush()
}

var errPanic = errors.New("panic")

// fail tells the client an error. It gives an error itself if the session cannot go on.
func (s *session) fail(err error) error {
	if errors.Is(err, errGone) {
		return err
	}
	if s.wire.err != nil {
		return s.wire.err
	}
	e, internal := flatten(err, s.lastID)
	if internal {
		s.log.Error("internal error", logkey.Query, s.lastID, logkey.Error, err)
	}
	s.abort()
	s.tellWarnings()
	if fatal(e) {
		s.wire.send(errorResponse(e, "FATAL"))
		s.finalFlush()
		return errEnd
	}
	s.wire.send(errorResponse(e, "ERROR"))
	if errors.Is(err, errUnsynchronized) {
		s.wire.send(errorResponse(pgerr.New(pgerr.ProtocolViolation, "terminating connection because protocol synchronization was lost"), "FATAL"))
		s.finalFlush()
		return errEnd
	}
	return nil
}

// ready ends an answer: changed settings, the transaction's status, and everything is written.
func (s *session) ready() error {
	s.refresh()
	s.report()
	s.tellWarnings()
	s.tellNotifications()
	s.showReady()
	s.wire.send(&pgproto3.ReadyForQuery{TxStatus: s.tx.status()})
	s.resting = true
	if err := s.wire.flush(); err != nil {
		return err
	}
	s.restListening()
	return nil
}

// notice tells the client beside its answer, unless client_min_messages says not to.
func (s *session) notice(n engine.Notice) {
	if severityRank(n.Severity) >= s.severity {
		s.wire.send(noticeResponse(n))
	}
}

// noticeTruncated tells of names that are longer than PostgreSQL's.
func (s *session) noticeTruncated(statements []*sql.Statement) {
	for _, st := range statements {
		for _, text := range st.Truncated() {
			s.notice(engine.Notice{Severity: "NOTICE", Code: "42622", Message: text})
		}
	}
}

func severityRank(name string) int {
	switch strings.ToLower(name) {
	case "notice":
		return 1
	case "warning":
		return 2
	case "error":
		return 3
	}
	return 0
}

// begin starts a statement: its transaction, its time, its view of the settings.
func (s *session) begin() {
	s.enter()
	s.refresh()
	s.state.Statement = s.now
	s.state.Now = s.tx.now
	s.state.Repeatable = s.repeatable()
	s.state.Pinned = s.tx.pinned
}

// refresh makes what is derived from the settings follow them.
func (s *session) refresh() {
	s.settle()
	if s.seen == s.settings.version {
		return
	}
	s.seen = s.settings.version
	s.called.follow(s.settings)
	get := s.settings.get
	st := &s.state
	st.ApplicationName, st.QueryGroup = get("application_name"), get("query_group")
	st.SearchPath = splitIdentifiers(get("search_path"))
	st.Latency = get("tidegate.latency")
	// The checks of the settings have read all of these before.
	if zone, ok := pgtypes.FindZone(get("timezone")); ok {
		st.Zone, st.TimeZone = zone, zone.String()
	}
	st.Style = s.settings.style(st.Zone)
	s.wire.useEncoding(get("client_encoding"))
	st.MaxScan, _ = parseBytes(get("tidegate.max_scan"))
	st.Generation = parseGeneration(get("tidegate.generation"))
	st.MaxStaleness = -1
	if v := get("tidegate.max_staleness"); v != "" {
		st.MaxStaleness, _ = parseDuration(v, time.Second)
	}
	s.timeout, _ = parseDuration(get("statement_timeout"), time.Millisecond)
	lock, _ := parseDuration(get("lock_timeout"), time.Millisecond)
	s.advisory.timeout.Store(int64(lock))
	s.idle.session, _ = parseDuration(get("idle_session_timeout"), time.Millisecond)
	s.idle.transaction, _ = parseDuration(get("idle_in_transaction_session_timeout"), time.Millisecond)
	s.severity = severityRank(get("client_min_messages"))
}

// report sends ParameterStatus for every reported setting that is not what the client knows.
func (s *session) report() {
	if s.seen == s.reportedAt {
		return
	}
	s.reportedAt = s.seen
	for i := range settingTable {
		t := &settingTable[i]
		if !t.report {
			continue
		}
		value := s.settings.get(strings.ToLower(t.name))
		if old, ok := s.reported[t.name]; ok && old == value {
			continue
		}
		s.reported[t.name] = value
		s.wire.send(&pgproto3.ParameterStatus{Name: t.name, Value: value})
	}
}
