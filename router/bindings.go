package router

import (
	"iter"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/sql"
)

// bindings is the catalog as the binder asks it, at one generation: what is there for a role.
type bindings struct {
	r    *Router
	view *catalog.View
	only HotOnly // nil: there are none
	role *Role
	// temporary are the session's own tables; nil: it has none
	temporary Temporary
}

var (
	_ sql.WriteCatalog = bindings{}
	_ sql.Lister       = bindings{}
)

// Relation finds a lake table, a system relation, or what the warehouse alone has, as the role sees it.
func (b bindings) Relation(schema, table string) (*sql.Relation, bool) {
	rel, ok := b.whole(schema, table)
	if !ok {
		return nil, false
	}
	return b.role.Sees(rel)
}

func (b bindings) whole(schema, table string) (*sql.Relation, bool) {
	if b.temporary != nil && (schema == tempSchema || schema == b.temporary.Shown()) {
		return b.temporary.Relation(table)
	}
	if t, ok := b.view.Tables[catalog.Name{Schema: schema, Table: table}]; ok {
		rel := lakeRelation(t.Table)
		rel.OID = b.r.oid(b.view, t.Table.Name)
		return rel, true
	}
	for _, s := range b.r.o.Systems {
		if rel, ok := s.Relation(schema, table); ok {
			return rel, true
		}
	}
	if b.only != nil {
		return b.only.Relation(schema, table)
	}
	return nil, false
}

// HasSchema reports whether the schema is there for the role.
func (b bindings) HasSchema(schema string) bool {
	return b.temporary != nil && (schema == tempSchema || schema == b.temporary.Shown()) || b.isSystem(schema) || b.role.SeesSchema(schema) && (b.inLake(schema) || b.only != nil && b.only.HasSchema(schema))
}

// RelationNames gives the tables of the lake.
func (b bindings) RelationNames() iter.Seq[sql.TableName] {
	return func(yield func(sql.TableName) bool) {
		for n := range b.view.Tables {
			if !yield(sql.TableName{Schema: n.Schema, Table: n.Table}) {
				return
			}
		}
	}
}

// TemporarySchema gives the name of the session's own schema.
func (b bindings) TemporarySchema() string {
	if b.temporary == nil {
		return ""
	}
	return b.temporary.Shown()
}

// TemporaryTables gives the session's own tables.
func (b bindings) TemporaryTables() map[string]*sql.Relation {
	if b.temporary == nil {
		return nil
	}
	return b.temporary.All()
}

func (b bindings) inLake(schema string) bool {
	for n := range b.view.Tables {
		if n.Schema == schema {
			return true
		}
	}
	return false
}

func (b bindings) isSystem(schema string) bool {
	return slices.ContainsFunc(b.r.o.Systems, func(s System) bool { return s.HasSchema(schema) })
}

// MayCreate says why no relation of the warehouse can be made under that name.
func (b bindings) MayCreate(schema, name string) string {
	if why := b.ungranted(schema); why != "" {
		return why
	}
	if why := b.taken(schema); why != "" {
		return why
	}
	return b.only.MayCreate(schema, name)
}

// MayChange says why the warehouse's schema cannot be made, dropped or handed on.
func (b bindings) MayChange(schema string) string {
	if why := b.ungranted(schema); why != "" {
		return why
	}
	if why := b.taken(schema); why != "" {
		return why
	}
	for _, t := range b.view.Tables {
		if a := t.Table.Adopt; a != nil && strings.HasPrefix(a.Hot, schema+".") {
			return a.Hot + " is the hot side of a table of the lake"
		}
	}
	return b.only.MayChange(schema)
}

// ungranted says why the role may not change a schema whether it is there or not: what it made there it might not see.
func (b bindings) ungranted(schema string) string {
	if b.role == nil || b.role.ownsSchema(schema) {
		return ""
	}
	return "schema " + schema + " is not granted to the role as a whole"
}

func (b bindings) taken(schema string) string {
	switch {
	case b.only == nil:
		return "there is no warehouse"
	case b.inLake(schema):
		return "schema " + schema + " belongs to the lake"
	case b.isSystem(schema):
		return "schema " + schema + " is a system schema"
	}
	return ""
}

func lakeRelation(t *catalog.Table) *sql.Relation {
	rel := &sql.Relation{
		Endless: t.Adopt != nil,
		Name:    sql.TableName{Schema: t.Name.Schema, Table: t.Name.Table},
		Class:   sql.ClassLake,
		Columns: make([]sql.Column, len(t.Columns)),
	}
	for i, c := range t.Columns {
		rel.Columns[i] = sql.Column{Name: c.Name, Type: c.Type}
	}
	return rel
}
