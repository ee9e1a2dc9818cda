package gateway

import (
	"errors"
	"os"
	"time"

	"tidegate/internal/pgerr"
)

// idleLimits are how long a session waits for its client; 0 is for ever.
type idleLimits struct{ session, transaction time.Duration }

// receive reads the next message. As in PostgreSQL the limits hold while the client has its answer and has not sent all
// of another message; before Sync they do not.
func (s *session) receive() (kind byte, body []byte, err error) {
	limit, e := s.idle.session, pgerr.New(pgerr.IdleSession, "terminating connection due to idle-session timeout")
	if s.tx.status() != 'I' {
		limit, e = s.idle.transaction, pgerr.New(pgerr.IdleInTransaction, "terminating connection due to idle-in-transaction timeout")
	}
	resting := s.resting
	s.resting = false
	if !resting || limit == 0 {
		return s.in.next()
	}
	s.socket.deadline(time.Now().Add(limit))
	kind, body, err = s.in.next()
	s.socket.deadline(time.Time{})
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = e
	}
	return kind, body, err
}
