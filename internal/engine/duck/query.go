package duck

import (
	"context"
	"strings"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// prepared is a statement that DuckDB has bound, with how each column of its result is read.
type prepared struct {
	stmt    bind.PreparedStatement
	columns []engine.Column // as the client sees them
	readers []reader        // as DuckDB has them
}

func (p *prepared) close() { bind.DestroyPrepare(&p.stmt) }

// Describe gives the columns of a statement's result. It reads no data, and of Parquet files not even the footer
// where the text gives their schema.
func (db *DB) Describe(ctx context.Context, s engine.Statement) ([]engine.Column, error) {
	c, err := db.acquire(zoneOf(s))
	if err != nil {
		return nil, err
	}
	w := c.watch(ctx)
	p, err := c.prepareFor(s)
	w.end()
	db.release(c, true)
	if err != nil {
		return nil, causeOr(w, err)
	}
	p.close()
	return p.columns, nil
}

// Query starts a statement that reads: SELECT, VALUES, EXPLAIN. Anything else is 0A000: what changes data or
// settings needs a Session. Each open Rows has a connection of its own, so any number may be open.
func (db *DB) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	if s.Into != nil {
		return db.fill(ctx, s)
	}
	c, err := db.acquire(zoneOf(s))
	if err != nil {
		return nil, err
	}
	w := c.watchOwn(ctx)
	p, err := c.prepareInTransaction(s)
	if err != nil {
		w.end()
		db.release(c, true)
		return nil, causeOr(w, err)
	}
	r, err := c.start(w, p)
	if err != nil {
		db.release(c, false)
		return nil, err
	}
	db.track(r, c)
	return r, nil
}

// track counts a result in until it is released.
func (db *DB) track(r *rows, c *conn) {
	r.release = func(drained bool) {
		db.mu.Lock()
		delete(db.results, r)
		db.mu.Unlock()
		db.release(c, drained)
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	db.results[r] = struct{}{}
}

func (c *conn) prepareInTransaction(s engine.Statement) (*prepared, error) {
	if err := c.setZone(zoneOf(s)); err != nil {
		return nil, err
	}
	if s.Before != "" {
		if err := c.run(s.Before); err != nil {
			return nil, err
		}
	}
	if err := c.begin(); err != nil {
		return nil, err
	}
	return c.prepareFor(s)
}

// prepareFor prepares a client's statement: in its zone, only if it reads, with the columns the client must see.
func (c *conn) prepareFor(s engine.Statement) (*prepared, error) {
	if err := c.setZone(zoneOf(s)); err != nil {
		return nil, err
	}
	p, err := c.prepare(s.SQL, s.Columns)
	if err != nil {
		return nil, err
	}
	switch bind.PreparedStatementType(p.stmt) {
	case bind.StatementTypeSelect, bind.StatementTypeExplain:
		return p, nil
	default:
		p.close()
		return nil, pgerr.New(pgerr.FeatureNotSupported, "only statements that read are answered here")
	}
}

// prepare binds one statement. Columns whose type the client must see differently, or that cannot be read as they
// are, are converted by DuckDB: the statement becomes a subquery.
func (c *conn) prepare(sql string, want []engine.Column) (*prepared, error) {
	p, err := c.bind(sql)
	if err != nil {
		return nil, err
	}
	if want != nil && len(want) != len(p.columns) {
		p.close()
		return nil, pgerr.New(pgerr.InternalError, "statement gives %d columns, the plan says %d", len(p.columns), len(want))
	}
	columns, readers := p.columns, p.readers
	if wrapped, ok := wrap(sql, p.readers, want); ok {
		p.close()
		if p, err = c.bind(wrapped); err != nil {
			return nil, err
		}
	}
	for i := range p.columns {
		p.columns[i].Name = columns[i].Name
		if readers[i].convert != "" {
			p.columns[i].Type = readers[i].typ
		}
		if reason := p.readers[i].refused; reason != "" {
			p.close()
			return nil, pgerr.New(pgerr.FeatureNotSupported, "column %q: %s", columns[i].Name, reason)
		}
		if want == nil {
			continue
		}
		p.columns[i].Name, p.columns[i].Origin = want[i].Name, want[i].Origin
		if want[i].Type.OID != 0 {
			p.columns[i].Type = want[i].Type
		}
	}
	return p, nil
}

// bind prepares the text as it is.
func (c *conn) bind(sql string) (*prepared, error) {
	p := &prepared{}
	if bind.Prepare(c.handle, sql, &p.stmt) == bind.StateError {
		err := c.translate(bind.PrepareError(p.stmt))
		p.close()
		return nil, err
	}
	if n := bind.NParams(p.stmt); n > 0 {
		p.close()
		return nil, pgerr.New(pgerr.UndefinedParameter, "there is no parameter $1")
	}
	n := int(bind.PreparedStatementColumnCount(p.stmt))
	p.columns = make([]engine.Column, n)
	p.readers = make([]reader, n)
	for i := range n {
		lt := bind.PreparedStatementColumnLogicalType(p.stmt, bind.IdxT(i))
		p.readers[i] = readerOf(lt)
		bind.DestroyLogicalType(&lt)
		p.columns[i] = engine.Column{
			Name: bind.PreparedStatementColumnName(p.stmt, bind.IdxT(i)),
			Type: p.readers[i].typ,
		}
	}
	return p, nil
}

// wrap gives the statement with its columns converted; ok is false if no column needs it.
// DuckDB keeps the order of a subquery's rows through a plain projection.
func wrap(sql string, have []reader, want []engine.Column) (wrapped string, ok bool) {
	exprs := make([]string, len(have))
	names := make([]string, len(have))
	for i := range have {
		names[i] = "c" + itoa(i)
		exprs[i] = names[i]
		if have[i].convert != "" {
			exprs[i] = strings.ReplaceAll(have[i].convert, "$", names[i])
			ok = true
		}
		if want == nil || have[i].fits(want[i].Type) {
			continue
		}
		if cast := have[i].cast(exprs[i], want[i].Type); cast != "" {
			exprs[i], ok = cast, true
		}
	}
	if !ok {
		return "", false
	}
	// The line break ends a comment that the statement may end with.
	return "SELECT " + strings.Join(exprs, ", ") + " FROM (" + strings.TrimRight(sql, "; \t\r\n") + "\n) AS t(" +
		strings.Join(names, ", ") + ")", true
}

// zoneOf is the zone of a connection for a statement: one that DuckDB knows. Of POSIX specifications it knows none; what
// its clocks would show is in UTC then, as the statement's own clocks are in Go.
func zoneOf(s engine.Statement) string {
	if s.TimeZone == "" {
		return utc
	}
	if _, listed := pgtypes.ZoneName(s.TimeZone); !listed {
		if _, ok := pgtypes.FindZone(s.TimeZone); ok {
			return utc
		}
	}
	return s.TimeZone
}

// causeOr prefers the reason why the caller's context ended to the error that its interrupt made.
func causeOr(w *watch, err error) error {
	if cause := w.err(); cause != nil {
		return cause
	}
	return err
}
