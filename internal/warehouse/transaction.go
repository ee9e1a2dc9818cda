package warehouse

import (
	"context"
	"errors"
	"strings"

	"github.com/jeroenrinzema/psql-wire/pkg/types"

	"tidegate/internal/pgerr"
)

// txState is where a session stands between BEGIN and COMMIT.
type txState uint8

const (
	txNone     txState = iota
	txImplicit         // around the statements of one message, or up to Sync
	txBlock            // BEGIN was given
	txFailed           // a statement of the block failed
)

// status is what ReadyForQuery tells.
func (s *session) status() types.ServerStatus {
	switch s.tx {
	case txBlock:
		return types.ServerTransactionBlock
	case txFailed:
		return types.ServerTransactionFailed
	default:
		return types.ServerIdle
	}
}

// begin opens DuckDB's transaction when the first statement needs it: BEGIN and LOCK take no snapshot, so that
// whoever waited for a lock sees what its holder committed.
func (s *session) begin(ctx context.Context) error {
	if s.begun || s.tx == txNone {
		return nil
	}
	if _, err := s.duck.Exec(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	s.begun = true
	return nil
}

// commit ends the transaction, whatever kind it is, and gives the locks back.
func (s *session) commit(ctx context.Context) error {
	if s.tx == txFailed {
		return s.rollback(ctx)
	}
	block := s.tx == txBlock
	if block {
		if err := s.w.faults.strike(ctx, BeforeCommit, "commit", s.conn); err != nil {
			return errors.Join(err, s.rollback(ctx))
		}
	}
	var err error
	if s.begun {
		_, err = s.duck.Exec(ctx, "COMMIT")
	}
	if err != nil {
		// A cancelled COMMIT did not happen, and one that conflicts was rolled back already.
		err = errors.Join(inRedshiftWords(err), s.rollback(ctx))
		return err
	}
	s.over(ctx)
	if block {
		return s.w.faults.strike(ctx, AfterCommit, "commit", s.conn)
	}
	return nil
}

// rollback ends the transaction without a trace.
func (s *session) rollback(ctx context.Context) error {
	var err error
	if s.begun {
		// It must happen even if the statement before was cancelled.
		_, err = s.duck.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		if err != nil && pgerr.CodeOf(err) == codeSerialization { // "no transaction is active": DuckDB has done it
			err = nil
		}
	}
	for _, name := range s.made {
		delete(s.temporary, name)
	}
	s.over(ctx)
	return err
}

// over forgets the transaction.
func (s *session) over(ctx context.Context) {
	s.tx, s.begun, s.made = txNone, false, nil
	s.w.locks.release(&s.locks)
	for name, value := range s.restore {
		if err := s.set(ctx, name, value); err != nil {
			s.w.log.WarnContext(ctx, "restore setting", "setting", name, "error", err)
		}
	}
	clear(s.restore)
}

// failed notes that a statement did not end well. The work of a block is undone and its locks are free at once;
// only the block itself waits for the client to end it.
func (s *session) failed(ctx context.Context) error {
	switch s.tx {
	case txBlock:
		err := s.rollback(ctx)
		s.tx = txFailed
		return err
	case txImplicit:
		return s.rollback(ctx)
	default:
		return nil
	}
}

// inRedshiftWords gives the errors of the engine that Redshift tells in another way.
func inRedshiftWords(err error) error {
	e, ok := errors.AsType[*pgerr.Error](err)
	switch {
	case !ok:
		return err
	case e.Code == codeSerialization && e.Message != conflictMessage:
		return serializationFailure(err)
	case strings.HasPrefix(e.Message, tooLong):
		return &pgerr.Error{Code: pgerr.StringTooLong, Message: e.Message, Err: err}
	case strings.HasPrefix(e.Message, "NOT NULL constraint failed"):
		_, name, _ := strings.Cut(e.Message, ": ")
		return &pgerr.Error{Code: codeNotNull, Message: "cannot insert a NULL value into column " + name, Err: err}
	}
	return err
}
