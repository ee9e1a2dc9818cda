package gateway

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// copyIn runs COPY … FROM STDIN up to its tag: into a temporary table, or what the client sends passes to the warehouse as
// it comes.
func (s *session) copyIn(ctx context.Context, st *sql.Statement) (*answer, error) {
	if a, ok, err := s.copyTemporary(ctx, st); ok || err != nil {
		return a, err
	}
	readOnly := s.settings.get("transaction_read_only") == "on"
	errReadOnly := pgerr.New(pgerr.ReadOnlyTransaction, "cannot execute COPY FROM in a read-only transaction")
	switch {
	case s.server.options.Warehouse != nil:
	case readOnly:
		return nil, s.refuse(st, errReadOnly)
	default:
		return nil, s.refuse(st, pgerr.New(pgerr.FeatureNotSupported, "COPY FROM is not supported").
			WithHint("Data comes in through pipelines: tidegate etl run."))
	}
	return s.settled(ctx, st, func(ctx context.Context) (*engine.Plan, error) {
		w, err := s.server.options.Warehouse.Write(ctx, st, &s.state)
		if err == nil && readOnly { // that the table is not there is told first
			err = errReadOnly
		}
		if err != nil {
			return nil, err
		}
		return s.writePlan(w, copying{s, st}, nil), nil
	})
}

// copying runs the text of one COPY … FROM STDIN on the session's own connection.
type copying struct {
	s  *session
	st *sql.Statement
}

var _ engine.Engine = copying{}

// Describe gives no columns: there are no rows.
func (copying) Describe(context.Context, engine.Statement) ([]engine.Column, error) { return nil, nil }

// Query runs the COPY to its end.
func (c copying) Query(ctx context.Context, st engine.Statement) (engine.Rows, error) {
	s := c.s
	if err := s.connect(ctx, s.tx.explicit); err != nil {
		return nil, err
	}
	if err := s.openOnServer(ctx); err != nil {
		return nil, err
	}
	client, err := s.toServer(&copyClient{socket: s.socket, in: s.in, wire: s.wire}, c.st)
	if err != nil {
		return nil, err
	}
	tag, err := s.changes.conn.CopyIn(ctx, st, client)
	s.tellNotices()
	if err != nil {
		return nil, s.noteLost(s.writeError(ctx, c.st, st.SQL, err))
	}
	return copied(tag), nil
}

// copied is the end of a COPY: no rows, and its tag.
type copied string

var _ Tagger = copied("")

// Columns gives none.
func (copied) Columns() []engine.Column { return nil }

// Next gives no rows.
func (copied) Next(context.Context) (*engine.Chunk, error) { return nil, io.EOF }

// Close does nothing: there is nothing to give back.
func (copied) Close() error { return nil }

// Tag gives the server's tag.
func (c copied) Tag() string { return string(c) }

// copyClient is the session's client while it sends rows. Its messages are read as CopyGetData of PostgreSQL's
// copyfromparse.c reads them.
type copyClient struct {
	socket *socket
	in     *inbox
	wire   *wire

	mu      sync.Mutex
	waiting bool // for the first byte of a message: only there reading can be given up; guarded by mu
	stopped bool // guarded by mu
}

var _ engine.CopyClient = (*copyClient)(nil)

// errUnsynchronized says that the client's bytes cannot be told apart any more: the session ends.
var errUnsynchronized = errors.New("protocol synchronization was lost")

// Begin sends a CopyInResponse.
func (c *copyClient) Begin(binary bool, formats []uint16) error {
	m := &pgproto3.CopyInResponse{ColumnFormatCodes: formats}
	if binary {
		m.OverallFormat = byte(encode.BinaryFormat)
	}
	c.wire.send(m)
	return c.wire.flush()
}

// Waiting reports whether a whole message is here.
func (c *copyClient) Waiting() bool { return c.in.whole() }

// Next gives the bytes of the next CopyData.
func (c *copyClient) Next() ([]byte, error) {
	for {
		kind, err := c.wait()
		if err != nil {
			return nil, err
		}
		if !strings.ContainsRune("dcfHS", rune(kind)) {
			return nil, fmt.Errorf("%w: %w", errUnsynchronized,
				pgerr.New(pgerr.ProtocolViolation, "unexpected message type 0x%02X during COPY from stdin", kind))
		}
		_, body, err := c.in.next()
		switch {
		case err != nil:
			return nil, unreadable(err)
		case kind == 'd':
			return body, nil
		case kind == 'c':
			return nil, io.EOF
		case kind == 'f':
			return nil, copyFailed(body)
		}
		// Flush and Sync are of clients that did not know that it was a COPY.
	}
}

// wait gives the first byte of the next message, which stays.
func (c *copyClient) wait() (kind byte, err error) {
	if !c.enter() {
		return 0, engine.ErrCopyStopped
	}
	kind, err = c.in.peek()
	if !c.leave() {
		return 0, engine.ErrCopyStopped
	}
	if err != nil {
		return 0, unreadable(err)
	}
	return kind, nil
}

func (c *copyClient) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = !c.stopped
	return c.waiting
}

// leave takes back what Stop has done to the socket.
func (c *copyClient) leave() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = false
	if c.stopped {
		c.socket.deadline(time.Time{})
	}
	return !c.stopped
}

// Stop makes Next return. In the middle of a message it waits for the rest of it, as PostgreSQL does.
func (c *copyClient) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	if c.waiting {
		c.socket.deadline(time.Unix(1, 0))
	}
}

// unreadable says why a client's message cannot be read.
func unreadable(err error) error {
	e, tooLong := errors.AsType[*pgerr.Error](err)
	switch {
	case tooLong:
		return fmt.Errorf("%w: %w", errUnsynchronized, e)
	case errors.Is(err, os.ErrDeadlineExceeded): // nobody but Shutdown and pg_terminate_backend sets another one
		return errShutdown()
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF): // which is not the end of the rows
		return fmt.Errorf("%w: %w", errUnsynchronized,
			pgerr.New(pgerr.ConnectionFailure, "unexpected EOF on client connection with an open transaction"))
	}
	return fmt.Errorf("%w: %w", errGone, err)
}

func copyFailed(body []byte) error {
	d := decoder{rest: body}
	message := d.text()
	if d.err != nil {
		return d.err
	}
	return &engine.CopyFailed{Message: message}
}
