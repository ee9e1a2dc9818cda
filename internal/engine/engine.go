// Package engine is the contract between those who decide how a statement is answered and those who answer it:
// statements and plans in, column chunks out. It is pure Go and knows no engine.
//
// duck/ implements it with embedded DuckDB, hot/ with PostgreSQL or Redshift.
package engine

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"

	"tidegate/internal/pgtypes"
)

// Engine answers statements. It is safe for concurrent use.
type Engine interface {
	// Describe gives the columns of a statement's result. It reads no data.
	Describe(ctx context.Context, s Statement) ([]Column, error)
	// Query starts a statement. Rows stream: memory is bounded whatever the result's size.
	// When ctx ends, the work is interrupted and Next returns context.Cause(ctx).
	// Errors that the client can understand are *pgerr.Error.
	Query(ctx context.Context, s Statement) (Rows, error)
}

// ErrUnavailable is in the chain of what Query returns when this engine cannot answer now and another one may be asked
// instead: it is down, has no connection left, or has not got what it should have. No row has been given then.
var ErrUnavailable = errors.New("engine is not available")

// Session is one private connection for statements that Tidegate builds itself: ETL, hot load, catalogs.
// It is not safe for concurrent use, and a new statement ends the rows of the one before.
type Session interface {
	// Exec runs one statement and gives the number of rows it changed (0 for a SELECT).
	Exec(ctx context.Context, sql string) (int64, error)
	// Query starts one statement.
	Query(ctx context.Context, sql string) (Rows, error)
	// Append begins to add rows to a temporary table of the session, or to schema.name. Until that is closed no statement
	// of the session may run.
	Append(ctx context.Context, table string) (Appending, error)
	Close() error
}

// Appending adds rows to a table, which has them all after a Close without error, and any part of them before.
type Appending interface {
	// Add copies a chunk whose vectors have the layouts of the table's columns, and whose texts are UTF-8. It is safe
	// for concurrent use; rows of several callers come in any order. After an error nothing can be added.
	Add(ctx context.Context, c *Chunk) error
	// Close ends the work. It is called once, with an error of Add too.
	Close(ctx context.Context) error
}

// Statement is text in the engine's own dialect. But for Args, values are part of the text.
type Statement struct {
	SQL string
	// Args, if not nil, are the values of $1, $2, … in SQL, which casts each of them to its type. Only engines that say
	// they take them get them. Literals says that some stood in the client's text: a plan may depend on them.
	Args     []Arg
	Literals bool
	// Before, if not "", is text that runs first, and whose error is the statement's: what PostgreSQL computes while it
	// plans. Engines that plan as PostgreSQL does need not look at it.
	Before string
	// TimeZone is the session's zone by a name that pgtypes.FindZone finds; "" is UTC.
	TimeZone string
	// Style is how the session has values read and written as text; its Zone is not looked at. Only engines that write
	// rows themselves look at it (RawRows): others have it in the text.
	Style pgtypes.Style
	// Columns, if not nil, are the names and types that the client must see, in order; the engine's own
	// types are converted to them. With nil the engine's types decide.
	Columns []Column
	// Formats are the wire formats (0 text, 1 binary), one per column, in which the caller would take the rows as
	// they are (RawRows); nil is text. Engines that make chunks do not look at them.
	Formats []int16
	// Replaceable says that another engine can answer too: what gives no sign of life within a second is better
	// ErrUnavailable than waited for.
	Replaceable bool
	// Params are the values of $1, $2, … in a statement that changes the warehouse, as the client sent them. Other
	// statements have their parameters in the text.
	Params []Param
	// Asker is for the engine's own audit and queues.
	Asker Asker
	// Files are the objects of the lake that the text scans, each with the columns it needs of them. Engines that
	// open files in place need not look at them.
	Files []ScanFile
	// Memory is what the statement is expected to need. Zero: nothing is known.
	Memory Memory
	// Waves, if not nil, are how the statement must run: the objects that it needs do not fit on this machine
	// together. SQL is then for Describe alone.
	Waves *Waves
	// Into, if not nil, takes the rows instead of the caller, who gets rows of one int8 column: their sum is how many
	// went there, once they are committed. Only engines that keep tables of their own look at it.
	Into *Into
}

// Into is a table of the engine's own that a statement's rows are put into, after those that it has.
type Into struct {
	Table   string   // in the engine's words
	Columns []string // names of it, one for each column of the statement
	// Mark is the name of a further column, and Value what every row gets there.
	Mark  string
	Value int64
}

// Memory is an estimate in bytes.
type Memory struct {
	Peak int64 // while the statement runs
	Held int64 // by its result while nobody reads it
}

// Waves are the parts of a statement, each over some of its files.
type Waves struct {
	Parts []Part
	// Final is asked of the rows of all parts, in a table that it names GatheredTable; "": the parts' rows are the
	// answer as they are, one part after the other.
	Final string
	// Limit is how many rows are enough if there is no Final; -1: all.
	Limit int64
}

// Part is one of the waves.
type Part struct {
	SQL   string
	Files []ScanFile
}

// GatheredTable is the name under which Gathering.Query finds the rows that were added.
const GatheredTable = "temp.main.gathered"

// Gatherer is an Engine that can keep the rows of several statements for a last one.
type Gatherer interface {
	// Gather begins with no row. zone is that of every statement, as in Statement.
	Gather(ctx context.Context, zone string) (Gathering, error)
}

// Gathering is a table of rows. It is not safe for concurrent use.
type Gathering interface {
	// Add runs a statement that reads, and keeps its rows. All of them must have the columns of the first.
	Add(ctx context.Context, sql string) error
	// Query starts the last statement, which may read GatheredTable.
	Query(ctx context.Context, s Statement) (Rows, error)
	// Close drops the rows, those of Query too. It may be called more than once.
	Close() error
}

// Arg is a value in PostgreSQL's text form.
type Arg struct {
	Null bool
	Text string
}

// Param is the value of a parameter in its wire format.
type Param struct {
	Type   pgtypes.OID // 0: the server decides
	Format int16       // 0 text, 1 binary
	Value  []byte      // nil is NULL
}

// Asker says for whom a statement runs.
type Asker struct {
	User       string
	QueryGroup string
	Role       string // with whose other statements it shares what there is; the user where no roles are configured
	PID        int32  // of the session
}

// ScanFile is one Parquet object of the lake as a statement scans it. Several scans of one object are several of them.
type ScanFile struct {
	Key, ETag   string
	Size        int64    // bytes
	FooterBytes int64    // metadata, its length and the magic bytes; 0: unknown
	Columns     []string // top-level columns that are in the file or absent from it, never partition columns
}

// Column is one column of a result as the client sees it.
type Column struct {
	Name   string
	Type   pgtypes.Type
	Origin Origin
}

// Origin is the column of a relation that a Column is, unchanged; the zero Origin is none.
type Origin struct {
	Relation  int64 // OID
	Attribute int16 // attnum
}

// Rows is a result in chunks. It is not safe for concurrent use.
type Rows interface {
	Columns() []Column
	// Next gives the next chunk, or io.EOF after the last. The chunk and every slice in it are valid
	// until the following Next or Close. A failure in mid-stream is an error here, never an early io.EOF.
	Next(ctx context.Context) (*Chunk, error)
	// Close ends the work, wherever it is. It may be called more than once.
	Close() error
}

// RawRows is a result whose rows already are messages of the protocol: they can pass as bytes, without decoding.
// Between calls of CopyDataRows and Next no row is lost or given twice.
type RawRows interface {
	Rows
	// Formats gives every column's format as the rows come; nil if they do not come in the types of Columns and
	// must be read by Next.
	Formats() []int16
	// CopyDataRows writes whole DataRow messages to w, at most limit of them, and gives their number. done is set
	// if the end was seen; after exactly limit rows it is not. Errors are those of Next, or w's.
	CopyDataRows(ctx context.Context, w io.Writer, limit int64) (n int64, done bool, err error)
}

// Route says who answers.
type Route string

// The routes of design §1 that exist today.
const (
	RouteLocal Route = "local" // the gateway, the catalog, the statistics
	RouteHot   Route = "hot"
	RouteCold  Route = "cold"
)

// Plan is the router's decision about one statement: who answers it, why, and the statement in that engine's
// dialect. The gateway runs it and tells the client and the query log what it says.
type Plan struct {
	Route     Route
	Reason    string // one sentence: what decided
	Engine    Engine
	Statement Statement
	Notices   []Notice

	// HotOnly says that the statement reads what only the warehouse has: a session that changed it reads over its own
	// connection.
	HotOnly bool
	// Temporary says that the statement reads temporary tables of its session: it has to begin before they change.
	Temporary bool

	Generation int64
	AsOf       time.Time // when that generation was committed

	FilesKept, FilesPruned int
	Bytes                  int64 // that the plan expects to read
	CachedBytes            int64 // of these, already on this machine
	Estimate               time.Duration
	Latency                string // the latency class that applied
	// Explain gives the lines of EXPLAIN (ROUTE). It is called by EXPLAIN only: writing the plan down is work.
	Explain func() []ExplainLine

	// Otherwise, if not nil, makes the plan to take instead when Query failed with ErrUnavailable. It is called at
	// most once and moves to the new plan what this one holds: this one's Release is not called any more.
	Otherwise func(err error) (*Plan, error)
	// Release gives back what the plan holds (its generation). Nil or called exactly once, after the last row.
	Release func()
	// Observe, if not nil, takes the measured time of a statement that ended well.
	Observe func(elapsed time.Duration)
}

// ExplainLine is one fact of EXPLAIN (ROUTE): "Route: hot". Key is the JSON name, in snake_case.
type ExplainLine struct {
	Label string // "Cold SQL"
	Key   string // "cold_sql"
	Value any    // string, int64 or []string
	Text  string // the value as the text form shows it
}

// Notice is a message beside the result: NOTICE or WARNING.
type Notice struct {
	Severity string // "NOTICE" or "WARNING"
	Code     string // SQLSTATE, 00000 or 01000 class
	Message  string
	Detail   string
	Hint     string
	Where    string // PostgreSQL's CONTEXT
}

// Loader fills tables of an engine from Go values, for catalogs and system views.
type Loader interface {
	// Replace makes schema.table anew with these columns and rows; readers see the old table or the new one.
	// A value is nil, bool, int64, float64, string, []byte or time.Time, as the column's type needs;
	// []string and []int64 fill a list column of a text or integer type whose List is set.
	Replace(ctx context.Context, schema, table string, columns []LoadColumn, rows iter.Seq[[]any]) error
}

// LoadColumn is a column of a loaded table.
type LoadColumn struct {
	Name string
	Type pgtypes.OID
	List bool
}
