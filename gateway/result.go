package gateway

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"strconv"
	"time"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// rowWriter appends rows of a chunk to b as messages, as encode.Encoder does.
type rowWriter interface {
	Rows(b []byte, c *engine.Chunk, from, maxRows, maxBytes int) (out []byte, next int, err error)
}

// result is an open answer: rows that are read once, from the front, in as many pieces as the client asks for.
type result struct {
	columns []engine.Column // as the client sees them
	next    func() (*engine.Chunk, error)
	// raw is set if the rows may pass as they came from the engine; pass writes up to limit of them.
	raw  engine.RawRows
	pass func(w io.Writer, limit int64) (n int64, done bool, err error)

	// begin, rows, task and finish are nil if the session made the rows itself.
	begin  func() error // nil once it was called: nothing runs before a row is asked for
	rows   engine.Rows
	task   *task
	finish func(r *result, err error) // called once; err is nil if all went well
	// tell tells the client what functions have warned of, before the rows for which they did; nil: nothing does.
	tell   func()
	closed bool

	chunk *engine.Chunk
	row   int   // next row of chunk
	sent  int64 // rows given out so far
	// passed counts the rows that were given out or left out, ended says that the end was seen.
	passed int64
	ended  bool

	held    int64 // bytes that the engine holds of it, about
	parking *parking
	waited  time.Duration // for the client to take rows
	parked  *parked       // nil while all of it is in the engine
}

// close ends the result. Rows not read yet are not an error.
func (r *result) close(err error) {
	if r == nil || r.closed {
		return
	}
	r.closed = true
	r.chunk = nil
	if r.parked != nil {
		r.parked.close(r.task)
	}
	if r.finish == nil {
		return
	}
	var closeErr error
	if r.rows != nil {
		closeErr = r.rows.Close()
	}
	r.task.end()
	if err == nil {
		err = closeErr
	}
	r.finish(r, err)
}

// start begins the work, if it has not begun. It is called before anything is read.
func (r *result) start() error {
	if r.begin == nil {
		return nil
	}
	begin := r.begin
	r.begin = nil
	ended := false
	defer func() {
		if !ended {
			r.close(errPanic) // then too the plan is given back
		}
	}()
	err := begin()
	ended = true
	return err
}

// take makes rows the result's, in the work that ctx ends.
func (r *result) take(ctx context.Context, rows engine.Rows) {
	r.rows = rows
	r.next = func() (*engine.Chunk, error) { return rows.Next(ctx) }
	if raw, ok := rows.(engine.RawRows); ok {
		r.raw = raw
		r.pass = func(w io.Writer, limit int64) (int64, bool, error) { return raw.CopyDataRows(ctx, w, limit) }
	}
}

// fill makes a chunk with a row to read current; more is false at the end.
func (r *result) fill() (more bool, err error) {
	for r.chunk == nil || r.row >= r.chunk.Rows {
		if r.ended {
			return false, nil
		}
		r.chunk, err = r.next()
		if errors.Is(err, io.EOF) {
			r.chunk, r.ended = nil, true
			return false, nil
		}
		if err != nil {
			return false, r.task.explain(err)
		}
		r.row = 0
	}
	return true, nil
}

// stream sends up to limit rows and gives their number; done is set if the end was seen. After exactly limit rows
// it is not: as in PostgreSQL nobody has looked further. Without an encoder the rows pass as they came.
func (r *result) stream(w *wire, e rowWriter, limit int64) (n int64, done bool, err error) {
	written := time.Now()
	if e == nil {
		if r.ended {
			return 0, true, nil
		}
		w.passing = passing{wire: w, written: written}
		n, done, err = r.pass(&w.passing, limit)
		r.sent += n
		return n, done, r.task.explain(err)
	}
	for n < limit {
		more, err := r.fill()
		if r.tell != nil {
			r.tell()
		}
		if err != nil || !more {
			return n, !more, err
		}
		from := r.row
		w.buf, r.row, err = e.Rows(w.buf, r.chunk, from, int(min(limit-n, math.MaxInt32)), flushBytes)
		n += int64(r.row - from)
		r.sent += int64(r.row - from)
		if err != nil {
			return n, false, err
		}
		// A slow result must not keep the first rows back until a buffer is full.
		if len(w.buf) >= flushBytes || time.Since(written) > heldBack {
			if err := r.flush(w); err != nil {
				return n, false, err
			}
			written = time.Now()
		}
	}
	return n, false, nil
}

// passes reports whether the rows can pass as they are to a client that was told the described columns and wants
// the formats: nothing is half read, and types and formats are what they come in.
func (r *result) passes(described []engine.Column, formats []int16) bool {
	if r.raw == nil || r.closed || r.chunk != nil && r.row < r.chunk.Rows || !slices.Equal(r.raw.Formats(), formats) {
		return false
	}
	return slices.EqualFunc(described, r.columns, func(a, b engine.Column) bool { return a.Type.OID == b.Type.OID })
}

// guarded is stream that closes the result if it panics: then too the plan is given back.
func (r *result) guarded(w *wire, e rowWriter, limit int64) (n int64, done bool, err error) {
	ended := false
	defer func() {
		if !ended {
			r.close(errPanic)
		}
	}()
	n, done, err = r.stream(w, e, limit)
	r.passed += n
	r.ended = r.ended || done && err == nil
	ended = true
	return n, done, err
}

// skip is stream without sending.
func (r *result) skip(limit int64) (n int64, err error) {
	if err := r.start(); err != nil {
		return 0, err
	}
	for n < limit {
		more, err := r.fill()
		if err != nil || !more {
			return n, err
		}
		step := min(limit-n, int64(r.chunk.Rows-r.row))
		r.row += int(step)
		r.passed += step
		n += step
	}
	return n, nil
}

// open plans a read and tells its notices. Its columns are known then, and as in PostgreSQL nothing has run, unless it
// must. From here on the entry is recorded exactly once.
func (s *session) open(ctx context.Context, st *sql.Statement, plan func(context.Context) (*engine.Plan, error)) (r *result, err error) {
	ctx, t := newTask(ctx)
	s.work.opened(t)
	defer s.engage(t).release()
	entry := s.entry(st)
	var p *engine.Plan
	err = errPanic // what it is if it comes to no other end: then too the plan is given back
	defer func() {
		if err != nil {
			err = t.explain(err)
			t.end()
			s.record(entry, p, 0, err)
		}
	}()
	p, planErr := plan(ctx)
	s.tx.pinned, s.tx.queried = s.state.Pinned, true
	if planErr != nil {
		return nil, planErr
	}
	s.noticePlan(st, p)
	r = &result{
		columns: shown(p.Statement.Columns),
		task:    t,
		finish:  func(r *result, err error) { s.record(entry, p, r.sent, err) },
		tell:    s.tellWarnings,
	}
	wanted, hold := s.wanted, s.changes.hold
	begin := func() error {
		rows, err := s.query(ctx, &p, wanted, hold)
		if err != nil {
			return t.explain(err)
		}
		if p.Statement.Columns == nil {
			r.columns = shown(rows.Columns())
		}
		r.take(ctx, rows)
		if r.held = p.Statement.Memory.Held; s.parking.store != nil {
			r.parking = &s.parking
		}
		return nil
	}
	if p.HotOnly || p.Temporary || p.Statement.Columns == nil { // what it reads may change, or only its engine knows what it gives
		if err := begin(); err != nil {
			return nil, err
		}
	} else {
		r.begin = begin
	}
	return r, nil
}

// noticePlan tells what there is to tell of a statement before its rows.
func (s *session) noticePlan(st *sql.Statement, p *engine.Plan) {
	for _, w := range st.Hints.Warnings {
		s.notice(warning(pgerr.Warning, w))
	}
	for _, n := range p.Notices {
		s.notice(n)
	}
}

// query starts a plan's statement. If its engine is not available, *p becomes the plan to take instead, once.
// wanted are the formats that the client asked for, hold says that the rows must outlive the transaction.
func (s *session) query(ctx context.Context, p **engine.Plan, wanted []int16, hold bool) (engine.Rows, error) {
	st := (*p).Statement
	if wanted != nil && st.Columns != nil {
		formats, err := encode.Formats(wanted, len(st.Columns))
		if err != nil {
			return nil, err
		}
		st.Formats = formats
	}
	e, err := s.reads(ctx, *p, hold)
	if err != nil {
		return nil, err
	}
	rows, err := e.Query(ctx, st)
	if !errors.Is(err, engine.ErrUnavailable) || (*p).Otherwise == nil {
		return rows, err
	}
	other, otherErr := (*p).Otherwise(err)
	if otherErr != nil {
		return nil, otherErr
	}
	s.log.DebugContext(ctx, "plan changed", logkey.Query, s.lastID, logkey.Route, string(other.Route), logkey.Error, err)
	*p = other
	for _, n := range other.Notices {
		s.notice(n)
	}
	return other.Engine.Query(ctx, other.Statement)
}

func (s *session) entry(st *sql.Statement) Entry {
	s.lastID = s.server.queryID()
	return Entry{
		ID:              s.lastID,
		Started:         s.state.Statement,
		User:            s.state.User,
		ApplicationName: s.state.ApplicationName,
		Fingerprint:     st.Fingerprint(),
		Query:           st.Normalized(),
	}
}

// record gives the plan back and tells the query log. p may be nil: the statement was refused.
func (s *session) record(e Entry, p *engine.Plan, rows int64, err error) {
	e.Elapsed, e.Rows, e.Code = time.Since(e.Started), rows, codeOf(err)
	if p != nil {
		e.Route, e.Reason, e.Latency = p.Route, p.Reason, p.Latency
		e.Generation, e.AsOf = p.Generation, p.AsOf
		if err == nil {
			e.BytesScanned, e.BytesFetched = p.Bytes, p.Bytes-p.CachedBytes
		}
		if p.Release != nil {
			p.Release()
		}
		if p.Observe != nil && err == nil {
			p.Observe(e.Elapsed)
		}
	}
	s.server.recorder.Record(e)
	if !s.traced {
		return
	}
	s.log.Debug("statement", logkey.Query, e.ID, logkey.Fingerprint, e.Fingerprint, logkey.Route, string(e.Route),
		logkey.Rows, rows, logkey.Elapsed, e.Elapsed, logkey.Error, errText(err))
}

// refuse records a statement that never became a plan, and gives err back.
func (s *session) refuse(st *sql.Statement, err error) error {
	s.record(s.entry(st), nil, 0, err)
	return err
}

func codeOf(err error) pgerr.Code {
	if errors.Is(err, errGone) {
		return pgerr.ConnectionFailure
	}
	return pgerr.CodeOf(err)
}

func errText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

// lines is a result of text that the session makes itself.
func lines(columns []engine.Column, rows [][]string) *result {
	c := &engine.Chunk{Rows: len(rows), Vectors: make([]engine.Vector, len(columns))}
	for i := range columns {
		texts := make([]string, len(rows))
		for j, r := range rows {
			texts[j] = r[i]
		}
		c.Vectors[i] = engine.Vector{Physical: engine.PhysicalText, Text: texts}
	}
	return &result{columns: columns, chunk: c, next: func() (*engine.Chunk, error) { return nil, io.EOF }}
}

func textColumns(names ...string) []engine.Column {
	columns := make([]engine.Column, len(names))
	for i, n := range names {
		columns[i] = engine.Column{Name: n, Type: pgtypes.Of(pgtypes.Text)}
	}
	return columns
}

func counted(tag string, n int64) string { return tag + " " + strconv.FormatInt(n, 10) }
