package hot

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// Listing is what the warehouse's own catalog has at one moment, system schemas left out.
type Listing struct {
	Schemas   []string
	Relations []*Relation // by schema and name
	// What only PostgreSQL tells.
	Comments  map[string]string // on schemas
	Sequences []Sequence
}

// Relation is a table or view of the warehouse.
type Relation struct {
	Schema, Name string // Schema is "pg_temp" for a temporary table of the connection that was asked
	View         bool
	Description  string
	Columns      []Column
	Keys         []Key
	Indexes      []Index
	// Reads are the relations that a view's definition names, Uses their columns that it names.
	Reads []RelationName
	Uses  []ColumnName
	// Definition is a view's query, as pg_get_viewdef writes it, and Pretty with fewer parentheses; of PostgreSQL only.
	Definition, Pretty string
	Materialized       bool
}

// RelationName is a relation's name in the warehouse.
type RelationName struct{ Schema, Name string }

// ColumnName is a column of a relation.
type ColumnName struct {
	RelationName
	Column string
}

// Column is a column as the warehouse declares it. Type may be one that pgtypes does not know; TypeName is how the
// warehouse writes it.
type Column struct {
	Name     string
	Type     pgtypes.Type
	TypeName string
	NotNull  bool
	Default  string // an expression, "" is none
	// Description is the comment on it.
	Description string
	// Identity is a or d: generated always or by default; Generated is s: stored, as Default says. "" is neither.
	Identity, Generated string
}

// Key is a constraint: of kind p(rimary), u(nique), f(oreign), and of PostgreSQL c(heck).
type Key struct {
	Name, Kind string
	Columns    []string
	Refers     RelationName // of a foreign key
	RefColumns []string
	// Definition is how PostgreSQL writes it, and Pretty with fewer parentheses; "" of Redshift.
	Definition, Pretty string
	// What a foreign key does, as pg_constraint has it; "" of others.
	OnUpdate, OnDelete, Match string
	Deferrable, Deferred      bool
	NotValid, NoInherit       bool
	Index                     IndexDetail // of a primary or unique key
}

// Index is an index that no key has. Definition is how the warehouse writes it.
type Index struct {
	Name       string
	Unique     bool
	Columns    []string // "" is an expression
	Definition string
	Detail     IndexDetail
}

// IndexDetail is what PostgreSQL tells of an index beside its columns.
type IndexDetail struct {
	Method     string  // "" is not known: btree
	Options    []int64 // of each column: 1 is DESC, 2 is NULLS FIRST
	Classes    []int64 // OIDs of operator classes
	KeyColumns int     // without those that are only included
}

// Sequence is a sequence of PostgreSQL. Owner and OwnerColumn are empty if no column owns it; Identity says that it is of
// an identity column.
type Sequence struct {
	Schema, Name, Description         string
	Type                              pgtypes.OID
	Start, Increment, Max, Min, Cache int64
	Cycle                             bool
	Owner                             RelationName
	OwnerColumn                       string
	Identity                          bool
}

// TempSchema is how a session names its own temporary tables, whatever the server calls their schema.
const TempSchema = "pg_temp"

// Of a connection's temporary schemas only its own is in its search path; nothing but tables and views can be
// listed. The catalogs and functions are those of Redshift too, which forked before array_agg and regnamespace.
const (
	ownSchema = `(left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema'` +
		` OR left(n.nspname, 8) = 'pg_temp_' AND pg_catalog.pg_table_is_visible(c.oid))`
	listedName = `CASE WHEN left(n.nspname, 8) = 'pg_temp_' THEN '` + TempSchema + `' ELSE n.nspname END`

	schemasSQL = `SELECT n.nspname FROM pg_catalog.pg_namespace n` +
		` WHERE left(n.nspname, 3) <> 'pg_' AND n.nspname <> 'information_schema' ORDER BY 1`

	columnsSQL = `SELECT ` + listedName + ` AS schema, c.relname, c.relkind, a.attname, a.atttypid, a.atttypmod,` +
		` pg_catalog.format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attnum,` +
		` pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS default, pg_catalog.col_description(c.oid, a.attnum) AS note,` +
		` pg_catalog.obj_description(c.oid, 'pg_class') AS description` +
		` FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace` +
		` LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped` +
		` LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum` +
		` WHERE c.relkind IN ('r', 'p', 'v', 'm') AND ` + ownSchema +
		` ORDER BY 1, 2, a.attnum`

	// A system table's own oid, by its name: Redshift's are others than PostgreSQL's.
	oidOf = `(SELECT s.oid FROM pg_catalog.pg_class s JOIN pg_catalog.pg_namespace sn ON sn.oid = s.relnamespace` +
		` WHERE sn.nspname = 'pg_catalog' AND s.relname = `

	readsSQL = `SELECT DISTINCT ` + listedName + ` AS schema, c.relname, tn.nspname AS read_schema, t.relname AS read_name, a.attname` +
		` FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace` +
		` JOIN pg_catalog.pg_rewrite r ON r.ev_class = c.oid` +
		` JOIN pg_catalog.pg_depend d ON d.objid = r.oid AND d.classid = ` + oidOf + `'pg_rewrite')` +
		` AND d.refclassid = ` + oidOf + `'pg_class') AND d.refobjid <> c.oid` +
		` JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace` +
		` LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid AND a.attnum > 0` +
		` WHERE ` + ownSchema + ` ORDER BY 1, 2, 3, 4, 5`
)

// List asks the warehouse what it has.
func (e *Engine) List(ctx context.Context) (*Listing, error) { return list(ctx, e, e.kind) }

func list(ctx context.Context, e engine.Querier, kind Kind) (*Listing, error) {
	l := &Listing{}
	schemas, err := engine.Texts(ctx, e, engine.Statement{SQL: schemasSQL}, 1)
	if err != nil {
		return nil, fmt.Errorf("list the warehouse's schemas: %w", err)
	}
	for _, r := range schemas {
		l.Schemas = append(l.Schemas, r[0])
	}
	columns, err := engine.Texts(ctx, e, engine.Statement{SQL: columnsSQL}, 12)
	if err != nil {
		return nil, fmt.Errorf("list the warehouse's relations: %w", err)
	}
	byName := map[RelationName]*listed{}
	for _, r := range columns {
		name := RelationName{r[0], r[1]}
		rel := byName[name]
		if rel == nil {
			rel = &listed{&Relation{Schema: name.Schema, Name: name.Name, View: r[2] == "v", Description: r[11]}, map[string]string{}}
			byName[name] = rel
			l.Relations = append(l.Relations, rel.Relation)
		}
		if r[3] == "" {
			continue // a relation without columns
		}
		c, err := listedColumn(r[3:])
		if err != nil {
			return nil, err
		}
		rel.Columns = append(rel.Columns, c)
		rel.names[r[8]] = c.Name
	}
	if err := listKeys(ctx, e, byName); err != nil {
		return nil, err
	}
	if kind == PostgreSQL { // Redshift has none that anybody made
		if err := errors.Join(listIndexes(ctx, e, byName), l.detail(ctx, e, byName)); err != nil {
			return nil, err
		}
	}
	reads, err := engine.Texts(ctx, e, engine.Statement{SQL: readsSQL}, 5)
	if err != nil {
		return nil, fmt.Errorf("list what the warehouse's views read: %w", err)
	}
	for _, r := range reads {
		if rel := byName[RelationName{r[0], r[1]}]; rel != nil {
			name := RelationName{r[2], r[3]}
			if !slices.Contains(rel.Reads, name) {
				rel.Reads = append(rel.Reads, name)
			}
			if r[4] != "" {
				rel.Uses = append(rel.Uses, ColumnName{name, r[4]})
			}
		}
	}
	return l, nil
}

func listedColumn(r []string) (Column, error) {
	oid, err1 := strconv.ParseUint(r[1], 10, 32)
	mod, err2 := strconv.ParseInt(r[2], 10, 32)
	if err := errors.Join(err1, err2); err != nil {
		return Column{}, fmt.Errorf("read the type of column %s: %w", r[0], err)
	}
	return Column{
		Name: r[0], Type: pgtypes.Type{OID: pgtypes.OID(oid), Typmod: int32(mod)}, TypeName: r[3], NotNull: r[4] == "t",
		Default: r[6], Description: r[7],
	}, nil
}
