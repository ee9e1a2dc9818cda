package router

import (
	"context"
	"errors"
	"slices"

	"tidegate/sql"
)

// Role is what somebody may. The nil Role is everybody's while no roles are configured: it reads everything and changes
// nothing. A Role is immutable.
type Role struct {
	// Name identifies the role; roles of one name are the same.
	Name string
	// Reads are the relations and columns that may be read. What is in none of them is not there.
	Reads []sql.Grant
	// Filters decide which rows of a relation are there.
	Filters map[sql.TableName]*sql.RowFilter
	// Admin allows to end what others do.
	Admin bool
	// Write allows to change hot-only relations that are there whole, and to make others in schemas that are.
	Write bool
	// Monitor allows to see how Tidegate works for others too: all of schema tidegate but others' rejected records.
	Monitor bool
	// MaxScan bounds the bytes that one cold statement may read; 0 is no bound of the role's own.
	MaxScan int64
	// Latency is the class of sessions that ask for none; "" is standard.
	Latency string
}

// Sees gives a relation as it is for the role: without the columns that it may not read, with the filter of its rows. ok
// is false if it is not there. A view of the warehouse counts as granted by its schema only if all that it reads is there
// whole: a grant that names it is for showing a part.
func (r *Role) Sees(rel *sql.Relation) (seen *sql.Relation, ok bool) {
	if r == nil || rel.Name.Schema == tempSchema {
		return rel, true
	}
	columns, whole := r.columns(rel.Name)
	switch {
	case rel.Class == sql.ClassSystem:
		whole = true // what of its rows is for the role is decided where they come from
	case whole && !r.names(rel.Name) && !r.seesAll(rel.Reads):
		return nil, false
	}
	filter := r.Filters[rel.Name]
	if whole && filter == nil {
		return rel, true
	}
	restricted := *rel
	restricted.Filter = filter
	if whole {
		return &restricted, true
	}
	restricted.Columns = nil
	for _, c := range rel.Columns {
		if slices.Contains(columns, c.Name) {
			restricted.Columns = append(restricted.Columns, c)
		} else {
			restricted.Hidden = append(restricted.Hidden, c)
		}
	}
	return &restricted, len(restricted.Columns) > 0
}

// tempSchema is where a session's own temporary relations are.
const tempSchema = "pg_temp"

// columns gives the columns of a relation that may be read; whole is set if all may.
func (r *Role) columns(name sql.TableName) (columns []string, whole bool) {
	for _, g := range r.Reads {
		switch {
		case g.Schema != "" && g.Schema != name.Schema || g.Table != "" && g.Table != name.Table:
		case g.Columns == nil:
			return nil, true
		default:
			columns = append(columns, g.Columns...)
		}
	}
	return columns, false
}

// names reports whether a grant names the relation itself, with all its columns.
func (r *Role) names(name sql.TableName) bool {
	return slices.ContainsFunc(r.Reads, func(g sql.Grant) bool {
		return g.Schema == name.Schema && g.Table == name.Table && g.Columns == nil
	})
}

// seesAll reports whether every row and column of the relations may be read.
func (r *Role) seesAll(relations []sql.TableName) bool {
	return !slices.ContainsFunc(relations, func(name sql.TableName) bool {
		_, whole := r.columns(name)
		return !whole || r.Filters[name] != nil
	})
}

// SeesSchema reports whether the role may read anything of a schema, if it has anything.
func (r *Role) SeesSchema(schema string) bool {
	return r == nil || slices.ContainsFunc(r.Reads, func(g sql.Grant) bool { return g.Schema == "" || g.Schema == schema })
}

// ownsSchema reports whether whatever is made in a schema will be there whole.
func (r *Role) ownsSchema(schema string) bool {
	for name := range r.Filters {
		if name.Schema == schema {
			return false
		}
	}
	return slices.ContainsFunc(r.Reads, func(g sql.Grant) bool { return g.Table == "" && (g.Schema == "" || g.Schema == schema) })
}

// CheckFilters binds the role's filters to the relations that there are now, and gives what is wrong with which.
func (r *Router) CheckFilters(ctx context.Context, role *Role, env sql.Env) (map[sql.TableName]error, error) {
	v, err := r.newest(ctx)
	if err != nil {
		return nil, err
	}
	b, wrong := r.bindings(v, nil, nil), map[sql.TableName]error{}
	for name, filter := range role.Filters {
		rel, ok := b.whole(name.Schema, name.Table)
		if !ok {
			wrong[name] = errNoRelation
		} else if err := filter.Check(rel, env); err != nil {
			wrong[name] = err
		}
	}
	return wrong, nil
}

var errNoRelation = errors.New("there is no such relation now")

// SeesTable reports whether anything of a table is there for the role, and whether every row and column is.
func (r *Role) SeesTable(name sql.TableName) (seen, whole bool) {
	columns, every := r.columns(name)
	return every || len(columns) > 0, every && r.Filters[name] == nil
}

// Filtered reports whether any relation has fewer rows for the role than for others.
func (r *Role) Filtered() bool {
	for name := range r.Filters {
		if name.Schema != ownSchema {
			return true
		}
	}
	return false
}

// ownSchema is the schema of Tidegate's own relations, whose filters hide no data.
const ownSchema = "tidegate"

// SeesColumn reports whether a column of a table is there for the role.
func (r *Role) SeesColumn(name sql.TableName, column string) bool {
	columns, whole := r.columns(name)
	return whole || slices.Contains(columns, column)
}

func (r *Role) key() string {
	if r == nil {
		return ""
	}
	return "role " + r.Name
}
