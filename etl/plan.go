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
	"tidegate/internal/storage"
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
	// Stale counts batches that lost rows to others which have them no more: they are made again.
	Stale  int
	Sizing *Sizing // nil: nothing of it takes time, as of an adopted table, or Err came before
	Err    error   // why the pipeline, or a part of what it found, would fail
}

// PlannedBatch is one batch: objects, or the partitions of upstream tables that a second stage reads.
type PlannedBatch struct {
	Inputs      int
	Bytes       int64 // of the objects; of the upstream's files
	First, Last string
	// Tasks are Sizing's; Largest is the name of the largest input.
	Tasks        int
	Largest      string
	LargestBytes int64
}

// add counts an input.
func (b *PlannedBatch) add(name string, bytes int64) {
	b.Inputs++
	b.Bytes += bytes
	if bytes >= b.LargestBytes {
		b.Largest, b.LargestBytes = name, bytes
	}
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
		planned := Planned{Name: p.Name, Table: p.Table, After: changedFirst(p, changes)}
		log := r.Log.With(logkey.Pipeline, p.Name, logkey.Table, p.Table.String())
		t := &run{Runner: r, p: p, report: &PipelineReport{}, log: log}
		planned.Err = t.plan(ctx, &planned)
		if planned.Err != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: %w", p.Name, planned.Err))
		}
		changes[p.Table] = len(planned.Batches) > 0 || len(planned.After) > 0 || planned.Recovers+planned.Stale > 0
		all = append(all, planned)
	}
	return all, errors.Join(errs...)
}

// changedFirst gives the tables that a pipeline reads of those that are changed before its turn.
func changedFirst(p *pipeline.Pipeline, changes map[catalog.Name]bool) []catalog.Name {
	var first []catalog.Name
	for _, up := range p.Upstream {
		if changes[up] {
			first = append(first, up)
		}
	}
	return first
}

func (t *run) plan(ctx context.Context, planned *Planned) (err error) {
	records, err := unpublished(ctx, t.Store, t.Lake, t.p.Table)
	if err != nil {
		return err
	}
	planned.Recovers = len(records)
	stale, err := t.Store.StaleBatches(ctx, t.p.Table)
	if err != nil {
		return err
	}
	if t.Objects == nil {
		planned.Stale = len(stale)
	}
	switch {
	case t.p.Adopt != nil:
		planned.Batches, err = t.planAdopted(ctx)
	case t.p.Source == nil:
		planned.Batches, err = t.planTables(ctx)
	default:
		planned.Batches, err = t.planObjects(ctx)
	}
	if t.p.Adopt != nil {
		return err
	}
	var rateErr error
	planned.Sizing, rateErr = t.size(ctx, planned)
	return errors.Join(err, rateErr)
}

// size says how long it takes to do what is planned.
func (t *run) size(ctx context.Context, planned *Planned) (*Sizing, error) {
	rate, err := t.rate(ctx, t.p)
	if err != nil {
		return nil, err
	}
	s := &Sizing{Rate: rate, Schedule: t.p.Every(), Follows: len(planned.After) > 0, divides: t.p.Source == nil || t.p.Source.Format == "parquet"}
	for _, b := range planned.Batches {
		s.Bytes += b.Bytes
		s.Inputs += b.Inputs
		s.Tasks += b.Tasks
		if b.LargestBytes >= s.LargestBytes {
			s.Largest, s.LargestBytes = b.Largest, b.LargestBytes
		}
	}
	return s, nil
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
	objects, err := t.refuseChanged(t.Shard.of(found.objects), found.known)
	var batches []PlannedBatch
	for _, group := range raw.Group(objects, t.p.MaxBytes, t.p.MaxObjects) {
		batches = append(batches, t.planned(group))
	}
	return batches, err
}

// planned describes a batch of objects.
func (t *run) planned(objects []storage.Object) PlannedBatch {
	b := PlannedBatch{First: objects[0].Key, Last: objects[len(objects)-1].Key, Tasks: raw.Tasks(objects, t.p.Source.Format)}
	for _, o := range objects {
		b.add(o.Key, o.Size)
	}
	return b
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
		b := PlannedBatch{First: rebuild[0].input("").Key, Last: rebuild[n-1].input("").Key}
		for _, u := range rebuild[:n] {
			in := u.input("")
			b.add(in.Key, in.Size)
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
