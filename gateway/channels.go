package gateway

import (
	"slices"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
)

// notification is one NOTIFY. It is comparable: a transaction tells the same but once.
type notification struct{ channel, payload string }

// How many may wait for a session, or for the end of a transaction, and their bytes: PostgreSQL's queue has an end too.
const (
	waitingNotifications = 100_000
	waitingBytes         = 64 << 20
)

func (n notification) bytes() int { return len(n.channel) + len(n.payload) }

// amount is of notifications that wait.
type amount struct{ count, bytes int }

func (a amount) full() bool { return a.count >= waitingNotifications || a.bytes >= waitingBytes }

// channels are who listens to what in this process.
type channels struct {
	mu        sync.Mutex
	listeners map[string]map[*session]bool // guarded by mu
}

// listening is a session's part in LISTEN and NOTIFY. What a transaction asks for happens when it commits.
type listening struct {
	// Of the session's goroutine, and of what a statement of it calls while it waits; guarded by mu.
	mu      sync.Mutex
	wanted  []listenChange
	telling []notification
	told    map[notification]bool // those of telling
	tells   int                   // bytes of telling
	on      map[string]bool       // channels

	came    []*pgproto3.NotificationResponse // not told yet; guarded by mu
	bytes   int                              // of came; guarded by mu
	resting bool                             // the client waits for nothing: what comes is written at once; guarded by mu
	sending bool                             // a goroutine is on its way to do so; guarded by mu

	// writing is held while that goroutine writes: mu is not then, since a client that does not read stops nobody but its
	// own session. It is taken before mu.
	writing sync.Mutex
}

// listenChange is LISTEN, or UNLISTEN of a channel, or with "" of all.
type listenChange struct {
	channel string
	on      bool
}

// place is how far a transaction has come, for a savepoint.
type place struct{ wanted, telling int }

func (l *listening) place() place {
	l.mu.Lock()
	defer l.mu.Unlock()
	return place{len(l.wanted), len(l.telling)}
}

// back forgets what came after a place.
func (l *listening) back(to place) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.telling[to.telling:] {
		delete(l.told, n)
		l.tells -= n.bytes()
	}
	l.wanted, l.telling = l.wanted[:to.wanted], l.telling[:to.telling]
}

func (l *listening) want(c listenChange) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.wanted = append(l.wanted, c)
}

// PostgreSQL's limits: of a name, and of what one page of its queue holds.
const (
	longestChannel = 63
	longestPayload = 8000
)

// tell keeps a NOTIFY for the end of the transaction.
func (l *listening) tell(n notification) error {
	switch {
	case n.channel == "":
		return pgerr.New(pgerr.InvalidParameterValue, "channel name cannot be empty")
	case len(n.channel) > longestChannel:
		return pgerr.New(pgerr.InvalidParameterValue, "channel name too long")
	case len(n.payload) >= longestPayload:
		return pgerr.New(pgerr.InvalidParameterValue, "payload string too long")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.told[n]:
		return nil
	case amount{len(l.telling), l.tells}.full():
		return errFullQueue()
	case l.told == nil:
		l.told = map[notification]bool{}
	}
	l.told[n] = true
	l.tells += n.bytes()
	l.telling = append(l.telling, n)
	return nil
}

func errFullQueue() error {
	return pgerr.New(pgerr.ProgramLimitExceeded, "too many notifications in the NOTIFY queue")
}

// endListening ends the transaction's part of LISTEN and NOTIFY. An error is told instead of a COMMIT, and nothing happens.
func (s *session) endListening(rollback bool) error {
	l := &s.listening
	l.mu.Lock()
	wanted, telling := l.wanted, l.telling
	l.wanted, l.telling, l.told, l.tells = nil, nil, nil, 0
	l.mu.Unlock()
	if rollback || len(wanted)+len(telling) == 0 {
		return nil
	}
	c := &s.server.channels
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, n := range telling {
		for to := range c.listeners[n.channel] {
			if to.listening.waiting().full() {
				return errFullQueue()
			}
		}
	}
	for _, w := range wanted {
		c.apply(s, w)
	}
	for _, n := range telling {
		for to := range c.listeners[n.channel] {
			to.hear(&pgproto3.NotificationResponse{PID: uint32(s.pid), Channel: n.channel, Payload: n.payload}, to == s)
		}
	}
	return nil
}

// apply has a session listen, or not. mu is held.
func (c *channels) apply(s *session, w listenChange) {
	l := &s.listening
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case w.on:
		if l.on == nil {
			l.on = map[string]bool{}
		}
		l.on[w.channel] = true
		if c.listeners[w.channel] == nil {
			c.listeners[w.channel] = map[*session]bool{}
		}
		c.listeners[w.channel][s] = true
		return
	case w.channel != "":
		delete(l.on, w.channel)
		c.leave(w.channel, s)
		return
	}
	for channel := range l.on {
		c.leave(channel, s)
	}
	l.on = nil
}

// leave takes a session from a channel. mu is held.
func (c *channels) leave(channel string, s *session) {
	delete(c.listeners[channel], s)
	if len(c.listeners[channel]) == 0 {
		delete(c.listeners, channel)
	}
}

// unlistenAll ends a session's listening at once.
func (s *session) unlistenAll() {
	s.server.channels.mu.Lock()
	defer s.server.channels.mu.Unlock()
	s.server.channels.apply(s, listenChange{})
}

func (l *listening) waiting() amount {
	l.mu.Lock()
	defer l.mu.Unlock()
	return amount{len(l.came), l.bytes}
}

// hear keeps a notification for the session's client, and has it told if the client waits for nothing else.
func (s *session) hear(n *pgproto3.NotificationResponse, own bool) {
	l := &s.listening
	l.mu.Lock()
	defer l.mu.Unlock()
	l.came = append(l.came, n)
	l.bytes += len(n.Channel) + len(n.Payload)
	if !own && l.resting && !l.sending {
		l.sending = true
		time.AfterFunc(0, s.tellAtOnce) // its client may be slow, and is not who notifies
	}
}

// tellAtOnce writes what came to a client that waits for nothing.
func (s *session) tellAtOnce() {
	l := &s.listening
	l.writing.Lock()
	defer l.writing.Unlock()
	var bytes []byte
	for _, n := range l.takeResting() {
		bytes, _ = n.Encode(bytes) // fails beyond 1 GiB only
	}
	if len(bytes) == 0 {
		return
	}
	if _, err := s.socket.Write(bytes); err != nil {
		s.log.Debug("notifications not written", logkey.Error, err) // the session's next read or write says so too
	}
}

// takeResting gives what is to be told at once.
func (l *listening) takeResting() (came []*pgproto3.NotificationResponse) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.sending = false; !l.resting {
		return nil
	}
	came, l.came, l.bytes = l.came, nil, 0
	return came
}

// tellNotifications puts what came before the ReadyForQuery of a session without a transaction, and lets what comes
// later be told at once.
func (s *session) tellNotifications() {
	if s.tx.status() != 'I' {
		return
	}
	l := &s.listening
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, n := range l.came {
		s.wire.send(n)
	}
	l.came, l.bytes = nil, 0
}

// restListening is called when all is written and the client has its turn, wakeListening when it has said something.
func (s *session) restListening() {
	l := &s.listening
	if s.tx.status() != 'I' {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.resting = true
	if len(l.came) > 0 && !l.sending {
		l.sending = true
		time.AfterFunc(0, s.tellAtOnce)
	}
}

func (s *session) wakeListening() {
	s.listening.writing.Lock() // what is being told is told first
	defer s.listening.writing.Unlock()
	s.listening.mu.Lock()
	defer s.listening.mu.Unlock()
	s.listening.resting = false
}

// Notify is pg_notify of the session pid. It is called while one of the session's statements runs.
func (s *Server) Notify(pid int32, channel, payload string) error {
	from := s.session(pid)
	if from == nil {
		return errShutdown()
	}
	return from.listening.tell(notification{channel, payload})
}

// Listening gives the channels that the session pid listens to, sorted.
func (s *Server) Listening(pid int32) []string {
	from := s.session(pid)
	if from == nil {
		return nil
	}
	from.listening.mu.Lock()
	defer from.listening.mu.Unlock()
	list := make([]string, 0, len(from.listening.on))
	for channel := range from.listening.on {
		list = append(list, channel)
	}
	slices.Sort(list)
	return list
}
