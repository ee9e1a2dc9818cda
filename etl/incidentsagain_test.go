package etl

import (
	"testing"
	"time"

	"tidegate/etl/pipeline"
)

// TestIncidentsOfBackfills has a backfill stop, and the next that succeeds end the incident; what a run met of new objects is not
// over by that.
func TestIncidentsOfBackfills(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""), event("b", "2018-02-14T01:00:00Z", 2, ""))
	l.mustRun(t, l.events())
	half := l.without("site_id = 1")
	half.Checks.RowChange = &pipeline.RowChange{Before: pipeline.Before{Batches: 3}, Min: 0.6, Max: 1.5, Action: pipeline.Stop}
	if _, err := l.backfill(t, Choice{}, half); err == nil {
		t.Fatal("no rule stopped the backfill")
	}
	l.put(t, "2.gz", event("c", "2018-02-14T01:00:00Z", 1, ""), "broken")
	dirty := l.events()
	dirty.Checks.RejectRatio = &pipeline.RejectRatio{Action: pipeline.Stop, Max: 0.3}
	if _, err := l.run(t, dirty); err == nil {
		t.Fatal("no rule stopped the run")
	}
	l.wantIncidents(t, "two stops", "web.events stop row_change", "web.events stop reject_ratio")
	l.runner.Accept = []string{pipeline.RuleRowChange}
	l.mustBackfill(t, Choice{}, half)
	l.wantIncidents(t, "a good backfill", "web.events stop reject_ratio")
	l.mustRun(t, l.events())
	l.wantIncidents(t, "a good run")
}

// TestIncidentsOfRequeues is the same of requeues.
func TestIncidentsOfRequeues(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	rejectedEvents(t, l)
	lenient := must(seal(l.lenient()))
	l.runner.fault.written = "event_id <> 'ms'"
	if _, err := l.runner.Requeue(t.Context(), []*pipeline.Pipeline{lenient}); err == nil {
		t.Fatal("no error")
	}
	l.wantIncidents(t, "rows that got lost", "web.events failure")
	l.runner.fault.written = ""
	requeue(t, l, lenient)
	l.wantIncidents(t, "a good requeue")
}

// TestIncidentsOfCompactions tells of compactions that fail once, until one succeeds; runs and backfills do not.
func TestIncidentsOfCompactions(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := hours(t, l, 3)
	l.mustRun(t, p)
	l.runner.fault.written = "event_id <> 'h1-1'"
	for range 2 {
		if _, err := l.runner.Compact(t.Context(), []*pipeline.Pipeline{p}, Compaction{}, nil); err == nil {
			t.Fatal("no error")
		}
	}
	l.runner.fault.written = ""
	l.mustRun(t, p)
	l.mustBackfill(t, Choice{}, p)
	l.wantIncidents(t, "compactions that failed", "web.events compact")
	l.compact(t, Compaction{}, p)
	l.wantIncidents(t, "a good compaction")
	over, err := l.store.Incidents(t.Context(), time.Unix(1, 0))
	if err != nil || len(over) != 1 || !over[0].SeenAt.After(over[0].OpenedAt) {
		t.Errorf("%+v, %v; want one incident that was seen twice", over, err)
	}
}
