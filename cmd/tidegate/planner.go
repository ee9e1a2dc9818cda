package main

import (
	"context"

	"tidegate/catalog"
	"tidegate/gateway"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/router"
	"tidegate/router/procedures"
	"tidegate/sql"
)

// planner lets the gateway's sessions ask the router: the two do not know each other.
type planner struct {
	router     *router.Router
	procedures *procedures.Procedures
}

// Bind resolves a read against the catalog at the generation that the session reads.
func (p planner) Bind(ctx context.Context, st *sql.Statement, params []pgtypes.OID, s *gateway.State) (*sql.Query, error) {
	if own, ok := ownOf(s); ok {
		relations, err := p.router.SessionBindings(ctx, generation(s), s.User, own)
		if err != nil {
			return nil, err
		}
		return sql.Bind(st, relations, environment(params, s))
	}
	return p.router.Bind(ctx, generation(s), st, environment(params, s))
}

// Recall gives a statement that was bound before with other literals. A session with relations of its own binds anew.
func (p planner) Recall(ctx context.Context, text string, params []pgtypes.OID, s *gateway.State) (*sql.Statement, *sql.Query, bool) {
	if _, ok := ownOf(s); ok {
		return nil, nil, false
	}
	return p.router.Recall(ctx, generation(s), text, environment(params, s))
}

// Describe plans without values.
func (p planner) Describe(ctx context.Context, q *sql.Query, st *sql.Statement, s *gateway.State) ([]engine.Column, error) {
	return p.router.Describe(ctx, request(q, st, s))
}

// Plan decides how the statement is answered.
func (p planner) Plan(ctx context.Context, q *sql.Query, st *sql.Statement, s *gateway.State) (*engine.Plan, error) {
	plan, err := p.router.Plan(ctx, request(q, st, s))
	if err != nil {
		return nil, err
	}
	s.Pin(plan.Generation)
	return plan, nil
}

// Call plans a procedure of schema tidegate.
func (p planner) Call(ctx context.Context, st *sql.Statement, s *gateway.State) (*engine.Plan, error) {
	readOnly, _ := s.Setting("transaction_read_only")
	caller := procedures.Caller{ReadOnly: readOnly == "on"}
	if role := p.router.Role(s.User); role != nil {
		caller.Sees = func(table catalog.Name) (seen, all bool) {
			seen, whole := role.SeesTable(sql.TableName(table))
			return seen || role.Monitor, whole || role.Monitor
		}
	}
	return p.procedures.Plan(ctx, st.Call, caller)
}

func request(q *sql.Query, st *sql.Statement, s *gateway.State) router.Request {
	return router.Request{
		Statement: st, Query: q, Latency: s.Latency, MaxScan: s.MaxScan, TimeZone: s.TimeZone, Style: s.Style, Generation: generation(s),
		MaxStaleness: s.MaxStaleness, Asker: engine.Asker{User: s.User, QueryGroup: s.QueryGroup, PID: s.PID},
	}
}

// generation is the one that the transaction or the session reads, 0 for the newest.
func generation(s *gateway.State) int64 {
	if s.Pinned != 0 {
		return s.Pinned
	}
	return s.Generation
}

var _ gateway.Planner = planner{}

// environment is the session as the binder sees it.
func environment(params []pgtypes.OID, s *gateway.State) sql.Env {
	return sql.Env{
		SearchPath: s.SearchPath, Database: s.Database, User: s.User, BackendPID: s.PID, Version: s.Version,
		Settings: s.Setting, Now: s.Now, Statement: s.Statement, Zone: s.Zone, Style: s.Style, ParamTypes: params,
	}
}
