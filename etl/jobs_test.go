package etl

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
)

// TestJobsAtOnce: four batches at a time, of two pipelines, and the second stage behind its upstream, give what one at a time
// gives.
func TestJobsAtOnce(t *testing.T) {
	t.Parallel()
	alone := newLab(t, nil)
	togetherObjects(t, alone)
	runAlone(t, alone)

	var now, most atomic.Int64
	l := newLab(t, func(o *Options) {
		o.Jobs = 4
		o.Step = func(name string) {
			switch name {
			case "ingested":
				n := now.Add(1)
				for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
				}
				// Whoever is first waits for company.
				for deadline := time.Now().Add(10 * time.Second); most.Load() < 4 && time.Now().Before(deadline); {
					time.Sleep(time.Millisecond)
				}
			case "transformed":
				now.Add(-1)
			}
		}
	})
	togetherObjects(t, l)
	events, other, second := l.events(), l.events(), daily()
	events.MaxObjects = 2
	other.Name, other.Table, other.UniqueKey, other.MaxObjects = "web/views", catalog.Name{Schema: "web", Table: "views"}, nil, 3
	report := l.mustRun(t, second, events, other)
	if most.Load() != 4 {
		t.Errorf("at most %d batches at once", most.Load())
	}
	if diff := cmp.Diff(contentOf(t, alone), contentOf(t, l)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(eventBatches(t, alone), eventBatches(t, l)); diff != "" {
		t.Error(diff)
	}
	for _, p := range report.Pipelines {
		if want := map[string]int{"web/events": 6, "web/views": 4, "web/daily": 1}[p.Name]; p.Batches != want || p.Err != nil {
			t.Errorf("%s: %d batches, want %d; %v", p.Name, p.Batches, want, p.Err)
		}
	}
	noTraces(t, l)
}

// TestFailureStopsWhatDependsOnIt: pipelines beside a failed one go on, those behind it do not begin.
func TestFailureStopsWhatDependsOnIt(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *Options) { o.Jobs = 3 })
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	broken, behind, beside := l.events(), daily(), l.events()
	broken.Source.Location += "/nowhere"
	beside.Name, beside.Table = "web/views", catalog.Name{Schema: "web", Table: "views"}
	report, err := l.run(t, behind, broken, beside)
	if err == nil {
		t.Fatal("no error")
	}
	for _, p := range report.Pipelines {
		if failed := p.Name != "web/views"; failed != (p.Err != nil) || !failed && p.Batches != 1 {
			t.Errorf("%s: %d batches, %v", p.Name, p.Batches, p.Err)
		}
	}
}
