package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/storage"
)

// errNothingPasses ends a batch of quarantined records that the present rules reject as well: nothing is to be published.
var errNothingPasses = errors.New("no quarantined record passes")

// Requeue reads the quarantined records of every first stage again, under its present rules. Those that pass become rows in
// a batch of their own, whose inputs are the quarantine files; the others are in the quarantine of that batch, and the
// files before are removed after it is published. Second stages have their turn as in Run. What no rule lets pass stays
// where it is, so a second time changes nothing.
func (r *Runner) Requeue(ctx context.Context, pipelines []*pipeline.Pipeline) (Report, error) {
	report, err := r.inOrder(ctx, pipelines, (*run).requeue)
	return report, errors.Join(err, r.tellAgain(ctx, report, catalog.RecordRequeue))
}

func (t *run) requeue(ctx context.Context) error {
	if t.p.Source == nil {
		return t.make(ctx)
	}
	return t.whole(ctx, (*run).requeueAll)
}

func (t *run) requeueAll(ctx context.Context) error {
	files, err := t.quarantines(ctx)
	if err != nil {
		return err
	}
	t.Step("discovered")
	var errs []error
	for _, group := range raw.Group(files, t.p.MaxBytes, t.p.MaxObjects) {
		err := t.group(ctx, group, func(files []storage.Object) error { return t.requeueBatch(ctx, files) })
		errs = append(errs, err)
		if err != nil && !isCheck(err) {
			break
		}
	}
	return errors.Join(errs...)
}

// quarantines gives the quarantine files of published batches, without those that a requeue or a remake has still to remove.
func (t *run) quarantines(ctx context.Context) ([]storage.Object, error) {
	batches, err := t.batchesByID(ctx)
	if err != nil {
		return nil, err
	}
	var files []storage.Object
	var keys []string
	for f, err := range t.Lake.List(ctx, raw.QuarantineFolder(t.p.Table), "") {
		if err != nil {
			return nil, fmt.Errorf("list the quarantine: %w", err)
		}
		_, batch, _ := raw.ParseQuarantinePath(f.Key)
		if b, ok := batches[batch]; ok && b.RemadeBy == 0 {
			files, keys = append(files, f), append(keys, f.Key)
		}
	}
	read, err := t.Store.KnownKeys(ctx, t.p.Table, keys)
	if err != nil {
		return nil, fmt.Errorf("read the ledger of inputs: %w", err)
	}
	return slices.DeleteFunc(files, func(f storage.Object) bool { return read[f.Key] == f.ETag }), nil
}

// batchesByID gives the table's published batches: of the revisions of one the newest.
func (t *run) batchesByID(ctx context.Context) (map[string]catalog.Batch, error) {
	all, err := t.Store.Published(ctx, t.p.Table)
	if err != nil {
		return nil, err
	}
	byID := make(map[string]catalog.Batch, len(all))
	for i := range all {
		byID[all[i].ID] = all[i]
	}
	return byID, nil
}

// requeueBatch makes a batch of what passes of some quarantine files.
func (t *run) requeueBatch(ctx context.Context, files []storage.Object) error {
	inputs, newest := inputsOf(files)
	b, err := t.beginBatch(ctx, recipe{kind: catalog.RecordRequeue, inputs: inputs, newest: newest})
	if err != nil {
		return err
	}
	err = b.runRecords(ctx, func() (string, error) { return b.loadQuarantine(ctx, files) })
	if errors.Is(err, errNothingPasses) {
		return b.close(ctx)
	}
	if err := b.finish(ctx, err); err != nil {
		return err
	}
	for _, f := range files {
		if err := t.Lake.Delete(ctx, f.Key); err != nil {
			return fmt.Errorf("remove %s: %w", f.Key, err)
		}
	}
	t.Step("requeued")
	return nil
}

func (b *batch) loadQuarantine(ctx context.Context, files []storage.Object) (rejects string, err error) {
	q := &raw.Requeue{Pipeline: b.p, Lake: b.Lake, Files: files, WorkDir: b.dir, Log: b.log, Modified: batchTime(b.id)}
	return b.ingest(ctx, func(into raw.Sink) (*raw.Ingested, error) {
		q.Into = into
		again, err := q.Again(ctx)
		if err != nil {
			return nil, err
		}
		b.places = again.Places
		b.originals = func(ctx context.Context, wanted raw.Wanted, found func(raw.Reject) error) error {
			return q.Originals(ctx, again.Places, wanted, found)
		}
		return &again.Ingested, nil
	})
}
