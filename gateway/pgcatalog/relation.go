package pgcatalog

import (
	"fmt"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// relation is one relation of pg_catalog or information_schema as PostgreSQL 15 has it.
type relation struct {
	oid, rowType int64
	name         sql.TableName
	kind         string // r or v
	shared       bool
	description  any // string or nil
	definition   any // string for a view: what we compute it by; else nil
	columns      []column
	index        map[string]int // column name → position
}

// column is one column of a relation.
type column struct {
	name      string
	declared  int64        // atttypid; a domain in information_schema
	typmod    int64        // atttypmod
	served    pgtypes.Type // what clients are told: a domain's base type, and the stand-ins of storedAs
	collation int64
	notNull   bool
	load      engine.LoadColumn
}

// storage says how a PostgreSQL type is kept in DuckDB and told to clients.
type storage struct {
	oid  pgtypes.OID // of the values
	list bool
}

// storedAs gives the storage of a type. The reg… types and xid are kept as the number they are, so that joins on them
// hold; what PostgreSQL prints as text (pg_node_tree, pg_lsn, …) is kept as that text.
func storedAs(oid pgtypes.OID) storage {
	switch oid {
	case pgtypes.Bool, pgtypes.Char, pgtypes.Name, pgtypes.Int8, pgtypes.Int2, pgtypes.Int4, pgtypes.Text, pgtypes.OIDType,
		pgtypes.Float4, pgtypes.Float8, pgtypes.Varchar, pgtypes.BPChar, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.Interval, pgtypes.Bytea:
		return storage{oid: oid}
	case pgtypes.Numeric:
		return storage{oid: pgtypes.Numeric}
	case pgtypes.Regproc, pgtypes.Regtype, pgtypes.Xid:
		return storage{oid: pgtypes.OIDType}
	case pgtypes.Int2Vector, pgtypes.Int2Array:
		return storage{oid: pgtypes.Int2, list: true}
	case pgtypes.OIDVector, pgtypes.OIDArray, pgtypes.RegtypeArray:
		return storage{oid: pgtypes.OIDType, list: true}
	case pgtypes.TextArray, pgtypes.NameArray, pgtypes.CharArray, pgtypes.ACLItemArray, pgtypes.AnyArray, pgtypes.BoolArray,
		pgtypes.Float4Array, pgtypes.Float8Array: // the last two only in relations that have no rows
		return storage{oid: pgtypes.Text, list: true}
	}
	return storage{oid: pgtypes.Text}
}

// servedAs gives the type that the binder is told: PostgreSQL's own where it knows how the values are printed, else
// the type in which they are kept.
func servedAs(base pgtypes.OID, typmod int32) pgtypes.Type {
	s := storedAs(base)
	switch {
	case base == s.oid && !s.list, base == pgtypes.Regproc, base == pgtypes.Regtype, base == pgtypes.Xid:
		return pgtypes.Type{OID: base, Typmod: typmod}
	case !s.list:
		return pgtypes.Of(s.oid)
	case base == pgtypes.NameArray || base == pgtypes.CharArray || base == pgtypes.ACLItemArray || base == pgtypes.Int2Vector || base == pgtypes.OIDVector:
		return pgtypes.Of(base)
	}
	switch s.oid {
	case pgtypes.Int2:
		return pgtypes.Of(pgtypes.Int2Array)
	case pgtypes.OIDType:
		return pgtypes.Of(pgtypes.OIDArray)
	}
	return pgtypes.Of(pgtypes.TextArray)
}

func (c *column) duckType() string {
	t := pgtypes.Of(c.load.Type).DuckDB()
	if c.load.List {
		t += "[]"
	}
	return t
}

// source is the relation's name in DuckDB.
func (r *relation) source() string {
	if r.name.Schema == "pg_catalog" {
		return "pgc." + r.name.Table
	}
	return "pgi." + r.name.Table
}

// ddl makes the relation as an empty table.
func (r *relation) ddl() string {
	cols := make([]string, len(r.columns))
	for i := range r.columns {
		cols[i] = quote(r.columns[i].name) + " " + r.columns[i].duckType()
	}
	return fmt.Sprintf("CREATE TABLE %s (%s)", r.source(), strings.Join(cols, ", "))
}

// emptyDefinition is the definition of a view that never has a row.
func (r *relation) emptyDefinition() string {
	cols := make([]string, len(r.columns))
	for i := range r.columns {
		cols[i] = "NULL::" + r.columns[i].served.String() + " AS " + r.columns[i].name
	}
	return " SELECT " + strings.Join(cols, ",\n    ") + "\n  WHERE false;"
}

// quote writes a name as DuckDB reads it.
func quote(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }

func (r *relation) loadColumns() []engine.LoadColumn {
	out := make([]engine.LoadColumn, len(r.columns))
	for i := range r.columns {
		out[i] = r.columns[i].load
	}
	return out
}

// describe gives the relation as the binder needs it.
func (r *relation) describe() *sql.Relation {
	out := &sql.Relation{Name: r.name, Class: sql.ClassSystem, OID: r.oid, View: r.kind == "v", Columns: make([]sql.Column, len(r.columns))}
	for i := range r.columns {
		out.Columns[i] = sql.Column{Name: r.columns[i].name, Type: r.columns[i].served}
	}
	return out
}

// values names the columns of a row; those not named get PostgreSQL's usual value for "nothing": NULL where it is
// allowed, else false, 0, ” or an empty list.
type values map[string]any

// row puts v into column order. A name that is no column is a mistake of ours: it panics.
func (r *relation) row(v values) []any {
	out := make([]any, len(r.columns))
	for i := range r.columns {
		if r.columns[i].notNull {
			out[i] = r.columns[i].zero()
		}
	}
	for name, value := range v {
		i, ok := r.index[name]
		if !ok {
			panic("pgcatalog: " + r.name.String() + " has no column " + name)
		}
		out[i] = value
	}
	return out
}

func (c *column) zero() any {
	switch {
	case c.load.List && c.load.Type == pgtypes.Text:
		return []string{}
	case c.load.List:
		return []int64{}
	}
	switch c.load.Type {
	case pgtypes.Bool:
		return false
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.OIDType:
		return int64(0)
	case pgtypes.Float4, pgtypes.Float8:
		return float64(0)
	case pgtypes.Text, pgtypes.Name, pgtypes.Char, pgtypes.Varchar:
		return ""
	}
	return nil
}
