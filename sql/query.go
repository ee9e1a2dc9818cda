// Package sql is the language: it alone reads SQL text. Text becomes Statements (Parse), a read becomes a Query
// bound to the catalog's relations (Bind), and a Query becomes DuckDB text (Render).
//
// The fence of the cold side is here: nothing is rendered but a SELECT deparsed from a syntax tree in which every
// function, operator, type and relation is on our list. Everything else is refused with its reason.
package sql

import (
	"time"

	"tidegate/internal/pgtypes"
)

// Kind is what a statement is, as far as the session and the router must know.
type Kind uint8

// The kinds of statement.
const (
	KindEmpty       Kind = iota // nothing but white space and comments
	KindSelect                  // SELECT, VALUES, TABLE, WITH … SELECT
	KindExplain                 // EXPLAIN [(ROUTE, FORMAT …)]: Explain
	KindSet                     // SET, RESET: Set
	KindShow                    // SHOW: Show
	KindTransaction             // BEGIN, COMMIT, ROLLBACK, SAVEPOINT, …: Transaction
	KindPrepare                 // PREPARE: Prepared
	KindExecute                 // EXECUTE: Prepared
	KindDeallocate              // DEALLOCATE: Prepared
	KindDiscard                 // DISCARD: Words
	KindCursor                  // DECLARE, FETCH, MOVE, CLOSE: Cursor
	KindCall                    // CALL: Call
	KindCopy                    // COPY: Copy
	KindWrite                   // DDL, DML, SELECT INTO, GRANT, …
	KindOther                   // parses, but is none of these (DO, LOAD, …)
	KindLock                    // LOCK TABLE: Lock
	KindNotify                  // LISTEN, UNLISTEN, NOTIFY: Notify
	KindConstraints             // SET CONSTRAINTS: Constraints
)

// TableName is a relation's name; Schema is "" if the text gave none.
type TableName struct{ Schema, Table string }

// String gives "schema.table" or "table".
func (n TableName) String() string {
	if n.Schema == "" {
		return n.Table
	}
	return n.Schema + "." + n.Table
}

// Hints are what the statement's comments /*+ tidegate … */ ask for; "" and 0 are not said.
type Hints struct {
	Latency  string // interactive, standard, archive
	Engine   string // hot, cold
	MaxScan  int64  // bytes
	Warnings []string
}

// Class tells a relation's kind.
type Class uint8

// The classes of relation.
const (
	ClassLake      Class = iota // in the lake, hot in part
	ClassSystem                 // pg_catalog, information_schema, tidegate
	ClassHotOnly                // in the warehouse, not in the lake
	ClassTemporary              // of one session, kept by Tidegate
)

// Relation is what the binder must know of a relation.
type Relation struct {
	Name    TableName // Schema is never ""
	Class   Class
	OID     int64 // as the system relations number it; 0 is not known
	View    bool  // of the warehouse, or a system view
	Columns []Column
	// Endless says that its dates and timestamps may be infinite: nobody has looked at them before they came to lie there.
	Endless bool
	// Reads are the relations that a view of the warehouse reads itself.
	Reads []TableName
	// Hidden are columns that are not there for the asker: the filter alone reads them.
	Hidden []Column
	// Filter decides which rows are there for the asker; nil is all.
	Filter *RowFilter
	// Temporary is what a relation of ClassTemporary is made of, and Part which of its rows are read.
	Temporary *TemporaryTable
	Part      TemporaryPart
}

// Column is a column of a relation.
type Column struct {
	Name string
	Type pgtypes.Type
	// Foreign names a type that Tidegate does not know: the column cannot be read, and Type is text. "" is known.
	Foreign string
}

// Catalog finds relations by name. Names are as PostgreSQL folds them: lower case unless they were quoted.
type Catalog interface {
	Relation(schema, table string) (*Relation, bool)
	HasSchema(schema string) bool
}

// Env is the session as the binder sees it: what unqualified names and session functions mean.
type Env struct {
	SearchPath []string // "$user" and missing schemas are skipped; pg_catalog is always searched first
	Database   string
	User       string
	BackendPID int32
	Version    string                           // what version() answers
	Settings   func(name string) (string, bool) // current_setting
	Now        time.Time                        // of the transaction: now(), current_timestamp
	Statement  time.Time                        // of the statement: statement_timestamp()
	Zone       *time.Location                   // session TimeZone
	Style      pgtypes.Style                    // the session's, without its Zone
	ParamTypes []pgtypes.OID                    // from the client's Parse; 0 is not told
	// Where, if not nil, makes of the condition in the statement's own WHERE, as DuckDB's text, the one that takes its place.
	Where func(condition string) string
}

// Arg is the value of a parameter in PostgreSQL's text form.
type Arg struct {
	Null bool
	Text string
}

// Use is one mention of a base relation in a Query, with what the Query needs of it.
type Use struct {
	Relation *Relation
	Alias    string
	// Columns are the columns that the Query refers to, in the relation's order. Empty for count(*).
	Columns []string
	// Where maps a column to the values that rows of this relation must have for the Query to see them: what the
	// predicates prove, by AND over columns. A column that is not in it may have any value.
	Where map[string]Domain
	// Exact says that Where is the whole truth: the Query sees a row of the relation if and only if its values
	// are in these domains (no other predicate, no join, no row filter).
	Exact bool

	tableOID bool      // of a table that is brought: its row's system column tableoid is read
	filtered *filtered // nil: nobody's filter is in front of the relation
}

// Domain is a set of values of one column.
type Domain struct {
	Null      bool       // NULL is in it
	Intervals []Interval // sorted, disjoint; none means no value that is not NULL
}

// Interval is a range of values; nil bounds are open ends.
type Interval struct {
	Low, High         *pgtypes.Datum
	LowOpen, HighOpen bool // the bound itself is excluded
}

// Shape says what the router may do with a Query without reading all of it.
type Shape struct {
	// Statistics is set if the Query is a plain list of count(*), count(col), min(col), max(col) over one relation
	// with Exact predicates and no GROUP BY, HAVING, DISTINCT, LIMIT or OFFSET: then one row answers it.
	Statistics []StatCall
	// Limit is the number of rows a preview needs (LIMIT + OFFSET), -1 if the Query is none: one relation, no
	// aggregate, GROUP BY, DISTINCT, window function, set operation.
	Limit int64
	// OrderBy is set for a preview with exactly one ORDER BY key that is a bare column of the relation.
	OrderBy   string
	OrderDesc bool
	// Filtered is set for a preview that has a WHERE clause, or of a relation with a row filter.
	Filtered bool
	// Keeps says what has to be kept of the rows that are read before the first row of the answer.
	Keeps Keeps
}

// Keeps is what a Query keeps of the rows that it reads.
type Keeps uint8

// What is kept. It is rather said to be too much than too little.
const (
	KeepsNothing Keeps = iota // rows come as they are read, or as many as LIMIT says, or only sums of them
	KeepsGroups               // a row for each group or distinct row
	KeepsRows                 // all of them: they are sorted, joined, framed
)

// StatCall is one output column of a statistics query.
type StatCall struct {
	Func   string // count, min, max
	Column string // "" for count(*)
}
