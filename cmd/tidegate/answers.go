package main

import (
	"context"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/gateway"
	"tidegate/internal/engine/admission"
	"tidegate/internal/engine/spool"
	"tidegate/router"
	"tidegate/router/procedures"
	"tidegate/router/querylog"
	"tidegate/router/system"
)

// The system relations' own instance: one thread and little memory, so that browsing never starves queries.
const (
	systemThreads = 1
	systemMemory  = "256MB"
)

// loggedQueries is how many lines of the query log tidegate.query_log shows.
const loggedQueries = 100_000

// answers is what stands behind the gateway.
type answers struct {
	router     *router.Router
	roles      []*router.Role
	procedures *procedures.Procedures
	log        *querylog.Log
	counts     *queryMetrics
	spool      *spool.Store // nil: what nobody reads stays in the engine
	catalogs   *catalogKeeper
}

// newAnswers opens the system instance and the query log, and puts the router in front of both tiers.
func (p *parts) newAnswers(ctx context.Context, h *hotStore, opened *closeAll) (*answers, error) {
	log, err := querylog.Open(filepath.Join(p.DataDir, "query_log.db"), p.log) //nolint:contextcheck // it writes until it is closed
	if err != nil {
		return nil, err
	}
	opened.add(log.Close)
	var r *router.Router // has the relations, one of which asks it
	sources := system.Sources{
		Batches: p.store.Batches, Quarantine: p.rejects, Loads: p.store.Loads,
		QueryLog: func(ctx context.Context) ([]querylog.Entry, error) { return log.Entries(ctx, loggedQueries) },
		HotComplete: func(ctx context.Context, v *catalog.View, table catalog.Name) (int64, time.Duration, bool, error) {
			return r.HotComplete(ctx, v, table)
		},
	}
	roles, all, err := p.rolesOf(p.access.roleOf)
	if err != nil {
		return nil, err
	}
	p.sessions = &sessions{gate: h.gate, roles: roles}
	local, everybody, err := p.newLocals(ctx, "system-spill", sources, h.hotOnly, seer{}, opened)
	if err != nil {
		return nil, err
	}
	others := &roleLocals{parts: p, sources: sources, hotOnly: h.hotOnly, open: map[string]*roleInstance{}}
	opened.add(others.close)
	o := router.Options{
		Views: p.store, Pins: h.pins, Local: local.Engine, Hot: h.tier(), MaxScan: p.maxScan(), Roles: roles,
		Cold: admission.New(h.cold, h.gate), LocalPath: h.cold.Path, Cache: h.cold,
		Systems: local.Systems, Locals: others.of,
	}
	r = router.New(o)
	countPlans(p.metrics, r)
	parked, err := p.newSpool()
	if err != nil {
		return nil, err
	}
	return &answers{
		router: r, roles: all, procedures: h.procedures(r.Hold, &o), log: log, counts: newQueryMetrics(p.metrics), spool: parked,
		catalogs: &catalogKeeper{everybody: everybody, others: others, roles: all},
	}, nil
}

// Record counts a session's entry and writes it into the query log.
func (a *answers) Record(e gateway.Entry) {
	a.counts.record(e)
	a.log.Record(querylog.Entry{
		QueryID: e.ID, StartedAt: e.Started, Elapsed: e.Elapsed, User: e.User, Route: string(e.Route), Reason: e.Reason,
		Latency: e.Latency, Generation: e.Generation, AsOf: e.AsOf, Rows: e.Rows, BytesScanned: e.BytesScanned,
		BytesFetched: e.BytesFetched, SQLState: string(e.Code), Fingerprint: e.Fingerprint, Query: e.Query,
	})
}

// searchPath is PostgreSQL's, then every schema of the lake and every other one of the warehouse that is there for the
// user, so that \dt shows the tables and their bare names are found.
func (p *parts) searchPath(h *hotStore, r *router.Router) func(ctx context.Context, user string) ([]string, error) {
	return func(ctx context.Context, user string) ([]string, error) {
		role := r.Role(user)
		v, err := p.store.View(ctx)
		if err != nil {
			return nil, err
		}
		schemas := map[string]bool{}
		for name := range v.Tables {
			if role.SeesSchema(name.Schema) {
				schemas[name.Schema] = true
			}
		}
		path := append([]string{"$user", "public"}, slices.Sorted(maps.Keys(schemas))...)
		for _, s := range h.hotOnly().schemaNames() {
			if role.SeesSchema(s) && !slices.Contains(path, s) {
				path = append(path, s)
			}
		}
		return path, nil
	}
}

// newGateway puts the protocol in front.
func (p *parts) newGateway(a *answers, h *hotStore) *gateway.Server {
	o := gateway.Options{
		Database: p.Database, MaxConnections: p.Limits.Connections,
		Version:    "PostgreSQL 15.20 (Tidegate " + version + ")",
		Dialect:    p.sqlDialect(),
		SearchPath: p.searchPath(h, a.router),
		Spool:      a.spool,

		Rules: p.access.rules, StartupTimeout: p.Limits.authentication(),
		Settings: p.Limits.settings(), MaxMessage: p.Limits.message(),
	}
	if len(p.Roles) > 0 { // else there is nobody to keep them for
		o.Reserved = min(p.Limits.Reserved, p.Limits.Connections-1)
	}
	o.Warehouse = newHotChanges(a.router, h)
	o.Temporaries = p.newTemporaries(a.router, h)
	s := gateway.New(o, planner{a.router, a.procedures}, a, p.log)
	p.sessions.server.Store(s)
	countSessions(p.metrics, s.Activities)
	return s
}
