package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"tidegate/gateway"
	"tidegate/gateway/pgcatalog"
	"tidegate/internal/pgerr"
	"tidegate/router"
	"tidegate/router/temporary"
	"tidegate/sql"
)

// ownCatalogs is how many sessions may look at system relations that have their temporary tables in them: each is an
// instance of its own.
const ownCatalogs = 16

// sessionTables are a session's temporary tables, with the system relations as the session sees them.
type sessionTables struct {
	*temporary.Tables
	pid    int32
	places chan struct{}

	own    map[*router.Role]router.Locals // what was asked for: SIGHUP may give the user another role
	opened closeAll
}

var (
	_ gateway.TemporaryTables = (*sessionTables)(nil)
	_ router.Temporary        = (*sessionTables)(nil)
)

// locals gives the session's instance, which the first statement that needs it opens.
func (t *sessionTables) locals(ctx context.Context, all *roleLocals, role *router.Role) (router.Locals, error) {
	if own, ok := t.own[role]; ok {
		return own, nil
	}
	if t.own == nil {
		select {
		case t.places <- struct{}{}:
		default:
			return router.Locals{}, pgerr.New(pgerr.InsufficientResources, "%d sessions with temporary tables look at system relations already", ownCatalogs)
		}
		t.own = map[*router.Role]router.Locals{}
	}
	spill := fmt.Sprintf("system-spill-session-%d-%d", t.pid, len(t.own))
	own, _, err := all.parts.newLocals(context.WithoutCancel(ctx), spill, all.sources, all.hotOnly, seer{role, t}, &t.opened)
	if err != nil {
		return own, errors.Join(err, t.closeLocals())
	}
	t.own[role] = own
	return own, nil
}

func (t *sessionTables) closeLocals() error {
	err := t.opened.close()
	t.own, t.opened = nil, nil
	<-t.places
	return err
}

// Drop drops all tables at the end of the session.
func (t *sessionTables) Drop(ctx context.Context) error {
	err := t.Tables.Drop(ctx)
	if t.own != nil {
		err = errors.Join(err, t.closeLocals())
	}
	return err
}

// definitions tells when other tables are shown; 0: there are none.
func (t *sessionTables) definitions() int64 {
	if t == nil {
		return 0
	}
	return t.Version()
}

// shown are the tables as the system relations show them.
func (t *sessionTables) shown() []pgcatalog.Table {
	var all []pgcatalog.Table
	for name, r := range t.All() {
		x := pgcatalog.Table{Schema: t.Shown(), Name: name, Rows: t.Rows(name), Writable: true}
		for _, c := range r.Temporary.Columns {
			column := pgcatalog.Column{Name: c.Name, Type: c.Type, NotNull: c.NotNull, Default: c.Default}
			if c.Sequence != nil {
				column.Identity = c.Sequence.Identity
			}
			x.Columns = append(x.Columns, column)
		}
		for _, k := range r.Temporary.Keys {
			kind := pgcatalog.UniqueKey
			if k.Primary {
				kind = pgcatalog.PrimaryKey
			}
			x.Keys = append(x.Keys, pgcatalog.Key{Name: k.Name, Kind: kind, Columns: k.Columns, NullsEqual: k.NullsEqual})
		}
		for _, c := range r.Temporary.Checks() {
			x.Keys = append(x.Keys, pgcatalog.Key{Name: c.Name, Kind: pgcatalog.Check, Columns: c.Columns, Definition: c.Definition})
		}
		for i := range r.Temporary.Indexes {
			x.Indexes = append(x.Indexes, shownIndex(&r.Temporary.Indexes[i]))
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b pgcatalog.Table) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// sequences are those of the tables as the system relations show them.
func (t *sessionTables) sequences() []pgcatalog.Sequence {
	var all []pgcatalog.Sequence
	for name, r := range t.All() {
		for _, c := range r.Temporary.Columns {
			s := c.Sequence
			if s == nil {
				continue
			}
			all = append(all, pgcatalog.Sequence{
				Schema: t.Shown(), Name: s.Name, Type: s.Type, Start: s.Start, Increment: s.Increment, Max: s.Max, Min: s.Min, Cache: 1,
				OwnerSchema: t.Shown(), OwnerTable: name, OwnerColumn: c.Name, Identity: s.Identity != "",
			})
		}
	}
	slices.SortFunc(all, func(a, b pgcatalog.Sequence) int { return cmp.Compare(a.Name, b.Name) })
	return all
}

// shownIndex is an index as the system relations show it.
func shownIndex(x *sql.TemporaryIndex) pgcatalog.Index {
	return pgcatalog.Index{
		Name: x.Name, Unique: x.Unique, NullsEqual: x.NullsEqual, Columns: slices.Concat(x.Columns, x.Included),
		Detail: pgcatalog.IndexDetail{Method: x.Method, Options: x.Options, KeyColumns: len(x.Columns)},
	}
}
