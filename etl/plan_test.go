package etl

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// TestPlan: what is planned is what a run then does, and planning changes nothing.
func TestPlan(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	plan := func(pipelines ...*pipeline.Pipeline) []Planned {
		t.Helper()
		for _, p := range pipelines {
			if _, err := seal(p); err != nil {
				t.Fatal(err)
			}
		}
		planned, err := l.runner.Plan(t.Context(), pipelines)
		if err != nil {
			t.Fatal(err)
		}
		return planned
	}
	events := func() *pipeline.Pipeline {
		p := l.events()
		p.MaxObjects = 2
		return p
	}
	for _, key := range []string{"1.gz", "2.gz", "3.gz"} {
		l.put(t, key, event(key, "2018-02-10T00:00:00Z", 1, ""))
	}
	for range 2 {
		planned := plan(events(), daily())
		if len(planned[0].Batches) != 2 || planned[0].Batches[0].Inputs != 2 || planned[0].Batches[1].First != "3.gz" || planned[0].Batches[1].Bytes == 0 {
			t.Errorf("planned %+v", planned[0])
		}
		if diff := cmp.Diff([]catalog.Name{l.events().Table}, planned[1].After); diff != "" || len(planned[1].Batches) != 0 {
			t.Errorf("planned of the second stage %+v", planned[1])
		}
	}
	if got := l.batches(t); len(got) != 0 {
		t.Errorf("planning made batches: %+v", got)
	}
	report := l.mustRun(t, events())
	if report.Pipelines[0].Batches != 2 {
		t.Errorf("ran %d batches", report.Pipelines[0].Batches)
	}
	planned := plan(events(), daily())
	if len(planned[0].Batches) != 0 || len(planned[1].After) != 0 {
		t.Errorf("after the first stage %+v", planned)
	}
	if b := planned[1].Batches; len(b) != 1 || b[0].Inputs != 1 || b[0].First != "web.events/dt=2018-02-10" || b[0].Bytes == 0 {
		t.Errorf("the second stage %+v", planned[1])
	}
	l.mustRun(t, daily())
	for _, p := range plan(events(), daily()) {
		if len(p.Batches) != 0 || p.Recovers != 0 {
			t.Errorf("after everything %+v", p)
		}
	}
}
