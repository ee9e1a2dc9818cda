package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/gateway/pgcatalog"
	"tidegate/gateway/pgcatalog/upkeep"
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

	mu   sync.Mutex
	open map[string]*roleInstance // by the role's name; guarded by mu
}

// roleInstance is one that is open, or being opened.
type roleInstance struct {
	ready  chan struct{}
	opened closeAll // these once ready is closed
	locals router.Locals
	shown  *postgresCatalog
	err    error
}

// of gives a role's instance, or that of a session with temporary tables, which the first statement that needs it opens.
func (l *roleLocals) of(ctx context.Context, role *router.Role, own router.Temporary) (router.Locals, error) {
	if t, ok := own.(*sessionTables); ok {
		return t.locals(ctx, l, role)
	}
	i, err := l.ofRole(ctx, role)
	if err != nil {
		return router.Locals{}, err
	}
	return i.locals, nil
}

// ofRole opens the instance that is not there beside whoever asks: other roles' statements do not wait for it.
func (l *roleLocals) ofRole(ctx context.Context, role *router.Role) (*roleInstance, error) {
	l.mu.Lock()
	i, ok := l.open[role.Name]
	if !ok {
		i = &roleInstance{ready: make(chan struct{})}
		l.open[role.Name] = i
		go l.openRole(context.WithoutCancel(ctx), role, i)
	}
	l.mu.Unlock()
	select {
	case <-i.ready:
		return i, i.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (l *roleLocals) openRole(ctx context.Context, role *router.Role, i *roleInstance) {
	defer close(i.ready)
	i.locals, i.shown, i.err = l.parts.newLocals(ctx, "system-spill-"+role.Name, l.sources, l.hotOnly, seer{role: role}, &i.opened)
	if i.err == nil {
		return
	}
	i.err = errors.Join(i.err, i.opened.close())
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.open, role.Name) // the next one tries again
}

// all gives those that are open, or being opened.
func (l *roleLocals) all() []*roleInstance {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Collect(maps.Values(l.open))
}

// close waits for those that are being opened.
func (l *roleLocals) close() error {
	var errs []error
	for _, i := range l.all() {
		<-i.ready
		if i.err == nil {
			errs = append(errs, i.opened.close())
		}
	}
	return errors.Join(errs...)
}

// seer is who looks at an instance of the system relations.
type seer struct {
	role *router.Role   // nil is everybody
	own  *sessionTables // nil: no session with temporary tables
}

// newLocals opens an instance of the system relations as who looks sees them.
func (p *parts) newLocals(ctx context.Context, name string, sources system.Sources, only func() *hotOnlyList, who seer, opened *closeAll) (router.Locals, *postgresCatalog, error) {
	names := new(pgcatalog.Names)
	functions := append(pgnames.Functions(names), p.sessions.functions()...) //nolint:contextcheck // what waits in a function ends with its statement
	local, err := p.openDuck(ctx, name, systemMemory, duck.Options{Threads: systemThreads, Fence: true, Filled: true, Functions: functions})
	if err != nil {
		return router.Locals{}, nil, err
	}
	opened.add(local.Close)
	pg, err := pgcatalog.New(ctx, local, names, p.sessions.live())
	if err != nil {
		return router.Locals{}, nil, err
	}
	sources.Audience = audience(who.role)
	relations := system.New(local, sources)
	shown := &postgresCatalog{
		Catalog: pg, relations: relations, database: p.Database, hotOnly: only, seer: who,
		people: p.access.latest.Load, config: p.Roles,
	}
	shown.kept = upkeep.New(shown.begin)
	opened.add(shown.kept.Close)
	return router.Locals{Engine: local, Systems: []router.System{shown, relations}}, shown, nil
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
