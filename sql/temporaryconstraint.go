package sql

import (
	"slices"
	"strings"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// constraint reads a constraint: of a column, or with nil of the table.
func (t *temporaries) constraint(c *pg_query.Constraint, of *TemporaryColumn) error {
	identity := c.Contype == pg_query.ConstrType_CONSTR_IDENTITY
	if c.Deferrable || c.Initdeferred || len(c.Options) > 0 && !identity || len(c.Including) > 0 {
		return t.refuse(c.Location, "this form of a constraint")
	}
	switch c.Contype {
	case pg_query.ConstrType_CONSTR_NULL:
		return nil
	case pg_query.ConstrType_CONSTR_NOTNULL:
		of.NotNull = true
		return nil
	case pg_query.ConstrType_CONSTR_IDENTITY:
		return t.identity(c, of)
	case pg_query.ConstrType_CONSTR_DEFAULT:
		return t.defaultOf(c, of)
	case pg_query.ConstrType_CONSTR_CHECK:
		name := c.Conname
		if name != "" && t.Made.HasConstraint(name) {
			return t.fail("42710", -1, "check constraint %q already exists", name)
		}
		if name == "" {
			name = t.constraintName(columnsIn(c.RawExpr), "check")
		}
		t.Made.checks = append(t.Made.checks, temporaryCheck{name: name, node: c.RawExpr})
		return nil
	case pg_query.ConstrType_CONSTR_PRIMARY, pg_query.ConstrType_CONSTR_UNIQUE:
		return t.key(c, of)
	default:
		return t.refuse(c.Location, "this kind of a constraint")
	}
}

// constraintName is the name that PostgreSQL gives a constraint without one.
func (t *temporaries) constraintName(columns []string, label string) string {
	return freeName(t.Made.Name, strings.Join(columns, "_"), label, func(name string) bool {
		return t.Made.HasConstraint(name) || label != "check" && t.taken(name)
	})
}

// columnsIn gives the column that an expression reads, if it is one alone: a check is named after it.
func columnsIn(n *pg_query.Node) []string {
	names := columnsOf(n)
	if len(names) != 1 {
		return nil
	}
	return names
}

// columnsOf gives the columns that an expression reads.
func columnsOf(n *pg_query.Node) []string {
	var names []string
	walk(n, func(n *pg_query.Node) {
		c := n.GetColumnRef()
		if c == nil {
			return
		}
		if parts, _ := fields(c); len(parts) > 0 && !slices.Contains(names, parts[len(parts)-1]) {
			names = append(names, parts[len(parts)-1])
		}
	})
	return names
}

func (t *temporaries) key(c *pg_query.Constraint, of *TemporaryColumn) error {
	k := TemporaryKey{Name: c.Conname, Primary: c.Contype == pg_query.ConstrType_CONSTR_PRIMARY, NullsEqual: c.NullsNotDistinct}
	if of != nil {
		k.Columns = []string{of.Name}
	}
	for _, n := range c.Keys {
		k.Columns = append(k.Columns, n.GetString_().GetSval())
	}
	if k.Primary && slices.ContainsFunc(t.Made.Keys, func(have TemporaryKey) bool { return have.Primary }) {
		return t.fail("42P16", c.Location, "multiple primary keys for table %q are not allowed", t.Made.Name)
	}
	if k.Name == "" && k.Primary {
		k.Name = t.constraintName(nil, "pkey")
	} else if k.Name == "" {
		k.Name = t.constraintName(k.Columns, "key")
	}
	if c.Conname != "" && t.taken(k.Name) {
		return pgerr.New(duplicateTable, "relation %q already exists", k.Name)
	}
	t.Made.Keys = append(t.Made.Keys, k)
	t.keysAt[k.Name] = c.Location
	return nil
}

// comparable refuses a key of a type whose values have no order.
func (t *temporaries) comparable(of pgtypes.Type) error {
	switch {
	case of.OID == pgtypes.JSON:
		return t.fail(pgerr.UndefinedObject, -1, "data type %s has no default operator class for access method %q", of, "btree").
			WithHint("You must specify an operator class for the index or define a default operator class for the data type.")
	case isArray(of.OID) && elementType(of).OID == pgtypes.JSON:
		return t.refuse(-1, "a key of type %s", of)
	}
	return nil
}
