package etl

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"tidegate/catalog"
	"tidegate/internal/storage"
)

// Rebuild publishes every commit record of the lake in a catalog that has none of them, and calls published after each.
// What no record says is not there afterwards: older generations, failures, and what is hot, which the owner of the hot
// store finds out and loads.
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
		if _, err := store.Publish(ctx, record); err != nil {
			return fmt.Errorf("publish commit record %s: %w", h.key, err)
		}
		published(record)
	}
	return store.ForgetNotices(ctx) // people were told of what the records say
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
