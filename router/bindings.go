package router

import (
	"tidegate/catalog"
	"tidegate/sql"
)

// bindings is the catalog as the binder asks it, at one generation.
type bindings struct {
	r    *Router
	view *catalog.View
}

// Relation finds a lake table, a system relation, or what the warehouse alone has.
func (b bindings) Relation(schema, table string) (*sql.Relation, bool) {
	if t, ok := b.view.Tables[catalog.Name{Schema: schema, Table: table}]; ok {
		return lakeRelation(t.Table), true
	}
	for _, s := range b.r.o.Systems {
		if rel, ok := s.Relation(schema, table); ok {
			return rel, true
		}
	}
	if hot := b.r.o.Hot; hot != nil && hot.Only != nil {
		return hot.Only.Relation(schema, table)
	}
	return nil, false
}

// HasSchema reports whether any relation lives in the schema.
func (b bindings) HasSchema(schema string) bool {
	for n := range b.view.Tables {
		if n.Schema == schema {
			return true
		}
	}
	for _, s := range b.r.o.Systems {
		if s.HasSchema(schema) {
			return true
		}
	}
	hot := b.r.o.Hot
	return hot != nil && hot.Only != nil && hot.Only.HasSchema(schema)
}

func lakeRelation(t *catalog.Table) *sql.Relation {
	rel := &sql.Relation{
		Name:    sql.TableName{Schema: t.Name.Schema, Table: t.Name.Table},
		Class:   sql.ClassLake,
		Columns: make([]sql.Column, len(t.Columns)),
	}
	for i, c := range t.Columns {
		rel.Columns[i] = sql.Column{Name: c.Name, Type: c.Type}
	}
	return rel
}
