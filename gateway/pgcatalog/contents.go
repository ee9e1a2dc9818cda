package pgcatalog

import "tidegate/internal/pgtypes"

// Contents is what the catalogs show beside PostgreSQL's own objects. All of it is what one person may see: who may
// see less gets a Catalog with less.
type Contents struct {
	Database  string // the one database
	Tables    []Table
	Sequences []Sequence
	Comments  map[string]string // on schemas
	Roles     []Role
	Settings  []Setting
	// Granted says that roles have been granted what they see: Grantee, "" is everybody, what is there. Else all of it is the owner's.
	Granted bool
	Grantee string
	// TemporarySchema is the schema of the temporary tables among them, of the one session that looks; "" is none.
	TemporarySchema string
}

// Table is a table or view of ours.
type Table struct {
	Schema, Name string
	Description  string // "" is none
	// View is set for a relation that is computed, as those of schema tidegate; Definition is then what
	// pg_get_viewdef tells.
	View       bool
	Definition string
	Pretty     string // Definition with fewer parentheses; "" is the same
	// Materialized is set for a view that holds rows; View is not set then.
	Materialized bool
	Columns      []Column
	Uses         []ColumnUse // of a view: the columns that it reads, those that are not there for whoever looks too
	Part         bool        // it has other columns, which are not for whoever looks: no privilege on it is one on the table
	Writable     bool        // whoever looks may change it
	// Cold says that nothing of it is in a warehouse: Redshift calls that an external table.
	Cold        bool
	PartitionBy []string
	Rows        int64 // -1 is not known
	Bytes       int64
	Keys        []Key
	Indexes     []Index // those that keys have not
}

// ColumnUse is a column that a view reads.
type ColumnUse struct{ Schema, Table, Column string }

// The kinds of keys, as pg_constraint writes them.
const (
	PrimaryKey = "p"
	UniqueKey  = "u"
	ForeignKey = "f"
	Check      = "c"
)

// Key is what a table promises of its rows. Nobody enforces it here.
type Key struct {
	Name    string // of the constraint, and of the index of a primary or unique key
	Kind    string
	Columns []string
	// What a foreign key refers to. If that is not among the tables, the key is not shown.
	RefSchema, RefTable string
	RefColumns          []string
	// Definition is how the warehouse writes a key that is no foreign one, and Pretty with fewer parentheses; "" of a key
	// that is its columns and no more. Of a foreign key it is what stands behind the columns that it refers to.
	Definition, Pretty string
	// What a foreign key does, as pg_constraint has it; "" is nothing special.
	OnUpdate, OnDelete, Match string
	Deferrable, Deferred      bool
	NotValid, NoInherit       bool
	Index                     IndexDetail // of a primary or unique key
	NullsEqual                bool        // it is UNIQUE NULLS NOT DISTINCT
}

// Index is an index that no key has.
type Index struct {
	Name   string
	Unique bool
	// NullsEqual is NULLS NOT DISTINCT.
	NullsEqual bool
	Columns    []string // "" is an expression
	// Definition is CREATE INDEX …, of one that is more than a B-tree over columns; "" of others.
	Definition string
	Detail     IndexDetail
}

// IndexDetail is what pg_index has of an index beside its columns. The zero one is a B-tree, all ascending.
type IndexDetail struct {
	Method     string
	Options    []int64 // indoption
	Classes    []int64 // indclass
	KeyColumns int     // 0 is all
}

// Sequence is a sequence. OwnerSchema, OwnerTable and OwnerColumn are empty if no column owns it.
type Sequence struct {
	Schema, Name, Description            string
	Type                                 pgtypes.OID
	Start, Increment, Max, Min, Cache    int64
	Cycle                                bool
	OwnerSchema, OwnerTable, OwnerColumn string
	Identity                             bool // of an identity column
}

// Column is a column of a Table, in order.
type Column struct {
	Name        string
	Type        pgtypes.Type
	Description string // "" is none
	NotNull     bool
	Default     string // an expression, "" is none
	// Identity is a (always) or d (by default), Generated is s: stored, as Default says.
	Identity, Generated string
}

// Role is a user or group.
type Role struct {
	Name            string
	Superuser       bool
	Login           bool
	ConnectionLimit int64 // 0 is none
	MemberOf        []string
}

// Setting is a setting and its value when a session begins. PostgreSQL's names take their description from
// PostgreSQL; others are custom.
type Setting struct{ Name, Value, Description string }
