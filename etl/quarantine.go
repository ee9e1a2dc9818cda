package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/etl/raw"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// keptBatches is how many of a table's newest batches keep their quarantine whatever its age: a clock that jumps, or an old
// data set that is loaded once, must not take away what one is about to look at.
const keptBatches = 10

// tidyQuarantine removes the quarantine files that are older than the pipeline keeps them, and those whose records are not in
// the quarantine: an attempt left them that died or failed, or a requeue or a remake that died had still to remove them. Nobody
// else may work on the table meanwhile, for a batch in the making has a file too.
func (t *run) tidyQuarantine(ctx context.Context) error {
	var files []storage.Object
	var keys []string
	for f, err := range t.Lake.List(ctx, raw.QuarantineFolder(t.p.Table), "") {
		if err != nil {
			return fmt.Errorf("list the quarantine: %w", err)
		}
		files, keys = append(files, f), append(keys, f.Key)
	}
	if len(files) == 0 {
		return nil
	}
	batches, err := t.batchesByID(ctx)
	if err != nil {
		return err
	}
	read, err := t.Store.KnownKeys(ctx, t.p.Table, keys)
	if err != nil {
		return fmt.Errorf("read the ledger of inputs: %w", err)
	}
	tidy := tidying{run: t, batches: batches, read: read, kept: keptFrom(batches)}
	if t.p.KeepQuarantine > 0 {
		tidy.before = t.Now().Add(-t.p.KeepQuarantine)
	}
	for _, f := range files {
		why, err := tidy.why(ctx, f)
		if err != nil {
			return err
		}
		if why == "" {
			continue
		}
		if err := t.Lake.Delete(ctx, f.Key); err != nil {
			return fmt.Errorf("remove %s: %w", f.Key, err)
		}
		t.log.InfoContext(ctx, "quarantine file removed", logkey.File, f.Key, logkey.Bytes, f.Size, logkey.Reason, why)
	}
	return nil
}

// tidying is what decides which quarantine files of a table stay.
type tidying struct {
	*run
	batches map[string]catalog.Batch // that are published
	read    map[string]string        // by requeues
	before  time.Time                // when what is old was modified; zero: nothing is
	kept    int64                    // seq from which on nothing is old
	failed  map[string]bool          // ids; nil: they were not asked for yet
}

// why says why a file is to go, "" if it stays.
func (t *tidying) why(ctx context.Context, f storage.Object) (string, error) {
	_, id, _ := raw.ParseQuarantinePath(f.Key)
	b, published := t.batches[id]
	old := f.LastModified.Before(t.before) && (!published || b.Seq < t.kept && b.CommittedAt.Before(t.before))
	switch {
	case old:
		return "older than keep_quarantine", nil
	case !published:
		return t.whyUnpublished(ctx, f, id)
	case b.RemadeBy != 0:
		return "its batch was made again", nil
	case t.read[f.Key] == f.ETag:
		return "its records were requeued", nil
	}
	return "", nil
}

// whyUnpublished keeps what a commit record names, which is still to be published, and what shows why a batch of new objects
// failed, until another one reads these.
func (t *tidying) whyUnpublished(ctx context.Context, f storage.Object, id string) (string, error) {
	_, err := t.Lake.Stat(ctx, catalog.RecordPath(t.p.Table, id, 1))
	if !errors.Is(err, storage.ErrNotFound) {
		return "", err
	}
	if t.failed == nil {
		if err := t.readFailed(ctx); err != nil {
			return "", err
		}
	}
	if !t.failed[id] {
		return "no batch names it", nil
	}
	body, _, err := t.Lake.Get(ctx, f.Key, f.ETag)
	if err != nil {
		return "", fmt.Errorf("read %s: %w", f.Key, err)
	}
	first, err := firstOf(body)
	if err := errors.Join(err, body.Close()); err != nil {
		return "", fmt.Errorf("read %s: %w", f.Key, err)
	}
	known, err := t.Store.KnownKeys(ctx, t.p.Table, []string{first.Object})
	if err != nil {
		return "", fmt.Errorf("read the ledger of inputs: %w", err)
	}
	if etag, ok := known[first.Object]; ok && etag == first.ETag {
		return "another batch read its objects", nil
	}
	return "", nil
}

// readFailed finds the batches that failed, but for those of records that batches before have: their quarantine counts.
func (t *tidying) readFailed(ctx context.Context) error {
	all, err := t.Store.Batches(ctx)
	if err != nil {
		return err
	}
	t.failed = map[string]bool{}
	for i := range all {
		b := &all[i]
		if b.Table == t.p.Table && b.State == catalog.BatchFailed && b.Kind != catalog.RecordRequeue && b.Kind != catalog.RecordRemake {
			t.failed[b.ID] = true
		}
	}
	return nil
}

// keptFrom gives the seq of the oldest of the keptBatches newest batches, of which compactions are none.
func keptFrom(batches map[string]catalog.Batch) int64 {
	var seqs []int64
	for _, b := range batches {
		if b.Kind != catalog.RecordCompact {
			seqs = append(seqs, b.Seq)
		}
	}
	slices.Sort(seqs)
	if len(seqs) <= keptBatches {
		return 0
	}
	return seqs[len(seqs)-keptBatches]
}
