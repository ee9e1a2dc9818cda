package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
)

// Compacted is what was made of one partition, or is to be made.
type Compacted struct {
	Table     catalog.Name `json:"table"`
	Partition string       `json:"partition"`
	Rows      int64        `json:"rows"`
	Files     int          `json:"files"`
	Bytes     int64        `json:"bytes"`
	IntoFiles int          `json:"into_files"`
	IntoBytes int64        `json:"into_bytes,omitempty"` // 0: nothing is made yet
}

// Compact writes the rows of partitions that have small files anew, into files of good sizes, in generations of their own.
// Rows, batches, their counts and the ledger of inputs stay as they are. It gives what was done, with an error too.
func (r *Runner) Compact(ctx context.Context, pipelines []*pipeline.Pipeline, c Compaction, progress Progress) ([]Compacted, error) {
	if progress == nil {
		progress = noProgress{}
	}
	var mu sync.Mutex
	var all []Compacted
	report, err := r.inOrder(ctx, pipelines, func(t *run, ctx context.Context) error {
		if t.p.Adopt != nil {
			return nil
		}
		k := compacting{run: t, choice: c, progress: progress, whole: map[string]bool{}}
		err := t.pieces(ctx, func(_ *run, ctx context.Context) error { return k.all(ctx) })
		mu.Lock()
		defer mu.Unlock()
		all = append(all, k.done...)
		return err
	})
	return all, errors.Join(err, r.tellCompactions(ctx, report))
}

// PlanCompact says what Compact would do now. It writes nothing.
func (r *Runner) PlanCompact(ctx context.Context, pipelines []*pipeline.Pipeline, c Compaction) ([]Compacted, error) {
	sorted, err := pipeline.Sort(pipelines)
	if err != nil {
		return nil, err
	}
	view, err := r.Store.View(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	var all []Compacted
	for _, p := range sorted {
		live, ok := view.Tables[p.Table]
		if !ok || p.Adopt != nil {
			continue
		}
		for _, s := range c.chosen(live, r.sizes) {
			all = append(all, Compacted{
				Table: p.Table, Partition: s.partition, Rows: s.rows(), Files: len(s.files), Bytes: s.bytes(), IntoFiles: int(r.sizes.into(s.bytes())),
			})
		}
	}
	return all, nil
}

// compacting is the compaction of one table.
type compacting struct {
	*run
	choice   Compaction
	progress Progress
	// whole are partitions all of whose files are to be rewritten: the small ones alone made too little.
	whole map[string]bool
	done  []Compacted
}

// all compacts the partitions that were chosen at the beginning, a batch at a time.
func (k *compacting) all(ctx context.Context) error {
	chosen, _, err := k.find(ctx, nil)
	if err != nil {
		return err
	}
	k.Step("discovered")
	groups := k.sizes.groups(chosen)
	for _, group := range groups {
		k.progress.Expect(1, bytesOf(group))
	}
	var errs []error
	for _, group := range groups {
		if err := ctx.Err(); err != nil {
			return errors.Join(append(errs, context.Cause(ctx))...)
		}
		partitions := make([]string, len(group))
		for i := range group {
			partitions[i] = group[i].partition
		}
		if err := k.inSlot(ctx, func() error { return k.group(ctx, partitions) }); err != nil {
			errs = append(errs, err)
			if !isCheck(err) {
				break
			}
		}
		k.progress.Done(bytesOf(group))
	}
	return errors.Join(errs...)
}

func bytesOf(group []smallFiles) (n int64) {
	for i := range group {
		n += group[i].bytes()
	}
	return n
}

// find gives what is to be compacted now, of some partitions or, for nil, of all.
func (k *compacting) find(ctx context.Context, among []string) ([]smallFiles, *catalog.View, error) {
	view, err := k.Store.View(ctx)
	if err != nil {
		return nil, nil, fmt.Errorf("read the catalog: %w", err)
	}
	live, ok := view.Tables[k.p.Table]
	if !ok {
		return nil, view, nil
	}
	chosen := k.choice.chosen(live, k.sizes)
	chosen = slices.DeleteFunc(chosen, func(s smallFiles) bool { return among != nil && !slices.Contains(among, s.partition) })
	for i := range chosen {
		if s := &chosen[i]; k.whole[s.partition] && !s.all {
			s.all = true
			s.files = slices.DeleteFunc(slices.Clone(live.Files), func(f *catalog.File) bool { return f.Partition != s.partition })
		}
	}
	return chosen, view, nil
}

// group compacts partitions as one batch. If the rows that are there changed meanwhile they are left to the next compaction.
func (k *compacting) group(ctx context.Context, partitions []string) error {
	under, lease, release, err := k.claims.await(ctx, k.p.Table, compactLease, anyTime)
	if err != nil {
		return err
	}
	t := *k.run
	t.under = []catalog.Lease{lease}
	err = k.attempt(under, &t, partitions)
	for little, ok := errors.AsType[*tooLittleError](err); ok; little, ok = errors.AsType[*tooLittleError](err) {
		k.whole[little.partition] = true
		err = k.attempt(under, &t, partitions)
	}
	if err != nil && ctx.Err() == nil && (lost(under, err) || isStale(err)) {
		k.log.WarnContext(ctx, "partitions changed while they were compacted, and stay as they are", logkey.Error, err)
		err = nil
	}
	return errors.Join(err, release())
}

// attempt makes a batch of what is to be compacted now.
func (k *compacting) attempt(ctx context.Context, t *run, partitions []string) error {
	group, view, err := k.find(ctx, partitions)
	if err != nil || len(group) == 0 {
		return err
	}
	return t.compactBatch(ctx, view, group, &k.done)
}

// tooLittleError says that the small files of a partition together make no good one.
type tooLittleError struct{ partition string }

func (e *tooLittleError) Error() string {
	return fmt.Sprintf("partition %q: its small files together are a small file", e.partition)
}

// compactBatch makes a batch of the rows of some files.
func (t *run) compactBatch(ctx context.Context, view *catalog.View, group []smallFiles, done *[]Compacted) error {
	of := recipe{kind: catalog.RecordCompact}
	for i := range group {
		for _, f := range group[i].files {
			of.replaces = append(of.replaces, pairOf(f))
			of.newest = later(of.newest, batchTime(f.Batch))
		}
	}
	slices.SortFunc(of.replaces, byPair)
	of.replaces = slices.Compact(of.replaces)
	b, err := t.newBatch(ctx, view, view.Tables[t.p.Table].Table, of)
	if err != nil {
		return err
	}
	b.bytesIn = bytesOf(group)
	started := time.Now()
	made := &compactedBatch{batch: b, group: group}
	if err := errors.Join(made.run(ctx), b.close(ctx)); err != nil {
		return fmt.Errorf("compact: batch %s: %w", b.id, err)
	}
	b.log.InfoContext(ctx, "partitions compacted", logkey.Bytes, b.bytesIn, logkey.Elapsed, time.Since(started))
	*done = append(*done, made.told()...)
	return nil
}
