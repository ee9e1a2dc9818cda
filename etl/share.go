package etl

import (
	"context"
	"fmt"

	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
)

// Share is what has other processes of this machine make batches of objects that a run found.
type Share interface {
	// Share comes back when the processes that it started have ended, and tells what they committed. What they left the run
	// makes itself, so nothing that befalls one of them is an error.
	Share(ctx context.Context, p *pipeline.Pipeline, s *Sizing, objects []storage.Object) (PipelineReport, error)
}

// Work makes batches of the objects beside Options.Workers - 1 other processes that were given the same: at most its part
// at a time, and nothing that another one has begun. It tells nobody how the pipeline fares, and notes no listing: both is
// for the run that found the objects.
func (r *Runner) Work(ctx context.Context, p *pipeline.Pipeline, objects []storage.Object) (Report, error) {
	return r.inOrder(ctx, []*pipeline.Pipeline{p}, func(t *run, ctx context.Context) error {
		bucket, err := t.Source(p.Source.Location)
		if err != nil {
			return fmt.Errorf("open source %s: %w", p.Source.Location, err)
		}
		return t.makeBatches(ctx, bucket, objects)
	})
}

// share has other processes do what they can of the objects.
func (t *run) share(ctx context.Context, objects []storage.Object) error {
	if t.Share == nil || len(objects) < 2 {
		return nil
	}
	sizing, err := t.size(ctx, &Planned{Batches: []PlannedBatch{t.planned(objects)}})
	if err != nil {
		return err
	}
	theirs, err := t.Share.Share(ctx, t.p, sizing, objects)
	t.reporting.Lock()
	t.report.Include(&theirs)
	t.reporting.Unlock()
	return err
}

// makeBatches makes batches of objects that no batch has read.
func (t *run) makeBatches(ctx context.Context, bucket storage.Bucket, objects []storage.Object) error {
	return t.workOff(ctx, objects, func(ctx context.Context, t *run, group []storage.Object) error {
		return t.group(ctx, group, func(objects []storage.Object) error { return t.objectBatch(ctx, bucket, objects) })
	})
}
