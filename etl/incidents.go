package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// tellTurns raises what failed without a batch, and resolves what no longer fails. What a batch met is told in the
// transaction that notes or publishes it.
func (r *Runner) tellTurns(ctx context.Context, report Report) error {
	var errs []error
	for i := range report.Pipelines {
		// A run that is asked to stop shows nothing; nor does one that leaves out objects: of named ones, or of a shard.
		if ctx.Err() == nil && r.Objects == nil {
			errs = append(errs, r.tellTurn(ctx, &report.Pipelines[i]))
		}
	}
	return errors.Join(errs...)
}

func (r *Runner) tellTurn(ctx context.Context, p *PipelineReport) error {
	switch {
	case errors.Is(p.Err, errNotRun):
		return nil
	case p.Err == nil && p.partial:
		return nil
	case p.Err == nil:
		return r.Store.Resolve(ctx, p.Table, r.Now(), batchIncident)
	case p.Failed == 0:
		return r.Store.Raise(ctx, catalog.Incident{Table: p.Table, Kind: catalog.IncidentFailure, Text: p.Err.Error(), SeenAt: r.Now()})
	}
	return nil
}

// batchIncident says that an incident is of batches that were not published.
func batchIncident(i catalog.Incident) bool {
	return i.Kind == catalog.IncidentFailure || i.Kind == catalog.IncidentStop
}

// tellAgain resolves what a backfill or a requeue met before, whose batches are of a kind, and meets no longer. What a run met
// of new objects they cannot know to be over; of a second stage they do what a run does.
func (r *Runner) tellAgain(ctx context.Context, report Report, kind catalog.RecordKind) error {
	var errs []error
	for i := range report.Pipelines {
		p := &report.Pipelines[i]
		if p.Err != nil || ctx.Err() != nil {
			continue
		}
		over := batchIncident
		if p.firstStage {
			open, err := r.openOfBatches(ctx, p.Table, kind)
			errs = append(errs, err)
			over = func(i catalog.Incident) bool { return open[i.ID] }
		}
		errs = append(errs, r.Store.Resolve(ctx, p.Table, r.Now(), over))
	}
	return errors.Join(errs...)
}

// openOfBatches gives the open incidents of a table that were seen last at a batch of a kind.
func (r *Runner) openOfBatches(ctx context.Context, table catalog.Name, kind catalog.RecordKind) (map[int64]bool, error) {
	open, err := r.Store.Incidents(ctx, time.Time{})
	open = slices.DeleteFunc(open, func(i catalog.Incident) bool { return i.Table != table || !batchIncident(i) || i.Batch == "" })
	if err != nil || len(open) == 0 {
		return nil, err
	}
	batches, err := r.Store.Batches(ctx)
	if err != nil {
		return nil, err
	}
	found := map[int64]bool{}
	for _, i := range open {
		found[i.ID] = slices.ContainsFunc(batches, func(b catalog.Batch) bool { return b.Table == table && b.ID == i.Batch && b.Kind == kind })
	}
	return found, nil
}

// tellCompactions raises what kept partitions from being compacted, once, and resolves it.
func (r *Runner) tellCompactions(ctx context.Context, report Report) error {
	var errs []error
	for i := range report.Pipelines {
		switch p := &report.Pipelines[i]; {
		case ctx.Err() != nil || errors.Is(p.Err, errNotRun):
		case p.Err == nil:
			errs = append(errs, r.Store.Resolve(ctx, p.Table, r.Now(), catalog.OfKind(catalog.IncidentCompact)))
		default:
			errs = append(errs, r.Store.Raise(ctx, catalog.Incident{Table: p.Table, Kind: catalog.IncidentCompact, Text: p.Err.Error(), SeenAt: r.Now()}))
		}
	}
	return errors.Join(errs...)
}

// absenceForgotten is how long an absence is open that nobody sees any more: its pipeline is gone. Others who share the
// catalog may have pipelines that are not here, and look for them once a day.
const absenceForgotten = 48 * time.Hour

// RaiseAbsences raises incidents of the pipelines that should have made a batch by now, and resolves those that nobody asks
// for any more.
func RaiseAbsences(ctx context.Context, store catalog.Store, pipelines []*pipeline.Pipeline, now time.Time) error {
	var errs []error
	unasked := map[catalog.Name]bool{}
	for _, p := range pipelines {
		a := p.Checks.Absence
		if a == nil {
			unasked[p.Table] = true
			continue
		}
		last, err := store.LastBatches(ctx, p.Table, 1)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		at, told := time.Time{}, "there never was one"
		if len(last) > 0 {
			at = last[0].ArrivedAt
			told = "the last one came at " + at.UTC().Format(time.RFC3339)
		}
		since, overdue := a.Overdue(at, now)
		if !overdue {
			continue
		}
		errs = append(errs, store.RaiseAbsence(ctx, catalog.Incident{
			Table: p.Table, Kind: catalog.IncidentAbsence, SeenAt: now,
			Text: fmt.Sprintf("no batch from %s by %s; %s", since.Format(time.RFC3339), since.Add(a.By).Format(time.RFC3339), told),
		}, since))
	}
	open, err := store.Incidents(ctx, time.Time{})
	errs = append(errs, err)
	for _, i := range open {
		if i.Kind == catalog.IncidentAbsence && (unasked[i.Table] || now.Sub(i.SeenAt) >= absenceForgotten) {
			errs = append(errs, store.Resolve(ctx, i.Table, now, catalog.OfKind(catalog.IncidentAbsence)))
		}
	}
	return errors.Join(errs...)
}
