package hot

import (
	"encoding/binary"
	"fmt"
	"net"

	"github.com/jackc/pgx/v5/pgproto3"
)

// target is a server that is asked. All of them are reached over TCP on the loopback, without a password.
type target struct {
	name, address, user, database string

	table string
	setup string // a statement for each new connection that asks
}

// dial opens a session.
func (t target) dial() (*client, error) {
	conn, err := net.Dial("tcp", t.address) //nolint:noctx // a bench is ended as a whole
	if err != nil {
		return nil, err
	}
	c := &client{conn: conn, buf: make([]byte, 256<<10)}
	hello, err := encode(&pgproto3.StartupMessage{
		ProtocolVersion: pgproto3.ProtocolVersion30,
		Parameters:      map[string]string{"user": t.user, "database": t.database},
	})
	if err == nil {
		_, err = c.ask(hello)
	}
	return c, err
}

// connect is dial with the session set up.
func (t target) connect() (*client, error) {
	c, err := t.dial()
	if err != nil || t.setup == "" {
		return c, err
	}
	m, err := simple(t.setup)
	if err == nil {
		_, err = c.ask(m)
	}
	return c, err
}

// client counts messages and looks at nothing else of them.
type client struct {
	conn net.Conn
	buf  []byte
}

const header = 5 // kind and length of a message

// ask sends messages and gives the number of DataRows up to ReadyForQuery.
func (c *client) ask(messages []byte) (rows int, err error) {
	if _, err := c.conn.Write(messages); err != nil {
		return 0, err
	}
	from, to := 0, 0
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

func failure(body []byte) error {
	var m pgproto3.ErrorResponse
	if err := m.Decode(body); err != nil {
		return err
	}
	return fmt.Errorf("%s: %s", m.Code, m.Message)
}

func encode(messages ...pgproto3.FrontendMessage) (b []byte, err error) {
	for _, m := range messages {
		if b, err = m.Encode(b); err != nil {
			return nil, fmt.Errorf("encode %T: %w", m, err)
		}
	}
	return b, nil
}

func simple(text string) ([]byte, error) { return encode(&pgproto3.Query{String: text}) }

func extended(text string) ([]byte, error) {
	return encode(&pgproto3.Parse{Query: text}, &pgproto3.Bind{}, &pgproto3.Describe{ObjectType: 'P'}, &pgproto3.Execute{}, &pgproto3.Sync{})
}
