package gateway

import (
	"errors"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/pgerr"
)

// idleLimits are how long a session waits for its client; 0 is for ever.
type idleLimits struct{ session, transaction time.Duration }

// receive reads the next message. As in PostgreSQL the limits hold while the client has its answer and has not sent all
// of another message; before Sync they do not.
func (s *session) receive() (pgproto3.FrontendMessage, error) {
	limit, e := s.idle.session, pgerr.New(pgerr.IdleSession, "terminating connection due to idle-session timeout")
	if s.tx.status() != 'I' {
		limit, e = s.idle.transaction, pgerr.New(pgerr.IdleInTransaction, "terminating connection due to idle-in-transaction timeout")
	}
	resting := s.resting
	s.resting = false
	if !resting || limit == 0 {
		return s.in.Receive()
	}
	s.socket.deadline(time.Now().Add(limit))
	m, err := s.in.Receive()
	s.socket.deadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = e
	}
	return m, err
}
