package main

import (
	"context"

	"tidegate/gateway"
	"tidegate/internal/engine"
	"tidegate/internal/pgcopy"
	"tidegate/internal/pgtypes"
	"tidegate/router"
	"tidegate/router/temporary"
	"tidegate/sql"
)

// temporaries lets the gateway's sessions have temporary tables in the engine that scans the lake.
type temporaries struct {
	router *router.Router
	store  *temporary.Store
	places chan struct{} // of sessions that look at system relations of their own
}

var _ gateway.Temporaries = (*temporaries)(nil)

// newTemporaries gives nil if the hot store is a server: temporary tables are there then.
func (p *parts) newTemporaries(r *router.Router, h *hotStore) gateway.Temporaries {
	if h.server != nil {
		return nil
	}
	bytes, _ := parseBytes(p.Limits.Temporary) // checked
	return &temporaries{r, temporary.New(h.db, bytes), make(chan struct{}, ownCatalogs)}
}

// ownOf gives what the session has that others have not; ok is false if that is nothing.
func ownOf(s *gateway.State) (own router.Own, ok bool) {
	own.Only = listOf(s)
	if t, is := s.Temporary.(*sessionTables); is && t.Any() {
		own.Temporary = t
	}
	return own, own.Only != nil || own.Temporary != nil
}

// Bind checks a statement with the relations that the session sees.
func (t *temporaries) Bind(ctx context.Context, st *sql.Statement, params []pgtypes.OID, args []sql.Arg, s *gateway.State) (*sql.Temporary, bool, error) {
	own, _ := ownOf(s)
	relations, err := t.router.SessionBindings(ctx, generation(s), s.User, own)
	if err != nil {
		return nil, false, err
	}
	return sql.BindTemporary(st, relations, environment(params, s), args)
}

// Open gives a session's tables.
func (t *temporaries) Open(pid int32) gateway.TemporaryTables {
	return &sessionTables{Tables: t.store.Open(pid), pid: pid, places: t.places}
}

// planner plans the reads of a statement, for the session.
func (t *temporaries) planner(st *sql.Statement, s *gateway.State) temporary.Plan {
	return func(ctx context.Context, q *sql.Query, into *engine.Into) (*engine.Plan, error) {
		req := request(q, st, s)
		if into != nil {
			req.Into, req.Temporary = into, s.Temporary.(*sessionTables)
		}
		p, err := t.router.Plan(ctx, req)
		if err == nil {
			s.Pin(p.Generation)
		}
		return p, err
	}
}

// CopyIn puts the rows of a COPY into their table.
func (t *temporaries) CopyIn(ctx context.Context, w *sql.Temporary, st *sql.Statement, s *gateway.State, rows *pgcopy.Reader) (int64, error) {
	return s.Temporary.(*sessionTables).CopyIn(ctx, w, rows, t.planner(st, s))
}

// Change runs a statement.
func (t *temporaries) Change(ctx context.Context, w *sql.Temporary, st *sql.Statement, s *gateway.State) (engine.Rows, int64, error) {
	plan := t.planner(st, s)
	n, err := s.Temporary.(*sessionTables).Change(ctx, w, plan)
	if err != nil || w.Returning == nil {
		return nil, n, err
	}
	p, err := plan(ctx, w.Returning, nil)
	if err != nil {
		return nil, 0, err
	}
	rows, err := p.Engine.Query(ctx, p.Statement)
	if err != nil {
		p.Release()
		return nil, 0, err
	}
	return &planned{rows, p.Release}, n, nil
}

// planned are the rows of a plan that holds something until they are closed.
type planned struct {
	engine.Rows
	release func()
}

// Close ends the work. It may be called more than once.
func (p *planned) Close() error {
	err := p.Rows.Close()
	if p.release != nil {
		p.release()
		p.release = nil
	}
	return err
}
