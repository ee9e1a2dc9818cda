package etl

import (
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// TestBackfillsTogether: two at once make every batch once.
func TestBackfillsTogether(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *Options) { o.Jobs = 2 })
	togetherObjects(t, l)
	events := must(seal(l.events()))
	events.MaxObjects = 2
	if _, err := l.runner.Run(t.Context(), []*pipeline.Pipeline{events}); err != nil {
		t.Fatal(err)
	}
	want := l.query(t, "web.events", "SELECT * FROM t ORDER BY ALL")
	events = must(seal(l.events()))
	events.SQL += " -- again"
	events = must(seal(events))
	errs := make(chan error, 2)
	var progress [2]counted
	for i := range progress {
		go func() {
			_, err := l.runner.Backfill(t.Context(), []*pipeline.Pipeline{events}, Choice{}, &progress[i])
			errs <- err
		}()
	}
	if err := errors.Join(<-errs, <-errs); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, l.query(t, "web.events", "SELECT * FROM t ORDER BY ALL")); d != "" {
		t.Error(d)
	}
	for i := range progress { // what the other one made is done too
		if p := &progress[i]; p.done != p.batches || p.doneBytes != p.expected {
			t.Errorf("%d of %d batches are done, %d of %d bytes", p.done, p.batches, p.doneBytes, p.expected)
		}
	}
	remakes := 0
	for _, b := range l.batches(t) {
		if b.Kind == catalog.RecordRemake {
			remakes++
		}
	}
	if remakes != 6 {
		t.Errorf("%d batches were made again, want 6", remakes)
	}
	checkSums(t, l)
	if entries, err := os.ReadDir(l.dir + "/work"); err != nil || len(entries) > 0 {
		t.Errorf("work folders: %v, %v", entries, err)
	}
}

// TestRunBesideBackfill has a run read a new object while a batch is made again that drops a key which the object has: the
// key is there afterwards, whoever commits first.
func TestRunBesideBackfill(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"ingested", "transformed", "deduplicated", "written", "reserved", "recorded"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			at := "2018-02-14T01:00:00Z"
			beside := make(chan error, 1)
			var once sync.Once
			var l *lab
			p := must(seal(newLab(t, nil).without("(event_id <> 'x' or site_id > 1)")))
			l = newLab(t, func(o *Options) {
				o.Step = func(name string) {
					if name != step || len(l.batches(t)) == 0 {
						return
					}
					once.Do(func() {
						other := *l.runner
						other.Step = func(string) {}
						l.put(t, "2.gz", event("x", at, 2, ""), event("y", at, 2, ""), event("z", at, 2, ""))
						go func() { _, err := other.Run(t.Context(), []*pipeline.Pipeline{p}); beside <- err }()
						time.Sleep(300 * time.Millisecond) // before the commit lease it is done by then, or about to commit
					})
				}
			})
			first := l.events()
			p.Source = first.Source
			l.put(t, "1.gz", event("x", at, 1, ""), event("y", at, 1, ""))
			l.mustRun(t, first)
			if _, err := l.runner.Backfill(t.Context(), []*pipeline.Pipeline{p}, Choice{}, nil); err != nil {
				t.Fatal(err)
			}
			if err := <-beside; err != nil {
				t.Fatal(err)
			}
			// What the run lost meanwhile the next one finds to be stale.
			if _, err := l.runner.Run(t.Context(), []*pipeline.Pipeline{p}); err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff([]string{"x|2", "y|1", "z|2"}, l.query(t, "web.events", keysQuery)); d != "" {
				t.Error(d)
			}
			checkSums(t, l)
			noTraces(t, l)
		})
	}
}
