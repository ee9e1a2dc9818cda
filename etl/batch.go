package etl

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// The temporary tables and views of a batch's session.
const (
	sourceTable = "_tg_source" // first stage: a view of the validated records that the SELECT gets
	rowsTable   = "_tg_rows"   // what the SELECT gave, as the table's columns; not temporary in a scratch database
	losersTable = "_tg_losers" // row ids of b.rows that deduplication drops
	sortedTable = "_tg_sorted" // b.rows by partition and cluster_by, if it must be cut into many files
)

// batch is one atomic piece of output in the making.
type batch struct {
	*run
	log     *slog.Logger // the run's, with the batch
	session engine.Session
	table   *catalog.Table // as this batch will leave it
	view    *catalog.View  // what was there when the batch began, or when it was deduplicated
	basis   *int64         // the generation of that view, if it was deduplicated
	recipe
	id       string
	revision int    // 1, or one more than the batch's last: its inputs were replaced in the ledger since, and came back
	attempt  string // 4 hex digits, fresh in every attempt: a dead one's files are never met
	dir      string // for files in the making
	started  time.Time
	leases   []catalog.Lease // what it needs to be published
	release  func() error    // of those that it took itself
	overrun  *overrunWatch   // nil: nobody knows how long it should take
	remade   []member        // of a RecordRemake: what remakes names
	progress Progress        // nil: nobody asks

	watch      stopwatch
	serialFrom time.Duration // by the watch: when it got the lease to commit

	counts     catalog.Counts
	parsed     int64 // records that the SELECT saw
	rejects    map[string]int64
	places     []storage.Object // what raw.ObjectColumn counts: where the records are from
	originals  originals        // nil: records have no text that could be found again
	cuts       []string         // columns that may be cut, in order of their cutColumn
	truncated  map[string]int64 // rows in which the column was cut
	bytesIn    int64
	quarantine string // key; "" without rejects
	notes      catalog.Notes
	lookups    []catalog.Lookup // as they were read
	selected   string           // what makes rows of the records in sourceTable: a SELECT of b.rows' columns, DuckDB's text
	room       room
	rows       string // rowsTable, wherever it is
	scratch    bool   // it is in a scratch database
	sortable   int64  // then: rows that can be sorted in memory
	filled     bool   // it is there

	parts    []part
	writable string // the table that holds the rows to write: b.rows, or sortedTable once there is one
	files    []catalog.FileRecord
	subset   *catalog.Subset
	checksum uint64
}

// part is one partition of the batch's output.
type part struct {
	name      string // "dt=2018-02-15"; "" without partitions
	condition string // of its rows among others
	rows      int64
	checksum  uint64 // of the rows' columns that are in the files
	first     int64  // row id in sortedTable; its rows follow each other
	files     int    // that are in the lake
}

// checkError says that a batch's data, not its surroundings, forbids to publish it: other batches may go on.
type checkError struct{ error }

func (e *checkError) Unwrap() error { return e.error }

func unsound(format string, args ...any) error { return &checkError{fmt.Errorf(format, args...)} }

// newBatch opens a session and a folder for a batch.
func (t *run) newBatch(ctx context.Context, view *catalog.View, table *catalog.Table, of recipe) (*batch, error) {
	b := &batch{
		run: t, table: table, view: view, recipe: of,
		leases: slices.Clone(t.under), release: func() error { return nil },
		id: batchID(t.p.Table, t.p.Version(), of), started: t.Now(), rejects: map[string]int64{}, truncated: map[string]int64{},
		room: t.room(), rows: rowsTable,
	}
	var random [2]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("choose a name for the attempt: %w", err)
	}
	b.watch.meter = t.meter
	b.attempt = hex.EncodeToString(random[:])
	b.dir = filepath.Join(t.dir, b.id+"."+b.attempt)
	if err := os.MkdirAll(b.dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the batch's work folder: %w", err)
	}
	b.log = t.log.With(logkey.Batch, b.id)
	for _, in := range of.inputs {
		b.bytesIn += in.Size
	}
	if err := b.revise(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(b.dir))
	}
	session, err := t.Engine.Session(ctx)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open a session for batch %s: %w", b.id, err), os.RemoveAll(b.dir))
	}
	b.session = session
	if err := b.exec(ctx, "SET TimeZone = 'UTC'"); err != nil {
		return nil, errors.Join(err, b.close(ctx))
	}
	if err := b.expect(ctx); err != nil {
		return nil, errors.Join(err, b.close(ctx))
	}
	b.watch.start()
	return b, nil
}

// revise chooses the first revision that is not published.
func (b *batch) revise(ctx context.Context) error {
	for b.revision = 1; ; b.revision++ {
		applied, err := b.Store.Applied(ctx, b.p.Table, b.id, b.revision)
		if err != nil {
			return fmt.Errorf("look up batch %s: %w", b.id, err)
		}
		if !applied {
			return nil
		}
	}
}

// close ends the session, its temporary tables with it, removes the files in the making and lets other batches commit.
func (b *batch) close(ctx context.Context) error {
	b.watch.stop()
	b.overrun.stop()
	// Whether the work is over or the context: the file must be let go of.
	forever := context.WithoutCancel(ctx)
	if err := b.closeScratch(forever); err != nil {
		b.log.WarnContext(ctx, "a batch's scratch database stays open until the run ends", logkey.Error, err) // what is committed stays so
	}
	return errors.Join(b.session.Close(), os.RemoveAll(b.dir), b.release())
}

// runFolder is the batch's folder below a partition or below _hot/<table>.
func (b *batch) runFolder() string {
	return fmt.Sprintf("run=%s.r%d.%s", b.id, b.revision, b.attempt)
}

func (b *batch) bytesOut() int64 {
	var n int64
	for i := range b.files {
		n += b.files[i].Bytes
	}
	if b.subset != nil {
		n += b.subset.Bytes
	}
	return n
}

// takesPlace reports whether the batch is of rows that another process may replace meanwhile.
func (b *batch) takesPlace() bool {
	return b.kind == catalog.RecordRemake || b.kind == catalog.RecordCompact
}

// exec runs one statement. Its text is ours and long: errors name its beginning.
func (b *batch) exec(ctx context.Context, statement string) error {
	if _, err := b.session.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", beginning(statement), err)
	}
	return nil
}

func beginning(statement string) string {
	words := strings.Fields(statement)
	if len(words) > 6 {
		words = append(words[:6:6], "…")
	}
	return strings.Join(words, " ")
}

// settle writes, verifies and commits what the transformation left in b.rows: the part of a batch that is the
// same for both stages.
func (b *batch) settle(ctx context.Context) error {
	if err := b.arrange(ctx); err != nil {
		return fmt.Errorf("arrange the rows: %w", err)
	}
	b.Step("arranged")
	if err := b.write(ctx); err != nil {
		return fmt.Errorf("write: %w", err)
	}
	b.Step("written")
	if err := b.verify(ctx); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	b.Step("verified")
	if err := b.keepRules(ctx); err != nil {
		return err
	}
	return b.commit(ctx)
}

// finish closes the batch and tells how it ended: a failure is noted in the catalog. A batch that was only interrupted has
// not failed: the next run makes it.
func (b *batch) finish(ctx context.Context, err error) error {
	err = errors.Join(err, b.close(ctx))
	if err == nil {
		return nil
	}
	if lost(ctx, err) || isStale(err) || ctx.Err() != nil && !isCheck(err) {
		return fmt.Errorf("batch %s: %w", b.id, err)
	}
	b.reporting.Lock()
	b.report.Failed++
	b.reporting.Unlock()
	// The note must not be lost because the run was asked to stop.
	note := b.Store.NoteFailure(context.WithoutCancel(ctx), catalog.Batch{
		Table: b.p.Table, ID: b.id, Revision: b.revision, State: catalog.BatchFailed, Counts: b.counts,
		BytesIn: b.bytesIn, StartedAt: b.started, FailedAt: b.Now(), Reason: err.Error(), Notes: b.notes, Kind: b.kind,
	})
	if note != nil {
		note = fmt.Errorf("note the failure: %w", note)
	}
	return errors.Join(fmt.Errorf("batch %s: %w", b.id, err), note)
}
