package etl

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tidegate/catalog"
	"tidegate/internal/storage"
)

// Rebuild publishes every commit record of the lake in a catalog that has none of them, and calls published after each.
// What no record says is not there afterwards: older generations, failures, and what is hot, which the owner of the hot
// store finds out and loads. Records that contradict each other are a ContradictionError.
func Rebuild(ctx context.Context, store catalog.Store, lake storage.Bucket, published func(*catalog.Record)) error {
	heads, err := readHeads(ctx, lake)
	if err != nil {
		return err
	}
	for _, h := range inOrder(heads) {
		record, err := readRecord(ctx, lake, h.key)
		if err != nil {
			return err
		}
		err = readOnce(ctx, store, record)
		if err == nil {
			_, err = store.Publish(ctx, record)
		}
		if errors.Is(err, catalog.ErrConflict) {
			return &ContradictionError{Table: h.table, Key: h.key, Why: err}
		}
		if err != nil {
			return fmt.Errorf("publish commit record %s: %w", h.key, err)
		}
		published(record)
	}
	return store.ForgetNotices(ctx) // people were told of what the records say
}

// ContradictionError says that a record does not follow from those before it. A run that was taken for dead may have written one
// of them after another run had done its work: it never was published, and the next run takes it out. Without the catalog nobody
// knows which of them that is, for the seq of either may be the smaller one.
type ContradictionError struct {
	Table catalog.Name
	Key   string // of the record
	Why   error
}

func (e *ContradictionError) Error() string {
	return fmt.Sprintf("commit record %s contradicts those before it: %v. A run that was taken for dead leaves a record which was never published, until the next run: "+
		"put the catalog back that was there, and start tidegate etl run --select %s, which removes it. "+
		"If there is no catalog any more, move this record away, or the one that it contradicts if later ones follow from this; what no record has read the next run reads",
		e.Key, e.Why, e.Table)
}

func (e *ContradictionError) Unwrap() error { return e.Why }

// readOnce makes sure that no record before has read the objects of a new batch as they were: their rows would be there twice.
func readOnce(ctx context.Context, store catalog.Store, r *catalog.Record) error {
	if r.Kind != catalog.RecordAppend || len(r.Inputs) == 0 {
		return nil
	}
	keys := make([]string, len(r.Inputs))
	for i, in := range r.Inputs {
		keys[i] = in.Key
	}
	known, err := store.KnownKeys(ctx, r.Table.Name, keys)
	if err != nil {
		return err
	}
	for _, in := range r.Inputs {
		if etag, ok := known[in.Key]; ok && etag == in.ETag {
			return fmt.Errorf("%w: another one has read %s", catalog.ErrConflict, in.Key)
		}
	}
	return nil
}

// recordHead is what orders commit records. All of a long history's records would not fit into memory.
type recordHead struct {
	recordKey
	seq         int64
	committedAt time.Time
}

// headReaders is how many records are read at a time: of a bucket each takes a round trip.
const headReaders = 16

func readHeads(ctx context.Context, lake storage.Bucket) ([]recordHead, error) {
	var heads []recordHead
	for k, err := range listRecords(ctx, lake, recordFolder) {
		if err != nil {
			return nil, err
		}
		heads = append(heads, recordHead{recordKey: k})
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(headReaders)
	for i := range heads {
		g.Go(func() error {
			h := &heads[i]
			record, err := readRecord(ctx, lake, h.key)
			if err != nil {
				return err
			}
			if record.Table.Name != h.table || record.Batch != h.batch || record.Revision != h.revision {
				return fmt.Errorf("commit record %s is that of %s %s.r%d", h.key, record.Table.Name, record.Batch, record.Revision)
			}
			h.seq, h.committedAt = record.Seq, record.CommittedAt
			return nil
		})
	}
	return heads, g.Wait()
}

// inOrder sorts the records of each table by seq, and the tables' among each other by the time of commit: clocks that
// jump do not disturb the first.
func inOrder(heads []recordHead) []recordHead {
	slices.SortFunc(heads, func(a, b recordHead) int {
		return cmp.Or(a.table.Compare(b.table), cmp.Compare(a.seq, b.seq))
	})
	latest := map[catalog.Name]time.Time{}
	for i := range heads {
		h := &heads[i]
		if before := latest[h.table]; before.After(h.committedAt) {
			h.committedAt = before
		}
		latest[h.table] = h.committedAt
	}
	slices.SortStableFunc(heads, func(a, b recordHead) int { return a.committedAt.Compare(b.committedAt) })
	return heads
}
