package gateway

import (
	"maps"
	"slices"
	"syscall"
	"time"
)

// lookEvery is how often the clients of statements that take long are looked at. One that is gone is noticed within
// two looks, also while nothing is written to it and whatever it has sent ahead, as long as the system has taken it all.
const lookEvery = 200 * time.Millisecond

// look ends the work of clients that are gone, and comes again while there are sessions.
func (s *Server) look() {
	s.mu.Lock()
	sessions := slices.Collect(maps.Values(s.sessions))
	if s.looking = len(sessions) > 0; s.looking {
		time.AfterFunc(lookEvery, s.look)
	}
	s.mu.Unlock()
	for _, x := range sessions {
		if x.work.lasting() && x.socket.gone() {
			x.work.interrupt(errGone)
		}
	}
}

// gone reports whether the client has closed its end. It reads nothing, so that whoever reads is not disturbed.
func (c *socket) gone() bool {
	raw, ok := c.Conn.(syscall.Conn)
	if !ok {
		return false // nothing of the system is behind it; a read or a write will tell
	}
	rc, err := raw.SyscallConn()
	if err != nil {
		return true
	}
	closed := false
	if err := rc.Control(func(fd uintptr) { closed = hungUp(int(fd)) }); err != nil {
		return true // this end is closed
	}
	return closed
}
