package main

import (
	"context"
	"fmt"
	"strings"

	"tidegate/gateway"
	"tidegate/internal/engine/hot"
	"tidegate/router"
	"tidegate/sql"
)

// hotChanges lets the gateway's sessions change what only the hot store has.
type hotChanges struct {
	router *router.Router
	engine *hot.Engine
	only   *hotOnly
}

var _ gateway.Warehouse = (*hotChanges)(nil)

// newHotChanges gives nil if the hot store is no server.
func newHotChanges(r *router.Router, h *hotStore) gateway.Warehouse {
	if h.server == nil {
		return nil
	}
	return &hotChanges{router: r, engine: h.server.engine, only: h.server.only}
}

// Write checks a statement with the relations that the session sees.
func (w *hotChanges) Write(ctx context.Context, st *sql.Statement, s *gateway.State) (*sql.Write, error) {
	write, err := w.router.Write(ctx, st, environment(nil, s), listOf(s))
	if err != nil || !s.Repeatable || s.Pinned != 0 {
		return write, err
	}
	// The server's snapshot begins with the first write: hot rows of a later generation would not be in it.
	generation, err := w.router.Newest(ctx)
	if err != nil {
		return nil, fmt.Errorf("pin the generation of a transaction that writes: %w", err)
	}
	s.Pin(generation)
	return write, nil
}

// Sees reports whether the session sees a relation, with all its rows and columns.
func (w *hotChanges) Sees(ctx context.Context, s *gateway.State, schema, table string) bool {
	if strings.HasPrefix(schema, hot.TempSchema) {
		return true // nobody has another session's
	}
	relations, err := w.router.SessionBindings(ctx, 0, s.User, router.Own{Only: listOf(s)})
	if err != nil {
		return false
	}
	r, ok := relations.Relation(schema, table)
	return ok && !r.Restricted()
}

// Pin takes a connection from the engine's pool.
func (w *hotChanges) Pin(ctx context.Context, keep bool) (gateway.Connection, error) {
	p, err := w.engine.Pin(ctx, keep)
	if err != nil {
		return nil, err
	}
	return &hotSession{Pinned: p, only: w.only}, nil
}

// hotSession is one session's own connection, with what it sees of the warehouse: relations that are not committed
// yet, and temporary ones.
type hotSession struct {
	*hot.Pinned
	only *hotOnly
	// uncommitted is the list as the open transaction has it; nil: it is the common one.
	uncommitted *hotOnlyList
	temporary   map[sql.TableName]*sql.Relation
}

var (
	_ gateway.Connection = (*hotSession)(nil)
	_ router.HotOnly     = (*hotSession)(nil)
)

// listOf gives the session's own list of hot-only relations, nil for the common one.
func listOf(s *gateway.State) router.HotOnly {
	if own, ok := s.Own.(*hotSession); ok && (own.uncommitted != nil || len(own.temporary) > 0) {
		return own
	}
	return nil
}

// Relist reads what the open transaction sees.
func (h *hotSession) Relist(ctx context.Context) error {
	listed, err := h.List(ctx)
	if err != nil {
		return err
	}
	h.uncommitted = h.only.scope.list(listed)
	h.temporary = h.uncommitted.temporary
	return nil
}

// Publish makes what is committed everybody's.
func (h *hotSession) Publish(ctx context.Context) (temporary bool, err error) {
	listed, err := h.only.refresh(ctx, h)
	if err != nil {
		return false, err
	}
	h.uncommitted, h.temporary = nil, h.only.scope.list(listed).temporary
	return len(h.temporary) > 0, nil
}

// Relation finds a relation as this session sees it.
func (h *hotSession) Relation(schema, table string) (*sql.Relation, bool) {
	name := sql.TableName{Schema: schema, Table: table}
	if schema == hot.TempSchema {
		r, ok := h.temporary[name]
		return r, ok
	}
	if h.uncommitted == nil {
		return h.only.Relation(schema, table)
	}
	r, ok := h.uncommitted.relations[name]
	return r, ok
}

// HasSchema reports whether this session sees the schema.
func (h *hotSession) HasSchema(schema string) bool {
	if h.uncommitted == nil {
		return h.only.HasSchema(schema)
	}
	return h.uncommitted.schemas[schema]
}

// MayCreate says why no relation of that name can be made in the schema.
func (h *hotSession) MayCreate(schema, name string) string {
	if h.uncommitted == nil {
		return h.only.MayCreate(schema, name)
	}
	return h.only.scope.mayCreate(h.uncommitted, schema, name)
}

// MayChange says why the schema as a whole cannot be changed.
func (h *hotSession) MayChange(schema string) string { return h.only.MayChange(schema) }

// Down says why the warehouse is not asked.
func (h *hotSession) Down() string { return h.only.Down() }
