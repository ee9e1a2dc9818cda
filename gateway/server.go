// Package gateway speaks PostgreSQL's protocol 3.0: connections become sessions, messages become statements, and
// what the planner and its engines answer becomes rows.
//
// A session is read in this order: server.go accepts, guest.go lets in: startup.go, tls.go, authenticate.go,
// connections.go, greet.go; session.go answers messages, which inbox.go and decode.go read: simple.go or
// extended.go and portal.go; answer.go runs a statement, result.go streams its rows, copy.go and copyin.go those of COPY.
// transaction.go, settings.go, prepared.go and arguments.go, cursor.go, fetch.go and scroll.go, explain.go are what a
// session answers by itself, cancel.go is how work ends early. warehouse.go is what a
// session changes in the hot store, changes.go the connection and the transaction that it has there.
package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/gateway/auth"
	"tidegate/internal/engine/spool"
	"tidegate/internal/logkey"
	"tidegate/sql"
)

// Options are what a Server needs beside its planner.
type Options struct {
	Database       string // the one that clients may connect to
	Version        string // what version() answers; it begins with "PostgreSQL 15.20"
	Dialect        sql.Dialect
	MaxConnections int // 0 is no limit
	Reserved       int // of the connections, for users that may have them
	// SearchPath gives the schemas of names without one when a user's session begins; nil is PostgreSQL's "$user", public.
	SearchPath func(ctx context.Context, user string) ([]string, error)
	// Warehouse changes what only the hot store has; nil: nothing can be changed.
	Warehouse Warehouse
	// Temporaries keeps temporary tables; nil: only the warehouse has some.
	Temporaries Temporaries
	// StartupTimeout is how long a client may take until it is in; 0 is a minute, as in PostgreSQL.
	StartupTimeout time.Duration
	// Spool takes what large results hold while their clients say nothing for ParkAfter (0 is 2 s); nil: they stay in
	// the engine.
	Spool     *spool.Store
	ParkAfter time.Duration
	// MaxMessage is how long a message of a client may be, in bytes; 0 is 64 MiB.
	MaxMessage int
	// Settings are what sessions begin with where it is not what PostgreSQL's do.
	Settings map[string]string
	// Rules gives who may come in at the moment, and how. nil trusts everybody, which is for loopback addresses alone.
	Rules func() *auth.Rules
}

// Server lets clients in and keeps their sessions. Create it with New.
type Server struct {
	options  Options
	planner  Planner
	recorder Recorder
	log      *slog.Logger

	boot    string // begins the ids of this server's queries
	queries atomic.Int64

	mu        sync.Mutex
	sessions  map[int32]*session   // guarded by mu
	sockets   map[*socket]struct{} // guarded by mu; every open connection
	listeners []net.Listener       // guarded by mu
	stopping  bool                 // guarded by mu
	nextPID   int32                // guarded by mu
	looking   bool                 // guarded by mu; look will come again
	places    int                  // guarded by mu; clients from their startup message on
	closing   chan struct{}        // closed when it stops
	wait      sync.WaitGroup

	backoff  auth.Backoff
	channels channels
	advisory advisoryLocks
}

// New makes a server.
func New(o Options, p Planner, r Recorder, log *slog.Logger) *Server {
	if o.ParkAfter == 0 {
		o.ParkAfter = parkAfter
	}
	if o.StartupTimeout == 0 {
		o.StartupTimeout = time.Minute
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 64 << 20
	}
	return &Server{
		options:  o,
		planner:  p,
		recorder: r,
		log:      log,
		boot:     strconv.FormatInt(time.Now().Unix(), 36),
		sessions: map[int32]*session{},
		channels: channels{listeners: map[string]map[*session]bool{}},
		advisory: advisoryLocks{locks: map[AdvisoryKey]*advisoryLock{}},
		sockets:  map[*socket]struct{}{},
		nextPID:  1000,
		closing:  make(chan struct{}),
	}
}

// rules gives those of the next client.
func (s *Server) rules() *auth.Rules {
	if s.options.Rules == nil {
		return &auth.Rules{Method: auth.Trust, Stranger: &auth.User{}}
	}
	return s.options.Rules()
}

// queryID gives an id that no other query of any server of this catalog is likely to have.
func (s *Server) queryID() string {
	id := append(append(make([]byte, 0, 64), s.boot...), '-')
	return string(strconv.AppendInt(id, s.queries.Add(1), 10))
}

// Serve accepts clients until the listener closes; after Shutdown it returns nil. It refuses a listener that others
// than this machine can reach if clients are trusted. ctx is the sessions' parent: when it ends, they do.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() && s.rules().Method == auth.Trust {
		return fmt.Errorf("listen on %s: clients are trusted without a password, so the address must be a loopback address such as 127.0.0.1", a)
	}
	s.mu.Lock()
	if s.stopping {
		s.mu.Unlock()
		return errors.New("serve: the server is shut down")
	}
	s.listeners = append(s.listeners, l)
	s.mu.Unlock()
	for {
		c, err := l.Accept()
		if err != nil {
			if s.draining() {
				return nil
			}
			return fmt.Errorf("accept on %s: %w", l.Addr(), err)
		}
		x := newSocket(c)
		if err := s.adopt(x); err != nil {
			g := &guest{server: s, socket: x, wire: &wire{conn: x}}
			g.turnAway(err) // some bytes, which the system takes at once
			_ = c.Close()   // it has had its answer
			continue
		}
		go s.connection(ctx, x)
	}
}

func (s *Server) draining() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopping
}

// connection is the whole life of a client.
func (s *Server) connection(ctx context.Context, c *socket) {
	defer func() {
		if p := recover(); p != nil {
			s.log.ErrorContext(ctx, "panic", logkey.Error, p, "stack", string(debug.Stack()))
		}
		_ = c.Close() // the client has had its answer, or is gone
		s.mu.Lock()
		delete(s.sockets, c)
		s.mu.Unlock()
		s.wait.Done()
	}()
	c.deadline(time.Now().Add(s.options.StartupTimeout))
	g := &guest{server: s, socket: c, wire: &wire{conn: c}, rules: s.rules()}
	defer g.leavePlace()
	x, err := g.enter(ctx)
	if err != nil {
		g.turnAway(err)
		return
	}
	if x == nil {
		return
	}
	defer s.unregister(x)
	c.deadline(time.Time{})
	began := time.Now()
	x.log.InfoContext(ctx, "session begins", logkey.User, x.state.User, logkey.Address, c.RemoteAddr().String())
	if err := x.greet(); err != nil {
		return
	}
	stop := context.AfterFunc(ctx, c.expire)
	defer stop()
	x.serve(ctx)
	x.log.InfoContext(ctx, "session ended", logkey.User, x.state.User, logkey.Elapsed, time.Since(began))
}

// Shutdown stops accepting, ends idle sessions with 57P01 and lets statements that run come to their end. When ctx
// ends first, they are cancelled and their connections closed. It returns when no session is left.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.stopping {
		close(s.closing)
	}
	s.stopping = true
	for _, l := range s.listeners {
		_ = l.Close() // already closed is as good
	}
	for c := range s.sockets {
		c.expire()
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.wait.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for _, x := range s.sessions {
		x.work.interrupt(errShutdown())
	}
	for c := range s.sockets {
		// A client that does not read would keep its session for ever.
		_ = c.SetWriteDeadline(time.Now().Add(time.Second)) // fails on a closed connection only
	}
	s.mu.Unlock()
	<-done
	return context.Cause(ctx)
}
