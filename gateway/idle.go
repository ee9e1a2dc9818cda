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
	limit, within := s.idle.session, s.tx.status() != 'I'
	if within {
		limit = s.idle.transaction
	}
	resting := s.resting
	s.resting = false
	if !resting || limit == 0 {
		return s.in.next()
	}
	s.socket.deadline(time.Now().Add(limit))
	kind, body, err = s.in.next()
	s.socket.deadline(time.Time{})
	switch {
	case !errors.Is(err, os.ErrDeadlineExceeded):
	case within:
		err = pgerr.New(pgerr.IdleInTransaction, "terminating connection due to idle-in-transaction timeout")
	default:
		err = pgerr.New(pgerr.IdleSession, "terminating connection due to idle-session timeout")
	}
	return kind, body, err
}
