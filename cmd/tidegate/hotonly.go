package main

import (
	"context"
	"log/slog"
	"maps"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/catalog"
	"tidegate/gateway/pgcatalog"
	"tidegate/internal/engine/hot"
	"tidegate/internal/logkey"
	"tidegate/internal/pgtypes"
	"tidegate/router"
	"tidegate/sql"
)

// listInterval is how old the list of hot-only relations may become.
const listInterval = time.Minute

// hotOnly are the warehouse's relations that the lake has not, as they were last listed. While the warehouse is down
// the last list stays.
type hotOnly struct {
	engine *hot.Engine
	scope  hotScope
	views  router.Views
	log    *slog.Logger

	failed failedListing // of keep alone

	listing sync.Mutex            // held while listing, so that no older list replaces a newer one
	hidden  map[catalog.Name]bool // that the log has warned of; guarded by listing
	last    atomic.Pointer[hotOnlyList]
}

// failedListing is why the list could not be made, and when.
type failedListing struct {
	why  string
	lost int // hot.Engine.Lost then
	at   time.Time
}

// hotOnlyList is one list. It is immutable.
type hotOnlyList struct {
	version   int64 // grows with every list that differs from the one before
	published int64 // the version that has all that sessions here have changed
	listed    *hot.Listing
	lost      int // hot.Engine.Lost when it was asked for
	at        time.Time
	relations map[sql.TableName]*sql.Relation
	temporary map[sql.TableName]*sql.Relation // of the connection that listed, none of the common list
	hidden    map[sql.TableName]bool          // what is there and is not shown
	schemas   map[string]bool
	tables    []pgcatalog.Table
}

var _ router.HotOnly = (*hotOnly)(nil)

// lister is whoever lists: the engine, or one connection of it that has changed something.
type lister interface {
	List(ctx context.Context) (*hot.Listing, error)
}

func (p *parts) newHotOnly(e *hot.Engine) *hotOnly {
	return &hotOnly{
		engine: e, scope: hotScope{own: p.Hot.Schema, patterns: p.Hot.Relations}, views: p.store, log: p.log,
		hidden: map[catalog.Name]bool{},
	}
}

func (h *hotOnly) list() *hotOnlyList {
	if l := h.last.Load(); l != nil {
		return l
	}
	return &hotOnlyList{}
}

// Relation finds a relation by its name.
func (h *hotOnly) Relation(schema, table string) (*sql.Relation, bool) {
	r, ok := h.list().relations[sql.TableName{Schema: schema, Table: table}]
	return r, ok
}

// HasSchema reports whether the warehouse has the schema, with relations or without.
func (h *hotOnly) HasSchema(schema string) bool { return h.list().schemas[schema] }

// MayCreate says why no relation of that name can be made in the schema.
func (h *hotOnly) MayCreate(schema, name string) string {
	return h.scope.mayCreate(h.list(), schema, name)
}

// MayChange says why the schema as a whole cannot be changed.
func (h *hotOnly) MayChange(schema string) string { return h.scope.mayChange(schema) }

// Down says why the warehouse is not asked.
func (h *hotOnly) Down() string { return h.engine.Down() }

// keep lists again whenever the list is old or the warehouse was away, until ctx ends.
func (h *hotOnly) keep(ctx context.Context) error {
	for {
		h.look(ctx)
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(probeInterval):
		}
	}
}

// look lists if it is time to.
func (h *hotOnly) look(ctx context.Context) {
	l, lost := h.last.Load(), h.engine.Lost()
	fresh := func(at time.Time, then int) bool { return time.Since(at) < listInterval && then == lost }
	if h.engine.Down() != "" || l != nil && fresh(l.at, l.lost) || fresh(h.failed.at, h.failed.lost) {
		return
	}
	_, err := h.refresh(ctx, h.engine)
	if err == nil || ctx.Err() != nil {
		h.failed = failedListing{}
		return
	}
	if why := err.Error(); why != h.failed.why { // a server without these catalogs will never have them
		h.log.WarnContext(ctx, "list the warehouse's relations", logkey.Error, err)
		h.failed.why = why
	}
	h.failed.lost, h.failed.at = lost, time.Now()
}

// refresh lists by asking from, and gives what it said.
func (h *hotOnly) refresh(ctx context.Context, from lister) (*hot.Listing, error) {
	h.listing.Lock()
	defer h.listing.Unlock()
	lost := h.engine.Lost()
	listed, err := from.List(ctx)
	if err != nil {
		return nil, err
	}
	common := *listed
	common.Relations = slices.DeleteFunc(slices.Clone(listed.Relations), func(r *hot.Relation) bool { return r.Schema == hot.TempSchema })
	before := h.list()
	next := *before
	if !reflect.DeepEqual(before.listed, &common) {
		next = *h.scope.list(&common)
		next.version, next.published = before.version+1, before.published
	}
	if from != lister(h.engine) {
		next.published = next.version
	}
	next.lost, next.at = lost, time.Now()
	h.last.Store(&next)
	return listed, h.warn(ctx, &next)
}

// warn tells once of every relation that a table of the lake hides.
func (h *hotOnly) warn(ctx context.Context, l *hotOnlyList) error {
	v, err := h.views.View(ctx)
	if err != nil {
		return err
	}
	for name := range l.relations {
		n := catalog.Name(name)
		if _, ok := v.Tables[n]; ok && !h.hidden[n] {
			h.hidden[n] = true
			h.log.WarnContext(ctx, "a table of the lake hides a relation of the warehouse", logkey.Table, n.String())
		}
	}
	return nil
}

// hotScope says which of the warehouse's relations are hot-only ones.
type hotScope struct {
	own      string   // the schema of the tables that Tidegate loads
	patterns []string // hot.relations; empty is all
}

// has reports whether relations of that name may be seen. The name "" asks whether the schema may have any.
func (s hotScope) has(schema, name string) bool {
	if schema == s.own || s.isSystem(schema) {
		return false
	}
	for _, p := range s.patterns {
		if matches(p, schema, name) {
			return true
		}
	}
	return len(s.patterns) == 0
}

func (s hotScope) mayCreate(l *hotOnlyList, schema, name string) string {
	switch {
	case schema == s.own:
		return "schema " + schema + " holds the hot tables"
	case s.isSystem(schema):
		return "schema " + schema + " is a system schema"
	case !s.has(schema, name):
		return schema + "." + name + " is not in hot.relations"
	case l.hidden[sql.TableName{Schema: schema, Table: name}]:
		return "there is a relation that is not shown"
	}
	return ""
}

func (s hotScope) mayChange(schema string) string {
	switch {
	case schema == s.own:
		return "it holds the hot tables"
	case s.isSystem(schema):
		return "it is a system schema"
	case len(s.patterns) > 0 && !slices.ContainsFunc(s.patterns, func(p string) bool {
		return matches(p, schema, "any") && (!strings.Contains(p, ".") || strings.HasSuffix(p, ".*"))
	}):
		return "not all of it is in hot.relations"
	}
	return ""
}

func (hotScope) isSystem(schema string) bool {
	return schema == "tidegate" || schema == "information_schema" || strings.HasPrefix(schema, "pg_")
}

func matches(pattern, schema, name string) bool {
	s, t, ok := strings.Cut(pattern, ".")
	if !ok || name == "" {
		t = "*"
		name = "any"
	}
	inSchema, err1 := path.Match(s, schema)
	inTable, err2 := path.Match(t, name)
	return err1 == nil && err2 == nil && inSchema && inTable
}

// list makes the list of what is in scope. Views over the tables that Tidegate loads are left out: their rows are not
// those of one generation.
func (s hotScope) list(listed *hot.Listing) *hotOnlyList {
	l := &hotOnlyList{
		listed: listed, relations: map[sql.TableName]*sql.Relation{}, temporary: map[sql.TableName]*sql.Relation{},
		hidden: map[sql.TableName]bool{}, schemas: map[string]bool{},
	}
	for _, schema := range listed.Schemas {
		if s.has(schema, "") {
			l.schemas[schema] = true
		}
	}
	reads, all := s.readers(listed), viewReads(listed)
	for _, r := range listed.Relations {
		rel := hotRelation(r)
		if r.Schema == hot.TempSchema {
			l.temporary[rel.Name] = rel
			continue
		}
		if !s.has(r.Schema, r.Name) || reads[hot.RelationName{Schema: r.Schema, Name: r.Name}] {
			l.hidden[rel.Name] = true
			continue
		}
		rel.Reads = all[rel.Name]
		l.relations[rel.Name] = rel
		l.tables = append(l.tables, hotTable(r))
	}
	return l
}

// readers gives the views that read a table of the own schema, through other views too.
func (s hotScope) readers(listed *hot.Listing) map[hot.RelationName]bool {
	readers := map[hot.RelationName]bool{}
	for grown := true; grown; {
		grown = false
		for _, r := range listed.Relations {
			name := hot.RelationName{Schema: r.Schema, Name: r.Name}
			own := func(n hot.RelationName) bool { return n.Schema == s.own || readers[n] }
			if !readers[name] && slices.ContainsFunc(r.Reads, own) {
				readers[name], grown = true, true
			}
		}
	}
	return readers
}

// viewReads gives what each view reads, through other views too.
func viewReads(listed *hot.Listing) map[sql.TableName][]sql.TableName {
	direct := map[sql.TableName][]sql.TableName{}
	for _, r := range listed.Relations {
		for _, n := range r.Reads {
			name := sql.TableName{Schema: r.Schema, Table: r.Name}
			direct[name] = append(direct[name], sql.TableName{Schema: n.Schema, Table: n.Name})
		}
	}
	all := map[sql.TableName][]sql.TableName{}
	for view := range direct {
		seen := map[sql.TableName]bool{view: true}
		for wait := slices.Clone(direct[view]); len(wait) > 0; wait = wait[1:] {
			if !seen[wait[0]] {
				seen[wait[0]] = true
				all[view] = append(all[view], wait[0])
				wait = append(wait, direct[wait[0]]...)
			}
		}
	}
	return all
}

func hotRelation(r *hot.Relation) *sql.Relation {
	rel := &sql.Relation{Name: sql.TableName{Schema: r.Schema, Table: r.Name}, Class: sql.ClassHotOnly, View: r.View}
	rel.OID = sql.TableOID(rel.Name)
	for _, c := range r.Columns {
		col := sql.Column{Name: c.Name, Type: c.Type}
		if !readable(c.Type.OID) {
			col.Type, col.Foreign = pgtypes.Of(pgtypes.Text), c.TypeName
		}
		rel.Columns = append(rel.Columns, col)
	}
	return rel
}

// readable reports whether values of the type can be asked for.
func readable(t pgtypes.OID) bool {
	if _, array := pgtypes.ElementOf(t); array {
		return true
	}
	_, known := pgtypes.Lookup(t)
	return known && t != pgtypes.Unknown
}

// firstUserType is the first OID that PostgreSQL gives to what users make.
const firstUserType = 16384

func hotTable(r *hot.Relation) pgcatalog.Table {
	out := pgcatalog.Table{
		Schema: r.Schema, Name: r.Name, Description: r.Description, View: r.View && !r.Materialized, Rows: -1,
		Definition: r.Definition, Pretty: r.Pretty, Materialized: r.Materialized,
	}
	for _, c := range r.Columns {
		col := pgcatalog.Column{
			Name: c.Name, Type: c.Type, Description: c.Description, NotNull: c.NotNull, Default: c.Default,
			Identity: c.Identity, Generated: c.Generated,
		}
		if c.Type.OID >= firstUserType {
			// The catalog shows PostgreSQL's own types only.
			col.Type, col.Description = pgtypes.Of(pgtypes.Text), "of the warehouse's type "+c.TypeName+", which cannot be read"
		}
		out.Columns = append(out.Columns, col)
	}
	for _, u := range r.Uses {
		out.Uses = append(out.Uses, pgcatalog.ColumnUse{Schema: u.Schema, Table: u.Name, Column: u.Column})
	}
	for _, k := range r.Keys {
		out.Keys = append(out.Keys, hotKey(k))
	}
	for _, x := range r.Indexes {
		out.Indexes = append(out.Indexes, pgcatalog.Index{
			Name: x.Name, Unique: x.Unique, Columns: x.Columns, Definition: x.Definition, Detail: pgcatalog.IndexDetail(x.Detail),
		})
	}
	return out
}

func hotKey(k hot.Key) pgcatalog.Key {
	out := pgcatalog.Key{
		Name: k.Name, Kind: k.Kind, Columns: k.Columns, RefSchema: k.Refers.Schema, RefTable: k.Refers.Name, RefColumns: k.RefColumns,
		Definition: k.Definition, Pretty: k.Pretty, OnUpdate: k.OnUpdate, OnDelete: k.OnDelete, Match: k.Match,
		Deferrable: k.Deferrable, Deferred: k.Deferred, NotValid: k.NotValid, NoInherit: k.NoInherit, Index: pgcatalog.IndexDetail(k.Index),
	}
	if k.Kind == pgcatalog.ForeignKey { // the name of what it refers to is written as the search path needs it
		_, refers, _ := strings.Cut(k.Definition, " REFERENCES ")
		_, out.Definition, _ = strings.Cut(refers, ")")
	}
	return out
}

// shown gives the list's tables that no table of v hides.
func (l *hotOnlyList) shown(v *catalog.View) []pgcatalog.Table {
	return slices.DeleteFunc(slices.Clone(l.tables), func(t pgcatalog.Table) bool {
		_, hidden := v.Tables[catalog.Name{Schema: t.Schema, Table: t.Name}]
		return hidden
	})
}

// schemaNames gives the schemas that have relations, sorted.
func (l *hotOnlyList) schemaNames() []string {
	names := map[string]bool{}
	for n := range l.relations {
		names[n.Schema] = true
	}
	return slices.Sorted(maps.Keys(names))
}
