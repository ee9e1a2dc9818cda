package hot

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// copyBytes is how much of what a client sends is gathered before it is sent on.
const copyBytes = 64 << 10

// copying is a COPY … FROM STDIN at the server: one goroutine sends, another reads what the server says meanwhile.
type copying struct {
	p      *Pinned
	client engine.CopyClient
	asker  engine.Asker
	begun  chan *pgproto3.CopyInResponse // closed without one if the server refuses
	ended  chan struct{}                 // closed when the server has answered to its end
	out    []byte                        // a CopyData message that was not sent yet

	// What the server said; read after ended.
	answer answer
	failed *pgproto3.ErrorResponse
	err    error
}

// CopyIn runs a COPY … FROM STDIN whose rows the client sends, and gives its tag. The server's error is told as soon as
// the server tells it, whatever the client still wants to send. When ctx ends the COPY is cancelled.
func (p *Pinned) CopyIn(ctx context.Context, s engine.Statement, client engine.CopyClient) (tag string, err error) {
	if p.e.kind == Redshift {
		return "", pgerr.New(pgerr.FeatureNotSupported, "COPY FROM STDIN is not supported: Redshift copies from S3 alone").
			WithHint("INSERT takes rows; Redshift itself takes COPY … FROM 's3://…'.")
	}
	if err := p.set(ctx, s); err != nil {
		return "", err
	}
	if p.c == nil {
		return "", errLostSession("", nil)
	}
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	c := &copying{p: p, client: client, asker: s.Asker, begun: make(chan *pgproto3.CopyInResponse, 1), ended: make(chan struct{})}
	message, err := (&pgproto3.Query{String: comment(s.Asker) + s.SQL}).Encode(nil)
	if err != nil {
		return "", fmt.Errorf("encode COPY: %w", err)
	}
	go c.listen()
	cancelled := make(chan struct{})
	unhook := context.AfterFunc(ctx, func() { defer close(cancelled); c.cancel(ctx) })
	if _, err = p.c.link.Write(message); err != nil {
		err = fmt.Errorf("%w: %w", errLost, err)
	} else {
		err = c.send()
	}
	if errors.Is(err, errLost) {
		_ = p.c.link.SetDeadline(past())
	}
	<-c.ended
	if !unhook() {
		<-cancelled // its request must not meet the next statement
		if c.err == nil {
			c.err = p.c.link.SetDeadline(time.Time{})
		}
	}
	return c.settle(ctx, err)
}

// listen reads what the server says. The client's bytes are of no use after its last word.
func (c *copying) listen() {
	defer close(c.ended)
	defer c.client.Stop()
	defer close(c.begun)
	defer func() {
		if v := recover(); v != nil {
			c.err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	c.failed, c.err = c.p.c.in.answer(func(kind byte, body []byte) error {
		if kind != kindCopyIn {
			return c.p.take(&c.answer, kind, body)
		}
		m := new(pgproto3.CopyInResponse)
		if err := m.Decode(body); err != nil {
			return err
		}
		c.begun <- m
		return nil
	})
}

// cancel ends the COPY at the server, whatever it waits for: a lock, or the client.
func (c *copying) cancel(ctx context.Context) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	_ = c.p.c.link.SetDeadline(time.Now().Add(2 * cancelTimeout)) // it fails on a closed connection only
	if err := c.p.c.cancel(ctx); err != nil {
		_ = c.p.c.link.SetDeadline(past())
	}
	c.client.Stop()
}

// send passes the client's bytes on. Its error is the client's, or that of the connection.
func (c *copying) send() error {
	begun, ok := <-c.begun
	if !ok {
		return nil // the server refused
	}
	err := c.client.Begin(begun.OverallFormat == 1, begun.ColumnFormatCodes)
	for err == nil {
		var data []byte
		if data, err = c.client.Next(); err == nil {
			err = c.add(data)
		}
	}
	return errors.Join(c.end(err), err)
}

// add keeps bytes until they are worth a message, or the client lets wait for more.
func (c *copying) add(data []byte) error {
	if len(c.out) == 0 {
		c.out = append(c.out, 'd', 0, 0, 0, 0)
	}
	c.out = append(c.out, data...)
	if len(c.out) < copyBytes && c.client.Waiting() {
		return nil
	}
	return c.flush()
}

func (c *copying) flush() error {
	if len(c.out) == 0 {
		return nil
	}
	copy(c.out[1:], appendLength(nil, len(c.out)-header))
	_, err := c.p.c.link.Write(c.out)
	c.out = c.out[:0]
	if cap(c.out) > keptBytes {
		c.out = nil
	}
	if err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return nil
}

// end tells the server how the client's bytes ended.
func (c *copying) end(why error) error {
	var last pgproto3.FrontendMessage = &pgproto3.CopyFail{}
	failed, gaveUp := errors.AsType[*engine.CopyFailed](why)
	switch {
	case errors.Is(why, errLost):
		return nil
	case errors.Is(why, io.EOF):
		last = &pgproto3.CopyDone{}
	case gaveUp:
		last = &pgproto3.CopyFail{Message: failed.Message}
	}
	// Whoever was stopped because the server has answered says this to a server that does not listen.
	message, err := last.Encode(nil)
	if err != nil {
		return fmt.Errorf("encode %T: %w", last, err)
	}
	if err := c.flush(); err != nil {
		return err
	}
	_, err = c.p.c.link.Write(message)
	if err != nil {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return nil
}

// settle says what became of the COPY. sendErr is that of send.
func (c *copying) settle(ctx context.Context, sendErr error) (tag string, err error) {
	p := c.p
	_, gaveUp := errors.AsType[*engine.CopyFailed](sendErr)
	ordinary := sendErr == nil || gaveUp || errors.Is(sendErr, io.EOF) || errors.Is(sendErr, engine.ErrCopyStopped)
	switch {
	case c.err != nil:
		p.lose()
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		return "", errLostSession(lostDetail(c.failed), c.err)
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case !ordinary:
		// The server has rows up to there, and says where that is.
		if e, ok := errors.AsType[*pgerr.Error](sendErr); ok && c.failed != nil {
			e.Where = c.failed.Where
		}
		return "", sendErr
	case c.failed != nil:
		return "", behindComment(translate(c.failed), c.asker)
	}
	return c.answer.tag, nil
}
