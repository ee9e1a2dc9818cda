package duck

import (
	"context"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Session is a private connection for statements that Tidegate builds itself. Unlike DB.Query it runs every kind
// of statement, and a transaction that it begins lasts over its statements. It is not safe for concurrent use.
type Session struct {
	db     *DB
	conn   *conn // nil after Close
	active *rows // the last Query's
}

// Session opens a session, in the zone UTC.
func (db *DB) Session(ctx context.Context) (engine.Session, error) {
	s, err := db.open(ctx, utc)
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (db *DB) open(ctx context.Context, zone string) (*Session, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	c, err := db.acquire(zone)
	if err != nil {
		return nil, err
	}
	if err := c.setZone(zone); err != nil {
		db.release(c, false)
		return nil, err
	}
	return &Session{db: db, conn: c}, nil
}

// Exec runs one statement and gives the number of rows it changed (0 for one that changes none).
func (s *Session) Exec(ctx context.Context, sql string) (int64, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	var stmt bind.PreparedStatement
	var res bind.Result
	w := s.conn.watch(ctx)
	defer func() {
		bind.DestroyResult(&res)
		bind.DestroyPrepare(&stmt)
	}()
	if bind.Prepare(s.conn.handle, sql, &stmt) == bind.StateError {
		w.end()
		return 0, causeOr(w, s.conn.translate(bind.PrepareError(stmt)))
	}
	state := bind.StateError
	if w.err() == nil {
		state = bind.ExecutePrepared(stmt, &res)
	}
	w.end()
	if state == bind.StateError {
		return 0, causeOr(w, s.conn.translate(bind.ResultError(&res)))
	}
	return int64(bind.RowsChanged(&res)), nil
}

// Query starts one statement. The next Exec or Query ends its rows.
func (s *Session) Query(ctx context.Context, sql string) (engine.Rows, error) {
	return s.query(ctx, func() (*prepared, error) { return s.conn.prepare(sql, nil) })
}

func (s *Session) query(ctx context.Context, prepare func() (*prepared, error)) (engine.Rows, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	w := s.conn.watchOwn(ctx)
	p, err := prepare()
	if err != nil {
		w.end()
		return nil, causeOr(w, err)
	}
	r, err := s.conn.start(w, p)
	if err != nil {
		return nil, err
	}
	s.active = r
	return r, nil
}

// begin ends the rows of the statement before.
func (s *Session) begin(ctx context.Context) error {
	if s.conn == nil {
		return ErrClosed
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if s.active == nil {
		return nil
	}
	r := s.active
	s.active = nil
	return r.Close()
}

// ParameterTypes gives the types that DuckDB infers for $1, $2 … of a statement; OID 0 where it infers none. It
// reads no data, and ends the rows of the statement before.
func (s *Session) ParameterTypes(ctx context.Context, sql string) ([]pgtypes.Type, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	var stmt bind.PreparedStatement
	defer func() { bind.DestroyPrepare(&stmt) }()
	if bind.Prepare(s.conn.handle, sql, &stmt) == bind.StateError {
		return nil, s.conn.translate(bind.PrepareError(stmt))
	}
	out := make([]pgtypes.Type, bind.NParams(stmt))
	for i := range out {
		lt := bind.ParamLogicalType(stmt, bind.IdxT(i+1))
		out[i] = readerOf(lt).typ
		bind.DestroyLogicalType(&lt)
	}
	return out, nil
}

// Close ends the session; an open transaction is rolled back. It may be called more than once.
func (s *Session) Close() error {
	if s.conn == nil {
		return nil
	}
	var err error
	if s.active != nil {
		err = s.active.Close()
	}
	s.db.release(s.conn, false)
	s.conn, s.active = nil, nil
	return err
}

// Describe gives the columns of a statement's result, in the session's transaction and with its temporary tables.
// It reads no data, and ends the rows of the statement before.
func (s *Session) Describe(ctx context.Context, sql string) ([]engine.Column, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	w := s.conn.watch(ctx)
	p, err := s.conn.prepare(sql, nil)
	w.end()
	if err != nil {
		return nil, causeOr(w, err)
	}
	p.close()
	return p.columns, nil
}
