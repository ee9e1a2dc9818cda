package etl

import (
	"context"
	"errors"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// TestStaleRecordOfTheSameBatch has a sleeper write its record, which is stale by then, right before the one that took its batch
// over writes its own: that one counts.
func TestStaleRecordOfTheSameBatch(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	onRecorded, onReserved := func() {}, func() {}
	l := newLab(t, func(o *Options) {
		o.Step = func(name string) {
			switch name {
			case "recorded":
				onRecorded()
			case "reserved":
				onReserved()
			}
		}
	})
	p := must(seal(l.events()))
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	l.mustRun(t, p)
	l.put(t, "2.gz", event("b", "2018-02-14T01:00:00Z", 1, ""), event("c", "2018-02-14T01:00:00Z", 1, ""))
	onRecorded = stop
	if _, err := l.runner.Run(ctx, []*pipeline.Pipeline{p}); !errors.Is(err, context.Canceled) {
		t.Fatalf("the run ended with %v", err)
	}
	onRecorded = func() {}
	left, err := unpublished(t.Context(), l.store, l.lake, p.Table)
	if err != nil || len(left) != 1 {
		t.Fatalf("%d records are left, %v", len(left), err)
	}
	path := l.lake.LocalPath(catalog.RecordPath(p.Table, left[0].Batch, 1))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	l.put(t, "3.gz", event("b", "2018-02-14T01:00:00Z", 1, ""))
	l.runner.Objects = []string{"3.gz"}
	l.mustRun(t, p)
	l.runner.Objects = []string{"2.gz"}
	onReserved = func() {
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Error(err)
		}
	}
	l.mustRun(t, p)
	if d := cmp.Diff([]string{"a", "b", "c"}, l.query(t, "web.events", "SELECT event_id FROM t ORDER BY 1")); d != "" {
		t.Error(d)
	}
	checkSums(t, l)
	noTraces(t, l)
	checkRebuilt(t, l)
}
