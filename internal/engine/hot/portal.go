package hot

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// Rows of a pinned connection come in batches, so that another statement can be run between two of them.
const (
	firstBatch = 100
	batchBytes = 1 << 20 // about; the number of rows in a batch follows from the batch before
	maxBatch   = 10_000
)

// Result is the result of a statement of a pinned connection. It stays readable while the connection runs other
// statements, up to the end of the transaction.
type Result struct {
	decoder
	p      *Pinned
	portal string
	batch  reader // DataRow messages that nobody has read
	rows   uint32 // of the next batch
	tag    string
	end    error
}

var _ engine.RawRows = (*Result)(nil)

// Query runs a statement, a read or a change, up to its first rows. Only a statement that must run outside of
// transactions may be run outside of one: its result has to fit the first batch.
func (p *Pinned) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	r, err := p.Run(ctx, s)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Run is Query whose result also tells the command tag.
func (p *Pinned) Run(ctx context.Context, s engine.Statement) (*Result, error) {
	if err := p.set(ctx, s); err != nil {
		return nil, err
	}
	p.portals++
	if p.e.kind == Redshift {
		s.Formats = nil // it speaks text, see Engine.start
	}
	r := &Result{decoder: decoder{kind: p.e.kind}, p: p, portal: "tidegate_" + strconv.Itoa(p.portals), rows: firstBatch}
	parse := &pgproto3.Parse{Query: comment(s.Asker) + s.SQL}
	bind := &pgproto3.Bind{DestinationPortal: r.portal, ResultFormatCodes: s.Formats}
	for _, v := range s.Args {
		value := []byte(v.Text)
		if v.Null {
			value = nil
		}
		bind.Parameters = append(bind.Parameters, value)
	}
	for _, v := range s.Params {
		parse.ParameterOIDs = append(parse.ParameterOIDs, v.Type)
		bind.ParameterFormatCodes = append(bind.ParameterFormatCodes, v.Format)
		bind.Parameters = append(bind.Parameters, v.Value)
	}
	a, err := p.exchange(ctx, parse, bind, &pgproto3.Describe{ObjectType: 'P', Name: r.portal},
		&pgproto3.Execute{Portal: r.portal, MaxRows: r.rows}, &pgproto3.Sync{})
	if err != nil {
		return nil, ofUnnamed(behindComment(err, s.Asker), r.portal)
	}
	if a.columns != nil {
		if err := r.describe(a.columns, s); err != nil {
			return nil, err
		}
	}
	r.take(a)
	return r, nil
}

// ofUnnamed takes the name of a portal out of an error: it is ours.
func ofUnnamed(err error, portal string) error {
	if e, ok := errors.AsType[*pgerr.Error](err); ok {
		e.Where = strings.Replace(e.Where, `portal "`+portal+`"`, "unnamed portal", 1)
	}
	return err
}

// set gives the server the settings that a statement needs.
func (p *Pinned) set(ctx context.Context, s engine.Statement) error {
	if p.c == nil {
		return nil // exchange says so
	}
	if err := writes(p.e.kind, s); err != nil {
		return err
	}
	list := p.c.settingsFor(s, p.e.kind)
	if len(list) == 0 {
		return nil
	}
	p.forget()
	if _, err := p.Control(ctx, strings.Join(list, "; ")); err != nil {
		return err
	}
	p.c.knows(s)
	return nil
}

// forget says that the connection has neither value for sure: a rollback takes a SET back.
func (p *Pinned) forget() {
	if p.c != nil {
		p.c.forget()
	}
}

// take keeps a batch.
func (r *Result) take(a answer) {
	r.batch = reader{src: bytes.NewReader(nil), buf: a.rows, to: len(a.rows)}
	r.tag = a.tag
	if !a.suspended {
		r.end = io.EOF
		return
	}
	if a.count > 0 {
		perRow := max(1, int64(len(a.rows))/a.count)
		r.rows = uint32(min(max(batchBytes/perRow, 1), maxBatch))
	}
}

// fill makes sure that a row is there, if there is one.
func (r *Result) fill(ctx context.Context) error {
	if errors.Is(r.end, errRowsClosed) {
		return errRowsClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for r.batch.from == r.batch.to {
		if r.end != nil {
			return r.end
		}
		a, err := r.p.exchange(ctx, &pgproto3.Execute{Portal: r.portal, MaxRows: r.rows}, &pgproto3.Sync{})
		if err != nil {
			r.end = err
			return err
		}
		r.take(a)
	}
	return nil
}

// Tag gives the command tag, "" before the end of the rows was reached.
func (r *Result) Tag() string { return r.tag }

// CopyDataRows passes rows on as they came.
func (r *Result) CopyDataRows(ctx context.Context, w io.Writer, limit int64) (n int64, done bool, err error) {
	for n < limit {
		if err := r.fill(ctx); err != nil {
			return n, errors.Is(err, io.EOF), endOf(err)
		}
		data, count, err := r.batch.rows(limit - n)
		if err != nil {
			return n, false, err
		}
		if _, err := w.Write(data); err != nil {
			return n, false, err
		}
		n += count
	}
	return n, false, nil
}

// Next gives the next rows as columns, converted to the types of Columns.
func (r *Result) Next(ctx context.Context) (*engine.Chunk, error) {
	if err := r.fill(ctx); err != nil {
		return nil, err
	}
	r.clear()
	for r.chunk.Rows < chunkRows && r.batch.from < r.batch.to {
		data, _, err := r.batch.rows(1)
		if err == nil {
			err = r.add(data)
		}
		if err != nil {
			return nil, err
		}
	}
	return r.vectors(), nil
}

// Close forgets what was not read. The portal ends with its transaction.
func (r *Result) Close() error {
	r.end, r.batch = errRowsClosed, reader{}
	return nil
}

// appendLength writes the length of a message with a body of n bytes.
func appendLength(b []byte, n int) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(n)+header-1)
}
