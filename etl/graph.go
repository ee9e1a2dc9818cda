package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
)

// graph gives pipelines their turn, upstream before downstream, and those that do not depend on each other at once as far as
// Options.Jobs allows.
type graph struct {
	*Runner
	claims *claimant
	turn   func(*run, context.Context) error
	slots  chan struct{}
}

// ending is how a pipeline of the graph ended.
type ending struct {
	report PipelineReport
	done   chan struct{} // closed when report is final
	ran    bool
}

// errNotRun is no failure of the pipeline itself.
var errNotRun = errors.New("not run")

// run comes back when all had their turn. The pipelines are in order of the graph.
func (g *graph) run(ctx context.Context, sorted []*pipeline.Pipeline) (Report, error) {
	endings := make([]*ending, len(sorted))
	of := map[catalog.Name]*ending{}
	for i, p := range sorted {
		endings[i] = &ending{done: make(chan struct{}), report: PipelineReport{Name: p.Name, Table: p.Table, firstStage: p.Source != nil}}
		of[p.Table] = endings[i]
	}
	var all sync.WaitGroup
	places := make(chan struct{}, cap(g.slots)) // in this order: what waits for its upstream never keeps that from its place
	for i, p := range sorted {
		turn := func() {
			defer close(endings[i].done)
			g.one(ctx, p, endings[i], of)
		}
		if cap(g.slots) == 1 {
			turn()
			continue
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			turn()
		})
	}
	all.Wait()
	var report Report
	var errs []error
	for i, e := range endings {
		if e.report.Err != nil {
			errs = append(errs, fmt.Errorf("pipeline %s: %w", sorted[i].Name, e.report.Err))
		}
		if e.ran {
			report.Pipelines = append(report.Pipelines, e.report)
		}
	}
	if len(report.Pipelines) < len(sorted) && len(errs) == 0 {
		errs = append(errs, context.Cause(ctx))
	}
	return report, errors.Join(errs...)
}

// one gives a pipeline its turn when its upstream had theirs. None begins after the run was asked to stop.
func (g *graph) one(ctx context.Context, p *pipeline.Pipeline, e *ending, of map[catalog.Name]*ending) {
	for _, name := range p.Upstream {
		if up, ok := of[name]; ok && name != p.Table {
			<-up.done
			if up.report.Err != nil {
				e.report.Err = fmt.Errorf("%w: its upstream %s failed", errNotRun, name)
			}
		}
	}
	if ctx.Err() != nil {
		e.report.Err = nil // it is no failure of this one
		return
	}
	e.ran = true
	if e.report.Err == nil {
		e.report.Err = g.pipeline(ctx, p, &e.report)
	}
}

func (g *graph) pipeline(ctx context.Context, p *pipeline.Pipeline, report *PipelineReport) error {
	started := g.Now()
	defer func() { report.Elapsed = g.Now().Sub(started) }()
	t := &run{
		Runner: g.Runner, p: p, claims: g.claims, slots: g.slots, dir: filepath.Join(g.claims.folder.path, p.Table.String()),
		reporting: &sync.Mutex{}, report: report, log: g.Log.With(logkey.Pipeline, p.Name, logkey.Table, p.Table.String()),
	}
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return fmt.Errorf("make the work folder: %w", err)
	}
	return g.turn(t, ctx)
}

// inSlot does what makes batches when fewer than Options.Jobs do so.
func (t *run) inSlot(ctx context.Context, do func() error) error {
	select {
	case t.slots <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-t.slots }()
	return do()
}
