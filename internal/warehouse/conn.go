package warehouse

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"net"
	"sync"
)

// Message types of the protocol that are written or mended here.
const (
	msgParameterStatus = 'S'
	msgRowDescription  = 'T'
	msgReady           = 'Z'
	msgNotice          = 'N'
	msgEmptyQuery      = 'I'
)

// conn is a client's connection. psql-wire writes one message per Write, which lets it mend what that library says
// wrongly: the server's version, and type modifiers. It also carries what the library cannot send.
type conn struct {
	net.Conn
	pid, secret int32
	forget      func(*conn)
	closed      sync.Once
	started     bool // the first ReadyForQuery is out; used by the writing goroutine only
}

func newConn(c net.Conn, pid int32, forget func(*conn)) *conn {
	var b [4]byte
	_, _ = rand.Read(b[:]) // it never fails
	return &conn{Conn: c, pid: pid, secret: int32(binary.BigEndian.Uint32(b[:])), forget: forget}
}

// remote is how a session finds its connection: psql-wire hands out the address only.
type remote struct {
	net.Addr
	conn *conn
}

// RemoteAddr gives the client's address, with the connection itself inside.
func (c *conn) RemoteAddr() net.Addr { return remote{Addr: c.Conn.RemoteAddr(), conn: c} }

// Write sends whole messages, mended.
func (c *conn) Write(b []byte) (int, error) {
	if len(b) < 5 {
		return c.Conn.Write(b)
	}
	out := b
	switch {
	case b[0] == msgRowDescription:
		out = withTypmods(b)
	case c.started:
	case b[0] == msgReady:
		c.started = true
	case b[0] == msgParameterStatus:
		out = withVersion(b)
	}
	if _, err := c.Conn.Write(out); err != nil {
		return 0, err
	}
	return len(b), nil
}

// withVersion corrects the ParameterStatus of server_version: psql-wire writes PostgreSQL 15's whatever it is told.
func withVersion(b []byte) []byte {
	name := []byte("server_version\x00")
	if !bytes.HasPrefix(b[5:], name) {
		return b
	}
	return parameterStatus("server_version", serverVersion)
}

// withTypmods moves each column's type modifier to its place: psql-wire always writes -1, so it is carried in the
// field of the table's OID, which is zero for the client.
func withTypmods(b []byte) []byte {
	out := bytes.Clone(b)
	n := int(binary.BigEndian.Uint16(out[5:]))
	at := 7
	for range n {
		at += bytes.IndexByte(out[at:], 0) + 1
		copy(out[at+12:at+16], out[at:at+4])
		copy(out[at:at+4], []byte{0, 0, 0, 0})
		at += 18
	}
	return out
}

// message frames a message of the protocol.
func message(kind byte, body []byte) []byte {
	out := binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4))
	return append(out, body...)
}

func parameterStatus(name, value string) []byte {
	return message(msgParameterStatus, []byte(name+"\x00"+value+"\x00"))
}

// notice sends a message beside the result.
func (c *conn) notice(severity, code, text string) error {
	body := "S" + severity + "\x00C" + code + "\x00M" + text + "\x00\x00"
	_, err := c.Conn.Write(message(msgNotice, []byte(body)))
	return err
}

// Close ends the connection. It may be called more than once.
func (c *conn) Close() error {
	err := c.Conn.Close()
	c.closed.Do(func() { c.forget(c) })
	return err
}

// abort ends the connection as a crashed server does: with a reset, and without another byte.
func (c *conn) abort() {
	if t, ok := c.Conn.(*net.TCPConn); ok {
		_ = t.SetLinger(0) // without it the client sees an orderly end, which is a failure too
	}
	_ = c.Close() // it is meant to be broken
}

// listener wraps connections, and refuses them while a fault says so.
type listener struct {
	net.Listener
	accepted func(net.Conn) (*conn, bool)
}

// Accept gives the next client that is let in.
func (l listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if wrapped, ok := l.accepted(c); ok {
			return wrapped, nil
		}
	}
}
