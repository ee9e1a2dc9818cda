package etl

import (
	"context"
	"errors"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
)

// quarantineFiles gives the ids of web.events' quarantine files.
func (l *lab) quarantineFiles(t *testing.T) []string {
	t.Helper()
	ids := []string{}
	for f, err := range l.lake.List(t.Context(), raw.QuarantineFolder(l.events().Table), "") {
		if err != nil {
			t.Fatal(err)
		}
		_, id, _ := raw.ParseQuarantinePath(f.Key)
		ids = append(ids, id)
	}
	return ids
}

func (l *lab) wantQuarantineFiles(t *testing.T, what string, want ...string) {
	t.Helper()
	if d := cmp.Diff(append([]string{}, want...), l.quarantineFiles(t)); d != "" {
		t.Errorf("quarantine files %s (-want +got):\n%s", what, d)
	}
}

// TestQuarantineOfAStop: what shows why a rule stopped a batch of new objects is there until another batch has read them; what a
// backfill or a requeue leaves that comes to nothing is not.
func TestQuarantineOfAStop(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.Checks.RejectRatio = &pipeline.RejectRatio{Action: pipeline.Stop, Max: 0.3}
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""), "broken")
	if _, err := l.run(t, p); err == nil {
		t.Fatal("no rule stopped the run")
	}
	stopped := l.batches(t)[0].ID
	l.wantQuarantineFiles(t, "after a stop", stopped)
	l.put(t, "2.gz", event("b", "2018-02-14T01:00:00Z", 1, ""), event("c", "2018-02-14T01:00:00Z", 1, ""))
	l.mustRun(t, p)
	published := l.batches(t)[1].ID
	l.wantQuarantineFiles(t, "when another batch has read the objects", published)

	strict := l.events()
	strict.SQL += " -- again"
	strict.Checks.MaxRejectRatio = 0.1
	if _, err := l.backfill(t, Choice{}, strict); err == nil {
		t.Fatal("no rule stopped the backfill")
	}
	l.wantQuarantineFiles(t, "after a backfill that a rule stopped", published)
}

// TestQuarantineOfADeadAttempt: the next run removes what an attempt put there that ended before its commit record, and nothing
// of one that ended behind it.
func TestQuarantineOfADeadAttempt(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"quarantined", "reserved", "recorded"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			at := step
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			l := newLab(t, func(o *Options) {
				o.Step = func(name string) {
					if name == at {
						at = ""
						stop()
					}
				}
			})
			l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""), "broken")
			if _, err := l.runner.Run(ctx, []*pipeline.Pipeline{must(seal(l.events()))}); !errors.Is(err, context.Canceled) {
				t.Fatalf("the run ended with %v", err)
			}
			left := l.quarantineFiles(t)
			if len(left) != 1 {
				t.Fatalf("the dead attempt left %q", left)
			}
			l.put(t, "2.gz", event("b", "2018-02-14T01:00:00Z", 1, ""), "broken too")
			l.mustRun(t, l.events())
			var want []string
			for _, b := range l.batches(t) {
				if b.State == catalog.BatchCommitted {
					want = append(want, b.ID)
				}
			}
			l.wantQuarantineFiles(t, "after the next run", want...)
			if n := len(quarantined(t, l)); n != 2 {
				t.Errorf("%d records are in the quarantine: %q", n, quarantined(t, l))
			}
		})
	}
}

func TestOldQuarantineIsRemoved(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	now := time.Now()
	l.runner.Now = func() time.Time { return now }
	p := l.events()
	p.KeepQuarantine = 30 * 24 * time.Hour
	for i := range keptBatches + 2 {
		l.put(t, strconv.Itoa(i)+".gz", "broken "+strconv.Itoa(i))
		l.mustRun(t, p)
	}
	files := func() int {
		t.Helper()
		return len(l.quarantineFiles(t))
	}
	l.mustRun(t, p)
	if n := files(); n != keptBatches+2 {
		t.Errorf("%d files before their time", n)
	}
	for _, id := range l.quarantineFiles(t) {
		if err := os.Chtimes(l.lake.LocalPath(raw.QuarantinePath(p.Table, id)), now, now); err != nil {
			t.Fatal(err)
		}
	}
	l.runner.Now = func() time.Time { return now.Add(31 * 24 * time.Hour) }
	forever := l.events()
	l.mustRun(t, forever)
	if n := files(); n != keptBatches+2 {
		t.Errorf("%d files, though they are kept for ever", n)
	}
	l.mustRun(t, p)
	if n := files(); n != keptBatches {
		t.Errorf("%d files are left, want those of the newest %d batches", n, keptBatches)
	}
	for _, r := range rejectsOf(t, l) {
		if s := string(r.Raw); s == "broken 0" || s == "broken 1" {
			t.Errorf("%q is still there", s)
		}
	}
}
