package hot

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Pinned is a connection that one session has for itself: what it changes, and what it reads while a transaction of
// its own is open. Between its calls the connection is idle, however much of a result was read. It is not safe for
// concurrent use.
type Pinned struct {
	e       *Engine
	c       *conn // nil when it was given back or lost
	kept    bool
	portals int
	notices []engine.Notice
}

// Pin takes a connection for changes. keep says that the session will have it for longer than one statement: of those
// there may be one less than connections in all, or it is 53300.
func (e *Engine) Pin(ctx context.Context, keep bool) (*Pinned, error) {
	p := &Pinned{e: e}
	if keep {
		if err := p.Keep(); err != nil {
			return nil, err
		}
	}
	for fresh := false; ; fresh = true {
		c, reused, err := e.pool.acquire(ctx, forChanges, fresh, false)
		if err != nil {
			p.unkeep()
			return nil, e.unavailable(ctx, err)
		}
		p.c = c
		if !reused {
			return p, nil
		}
		// The server may have closed it while it was idle, and what follows may not be tried twice.
		if _, err = p.Control(ctx, ""); err == nil {
			return p, nil
		}
		if ctx.Err() != nil {
			p.Close()
			return nil, context.Cause(ctx)
		}
		if p.c != nil {
			e.pool.drop(p.c)
			p.c = nil
		}
	}
}

// Keep counts the connection as one that the session keeps.
func (p *Pinned) Keep() error {
	if p.kept {
		return nil
	}
	if err := p.e.pool.keep(); err != nil {
		return err
	}
	p.kept = true
	return nil
}

func (p *Pinned) unkeep() {
	if p.kept {
		p.kept = false
		p.e.pool.unkeep()
	}
}

// Lost reports whether the connection is of no use any more: whatever was not committed is gone.
func (p *Pinned) Lost() bool { return p.c == nil }

// Release gives the connection back for others. No transaction may be open on it, and nothing temporary be left.
func (p *Pinned) Release() {
	if p.c != nil {
		p.e.pool.put(p.c)
		p.c = nil
	}
	p.unkeep()
}

// Close ends the connection: the server rolls back what is open and drops what is temporary.
func (p *Pinned) Close() {
	p.lose()
	p.unkeep()
}

func (p *Pinned) lose() {
	if p.c != nil {
		p.e.pool.drop(p.c)
		p.c = nil
	}
}

// Notices gives what the server said beside its answers since the last call.
func (p *Pinned) Notices() []engine.Notice {
	n := p.notices
	p.notices = nil
	return n
}

// Begin begins a transaction. Redshift has one isolation level and does not take another's name.
func (p *Pinned) Begin(ctx context.Context, isolation string) error {
	text := "BEGIN"
	if p.e.kind == PostgreSQL {
		text = "BEGIN READ WRITE ISOLATION LEVEL " + strings.ToUpper(isolation)
	}
	_, err := p.Control(ctx, text)
	return err
}

// Control runs a statement without parameters and rows, such as BEGIN, and gives its tag; "" asks for nothing.
func (p *Pinned) Control(ctx context.Context, sql string) (tag string, err error) {
	a, err := p.exchange(ctx, &pgproto3.Query{String: sql})
	if a.tag == "ROLLBACK" || err != nil {
		p.forget()
	}
	return a.tag, err
}

// Describe asks the server for the types of a statement's parameters and the columns of its rows, nil for none.
// params are the types that the client told, 0 for those it did not.
func (p *Pinned) Describe(ctx context.Context, sql string, params []pgtypes.OID) ([]pgtypes.OID, []engine.Column, error) {
	a, err := p.exchange(ctx, &pgproto3.Parse{Query: sql, ParameterOIDs: params}, &pgproto3.Describe{ObjectType: 'S'}, &pgproto3.Sync{})
	return a.params, a.columns, err
}

// List asks what the warehouse has, as this connection sees it.
func (p *Pinned) List(ctx context.Context) (*Listing, error) { return list(ctx, p, p.e.kind) }

// answer is what came back up to ReadyForQuery.
type answer struct {
	tag       string
	params    []pgtypes.OID
	columns   []engine.Column
	rows      []byte // DataRow messages
	count     int64
	suspended bool
}

// exchange sends messages that end in one ReadyForQuery, and reads up to it. When ctx ends the server is told to
// cancel, and the connection is good again when it has answered. An error of the server is a *pgerr.Error; what broke
// the connection is 08006.
func (p *Pinned) exchange(ctx context.Context, messages ...pgproto3.FrontendMessage) (a answer, err error) {
	if p.c == nil {
		return a, errLostSession("", nil)
	}
	if ctx.Err() != nil {
		return a, context.Cause(ctx)
	}
	p.c.out = p.c.out[:0]
	for _, m := range messages {
		if p.c.out, err = m.Encode(p.c.out); err != nil {
			return a, fmt.Errorf("encode %T: %w", m, err)
		}
	}
	end := p.c.watch(ctx)
	n, err := p.c.link.Write(p.c.out)
	sent := n == len(p.c.out)
	if cap(p.c.out) > keptBytes {
		p.c.out = nil
	}
	var failed *pgproto3.ErrorResponse
	if err == nil {
		failed, err = p.c.in.answer(func(kind byte, body []byte) error { return p.take(&a, kind, body) })
	}
	end()
	interrupted := err != nil && ctx.Err() != nil
	if interrupted && !sent {
		p.lose() // half a message: the server can make nothing of it
		return a, context.Cause(ctx)
	}
	if interrupted {
		err = p.interrupt(ctx)
	}
	switch {
	case err != nil:
		p.lose()
		return a, errLostSession(lostDetail(failed), err)
	case interrupted:
		return a, context.Cause(ctx)
	case failed != nil:
		return a, translate(failed)
	}
	return a, nil
}

func errLostSession(detail string, err error) error {
	return &pgerr.Error{
		Code: pgerr.ConnectionFailure, Message: "the session's connection to the hot store was lost", Detail: detail, Err: err,
	}
}

func lostDetail(failed *pgproto3.ErrorResponse) string {
	if failed == nil {
		return ""
	}
	return failed.Message
}

// interrupt cancels what the server works at and reads its answer. The error says that the connection is lost.
func (p *Pinned) interrupt(ctx context.Context) error {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	defer stop()
	deadline, _ := ctx.Deadline()
	if err := p.c.link.SetDeadline(deadline); err != nil {
		return err
	}
	if err := p.c.cancel(ctx); err != nil {
		return err
	}
	if _, err := p.c.settle(); err != nil {
		return err
	}
	return p.c.link.SetDeadline(time.Time{})
}

// take keeps what a message says.
func (p *Pinned) take(a *answer, kind byte, body []byte) (err error) {
	switch kind {
	case kindRowDescription:
		a.columns, err = readColumns(body)
	case kindParameterDescription:
		var d pgproto3.ParameterDescription
		if err = d.Decode(body); err == nil {
			a.params = append([]pgtypes.OID{}, d.ParameterOIDs...)
		}
	case kindDataRow:
		a.rows = append(a.rows, kind)
		a.rows = appendLength(a.rows, len(body))
		a.rows = append(a.rows, body...)
		a.count++
	case kindCommandComplete:
		var c pgproto3.CommandComplete
		if err = c.Decode(body); err == nil {
			a.tag = string(c.CommandTag)
		}
	case kindSuspended:
		a.suspended = true
	case kindCopyIn, kindCopyOut, kindCopyBoth:
		return errors.New("the server wants to copy") // no statement that does is let through
	case kindNotice:
		var n pgproto3.NoticeResponse
		if err = n.Decode(body); err == nil {
			p.notices = append(p.notices, engine.Notice{
				Severity: n.Severity, Code: n.Code, Message: n.Message, Detail: n.Detail, Hint: n.Hint, Where: n.Where,
			})
		}
	}
	return err
}
