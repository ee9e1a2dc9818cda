package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"tidegate/catalog"
	"tidegate/etl/adopt"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/logkey"
)

// Planned is what a run of one pipeline would do now.
type Planned struct {
	Name    string
	Table   catalog.Name
	Batches []PlannedBatch
	// After are upstream tables that the same run changes first: what this pipeline will do is known only then, and Batches
	// is what it would do without them.
	After []catalog.Name
	// Recovers counts commit records that a run before had written and not published.
	Recovers int
	Err      error // why the pipeline, or a part of what it found, would fail
}

// PlannedBatch is one batch: objects, or the partitions of upstream tables that a second stage reads.
type PlannedBatch struct {
	Inputs      int
	Bytes       int64 // of the objects; of the upstream's files
	First, Last string
}

// Plan says what Run would do now. It writes nothing, and does not wait for a run that is at work.
func (r *Runner) Plan(ctx context.Context, pipelines []*pipeline.Pipeline) ([]Planned, error) {
	sorted, err := pipeline.Sort(pipelines)
	if err != nil {
		return nil, err
	}
	if err := r.checkObjects(pipelines); err != nil {
		return nil, err
	}
	var all []Planned
	var errs []error
	changes := map[catalog.Name]bool{}
	for _, p := range sorted {
		planned := Planned{Name: p.Name, Table: p.Table}
		for _, up := range p.Upstream {
			if changes[up] {
				planned.After = append(planned.After, up)
			}
		}
		log := r.Log.With(logkey.Pipeline, p.Name, logkey.Table, p.Table.String())
		t := &run{Runner: r, p: p, report: &PipelineReport{}, log: log}
		planned.Err = t.plan(ctx, &planned)
		if planned.Err != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: %w", p.Name, planned.Err))
		}
		changes[p.Table] = len(planned.Batches) > 0 || len(planned.After) > 0 || planned.Recovers > 0
		all = append(all, planned)
	}
	return all, errors.Join(errs...)
}

func (t *run) plan(ctx context.Context, planned *Planned) (err error) {
	records, err := unpublished(ctx, t.Store, t.Lake, t.p.Table)
	if err != nil {
		return err
	}
	planned.Recovers = len(records)
	switch {
	case t.p.Adopt != nil:
		planned.Batches, err = t.planAdopted(ctx)
	case t.p.Source == nil:
		planned.Batches, err = t.planTables(ctx)
	default:
		planned.Batches, err = t.planObjects(ctx)
	}
	return err
}

func (t *run) planObjects(ctx context.Context) ([]PlannedBatch, error) {
	bucket, err := t.Source(t.p.Source.Location)
	if err != nil {
		return nil, fmt.Errorf("open source %s: %w", t.p.Source.Location, err)
	}
	found, err := t.discover(ctx, bucket)
	if err != nil {
		return nil, err
	}
	objects, err := t.refuseChanged(found.objects, found.known)
	var batches []PlannedBatch
	for _, group := range raw.Group(objects, t.p.MaxBytes, t.p.MaxObjects) {
		b := PlannedBatch{Inputs: len(group), First: group[0].Key, Last: group[len(group)-1].Key}
		for _, o := range group {
			b.Bytes += o.Size
		}
		batches = append(batches, b)
	}
	return batches, err
}

func (t *run) planTables(ctx context.Context) ([]PlannedBatch, error) {
	view, err := t.Store.View(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	_, rebuild, _, err := t.toRebuild(ctx, view)
	var batches []PlannedBatch
	for len(rebuild) > 0 {
		n := t.batchOf(rebuild)
		b := PlannedBatch{Inputs: n, First: rebuild[0].input("").Key, Last: rebuild[n-1].input("").Key}
		for _, u := range rebuild[:n] {
			b.Bytes += u.input("").Size
		}
		batches, rebuild = append(batches, b), rebuild[n:]
	}
	return batches, err
}

func (t *run) planAdopted(ctx context.Context) ([]PlannedBatch, error) {
	bucket, err := t.Source(t.p.Adopt.Cold)
	if err != nil {
		return nil, err
	}
	view, err := t.Store.View(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	have := view.Tables[t.p.Table]
	change, err := adopt.Scan(ctx, bucket, t.p, have, t.log)
	if err != nil || change.Empty(have) {
		return nil, err
	}
	b := PlannedBatch{Inputs: len(change.Added) + len(change.Drops)}
	paths := slices.Clone(change.Drops)
	for _, f := range change.Added {
		b.Bytes += f.Bytes
		paths = append(paths, f.Path)
	}
	if len(paths) > 0 {
		b.First, b.Last = slices.Min(paths), slices.Max(paths)
	}
	return []PlannedBatch{b}, nil
}
