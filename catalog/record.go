package catalog

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// RecordFormat is the version of the commit record's JSON.
const RecordFormat = 1

// RecordKind says what a commit does.
type RecordKind string

// The kinds of commit that exist today.
const (
	RecordAppend  RecordKind = "append"
	RecordReplace RecordKind = "replace" // Replaces names what its files take the place of
	// RecordRequeue appends records that batches before had rejected; its inputs are their quarantine files, which its own
	// takes the place of.
	RecordRequeue RecordKind = "requeue"
	// RecordRemake is made again of the objects of batches before, which Remakes names, and takes the place of all that they
	// are: their rows, counts and quarantine.
	RecordRemake RecordKind = "remake"
	// RecordCompact has the rows of the pairs that Replaces names in other files of the same partitions. The batches of these
	// are what they were.
	RecordCompact RecordKind = "compact"
	// Of adopted tables: objects that others wrote become files of the table, Drops names those that no longer are.
	RecordRegister RecordKind = "register"
	RecordDrop     RecordKind = "drop" // nothing but Drops
)

// Record is a commit record: <lake>/_commits/<schema>.<table>/<batch>.r<revision>.json, written once
// (If-None-Match). The records of a table, applied by Seq, are the table.
type Record struct {
	Format     int          `json:"format"`
	Table      Table        `json:"table"`
	Batch      string       `json:"batch"`
	Revision   int          `json:"revision"`
	Seq        int64        `json:"seq"`
	Kind       RecordKind   `json:"kind"`
	Pipeline   Pipeline     `json:"pipeline"`
	Inputs     []Input      `json:"inputs"`
	Counts     Counts       `json:"counts"`
	Checksum   string       `json:"checksum"` // of the emitted rows, order-independent, 16 hex digits
	Replaces   []Replaced   `json:"replaces,omitempty"`
	Remakes    []BatchRef   `json:"remakes,omitempty"` // of a RecordRemake: what is made again, batches without a row too
	Drops      []string     `json:"drops,omitempty"`   // paths of live files
	Files      []FileRecord `json:"files"`
	Subset     *Subset      `json:"subset,omitempty"` // nil: the table is never hot
	Quarantine string       `json:"quarantine,omitempty"`
	// Basis is the generation that the rows were deduplicated against; nil: they were not. Generations are those of the
	// catalog that it was made with: one that was rebuilt counts others.
	Basis *int64 `json:"basis,omitempty"`
	Notes
	StartedAt   time.Time `json:"started_at"`
	CommittedAt time.Time `json:"committed_at"`
}

// Pipeline says what made the batch.
type Pipeline struct {
	Name    string `json:"name"`
	Version string `json:"version"` // first 12 hex digits of SHA256
	SHA256  string `json:"sha256"`  // of the .sql and .yml
	// Lookups are what the SELECT could join to the source, as it was then.
	Lookups []Lookup `json:"lookups,omitempty"`
}

// Lookup is an object whose rows were joined to records by their key.
type Lookup struct {
	Name     string `json:"name"`
	Location string `json:"location"`
	ETag     string `json:"etag"`
}

// Input is one object that the batch read, or one partition of an upstream table ("web.events/dt=2018-02-15",
// its ETag a hash of the files it had).
type Input struct {
	Key     string `json:"key"`
	ETag    string `json:"etag"`
	Size    int64  `json:"size"`
	Records int64  `json:"records"`
}

// BatchRef names a batch of a table.
type BatchRef struct {
	Batch    string `json:"batch"`
	Revision int    `json:"revision"`
}

// Replaced names one partition of one batch whose files are no longer live.
type Replaced struct {
	Batch     string `json:"batch"`
	Revision  int    `json:"revision"`
	Partition string `json:"partition"`
}

// FileRecord is one full-field Parquet file.
type FileRecord struct {
	Path        string        `json:"path"`
	Partition   string        `json:"partition"`
	Rows        int64         `json:"rows"`
	Bytes       int64         `json:"bytes"`
	ETag        string        `json:"etag,omitempty"`
	FooterBytes int64         `json:"footer_bytes"`
	Columns     []ColumnStats `json:"columns"`
}

// FormatAvro is that of a column subset that is loaded by the names of its columns. The other is Parquet, "".
const FormatAvro = "avro"

// Subset is the column-subset output of the batch: what the hot store loads.
type Subset struct {
	Format   string   `json:"format,omitempty"` // FormatAvro, or "" for Parquet
	Columns  []string `json:"columns"`
	Manifest string   `json:"manifest"` // key of manifest.json
	Paths    []string `json:"paths"`
	Rows     int64    `json:"rows"`
	Bytes    int64    `json:"bytes"`
}

// RecordPath is the key of a batch's commit record.
func RecordPath(table Name, batch string, revision int) string {
	return "_commits/" + table.String() + "/" + batch + ".r" + strconv.Itoa(revision) + ".json"
}

// DecodeRecord reads a commit record's JSON. A key or format that this program does not know is an error: it may mean
// rows.
func DecodeRecord(text []byte) (*Record, error) {
	r := new(Record)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil {
		return nil, err
	}
	if r.Format != RecordFormat {
		return nil, fmt.Errorf("its format is %d, this program reads %d", r.Format, RecordFormat)
	}
	return r, nil
}
