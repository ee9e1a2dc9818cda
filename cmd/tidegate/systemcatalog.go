package main

import (
	"cmp"
	"context"
	"slices"
	"sync/atomic"

	"tidegate/catalog"
	"tidegate/gateway/pgcatalog"
	"tidegate/router/system"
	"tidegate/sql"
)

// postgresCatalog shows the catalog's tables in pg_catalog and information_schema.
type postgresCatalog struct {
	*pgcatalog.Catalog
	relations *system.Relations
	database  string
	shown     atomic.Pointer[int64] // schema generation that is shown; nil before the first
}

// Prepare shows the tables of v unless their definitions are shown already. Statements that name no relation are
// prepared for too: 'web.events'::regclass needs the names.
func (c *postgresCatalog) Prepare(ctx context.Context, v *catalog.View, _ []*sql.Use) error {
	if g := c.shown.Load(); g != nil && *g == v.SchemaGeneration {
		return nil
	}
	// No generation is 0 to Refresh's caller: an empty catalog is a version like any other.
	if err := c.Refresh(ctx, v.SchemaGeneration+1, c.contents(v)); err != nil {
		return err
	}
	g := v.SchemaGeneration
	c.shown.Store(&g)
	return nil
}

func (c *postgresCatalog) contents(v *catalog.View) *pgcatalog.Contents {
	contents := &pgcatalog.Contents{Database: c.database, Roles: []pgcatalog.Role{{Name: "tidegate", Login: true}}}
	for _, t := range v.Tables {
		contents.Tables = append(contents.Tables, lakeTable(t.Table))
	}
	slices.SortFunc(contents.Tables, func(a, b pgcatalog.Table) int {
		return cmp.Or(cmp.Compare(a.Schema, b.Schema), cmp.Compare(a.Name, b.Name))
	})
	for _, rel := range c.relations.All() {
		contents.Tables = append(contents.Tables, systemView(rel))
	}
	return contents
}

func lakeTable(t *catalog.Table) pgcatalog.Table {
	out := pgcatalog.Table{Schema: t.Name.Schema, Name: t.Name.Table, Description: t.Description, Rows: -1}
	for _, col := range t.Columns {
		out.Columns = append(out.Columns, pgcatalog.Column{Name: col.Name, Type: col.Type, Description: col.Description})
	}
	return out
}

func systemView(rel *sql.Relation) pgcatalog.Table {
	out := pgcatalog.Table{Schema: rel.Name.Schema, Name: rel.Name.Table, View: true, Rows: -1}
	for _, col := range rel.Columns {
		out.Columns = append(out.Columns, pgcatalog.Column{Name: col.Name, Type: col.Type})
	}
	return out
}
