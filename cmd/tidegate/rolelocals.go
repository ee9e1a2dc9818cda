package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/gateway/pgcatalog"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/duck/pgnames"
	"tidegate/internal/logkey"
	"tidegate/router"
	"tidegate/router/system"
	"tidegate/sql"
)

// roleLocals keeps an instance of the system relations for every role that was asked about: what a role does not see is
// not in it, whatever is asked.
type roleLocals struct {
	parts   *parts
	sources system.Sources
	hotOnly func() *hotOnlyList
	opened  closeAll

	mu   sync.Mutex
	open map[string]router.Locals // by the role's name; guarded by mu
}

// of gives a role's instance, or that of a session with temporary tables, which the first statement that needs it opens.
func (l *roleLocals) of(ctx context.Context, role *router.Role, own router.Temporary) (router.Locals, error) {
	if t, ok := own.(*sessionTables); ok {
		return t.locals(ctx, l, role)
	}
	return l.ofRole(ctx, role)
}

func (l *roleLocals) ofRole(ctx context.Context, role *router.Role) (router.Locals, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if locals, ok := l.open[role.Name]; ok {
		return locals, nil
	}
	locals, err := l.parts.newLocals(context.WithoutCancel(ctx), "system-spill-"+role.Name, l.sources, l.hotOnly, seer{role: role}, &l.opened)
	if err == nil {
		l.open[role.Name] = locals
	}
	return locals, err
}

func (l *roleLocals) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.opened.close()
}

// seer is who looks at an instance of the system relations.
type seer struct {
	role *router.Role   // nil is everybody
	own  *sessionTables // nil: no session with temporary tables
}

// newLocals opens an instance of the system relations as who looks sees them.
func (p *parts) newLocals(ctx context.Context, name string, sources system.Sources, only func() *hotOnlyList, who seer, opened *closeAll) (router.Locals, error) {
	names := new(pgcatalog.Names)
	functions := append(pgnames.Functions(names), p.sessions.functions()...) //nolint:contextcheck // what waits in a function ends with its statement
	local, err := p.openDuck(ctx, name, systemMemory, duck.Options{Threads: systemThreads, Fence: true, Filled: true, Functions: functions})
	if err != nil {
		return router.Locals{}, err
	}
	opened.add(local.Close)
	pg, err := pgcatalog.New(ctx, local, names, p.sessions.live())
	if err != nil {
		return router.Locals{}, err
	}
	sources.Audience = audience(who.role)
	relations := system.New(local, sources)
	shown := &postgresCatalog{
		Catalog: pg, relations: relations, database: p.Database, hotOnly: only, seer: who,
		people: p.access.latest.Load, config: p.Roles,
	}
	return router.Locals{Engine: local, Systems: []router.System{shown, relations}}, nil
}

// audience is a role as the relations of schema tidegate know it.
func audience(role *router.Role) system.Audience {
	if role == nil {
		return system.Audience{}
	}
	return system.Audience{
		Sees:       func(table catalog.Name) (seen, whole bool) { return role.SeesTable(sql.TableName(table)) },
		SeesColumn: func(table catalog.Name, column string) bool { return role.SeesColumn(sql.TableName(table), column) },
		Monitor:    role.Monitor,
		Sizes:      role.Monitor || !role.Filtered(),
	}
}

// warnOfFilters logs every row filter that does not fit its relation, which is closed for the role then, or whose
// relation is not there: it may be a slip of the pen.
func (p *parts) warnOfFilters(ctx context.Context, a *answers) error {
	env := sql.Env{Database: p.Database, Now: time.Now(), Statement: time.Now(), Zone: time.UTC, Settings: func(string) (string, bool) { return "", false }}
	for _, role := range a.roles {
		wrong, err := a.router.CheckFilters(ctx, role, env)
		if err != nil {
			return fmt.Errorf("check the row filters of role %s: %w", role.Name, err)
		}
		for table, why := range wrong {
			p.log.WarnContext(ctx, "a row filter does not apply", logkey.Role, role.Name, logkey.Table, table.String(), logkey.Error, why)
		}
	}
	return nil
}
