package gateway

import (
	"context"
	"errors"
	"io"
	"slices"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// rememberedBytes bounds the texts that a session remembers: it may be one of a thousand that are idle.
const rememberedBytes = 1 << 10

// constant is the newest SELECT of constants that a session has asked. Pools and drivers ask the same one again and again,
// and nothing but settings can make it another one: it is neither looked up nor encoded anew.
type constant struct {
	text     string
	told     []pgtypes.OID
	settings int // their version
	st       *sql.Statement
	query    *sql.Query // nil: there was none yet

	columns []engine.Column // as a client may see them; nil before they were asked for
	row     []byte          // as a DataRow of the formats; nil as columns
	formats []int16         // of the columns
}

// recall gives a statement that is known from before, bound; nil if it is not, or is not to be run.
func (s *session) recall(ctx context.Context, text string, told []pgtypes.OID) (*sql.Statement, *sql.Query) {
	if s.tx.failed {
		return nil, nil
	}
	s.begin() // now() and the generation are the transaction's
	c := &s.constant
	if c.query != nil && c.text == text && c.settings == s.settings.version && slices.Equal(c.told, told) {
		return c.st, c.query
	}
	st, q, ok := s.server.planner.Recall(ctx, text, told, &s.state)
	if !ok {
		return nil, nil
	}
	if alone, ok := q.Constant(); ok && len(text) <= rememberedBytes {
		*c = constant{text: text, told: slices.Clone(told), settings: s.settings.version, st: st, query: alone}
		return st, alone
	}
	return st, q
}

// openKnown is open of a read whose values are known (sql.Query.Known): it has nothing to wait for, and nobody can cancel
// it.
func (s *session) openKnown(ctx context.Context, st *sql.Statement, q *sql.Query) (*result, error) {
	entry := s.entry(st)
	p, err := s.server.planner.Plan(ctx, q, st, &s.state)
	s.tx.pinned, s.tx.queried = s.state.Pinned, true
	if err != nil {
		s.record(entry, p, 0, err)
		return nil, err
	}
	s.noticePlan(st, p)
	rows := &knownRows{plan: p}
	if c := &s.constant; c.query != q || c.settings != s.settings.version {
		rows.columns = shown(p.Statement.Columns)
	} else {
		if c.columns == nil {
			c.columns = shown(p.Statement.Columns)
		}
		rows.columns = c.columns
		if err := c.encode(ctx, rows, s.wanted, s.state.Style); err != nil {
			err = errors.Join(err, rows.Close())
			s.record(entry, p, 0, err)
			return nil, err
		}
		rows.row, rows.formats = c.row, c.formats
	}
	r := &result{columns: rows.columns, finish: func(r *result, err error) { s.record(entry, p, r.sent, err) }}
	r.take(ctx, rows)
	return r, nil
}

// encode makes the row in the formats that a client wants, if it is not there.
func (c *constant) encode(ctx context.Context, rows *knownRows, wanted []int16, style pgtypes.Style) error {
	formats, err := encode.Formats(wanted, len(rows.columns))
	if err != nil || c.row != nil && slices.Equal(c.formats, formats) {
		return err
	}
	e, err := encode.New(rows.columns, formats, style)
	if err != nil {
		return err
	}
	values, err := rows.values(ctx)
	if err != nil {
		return err
	}
	c.formats = formats
	c.row, _, err = e.Rows(nil, values, 0, 1, flushBytes)
	return err
}

// knownRows is the one row of a plan that has it already.
type knownRows struct {
	columns []engine.Column
	plan    *engine.Plan
	row     []byte  // the row as a message; nil if nobody has encoded it
	formats []int16 // of row
	given   bool
	from    engine.Rows // of the plan's engine; nil: nobody has asked for the values
}

// Columns are those of the plan as a client may see them.
func (k *knownRows) Columns() []engine.Column { return k.columns }

// Formats are those of the message, if there is one.
func (k *knownRows) Formats() []int16 { return k.formats }

// Next gives the row as values.
func (k *knownRows) Next(ctx context.Context) (*engine.Chunk, error) {
	if k.given {
		return nil, io.EOF
	}
	k.given = true
	return k.values(ctx)
}

// values are valid until Close.
func (k *knownRows) values(ctx context.Context) (*engine.Chunk, error) {
	if err := k.Close(); err != nil {
		return nil, err
	}
	var err error
	if k.from, err = k.plan.Engine.Query(ctx, k.plan.Statement); err != nil {
		k.from = nil
		return nil, err
	}
	return k.from.Next(ctx)
}

// CopyDataRows gives the row as a message.
func (k *knownRows) CopyDataRows(_ context.Context, w io.Writer, limit int64) (n int64, done bool, err error) {
	if k.given {
		return 0, true, nil
	}
	k.given = true
	if _, err := w.Write(k.row); err != nil {
		return 0, false, err
	}
	return 1, limit > 1, nil
}

// Close gives back what values has.
func (k *knownRows) Close() error {
	if k.from == nil {
		return nil
	}
	from := k.from
	k.from = nil
	return from.Close()
}
