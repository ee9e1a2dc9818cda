package warehouse

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// duckSession is what a session needs of the engine: one private connection that can also describe.
type duckSession interface {
	engine.Session
	// Describe gives the columns of a statement's result and reads no data.
	Describe(ctx context.Context, sql string) ([]engine.Column, error)
	// ParameterTypes gives the types of $1, $2 … as far as the statement tells them; OID 0 otherwise.
	ParameterTypes(ctx context.Context, sql string) ([]pgtypes.Type, error)
}

// session is one client's state. Its methods run on the goroutine of its connection, cancel on any.
type session struct {
	w        *Warehouse
	conn     *conn
	user     string
	database string
	duck     duckSession
	locks    owner
	settings *settings

	tx        txState
	begun     bool              // DuckDB's transaction is open, so its snapshot may be taken
	restore   map[string]string // settings that SET LOCAL changed
	temporary map[string]bool   // names of temporary tables made here
	made      []string          // those of the open transaction

	lastCopyRows int64
	lastCopyID   int64 // -1 before the first COPY
	lastQueryID  int64
	zone         *time.Location

	mu   sync.Mutex
	stop context.CancelCauseFunc // guarded by mu; ends the running statement
}

type sessionKey struct{}

func sessionOf(ctx context.Context) *session {
	s, _ := ctx.Value(sessionKey{}).(*session) // set before any statement arrives
	return s
}

// newSession opens the engine's connection and applies the startup parameters.
func (w *Warehouse) newSession(ctx context.Context, c *conn, parameters map[string]string) (*session, error) {
	opened, err := w.o.Database.Session(ctx)
	if err != nil {
		return nil, fmt.Errorf("open session: %w", err)
	}
	duck, ok := opened.(duckSession)
	if !ok {
		return nil, errors.Join(fmt.Errorf("a session of %T cannot describe statements", w.o.Database), opened.Close())
	}
	s := &session{
		w: w, conn: c, user: parameters["user"], database: parameters["database"], duck: duck,
		settings: newSettings(), restore: map[string]string{}, temporary: map[string]bool{},
		lastCopyID: -1, zone: time.UTC,
	}
	if s.database == "" {
		s.database = s.user
	}
	err = s.set(ctx, "search_path", defaultSearchPath)
	for name, value := range parameters {
		if err == nil && settingOfStartup(name) {
			err = s.set(ctx, name, value)
		}
	}
	if err != nil {
		return nil, errors.Join(err, duck.Close())
	}
	return s, nil
}

// close rolls back what is open.
func (s *session) close(ctx context.Context) {
	if err := s.duck.Close(); err != nil {
		s.w.log.WarnContext(ctx, "close session", logkey.Conn, s.conn.pid, logkey.Error, err)
	}
	s.w.locks.release(&s.locks)
}

// cancel ends the running statement, if there is one.
func (s *session) cancel(cause error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stop != nil {
		s.stop(cause)
	}
}

// statementContext is the context of one statement: it ends by cancel and after statement_timeout.
func (s *session) statementContext(ctx context.Context) (context.Context, func()) {
	ctx, stop := context.WithCancelCause(ctx)
	s.mu.Lock()
	s.stop = stop
	s.mu.Unlock()
	finish := func() {
		s.mu.Lock()
		s.stop = nil
		s.mu.Unlock()
		stop(nil)
	}
	timeout := s.settings.timeout()
	if timeout == 0 {
		return ctx, finish
	}
	timer := time.AfterFunc(timeout, func() { stop(s.canceled()) })
	return ctx, func() {
		timer.Stop()
		finish()
	}
}

// canceled is what Redshift says of a statement that was cancelled or ran out of time.
func (s *session) canceled() error {
	return pgerr.New(pgerr.QueryCanceled, "Query (%d) canceled on user's request", s.lastQueryID)
}

// exec runs a statement of DuckDB in the session's transaction.
func (s *session) exec(ctx context.Context, sql string) (int64, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	return s.duck.Exec(ctx, sql)
}

// query starts a statement of DuckDB in the session's transaction.
func (s *session) query(ctx context.Context, sql string) (engine.Rows, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	return s.duck.Query(ctx, sql)
}

// value is one value of a result in PostgreSQL's text form; nil is NULL.
type value []byte

// String gives the text, "" for NULL.
func (v value) String() string { return string(v) }

// read runs a statement and gives all its rows, for results that are small.
func (s *session) read(ctx context.Context, sql string) ([][]value, error) {
	rows, err := s.query(ctx, sql)
	if err != nil {
		return nil, err
	}
	var out [][]value
	err = s.each(ctx, rows, func(batch [][]value) error {
		out = append(out, batch...)
		return nil
	})
	return out, err
}

// each hands the rows of a result to f, chunk by chunk, and closes it.
func (s *session) each(ctx context.Context, rows engine.Rows, f func([][]value) error) (err error) {
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns := rows.Columns()
	encoder, err := encode.New(columns, nil, pgtypes.Style{Zone: s.zone})
	if err != nil {
		return err
	}
	for chunk, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return err
		}
		for row := 0; row < chunk.Rows; {
			messages, next, err := encoder.Rows(nil, chunk, row, chunk.Rows, 1<<20)
			if err != nil {
				return err
			}
			if err := f(values(messages, next-row, len(columns))); err != nil {
				return err
			}
			row = next
		}
	}
	return nil
}

// values cuts DataRow messages into their values. They share the messages' memory.
func values(messages []byte, rows, columns int) [][]value {
	out := make([][]value, rows)
	cells := make([]value, rows*columns)
	at := 0
	for r := range out {
		out[r], cells = cells[:columns:columns], cells[columns:]
		at += 7 // type, length, number of columns
		for c := range columns {
			size := int(int32(uint32(messages[at])<<24 | uint32(messages[at+1])<<16 | uint32(messages[at+2])<<8 | uint32(messages[at+3])))
			at += 4
			if size >= 0 {
				out[r][c] = messages[at : at+size : at+size]
				at += size
			}
		}
	}
	return out
}
