package gateway

import (
	"context"
	"errors"
	"strings"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// changes is a session's own connection to the warehouse, and what of the session's transaction is open on it.
type changes struct {
	conn Connection // nil: none
	open bool       // a transaction is
	ddl  bool       // it made or dropped relations
	lost bool       // the session's transaction had it, and it broke
	last bool       // the statement is the last of its simple query: it commits before its tag is told
	// temporary says that the connection has relations of the session's alone: it stays.
	temporary bool
	hold      bool // what is read now must outlive the transaction
}

// connect makes sure of the session's own connection.
func (s *session) connect(ctx context.Context, keep bool) error {
	c := &s.changes
	if c.conn != nil && c.conn.Lost() {
		s.noteLoss()
	}
	if c.lost {
		return errLostChanges()
	}
	if c.conn != nil {
		if keep {
			return c.conn.Keep()
		}
		return nil
	}
	conn, err := s.server.options.Warehouse.Pin(ctx, keep)
	if err != nil {
		return err
	}
	c.conn, s.state.Own = conn, conn
	return nil
}

func errLostChanges() error {
	return pgerr.New(pgerr.ConnectionFailure, "the session's connection to the hot store was lost: what was not committed is gone")
}

// openOnServer begins the session's transaction at the server too, with its savepoints, unless it has begun.
func (s *session) openOnServer(ctx context.Context) error {
	c := &s.changes
	if c.open {
		return nil
	}
	if err := c.conn.Begin(ctx, s.settings.get("transaction_isolation")); err != nil {
		return s.noteLost(err)
	}
	c.open = true
	for _, p := range s.tx.savepoints {
		if _, err := c.conn.Control(ctx, "SAVEPOINT "+quoteName(p.name)); err != nil {
			return s.noteLost(err)
		}
	}
	return nil
}

// noteLost gives err back, and forgets a connection that broke.
func (s *session) noteLost(err error) error {
	if s.changes.conn != nil && s.changes.conn.Lost() {
		s.noteLoss()
	}
	return err
}

func (s *session) noteLoss() {
	s.changes.conn.Close()
	s.changes.lost = s.changes.open || s.changes.lost
	s.changes.conn, s.changes.open, s.changes.ddl, s.changes.temporary = nil, false, false, false
	s.state.Own = nil
}

// endTimeout bounds COMMIT and ROLLBACK, which a client cannot cancel: their outcome must be known.
const endTimeout = time.Minute

// endOnServer ends the transaction that is open on the session's own connection, if one is. A COMMIT that was not
// answered is 08007: nobody knows what became of it.
func (s *session) endOnServer(ctx context.Context, rollback bool) error {
	c := &s.changes
	lost := c.lost
	c.lost = false
	if c.conn == nil {
		if lost && !rollback {
			return errLostChanges()
		}
		return nil
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer stop()
	var err error
	if c.open {
		err = s.endTransaction(ctx, rollback)
	}
	if c.conn != nil {
		s.giveBack(ctx)
	}
	return err
}

func (s *session) endTransaction(ctx context.Context, rollback bool) error {
	c := &s.changes
	verb := "COMMIT"
	if rollback {
		verb = "ROLLBACK"
	}
	tag, err := c.conn.Control(ctx, verb)
	s.tellNotices()
	c.open = false
	_, answered := errors.AsType[*pgerr.Error](err)
	lost := c.conn.Lost() || err != nil && !answered // it took too long and was cancelled: what became of it is not known
	if lost {
		s.noteLoss()
		s.changes.lost = false
	}
	switch {
	case rollback && lost:
		return nil // the server rolls back what it has lost the client of
	case lost:
		return &pgerr.Error{
			Code: pgerr.TransactionUnknown, Message: "the hot store did not answer the COMMIT: it may have happened or not",
			Hint: "look at the data before you do it again", Err: err,
		}
	case err != nil:
		return s.writeError(ctx, nil, "", err)
	case tag != verb:
		return pgerr.New(pgerr.InFailedTransaction, "the hot store has rolled the transaction back")
	}
	return nil
}

// giveBack ends the session's hold of its connection, unless something temporary is there.
func (s *session) giveBack(ctx context.Context) {
	c := &s.changes
	if c.ddl {
		c.ddl = false
		temporary, err := c.conn.Publish(ctx)
		if err != nil {
			s.log.WarnContext(ctx, "list the warehouse's relations", logkey.Error, err)
			c.conn.Close()
			c.conn, s.state.Own, c.temporary = nil, nil, false
			return
		}
		c.temporary = temporary
	}
	if c.temporary {
		return
	}
	c.conn.Release()
	c.conn, s.state.Own = nil, nil
}

// dropChanges ends the session's own connection: the server rolls back, and drops what is temporary.
func (s *session) dropChanges() {
	if s.changes.conn != nil {
		s.changes.conn.Close()
		s.changes = changes{}
		s.state.Own = nil
	}
}

// onServer tells the server of a savepoint's statement, if the transaction is open there.
func (s *session) onServer(ctx context.Context, t *sql.Transaction) error {
	c := &s.changes
	if c.lost || c.conn != nil && c.conn.Lost() {
		return errLostChanges()
	}
	if !c.open {
		return nil
	}
	text := t.Verb + " " + quoteName(t.Savepoint)
	if t.Verb != "SAVEPOINT" {
		text = strings.Replace(text, t.Verb, verbOf(t), 1)
	}
	if _, err := c.conn.Control(ctx, text); err != nil {
		return s.noteLost(err)
	}
	if t.Verb == "ROLLBACK TO" && c.ddl {
		return s.noteLost(c.conn.Relist(ctx))
	}
	return nil
}

func quoteName(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

// tellNotices passes on what the server said beside its answers.
func (s *session) tellNotices() {
	for _, n := range s.changes.conn.Notices() {
		s.notice(n)
	}
}

// reads gives the engine for a plan: the session's own connection if the plan reads what it may have changed.
func (s *session) reads(ctx context.Context, p *engine.Plan, hold bool) (engine.Engine, error) {
	if s.changes.lost && p.HotOnly {
		return nil, errLostChanges()
	}
	if s.changes.conn == nil || !p.HotOnly {
		return p.Engine, nil
	}
	if hold {
		return nil, pgerr.New(pgerr.FeatureNotSupported, "a cursor WITH HOLD over hot-only relations is not supported beside a transaction that changes some, or temporary tables")
	}
	if err := s.openOnServer(ctx); err != nil {
		return nil, err
	}
	return own{p.Engine, s}, nil
}

// own reads over the session's own connection.
type own struct {
	engine.Engine
	s *session
}

// Query starts a read.
func (o own) Query(ctx context.Context, st engine.Statement) (engine.Rows, error) {
	rows, err := o.s.changes.conn.Query(ctx, st)
	return rows, o.s.noteLost(err)
}

// discardTemporary drops what is temporary, and with it the connection.
func (s *session) discardTemporary() error {
	if s.changes.open {
		return pgerr.New(pgerr.ActiveTransaction, "DISCARD TEMP cannot run in a transaction that changes the warehouse")
	}
	s.dropChanges()
	if s.state.Temporary != nil {
		s.state.Temporary.Enter(len(s.tx.savepoints))
		s.state.Temporary.Discard()
	}
	return nil
}
