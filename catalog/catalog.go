// Package catalog knows what is where: tables, batches, files with their statistics, and which of them are hot.
//
// A generation is the catalog's version number; every change is one transaction and one generation. Readers hold
// an immutable View of one generation. metastore/ stores it in an SQL database; the commit records in the lake (Record)
// are the truth from which it can be rebuilt.
package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"tidegate/internal/hive"
	"tidegate/internal/pgtypes"
)

// ErrConflict says that a record contradicts what the catalog holds: the same batch and revision with other
// content, or a schema that does not follow from the one before.
var ErrConflict = errors.New("catalog conflict")

// ErrNoGeneration says that there is no generation of this number.
var ErrNoGeneration = errors.New("no such generation")

// Name is a table's identity, lower case.
type Name struct{ Schema, Table string }

// ParseName reads "web.events".
func ParseName(s string) (Name, bool) {
	schema, table, ok := strings.Cut(s, ".")
	return Name{schema, table}, ok && schema != "" && table != "" && !strings.Contains(table, ".")
}

// String gives "web.events", the key used everywhere.
func (n Name) String() string { return n.Schema + "." + n.Table }

// Compare orders names by their text: -1, 0, 1.
func (n Name) Compare(m Name) int { return strings.Compare(n.String(), m.String()) }

// MarshalText and UnmarshalText make a Name a JSON string.
func (n Name) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads "schema.table".
func (n *Name) UnmarshalText(b []byte) error {
	m, ok := ParseName(string(b))
	if !ok {
		return errors.New("table name " + string(b) + " is not schema.table")
	}
	*n = m
	return nil
}

// Table is a logical relation. It is part of every commit record, so that the records alone can rebuild it.
type Table struct {
	ID            int64     `json:"-"`
	Name          Name      `json:"name"`
	Description   string    `json:"description,omitempty"`
	SchemaVersion int       `json:"schema_version"`
	Columns       []Column  `json:"columns"` // every column, partition columns included, in order
	PartitionBy   []string  `json:"partition_by,omitempty"`
	Time          *TimeSpec `json:"time,omitempty"`
	ClusterBy     []string  `json:"cluster_by,omitempty"`
	UniqueKey     []string  `json:"unique_key,omitempty"`
	Hot           *HotSpec  `json:"hot,omitempty"` // nil: Tidegate loads nothing of it into the hot store
	// MaxStaleness is how far behind an interactive answer may be while newer data is not hot yet; 0: not at all,
	// nil: DefaultMaxStaleness.
	MaxStaleness *time.Duration `json:"max_staleness,omitempty"`
	// Adopt is set for a table that others write: then File.Path is an object's URL.
	Adopt *AdoptSpec `json:"adopt,omitempty"`
	Keys
}

// Keys are what a table's owner promises of its rows, for clients that ask. Nobody enforces them.
type Keys struct {
	PrimaryKey  []string     `json:"primary_key,omitempty"`
	ForeignKeys []ForeignKey `json:"foreign_keys,omitempty"`
}

// ForeignKey says that the values of some columns are those of another table's columns, in the same order.
type ForeignKey struct {
	Columns    []string `json:"columns"`
	References Name     `json:"references"`
	Key        []string `json:"key"`
}

// Column is one column of a table.
type Column struct {
	Name        string       `json:"name"`
	Type        pgtypes.Type `json:"type"`
	Description string       `json:"description,omitempty"`
	// Partition columns are not in the files: their value is in the path.
	Partition bool `json:"partition,omitempty"`
	// MaxBytes is the length in UTF-8 that no value of the column exceeds, in any file; 0: no limit is known. It is for
	// text, varchar and json.
	MaxBytes int `json:"max_bytes,omitempty"`
	// FileType is DuckDB's type of the values in the files, of a json column whose values are nested there:
	// "STRUCT(a BIGINT)". "" of all others.
	FileType string `json:"file_type,omitempty"`
}

// TimeSpec says which column is the table's time and how it becomes the partition key dt.
type TimeSpec struct {
	Column string `json:"column"`
	Zone   string `json:"zone"`  // IANA name
	Grain  string `json:"grain"` // hour, day or month
}

// HotMaxBytes is the longest text or json of a hot column, in bytes of UTF-8: Redshift's longest VARCHAR.
const HotMaxBytes = 65535

// HotSpec says what of the table is hot.
type HotSpec struct {
	Columns []string `json:"columns"` // in the table's order; partition columns included, unless FromTable
	// FromTable says that the live hot table decides which columns are hot: Columns and Limits are what NoteHotTable
	// said last, and empty before that.
	FromTable bool       `json:"from_table,omitempty"`
	Limits    []HotLimit `json:"limits,omitempty"`
	// Keep is the window before the newest partition's end; 0 keeps everything.
	Keep time.Duration `json:"keep,omitempty"`
	Sort []string      `json:"sort,omitempty"`
	Dist string        `json:"dist,omitempty"`
	// Format is that of the column subset: FormatAvro, or "" for Parquet.
	Format string `json:"format,omitempty"`
}

// HotLimit is the longest text that a column of a live hot table takes. One of the two is set.
type HotLimit struct {
	Column   string `json:"column"`
	MaxBytes int    `json:"max_bytes,omitempty"` // of UTF-8
	MaxChars int    `json:"max_chars,omitempty"`
}

// MayHave reports whether the hot table may have the column. While it is not known what a live hot table has, it may have
// each.
func (h *HotSpec) MayHave(column string) bool {
	return slices.Contains(h.Columns, column) || h.FromTable && len(h.Columns) == 0
}

// unfit begins the name under which a hot schema version has a column that its rows lack. No column has such a name.
const unfit = "_tg_unfit:"

// Unfit stands for a hot column in Cover.HotColumns if some value of the rows does not fit it: the rows are hot without
// it. It names the column's limit too: where that is another one they are loaded again.
func (h *HotSpec) Unfit(column string) string {
	l := h.Limit(column)
	return fmt.Sprintf("%s%s:%d:%d", unfit, column, l.MaxBytes, l.MaxChars)
}

// IsUnfit reports whether a name of a hot schema version is that of a column that its rows lack.
func IsUnfit(name string) bool { return strings.HasPrefix(name, unfit) }

// Limit gives how long the texts of a hot column may be; the zero value says nothing of it.
func (h *HotSpec) Limit(column string) HotLimit {
	for _, l := range h.Limits {
		if l.Column == column {
			return l
		}
	}
	return HotLimit{}
}

// Column finds a column by name.
func (t *Table) Column(name string) (Column, bool) {
	for _, c := range t.Columns {
		if c.Name == name {
			return c, true
		}
	}
	return Column{}, false
}

// File is one Parquet object of a table.
type File struct {
	ID            int64
	Batch         string
	Revision      int
	Partition     string // "dt=2018-02-15" or "dt=2018-02-15/site_id=3"; "" without partitions
	Path          string // key in the lake; of an adopted table the object's URL: "s3://bucket/…", "file:/…"
	Rows          int64
	Bytes         int64
	ETag          string // of the object; "" in a catalog from before it was kept
	FooterBytes   int64  // metadata, its length and the magic bytes; 0: unknown
	SchemaVersion int
	Generation    int64         // that made it visible
	Stats         []ColumnStats // by the columns of the file, in the order of the table's columns at SchemaVersion
}

// ColumnStats are a column's statistics in one file.
type ColumnStats struct {
	Name  string `json:"name"`
	Bytes int64  `json:"bytes"` // compressed, all row groups
	Nulls int64  `json:"nulls"` // -1: unknown
	// Min and Max are bounds of the values that are not NULL; nil: unknown, or no such value (then Nulls = rows).
	Min *pgtypes.Datum `json:"min,omitempty"`
	Max *pgtypes.Datum `json:"max,omitempty"`
	// Exact says that Min and Max are values that occur, not only bounds (Parquet may truncate text).
	Exact bool `json:"exact,omitempty"`
}

// Stat finds a column's statistics in the file.
func (f *File) Stat(column string) (*ColumnStats, bool) {
	for i := range f.Stats {
		if f.Stats[i].Name == column {
			return &f.Stats[i], true
		}
	}
	return nil, false
}

// PartitionValue gives the value of a partition column in the path form "dt=2018-02-15/site_id=3".
// null is true for Hive's default partition; ok is false if the column is no key of the partition.
func PartitionValue(partition, column string) (value string, null, ok bool) {
	_, value, null, ok = hive.Value(partition, column)
	return value, null, ok
}

// Pair is the grain of coverage: one batch's rows in one partition.
type Pair struct{ Batch, Partition string }

// HotPart is a load: rows of a pair that are hot.
type HotPart struct {
	LoadSeq       int64 // _tg_seq of these rows in the hot table; unique per table
	SchemaVersion int   // hot schema under which they were loaded: key of HotState.Versions
}

// HotState is what of a table is hot at one generation.
type HotState struct {
	// Covered are the live pairs whose rows are all hot, with their loads by LoadSeq: one, or those of all pairs that a
	// compaction has the rows of.
	Covered map[Pair][]HotPart
	// Passed are pairs that ended in a compaction, with the loads that have their rows: some of those of a covered pair.
	Passed map[Replaced][]HotPart
	// MaxLoadSeq is the largest LoadSeq ever published up to this generation: hot rows with a larger one are newer.
	MaxLoadSeq int64
	// Withdrawn are load sequences whose rows may still lie in the hot table but no longer count.
	Withdrawn []int64
	// Versions gives the columns of each hot schema version, and HotSpec.Unfit of those that its rows lack.
	Versions map[int][]string
	// Days says which days of an adopted table are hot; nil for other tables, and before the first verification.
	Days *HotDays
}

// TableView is one table at one generation.
type TableView struct {
	Table *Table
	Files []*File // live, by Partition, then Path
	Hot   HotState
}

// View is the catalog at one generation. It is immutable.
type View struct {
	Generation  int64
	CommittedAt time.Time // of that generation; zero before the first
	// SchemaGeneration is the newest generation that changed a table's definition.
	SchemaGeneration int64
	Tables           map[Name]*TableView
}

// Counts are the algebra of a batch (design §6): Read = Blank + Rejected + parsed, and
// parsed = Filtered + Deduplicated + Emitted. Truncated are those of the emitted rows in which a value was cut to its
// column's length.
type Counts struct {
	Read         int64 `json:"read"`
	Blank        int64 `json:"blank"`
	Rejected     int64 `json:"rejected"`
	Filtered     int64 `json:"filtered"`
	Deduplicated int64 `json:"deduplicated"`
	Emitted      int64 `json:"emitted"`
	Truncated    int64 `json:"truncated,omitempty"`
}

// Add counts another batch too.
func (c *Counts) Add(more Counts) {
	c.Read += more.Read
	c.Blank += more.Blank
	c.Rejected += more.Rejected
	c.Filtered += more.Filtered
	c.Deduplicated += more.Deduplicated
	c.Emitted += more.Emitted
	c.Truncated += more.Truncated
}

// Listing says when a source was listed as a whole, for which version of the pipeline. The zero value is never.
type Listing struct {
	At      time.Time
	Version string
}

// BatchState says where a batch is.
type BatchState string

// The states of a batch.
const (
	BatchCommitted BatchState = "committed"
	BatchReplaced  BatchState = "replaced" // no live file has rows of it any more, or it was made again
	BatchFailed    BatchState = "failed"   // nothing was published
)

// Batch is one row of tidegate.batches.
type Batch struct {
	Table       Name
	ID          string
	Revision    int
	Seq         int64
	State       BatchState
	Counts      Counts
	BytesIn     int64
	BytesOut    int64
	StartedAt   time.Time
	CommittedAt time.Time // zero if failed
	FailedAt    time.Time // of NoteFailure alone: when the failure was seen
	HotLoadedAt time.Time // zero if not all of it is hot
	Reason      string    // why it failed
	Kind        RecordKind
	Version     string // of the pipeline that made it
	// Place orders a table's batches by when their objects first came, and ArrivedAt is that time: its Seq and CommittedAt,
	// but of a RecordRemake the latest of those that it was made again of.
	Place     int64
	ArrivedAt time.Time
	RemadeBy  int64 // Seq of the batch that was made in its place; 0: none
	Stale     bool  // some record's Notes.Stale names it
	Notes
}

// Load is one row of tidegate.loads: rows of a pair that were brought into the hot table.
type Load struct {
	Table         Name
	Batch         string
	Revision      int
	Partition     string
	LoadSeq       int64
	SchemaVersion int // hot schema, as HotPart's
	Rows          int64
	Generation    int64     // that published it
	LoadedAt      time.Time // when that was committed
	Withdrawn     bool      // it does not count any more, and the rows may be gone
}

// Cover publishes or withdraws hot rows of one table, as one generation.
type Cover struct {
	Table Name
	// HotColumns is the hot schema of the rows in Add; the store gives it a version number or finds the one it has.
	HotColumns []string
	Add        map[Pair]int64 // load sequence, from Store.ReserveLoad
	// Withdraw are load sequences. With one of them all others of its pair no longer count, whichever pair has its rows now.
	Withdraw []int64
}

// Store is the metastore. Every method is safe for concurrent use by goroutines and by processes.
type Store interface {
	// View gives the newest generation: not older than what this process committed, or another some milliseconds before
	// the call, nor than what an earlier call gave. It is cheap when nothing changed since the last call.
	View(ctx context.Context) (*View, error)
	// ViewAt gives an older generation: the files and the coverage that counted at it. Of its Withdrawn, what was
	// purged since may be left out. ErrNoGeneration if it is not between the horizon and the newest.
	ViewAt(ctx context.Context, generation int64) (*View, error)
	// Changed gives the first generation after one that changed the live files of one of the tables, and when it was
	// committed; 0 if none did.
	Changed(ctx context.Context, after int64, tables ...Name) (generation int64, at time.Time, err error)

	// Reserve gives the next batch seq of a table (1 for a table that is not there yet).
	Reserve(ctx context.Context, table Name) (int64, error)
	// Publish applies a commit record as one generation and gives its number. A record that is already applied
	// gives the generation it got then and changes nothing; files that a replace makes invisible lose their
	// coverage in the same generation, which goes to a compaction where all that it replaces in a partition is hot. ErrConflict if the record contradicts the catalog, ErrLeaseLost if one of the
	// leases that it was made under is lost. Under leases it is also ErrStale if one of its partitions changed after its
	// Basis, or what it remakes or replaces is no longer there, and under one with inputs *ReadError if a batch has read one of the record's.
	Publish(ctx context.Context, r *Record, under ...Lease) (int64, error)
	// Applied reports whether the batch's revision is published.
	Applied(ctx context.Context, table Name, batch string, revision int) (bool, error)
	// Compacted gives the files whose rows the pairs of compactions have that are live at a generation, as they were before
	// any: paths in order.
	Compacted(ctx context.Context, table Name, generation int64) (map[Pair][]string, error)
	// Known gives key → ETag of every input of the table's published batches whose key is from or sorts after it.
	Known(ctx context.Context, table Name, from string) (map[string]string, error)
	// KnownKeys is Known of some keys.
	KnownKeys(ctx context.Context, table Name, keys []string) (map[string]string, error)
	// RecentInput gives the smallest key that a batch read which arrived within a time before the table's last one; "" if fewer than so many inputs sort before it, or there is no batch.
	RecentInput(ctx context.Context, table Name, within time.Duration, before int) (string, error)
	// Listed gives what NoteListed noted last. Both make no new generation.
	Listed(ctx context.Context, table Name) (Listing, error)
	// NoteListed says when the source of a table was listed as a whole and all of it read; the zero value says that it
	// has to be.
	NoteListed(ctx context.Context, table Name, l Listing) error
	// Lease takes a lease and gives it its token: ErrLeased while another excludes it, *ReadError if published batches
	// have read some of its inputs. Leases that ended before now are no hindrance; taking their place loses them.
	Lease(ctx context.Context, l Lease, now time.Time) (Lease, error)
	// Leases gives a table's leases that are neither released nor lost, by token.
	Leases(ctx context.Context, table Name) ([]Lease, error)
	// RenewLeases moves the end of all leases that a process holds, and gives their tokens.
	RenewLeases(ctx context.Context, owner string, until time.Time) (held []int64, err error)
	// ReleaseLease ends a lease; one that is lost stays that.
	ReleaseLease(ctx context.Context, l Lease) error
	// ExpireLeases ends the time of all leases of a process that is dead.
	ExpireLeases(ctx context.Context, owner string) error
	// NoteFailure records a batch that was not published, for tidegate.batches, and raises why as incidents.
	NoteFailure(ctx context.Context, b Batch) error
	// Batches gives every batch of every table, oldest first.
	Batches(ctx context.Context) ([]Batch, error)
	// LiveRows gives how many rows the live files of each table have that has some: less to read than a View.
	LiveRows(ctx context.Context) (map[Name]int64, error)
	// Published gives the published batches of a table by Seq, those that were replaced or made again too. Of them
	// HotLoadedAt is not known.
	Published(ctx context.Context, table Name) ([]Batch, error)
	// LastBatches gives the newest published batches of a table by Place, newest first, without requeues, compactions and those that
	// were made again. Of them HotLoadedAt is not known.
	LastBatches(ctx context.Context, table Name, atMost int) ([]Batch, error)
	// StaleBatches gives the published batches of a table that are Stale and were not made again, by Place.
	StaleBatches(ctx context.Context, table Name) ([]BatchRef, error)

	// Raise opens an incident, or says when and with which text an open one was seen again: i.SeenAt is when. Publish raises
	// and resolves in its own transaction what the record's Notes tell.
	Raise(ctx context.Context, i Incident) error
	// RaiseAbsence raises unless a batch that is no requeue and no compaction arrived since.
	RaiseAbsence(ctx context.Context, i Incident, since time.Time) error
	// Resolve ends the open incidents of a table of which over is true.
	Resolve(ctx context.Context, table Name, at time.Time, over func(Incident) bool) error
	// Incidents gives the open incidents and those that were resolved from a time on, oldest first; the zero time gives
	// only the open ones.
	Incidents(ctx context.Context, resolvedFrom time.Time) ([]Incident, error)
	// ClaimNotice gives the oldest notice for a target that is due, not older than keep and not delivered. Until wait of
	// its attempts is over nobody else gets it; then it is due again, unless NoticeDelivered came.
	ClaimNotice(ctx context.Context, target string, now time.Time, keep time.Duration, wait func(attempts int) time.Duration) (n Notice, found bool, err error)
	NoticeDelivered(ctx context.Context, n Notice, target string, at time.Time) error
	// ForgetNotices empties the outbox: what happened so far nobody is told any more.
	ForgetNotices(ctx context.Context) error

	// NoteHotTable says what the live hot table of a table has: columns of the definition, in its order, and how long
	// texts they take. It applies this to the definition as one generation, or gives the newest if that says so already.
	// ErrConflict unless the table's hot columns are FromTable.
	NoteHotTable(ctx context.Context, table Name, columns []string, limits []HotLimit) (int64, error)

	// Loads gives every load of every table that was ever published, by table and load sequence.
	Loads(ctx context.Context) ([]Load, error)
	// ReserveLoad gives n new load sequences of a table, the first of a run without gaps.
	ReserveLoad(ctx context.Context, table Name, n int) (int64, error)
	// Cover applies a change of coverage as one generation and gives its number. A pair in Add that is no longer
	// live is ErrConflict and nothing changes, nor does it if a lease that it is made under is lost: ErrLeaseLost.
	Cover(ctx context.Context, c Cover, under ...Lease) (int64, error)
	// Purged says that the rows of these load sequences are no longer in the hot table. No new generation.
	Purged(ctx context.Context, table Name, loadSeqs []int64) error

	// CoverDays replaces what is known of an adopted table's days, as one generation if a day or a column changed.
	// It gives that generation's number, else the newest. ErrConflict if the table's files or
	// definition changed after c.Generation: then the comparison is of another table.
	CoverDays(ctx context.Context, c CoverDays) (int64, error)
	// DaySums gives the lake's side (Rows and Sum) of the live checks that were made of these columns; none of other
	// columns.
	DaySums(ctx context.Context, table Name, columns []string) (map[Day]DayCheck, error)

	// Horizon is the oldest generation that can be read; 0 at first.
	Horizon(ctx context.Context) (int64, error)
	// Retire raises the horizon. It makes no new generation; a lower number changes nothing.
	Retire(ctx context.Context, horizon int64) error
	// GenerationAt gives the newest generation that was committed up to a time, 0 if none was.
	GenerationAt(ctx context.Context, at time.Time) (int64, error)
	// NoteReader says what the statements of a process read, ReleaseReader that it reads no more.
	NoteReader(ctx context.Context, r Reader) error
	ReleaseReader(ctx context.Context, id string) error
	// Readers gives those whose time is not over.
	Readers(ctx context.Context, now time.Time) ([]Reader, error)
	// DeadFiles gives the files that no generation from this one on has, but for those of which FilesGone said that they
	// are no longer in the lake.
	DeadFiles(ctx context.Context, horizon int64) ([]DeadFile, error)
	FilesGone(ctx context.Context, table Name, paths []string) error
	// FilesPresent gives the paths of all files that a table has or had, but for those that are gone.
	FilesPresent(ctx context.Context, table Name) ([]string, error)

	Close() error
}
