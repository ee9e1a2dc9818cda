package etl

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
)

// Backfill makes batches again that were published before, under the present versions of their pipelines: of first stages of
// their objects, each with the requeues of its quarantine and in their place. What lost rows to a batch that has their keys no
// more is made again after it. A second stage makes its chosen partitions anew, beside those that changed. What cannot be
// made again stays as it is, and is an error; the others are made. A backfill that is interrupted goes on when it is run again.
func (r *Runner) Backfill(ctx context.Context, pipelines []*pipeline.Pipeline, c Choice, progress Progress) (Report, error) {
	if err := r.knowBatches(ctx, pipelines, c.Batches); err != nil {
		return Report{}, err
	}
	if progress == nil {
		progress = noProgress{}
	}
	report, err := r.inOrder(ctx, pipelines, func(t *run, ctx context.Context) error {
		t.choice = &c
		if err := t.checkChoice(); err != nil {
			return err
		}
		switch {
		case t.p.Adopt != nil:
			t.log.InfoContext(ctx, "nothing to make again: others write the files of this table")
			return nil
		case t.p.Source == nil:
			return t.make(ctx)
		}
		return t.pieces(ctx, func(t *run, ctx context.Context) error { return t.backfill(ctx, progress) })
	})
	return report, errors.Join(err, r.tellAgain(ctx, report, catalog.RecordRemake))
}

// knowBatches makes sure that some table has each of the batches.
func (r *Runner) knowBatches(ctx context.Context, pipelines []*pipeline.Pipeline, ids []string) error {
	if len(ids) == 0 {
		return nil
	}
	unknown := map[string]bool{}
	for _, id := range ids {
		unknown[id] = true
	}
	for _, p := range pipelines {
		published, err := r.Store.Published(ctx, p.Table)
		if err != nil {
			return err
		}
		for i := range published {
			delete(unknown, published[i].ID)
		}
	}
	if len(unknown) > 0 {
		return &UnknownBatchesError{slices.Sorted(maps.Keys(unknown))}
	}
	return nil
}

// UnknownBatchesError says that a choice names batches that the pipelines have not published.
type UnknownBatchesError struct{ IDs []string }

func (e *UnknownBatchesError) Error() string {
	return fmt.Sprintf("no pipeline that is chosen has published batch %s; tidegate.batches has those that were", strings.Join(e.IDs, ", "))
}

// backfill makes the chosen batches of a first stage again, oldest first, then those that are stale.
func (t *run) backfill(ctx context.Context, progress Progress) error {
	bucket, err := t.Source(t.p.Source.Location)
	if err != nil {
		return fmt.Errorf("open source %s: %w", t.p.Source.Location, err)
	}
	l, err := t.readLineage(ctx)
	if err != nil {
		return err
	}
	t.Step("discovered")
	m := t.newRemaking(bucket, progress)
	chosen := m.all(ctx, t.chosenBatches(l.last()))
	if m.stopped {
		return chosen
	}
	return errors.Join(chosen, m.remakeStale(ctx))
}

// last is the newest seq.
func (l *lineage) last() int64 {
	if len(l.batches) == 0 {
		return 0
	}
	return l.batches[len(l.batches)-1].Seq
}

// PlannedRemake is what a backfill of one pipeline would do now.
type PlannedRemake struct {
	Name    string
	Table   catalog.Name
	Batches []RemadeBatch // a first stage's
	// Parts are the partitions that a second stage would make anew, "" for the whole table.
	Parts []string
	// After are upstream tables that the same backfill changes first: what follows from that is known only then.
	After []catalog.Name
	Err   error
}

// RemadeBatch is a batch to be made, of those before.
type RemadeBatch struct {
	Bytes   int64
	Members []RemadeMember
}

// RemadeMember is a batch that would be made again, and why.
type RemadeMember struct {
	ID, Version, Why string
	Rows, Bytes      int64
}

// PlanBackfill says what Backfill would do now. It writes nothing. What gets stale by it is not known before.
func (r *Runner) PlanBackfill(ctx context.Context, pipelines []*pipeline.Pipeline, c Choice) ([]PlannedRemake, error) {
	sorted, err := pipeline.Sort(pipelines)
	if err != nil {
		return nil, err
	}
	if err := r.knowBatches(ctx, pipelines, c.Batches); err != nil {
		return nil, err
	}
	var all []PlannedRemake
	var errs []error
	changes := map[catalog.Name]bool{}
	for _, p := range sorted {
		planned := PlannedRemake{Name: p.Name, Table: p.Table, After: changedFirst(p, changes)}
		log := r.Log.With(logkey.Pipeline, p.Name, logkey.Table, p.Table.String())
		t := &run{Runner: r, p: p, report: &PipelineReport{}, log: log, choice: &c}
		if planned.Err = t.planBackfill(ctx, &planned); planned.Err != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: %w", p.Name, planned.Err))
		}
		changes[p.Table] = len(planned.Batches)+len(planned.Parts)+len(planned.After) > 0
		all = append(all, planned)
	}
	return all, errors.Join(errs...)
}

func (t *run) planBackfill(ctx context.Context, planned *PlannedRemake) error {
	if err := t.checkChoice(); err != nil || t.p.Adopt != nil {
		return err
	}
	if t.p.Source == nil {
		view, err := t.Store.View(ctx)
		if err != nil {
			return fmt.Errorf("read the catalog: %w", err)
		}
		_, rebuild, _, err := t.toRebuild(ctx, view)
		for _, u := range rebuild {
			planned.Parts = append(planned.Parts, u.output)
		}
		return err
	}
	l, err := t.readLineage(ctx)
	if err != nil {
		return err
	}
	bonds, err := t.bonds(ctx, l)
	if err != nil {
		return err
	}
	chosen := t.chosenBatches(l.last())(l)
	for _, c := range l.components(bonds, func(b *catalog.Batch) string {
		if why := chosen(b); why != "" || !b.Stale {
			return why
		}
		return whyStale
	}) {
		made := RemadeBatch{Bytes: c.bytes()}
		for _, m := range c.members {
			made.Members = append(made.Members, RemadeMember{ID: m.ID, Version: m.Version, Why: m.why, Rows: m.Counts.Emitted, Bytes: m.BytesIn})
		}
		planned.Batches = append(planned.Batches, made)
	}
	return nil
}
