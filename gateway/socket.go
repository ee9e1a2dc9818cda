package gateway

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/internal/rawio"
)

// aheadBytes is how much of a client's first bytes are read at a time. It is what a connection costs until it has
// said more.
const aheadBytes = 512

// socket is a client's connection, encrypted or not. Its reads can be ended for good.
type socket struct {
	net.Conn          // as it was accepted: deadlines and addresses are its
	stream   net.Conn // what is read and written: the connection, or TLS over it; the session's goroutine has it
	ahead    []byte   // read from the connection, and not yet by Read

	writing atomic.Bool // the client takes its time over what is written

	mu      sync.Mutex
	expired bool // guarded by mu
}

func newSocket(c net.Conn) *socket {
	c = rawio.Conn(c)
	return &socket{Conn: c, stream: c}
}

// Read gives what peek has read first.
func (c *socket) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 {
		return c.stream.Read(p)
	}
	n := copy(p, c.ahead)
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		c.ahead = nil
	}
	return n, nil
}

func (c *socket) Write(p []byte) (int, error) {
	c.writing.Store(true)
	defer c.writing.Store(false)
	return c.stream.Write(p)
}

// Close ends the stream and the connection. Only the session's goroutine calls it.
func (c *socket) Close() error { return c.stream.Close() }

// peek gives the next n bytes without taking them. It holds memory for bytes that have come, never for those that
// were only announced, and it reads what else has come with them: see secure.
func (c *socket) peek(n int) ([]byte, error) {
	for len(c.ahead) < n {
		c.ahead = slices.Grow(c.ahead, aheadBytes)
		m, err := c.stream.Read(c.ahead[len(c.ahead):cap(c.ahead)])
		c.ahead = c.ahead[:len(c.ahead)+m]
		if err != nil && len(c.ahead) < n {
			return nil, fmt.Errorf("%w: %w", errGone, err)
		}
	}
	return c.ahead[:n], nil
}

// take is peek, and the bytes are gone from the stream. They are the caller's.
func (c *socket) take(n int) ([]byte, error) {
	b, err := c.peek(n)
	if err != nil {
		return nil, err
	}
	b = slices.Clone(b)
	if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
		c.ahead = nil
	}
	return b, nil
}

// expire makes the pending and every later read end with os.ErrDeadlineExceeded.
func (c *socket) expire() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expired = true
	_ = c.SetReadDeadline(time.Unix(1, 0)) // fails on a closed connection only, where reads end anyway
}

func (c *socket) deadline(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.expired {
		_ = c.SetReadDeadline(t) // as in expire
	}
}
