package gateway

import (
	"context"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// ending is a connection whose transaction ends as it is told to.
type ending struct {
	Connection

	tag    string
	err    error
	lost   bool // it broke
	closed bool
}

func (e *ending) Control(context.Context, string) (string, error) { return e.tag, e.err }
func (e *ending) Notices() []engine.Notice                        { return nil }
func (e *ending) Lost() bool                                      { return e.lost }
func (e *ending) Close()                                          { e.closed = true }

// TestEndOfTransaction says what a client hears when its changes end otherwise than it asked for.
func TestEndOfTransaction(t *testing.T) {
	t.Parallel()
	refused := pgerr.New("23503", "it is referenced")
	broken := pgerr.New(pgerr.ConnectionFailure, "it broke")
	for _, c := range []struct {
		name     string
		conn     ending
		rollback bool
		want     pgerr.Code
		closed   bool // others must not get the connection
	}{
		{"committed", ending{tag: "COMMIT"}, false, "", false},
		{"rolled back instead", ending{tag: "ROLLBACK"}, false, pgerr.InFailedTransaction, false},
		{"refused", ending{err: refused}, false, "23503", false},
		{"broken", ending{err: broken, lost: true}, false, pgerr.TransactionUnknown, true},
		{"took too long", ending{err: context.DeadlineExceeded}, false, pgerr.TransactionUnknown, true},
		{"rolled back", ending{tag: "ROLLBACK"}, true, "", false},
		{"broken while it was rolled back", ending{err: broken, lost: true}, true, "", true},
		{"took too long to roll back", ending{err: context.DeadlineExceeded}, true, "", true},
	} {
		s := &session{changes: changes{conn: &c.conn, open: true}}
		if err := s.endTransaction(t.Context(), c.rollback); pgerr.CodeOf(err) != c.want || (err == nil) != (c.want == "") {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
		if s.changes.open || s.changes.lost || (s.changes.conn == nil) != c.closed || c.conn.closed != c.closed {
			t.Errorf("%s: it leaves %+v", c.name, s.changes)
		}
	}
}
