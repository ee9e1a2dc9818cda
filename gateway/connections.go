package gateway

import (
	"crypto/rand"
	"fmt"
	"time"

	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// adopt counts a connection in, or says why it is not let in. Connections that have not said anything yet may be as many
// again as the sessions: more of them would be memory for nobody.
func (s *Server) adopt(c *socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return errStopping()
	}
	if n := s.options.MaxConnections; n > 0 && len(s.sockets) >= 2*n+spareSockets {
		return errTooMany()
	}
	s.sockets[c] = struct{}{}
	s.wait.Add(1)
	return nil
}

// spareSockets are for cancel requests and the like of a server with few sessions.
const spareSockets = 16

func errTooMany() *pgerr.Error {
	return pgerr.New(pgerr.TooManyConnections, "sorry, too many clients already")
}

// takePlace counts a client that has said who it is, or gives 53300.
func (g *guest) takePlace() error {
	s := g.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := s.options.MaxConnections; n > 0 && s.places >= n {
		return errTooMany().WithHint("limits.connections is %d.", n)
	}
	s.places++
	g.placed = true
	return nil
}

func (g *guest) leavePlace() {
	if g.placed {
		g.server.mu.Lock()
		defer g.server.mu.Unlock()
		g.server.places--
	}
}

// checkLimits is for a user that is known: some places are for others, and a role may have so many.
func (s *Server) checkLimits(g *guest) error {
	if n := s.options.MaxConnections; n > 0 && n-s.places < s.options.Reserved && !g.user.Reserved {
		return pgerr.New(pgerr.TooManyConnections, "remaining connection slots are reserved for non-replication superuser connections").
			WithHint("limits.connections is %d, of which limits.reserved_connections, %d, are for users that monitor.", n, s.options.Reserved)
	}
	if g.user.RoleConnections == 0 {
		return nil
	}
	n := 0
	for _, x := range s.sessions {
		if x.role == g.user.Role {
			n++
		}
	}
	if n >= g.user.RoleConnections {
		return pgerr.New(pgerr.TooManyConnections, "too many connections for role \"%s\"", g.user.Role).
			WithHint("roles.%s.connections is %d.", g.user.Role, n)
	}
	return nil
}

// register gives a session its pid and cancel key, or 53300.
func (g *guest) register(x *session) error {
	if _, err := rand.Read(x.secret); err != nil {
		return fmt.Errorf("make a cancel key: %w", err)
	}
	s := g.server
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return errStopping()
	}
	if err := s.checkLimits(g); err != nil {
		return err
	}
	for {
		s.nextPID = max(s.nextPID+1, 1) // it wraps round
		if _, taken := s.sessions[s.nextPID]; !taken {
			break
		}
	}
	x.pid = s.nextPID
	x.role = g.user.Role
	x.state.PID = x.pid
	x.log = s.log.With(logkey.Conn, x.pid)
	x.activity.shown = Activity{
		PID: x.pid, User: x.state.User, Database: x.state.Database, Client: x.socket.RemoteAddr(), Began: time.Now(),
	}
	s.sessions[x.pid] = x
	if !s.looking {
		s.looking = true
		time.AfterFunc(lookEvery, s.look)
	}
	return nil
}

// session gives the session pid, nil if there is none.
func (s *Server) session(pid int32) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions[pid]
}

func (s *Server) unregister(x *session) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.sessions, x.pid)
	close(x.ended)
}
