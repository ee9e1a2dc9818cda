// Package pipeline reads pipeline files: a SELECT in NAME.sql and what is around it in NAME.yml, or a NAME.yml alone that
// adopts what others write.
//
// Load checks everything that can be checked without data, and says every error once with file and line.
package pipeline

import (
	"time"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// Pipeline is one pair of files, or one that adopts, checked.
type Pipeline struct {
	Name    string // path below the pipelines folder without extension: "web/events"
	SQLFile string // as given to Load, for messages
	YMLFile string
	SHA256  string // hex, of the .sql, a zero byte and the .yml
	SQL     string

	Table       catalog.Name
	Description string
	Source      *Source        // nil: second stage, reads tables, or Adopt is set
	Lookups     []Lookup       // that a first stage may join to its source
	Adopt       *Adopt         // nil: the pipeline has a SELECT
	Upstream    []catalog.Name // tables that a second stage reads
	Time        *catalog.TimeSpec
	PartitionBy []string // output columns; "dt" is made from Time
	ClusterBy   []string
	UniqueKey   []string
	Keys        catalog.Keys
	Hot         *catalog.HotSpec
	// MaxStaleness is catalog.Table's.
	MaxStaleness *time.Duration
	Columns      []Column // in the yml's order; refines columns of the SELECT
	Checks       Checks
	// KeepQuarantine is how long rejected records are kept; 0: for ever.
	KeepQuarantine time.Duration
	MaxBytes       int64 // of input objects per batch
	MaxObjects     int
	Schedule       *Schedule     // nil: it runs with what it reads, or when it is told to
	Lookback       time.Duration // second stage: how far a change widens what is rebuilt
	// KeysLine is where YMLFile declares the first of Keys; 0: nowhere.
	KeysLine int
	// FromTableLine is where YMLFile says that the hot columns are those of the hot table; 0: it does not.
	FromTableLine int

	// Statement is the parsed SELECT. First stage: its relation is "source".
	Statement *sql.Statement
}

// Version is what the catalog and batch ids call the pipeline's version.
func (p *Pipeline) Version() string { return p.SHA256[:12] }

// Source says where raw records are and what they must be.
type Source struct {
	Location string // "file:./raw/web/", "s3://…"; relative file paths are below the process's folder
	// Events is the URL, ARN or name of the SQS queue that S3's messages of new objects come to, on line EventsLine of
	// YMLFile; "" is none.
	Events     string
	EventsLine int
	Format     string // json, csv, tsv, avro or parquet
	Required   []string
	Fields     []Field // declared fields of the raw record, in the yml's order
	CSV        CSV     // of the formats csv and tsv
	// CollectUnknown says that source has the json column RestField: an object of the fields that are not named.
	CollectUnknown bool
}

// RestField is the column of source that collects the fields of a record that the pipeline does not name.
const RestField = "_rest"

// Collects reports whether a field of source is the one that collects those that are not named.
func (s *Source) Collects(f Field) bool { return s.CollectUnknown && f.Name == RestField }

// Tabular reports whether records are lines of fields that are texts: CSV and TSV.
func (s *Source) Tabular() bool { return s.Format == "csv" || s.Format == "tsv" }

// CSV says how the fields of a line are written.
type CSV struct {
	Delimiter byte
	NullAs    string // a field of this text without quotes is NULL
	Header    bool   // the first record of an object has the names; without it the fields are Source.Fields
	// BlankIsNull makes a record of a line without anything, where records have one field: as PostgreSQL's COPY writes NULL.
	BlankIsNull bool
}

// Field is a declared field of a raw record.
type Field struct {
	Name string
	Type pgtypes.Type
}

// Column refines an output column.
type Column struct {
	Name        string
	Type        *pgtypes.Type // nil: the SELECT's
	Description string
	MaxBytes    int    // 0: no limit
	OnOverflow  string // truncate or reject, when longer than MaxBytes
	Line        int    // in the yml, of an adopted table's column
}
