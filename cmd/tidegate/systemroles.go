package main

import (
	"maps"
	"slices"

	"tidegate/gateway/pgcatalog"
	"tidegate/sql"
)

// roles gives the users and roles that the catalog's role may see: its own and the users of it, or all of them.
func (c *postgresCatalog) roles(people *admitted) []pgcatalog.Role {
	seen := func(role string) bool { return c.role == nil || c.role.Admin || c.role.Monitor || c.role.Name == role }
	out := []pgcatalog.Role{{Name: "tidegate", Login: true}}
	at := map[string]int{"tidegate": 0}
	for _, name := range slices.Sorted(maps.Keys(c.config)) {
		if _, ok := at[name]; !ok && name != publicRole && seen(name) {
			at[name] = len(out)
			out = append(out, pgcatalog.Role{Name: name, ConnectionLimit: int64(c.config[name].Connections)})
		}
	}
	for _, user := range slices.Sorted(maps.Keys(people.roles)) {
		role := people.roles[user]
		if !seen(role) {
			continue
		}
		i, ok := at[user]
		if !ok {
			i = len(out)
			at[user] = i
			out = append(out, pgcatalog.Role{Name: user})
		}
		out[i].Login = true
		if _, ok := at[role]; ok && role != user && !slices.Contains(out[i].MemberOf, role) {
			out[i].MemberOf = append(out[i].MemberOf, role)
		}
	}
	return out
}

// beside gives the sequences and the comments on schemas of the warehouse that are there for the role: of schemas that are,
// and of a column that is, if one owns the sequence.
func (c *postgresCatalog) beside(only *hotOnlyList, tables []pgcatalog.Table) ([]pgcatalog.Sequence, map[string]string) {
	if only.listed == nil {
		return nil, nil
	}
	comments := map[string]string{}
	for schema, text := range only.listed.Comments {
		if only.schemas[schema] && c.role.SeesSchema(schema) {
			comments[schema] = text
		}
	}
	whole := map[sql.TableName]bool{}
	for i := range tables {
		whole[sql.TableName{Schema: tables[i].Schema, Table: tables[i].Name}] = !tables[i].Part
	}
	var sequences []pgcatalog.Sequence
	for _, s := range only.listed.Sequences {
		_, seen := c.role.Sees(&sql.Relation{Name: sql.TableName{Schema: s.Schema, Table: s.Name}, Class: sql.ClassHotOnly})
		if s.OwnerColumn != "" {
			seen = whole[sql.TableName{Schema: s.Owner.Schema, Table: s.Owner.Name}]
		}
		if !only.schemas[s.Schema] || !seen {
			continue
		}
		sequences = append(sequences, pgcatalog.Sequence{
			Schema: s.Schema, Name: s.Name, Description: s.Description, Type: s.Type, Start: s.Start, Increment: s.Increment, Max: s.Max,
			Min: s.Min, Cache: s.Cache, Cycle: s.Cycle, OwnerSchema: s.Owner.Schema, OwnerTable: s.Owner.Name, OwnerColumn: s.OwnerColumn,
			Identity: s.Identity,
		})
	}
	return sequences, comments
}
