package sql

import (
	"slices"

	pg_query "github.com/pganalyze/pg_query_go/v6"
	"google.golang.org/protobuf/proto"

	"tidegate/internal/pgerr"
)

// renames reports whether RENAME is about a temporary table or an index of one.
func (t *temporaries) renames(n *pg_query.RenameStmt) bool {
	switch n.RenameType {
	case pg_query.ObjectType_OBJECT_INDEX:
		return true // nobody but the session has any
	case pg_query.ObjectType_OBJECT_TABLE, pg_query.ObjectType_OBJECT_COLUMN, pg_query.ObjectType_OBJECT_TABCONSTRAINT:
		return n.Relation != nil && t.alters(n.Relation)
	default:
		return false
	}
}

// rename binds ALTER … RENAME.
func (t *temporaries) rename(n *pg_query.RenameStmt) error {
	if n.RenameType == pg_query.ObjectType_OBJECT_INDEX {
		return t.renameIndex(n)
	}
	there, err := t.altered(n.Relation, n.MissingOk)
	if err != nil || !there {
		return err
	}
	m := t.Made
	switch n.RenameType {
	case pg_query.ObjectType_OBJECT_TABLE:
		if t.taken(n.Newname) {
			return pgerr.New(duplicateTable, "relation %q already exists", n.Newname)
		}
		m.Name = n.Newname
	case pg_query.ObjectType_OBJECT_COLUMN:
		return t.renameColumn(n)
	default:
		if !m.HasConstraint(n.Subname) {
			return pgerr.New(pgerr.UndefinedObject, "constraint %q for table %q does not exist", n.Subname, m.Name)
		}
		for i := range m.checks {
			if m.checks[i].name == n.Subname {
				if m.HasConstraint(n.Newname) {
					return pgerr.New("42710", "constraint %q for relation %q already exists", n.Newname, m.Name)
				}
				m.checks[i].name = n.Newname
				return nil
			}
		}
		return t.renameKey(n.Subname, n.Newname)
	}
	return nil
}

func (t *temporaries) renameColumn(n *pg_query.RenameStmt) error {
	m := t.Made
	at := slices.IndexFunc(m.Columns, func(c TemporaryColumn) bool { return c.Name == n.Subname })
	if at < 0 {
		return pgerr.New(pgerr.UndefinedColumn, "column %q does not exist", n.Subname)
	}
	if slices.ContainsFunc(m.Columns, func(c TemporaryColumn) bool { return c.Name == n.Newname }) {
		return pgerr.New(pgerr.DuplicateColumn, "column %q of relation %q already exists", n.Newname, m.Name)
	}
	column := m.Columns[at]
	column.Name = n.Newname
	others := m.Columns
	m.Columns = slices.Delete(slices.Clone(m.Columns), at, at+1)
	if err := t.add(column, -1); err != nil {
		return err
	}
	m.Columns = others
	m.Columns[at] = column
	renamed := func(names []string) []string {
		names = slices.Clone(names)
		for i := range names {
			if names[i] == n.Subname {
				names[i] = n.Newname
			}
		}
		return names
	}
	for i := range m.Keys {
		m.Keys[i].Columns = renamed(m.Keys[i].Columns)
	}
	for i := range m.Indexes {
		m.Indexes[i].Columns, m.Indexes[i].Included = renamed(m.Indexes[i].Columns), renamed(m.Indexes[i].Included)
	}
	for i := range m.checks {
		node := proto.CloneOf(m.checks[i].node)
		walk(node, func(x *pg_query.Node) {
			if c := x.GetColumnRef(); c != nil && slices.Equal(columnParts(c), []string{n.Subname}) {
				c.Fields = []*pg_query.Node{pg_query.MakeStrNode(n.Newname)}
			}
		})
		if err := t.keep(&m.checks[i], node); err != nil {
			return err
		}
	}
	return nil
}

func columnParts(c *pg_query.ColumnRef) []string {
	parts, _ := fields(c)
	return parts
}

// renameKey renames a unique constraint or an index.
func (t *temporaries) renameKey(name, to string) error {
	if t.taken(to) {
		return pgerr.New(duplicateTable, "relation %q already exists", to)
	}
	m := t.Made
	for i := range m.Keys {
		if m.Keys[i].Name == name {
			m.Keys[i].Name = to
		}
	}
	for i := range m.Indexes {
		if m.Indexes[i].Name == name {
			m.Indexes[i].Name = to
		}
	}
	return nil
}

func (t *temporaries) renameIndex(n *pg_query.RenameStmt) error {
	t.Verb = TemporaryDefine
	x, ok := t.findIndex(n.Relation)
	if !ok {
		e := pgerr.New(pgerr.UndefinedTable, "relation %q does not exist", n.Relation.Relname)
		if !n.MissingOk {
			return e
		}
		e.Code, t.Verb = "00000", TemporaryNothing
		e.Message += ", skipping"
		t.Notices = append(t.Notices, e)
		return nil
	}
	t.Made = x.table.Temporary.redefined()
	t.Redefined = []Redefinition{{Name: x.table.Name.Table, Made: t.Made}}
	return t.renameKey(n.Relation.Relname, n.Newname)
}
