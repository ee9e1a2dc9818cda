// Package client asks servers of PostgreSQL's protocol and looks at as little of their answers as it can, so that it costs
// the same whoever answers.
package client

import (
	"encoding/binary"
	"fmt"
	"net"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"
)

// Target is a server that is asked. It is reached over TCP on the loopback, without a password.
type Target struct {
	Name, Address, User, Database string

	Table string
	Setup string // a statement for each new connection that asks
}

// Dial opens a session.
func (t Target) Dial() (*Client, error) {
	return t.DialThrough(Polled)
}

// DialThrough is Dial over what wrap makes of the connection.
func (t Target) DialThrough(wrap func(net.Conn) (net.Conn, error)) (*Client, error) {
	conn, err := net.Dial("tcp", t.Address) //nolint:noctx // a bench is ended as a whole
	if err != nil {
		return nil, err
	}
	if conn, err = wrap(conn); err != nil {
		return nil, err
	}
	c := &Client{conn: conn, buf: make([]byte, 256<<10)}
	hello, err := Encode(&pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters:      map[string]string{"user": t.User, "database": t.Database},
	})
	if err == nil {
		_, err = c.Ask(hello)
	}
	return c, err
}

// Polled leaves a connection to Go's poller.
func Polled(c net.Conn) (net.Conn, error) { return c, nil }

// Connect is Dial with the session set up.
func (t Target) Connect() (*Client, error) {
	c, err := t.Dial()
	if err != nil || t.Setup == "" {
		return c, err
	}
	m, err := Simple(t.Setup)
	if err == nil {
		_, err = c.Ask(m)
	}
	return c, err
}

// Client is a session. It counts the rows that come and looks at nothing else of them.
type Client struct {
	conn net.Conn
	buf  []byte

	rowBytes int64
}

const header = 5 // kind and length of a message

// Close ends the session without a word.
func (c *Client) Close() error { return c.conn.Close() }

// Ask sends messages, of which one asks for ReadyForQuery, and gives the number of DataRows up to that.
func (c *Client) Ask(messages []byte) (rows int, err error) {
	if _, err := c.conn.Write(messages); err != nil {
		return 0, err
	}
	from, to := 0, 0
	c.rowBytes = 0
	for {
		for to-from >= header {
			size := int(binary.BigEndian.Uint32(c.buf[from+1:])) + 1
			if size > len(c.buf) {
				return rows, fmt.Errorf("a message of %d bytes", size)
			}
			if to-from < size {
				break
			}
			switch c.buf[from] {
			case 'D':
				rows++
				c.rowBytes += int64(size)
			case 'Z':
				return rows, nil
			case 'E':
				return rows, failure(c.buf[from+header : from+size])
			}
			from += size
		}
		to = copy(c.buf, c.buf[from:to])
		from = 0
		n, err := c.conn.Read(c.buf[to:])
		if err != nil {
			return rows, err
		}
		to += n
	}
}

// RowBytes is how long the DataRows of the last Ask were together.
func (c *Client) RowBytes() int64 { return c.rowBytes }

func failure(body []byte) error {
	var m pgproto3.ErrorResponse
	if err := m.Decode(body); err != nil {
		return err
	}
	return fmt.Errorf("%s: %s", m.Code, m.Message)
}

// Encode gives the bytes of messages.
func Encode(messages ...pgproto3.FrontendMessage) (b []byte, err error) {
	for _, m := range messages {
		if b, err = m.Encode(b); err != nil {
			return nil, fmt.Errorf("encode %T: %w", m, err)
		}
	}
	return b, nil
}

// Simple is a statement in the simple protocol.
func Simple(text string) ([]byte, error) { return Encode(&pgproto3.Query{String: text}) }

// Extended is a statement in the extended protocol, all of it at once.
func Extended(text string) ([]byte, error) {
	return Encode(&pgproto3.Parse{Query: text}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{})
}

// Whole gives what asks for a whole result, which must have so many rows, and measures rows per second.
func (c *Client) Whole(message []byte, rows int) func() (float64, error) {
	return func() (float64, error) {
		began := time.Now()
		n, err := c.Ask(message)
		if err == nil && n != rows {
			err = fmt.Errorf("%d rows came, not %d", n, rows)
		}
		return float64(n) / time.Since(began).Seconds(), err
	}
}
