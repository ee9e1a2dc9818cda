package main

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"tidegate/catalog"
	"tidegate/gateway"
	"tidegate/gateway/pgcatalog"
	"tidegate/gateway/pgcatalog/upkeep"
	"tidegate/router/system"
	"tidegate/sql"
)

// postgresCatalog shows the catalog's tables in pg_catalog and information_schema.
type postgresCatalog struct {
	*pgcatalog.Catalog
	relations *system.Relations
	database  string
	hotOnly   func() *hotOnlyList
	seer                            // whose catalog it is
	people    func() *admitted      // who may come in now
	config    map[string]roleConfig // roles
	kept      *upkeep.Kept[wantedCatalog]
	asked     atomic.Int64 // when somebody last did, in seconds since 1970

	version int64 // of what was shown last; for the build that runs
}

// wantedCatalog says what the catalog is made of.
type wantedCatalog struct {
	view      *catalog.View
	only      *hotOnlyList
	temporary int64
	people    *admitted
}

// Covers reports whether a catalog of w has what one of want would have, or more.
func (w wantedCatalog) Covers(want wantedCatalog) bool {
	return w.Serves(want) && w.only.version >= want.only.version
}

// Serves reports whether it lacks nothing but what others did in the warehouse, which the list of its relations tells of
// by the clock.
func (w wantedCatalog) Serves(want wantedCatalog) bool {
	return w.view.SchemaGeneration >= want.view.SchemaGeneration && w.only.version >= want.only.published &&
		w.temporary == want.temporary && w.people == want.people
}

// wanted is what a statement that has read v wants to see.
func (c *postgresCatalog) wanted(v *catalog.View) wantedCatalog {
	return wantedCatalog{v, c.hotOnly(), c.own.definitions(), c.people()}
}

// Prepare shows the tables of v unless their definitions are shown already. Statements that name no relation are
// prepared for too: 'web.events'::regclass needs the names.
func (c *postgresCatalog) Prepare(ctx context.Context, v *catalog.View, _ []*sql.Use) error {
	c.wasAsked()
	return c.kept.Ask(ctx, func() wantedCatalog { return c.wanted(v) })
}

func (c *postgresCatalog) wasAsked() { c.asked.Store(time.Now().Unix()) }

// begin gives what builds a catalog, which runs beside statements.
func (c *postgresCatalog) begin(want wantedCatalog) func(ctx context.Context) error {
	var contents *pgcatalog.Contents
	if c.own != nil { // the session's, which may change them while the build runs
		contents = c.contents(want.view, want.only, want.people)
	}
	return func(ctx context.Context) error {
		if contents == nil {
			contents = c.contents(want.view, want.only, want.people)
		}
		c.version++
		return c.Refresh(ctx, c.version, contents)
	}
}

func (c *postgresCatalog) contents(v *catalog.View, only *hotOnlyList, people *admitted) *pgcatalog.Contents {
	contents := &pgcatalog.Contents{Database: c.database, Roles: c.roles(people)}
	for _, s := range gateway.InitialSettings() {
		contents.Settings = append(contents.Settings, pgcatalog.Setting(s))
	}
	for _, t := range v.Tables {
		contents.Tables = append(contents.Tables, lakeTable(t.Table))
	}
	contents.Tables = append(contents.Tables, only.shown(v)...)
	if c.role != nil {
		if contents.Granted = len(c.config) > 0; c.role.Name != publicRole {
			contents.Grantee = c.role.Name
		}
		contents.Tables = c.seen(contents.Tables, v, only)
	}
	contents.Sequences, contents.Comments = c.beside(only, contents.Tables)
	slices.SortFunc(contents.Tables, func(a, b pgcatalog.Table) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	if c.own != nil {
		contents.TemporarySchema = c.own.Shown()
		contents.Tables = append(contents.Tables, c.own.shown()...)
		contents.Sequences = append(contents.Sequences, c.own.sequences()...)
	}
	for _, rel := range c.relations.All() {
		contents.Tables = append(contents.Tables, systemView(rel))
	}
	return contents
}

// seen gives what of tables is there for the role.
func (c *postgresCatalog) seen(tables []pgcatalog.Table, v *catalog.View, only *hotOnlyList) []pgcatalog.Table {
	var seen []pgcatalog.Table
	for _, t := range tables {
		rel := &sql.Relation{Name: sql.TableName{Schema: t.Schema, Table: t.Name}}
		if r, ok := only.relations[rel.Name]; ok && v.Tables[catalog.Name(rel.Name)] == nil {
			rel.Class, rel.Reads = r.Class, r.Reads
		}
		for _, col := range t.Columns {
			rel.Columns = append(rel.Columns, sql.Column{Name: col.Name})
		}
		part, ok := c.role.Sees(rel)
		if !ok {
			continue
		}
		t.Part = len(part.Hidden) > 0
		if t.Part { // the query may name what is not there
			t.Definition, t.Pretty, t.Uses = "", "", nil
		}
		t.Writable = c.role.Write && rel.Class == sql.ClassHotOnly && !t.View && !part.Restricted()
		t.Columns = slices.DeleteFunc(slices.Clone(t.Columns), func(col pgcatalog.Column) bool {
			return slices.ContainsFunc(part.Hidden, func(h sql.Column) bool { return h.Name == col.Name })
		})
		seen = append(seen, t)
	}
	return seen
}

func lakeTable(t *catalog.Table) pgcatalog.Table {
	out := pgcatalog.Table{
		Schema: t.Name.Schema, Name: t.Name.Table, Description: marked(t.Description, t.Hot != nil), Rows: -1,
		Cold: t.Hot == nil, PartitionBy: t.PartitionBy,
	}
	for _, col := range t.Columns {
		hot := t.Hot != nil && slices.Contains(t.Hot.Columns, col.Name)
		out.Columns = append(out.Columns, pgcatalog.Column{Name: col.Name, Type: col.Type, Description: marked(col.Description, hot)})
	}
	if len(t.PrimaryKey) > 0 {
		out.Keys = append(out.Keys, pgcatalog.Key{Name: t.Name.Table + "_pkey", Kind: pgcatalog.PrimaryKey, Columns: t.PrimaryKey})
	}
	for _, k := range t.ForeignKeys {
		out.Keys = append(out.Keys, pgcatalog.Key{
			Name: t.Name.Table + "_" + strings.Join(k.Columns, "_") + "_fkey", Kind: pgcatalog.ForeignKey, Columns: k.Columns,
			RefSchema: k.References.Schema, RefTable: k.References.Table, RefColumns: k.Key,
		})
	}
	return out
}

// marked is a comment that says too whether what it describes has a hot copy, or is in the lake only.
func marked(description string, hot bool) string {
	mark := "[cold]"
	if hot {
		mark = "[hot]"
	}
	return strings.TrimSpace(description + " " + mark)
}

func systemView(rel *sql.Relation) pgcatalog.Table {
	out := pgcatalog.Table{Schema: rel.Name.Schema, Name: rel.Name.Table, View: true, Rows: -1}
	for _, col := range rel.Columns {
		out.Columns = append(out.Columns, pgcatalog.Column{Name: col.Name, Type: col.Type})
	}
	return out
}
