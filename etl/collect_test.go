package etl

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

func (l *lab) collector() *Collector {
	return &Collector{
		Lake: l.lake, Store: l.store, WorkDir: l.runner.WorkDir, Keep: 1, Age: time.Hour,
		Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Now().Add(2 * time.Hour) }, Confirm: time.Millisecond,
	}
}

// objects are the names of the lake's Parquet files and manifests.
func (l *lab) objects(t *testing.T) []string {
	t.Helper()
	var names []string
	for object, err := range l.lake.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(object.Key, recordFolder) {
			names = append(names, object.Key)
		}
	}
	return names
}

// replacedLab has a second stage whose first files were replaced.
func replacedLab(t *testing.T) (l *lab, dead []string) {
	t.Helper()
	l = newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, ""), event("b", "2018-02-11T00:00:00Z", 1, ""))
	l.mustRun(t, l.events(), daily())
	for _, f := range l.table(t, "web.daily").Files {
		if f.Partition == "dt=2018-02-11" {
			dead = append(dead, f.Path)
		}
	}
	l.put(t, "2.gz", event("c", "2018-02-11T05:00:00Z", 3, ""))
	l.mustRun(t, l.events(), daily())
	return l, dead
}

func mustCollect(t *testing.T, c *Collector) Collected {
	t.Helper()
	done, err := c.Collect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// TestCollect: what is removed is what no readable generation has, and every answer stays.
func TestCollect(t *testing.T) {
	t.Parallel()
	l, dead := replacedLab(t)
	// An attempt that died before its commit record, and what only looks like one.
	orphans := []string{
		"web.events/dt=2018-02-10/run=20180215T0400Z-0123456789ab.r1.beef/0000.parquet",
		"_hot/web.events/run=20180215T0400Z-0123456789ab.r1.beef/manifest.json",
	}
	strangers := []string{"web.events/dt=2018-02-10/run=mine/0000.parquet", "notes/run=20180215T0400Z-0123456789ab.r1.beef/0000.parquet"}
	for _, key := range slices.Concat(orphans, strangers) {
		if _, err := l.lake.Put(t.Context(), key, strings.NewReader("rows")); err != nil {
			t.Fatal(err)
		}
	}
	all := l.objects(t)
	newest, err := l.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}

	young := l.collector()
	young.Now = time.Now
	if done := mustCollect(t, young); done.Dead != 0 || done.Orphans != 0 {
		t.Errorf("within the age: %+v", done)
	}
	dry := l.collector()
	dry.DryRun = true
	want := Collected{Horizon: newest.Generation, Dead: len(dead), Orphans: len(orphans), OrphanBytes: int64(4 * len(orphans))}
	if done := mustCollect(t, dry); done.Dead != want.Dead || done.Orphans != want.Orphans || !slices.Equal(all, l.objects(t)) {
		t.Errorf("dry run: %+v", done)
	}
	done := mustCollect(t, l.collector())
	want.DeadBytes = done.DeadBytes
	if done != want || done.DeadBytes == 0 {
		t.Errorf("collected %+v, want %+v", done, want)
	}
	left := slices.DeleteFunc(all, func(key string) bool { return slices.Contains(dead, key) || slices.Contains(orphans, key) })
	if got := l.objects(t); !slices.Equal(got, left) {
		t.Errorf("left: %q, want %q", got, left)
	}
	if done := mustCollect(t, l.collector()); done != (Collected{Horizon: newest.Generation}) {
		t.Errorf("collected again: %+v", done)
	}
	if _, err := l.store.ViewAt(t.Context(), newest.Generation-1); !errors.Is(err, catalog.ErrNoGeneration) {
		t.Errorf("a collected generation: %v", err)
	}
	l.checkDaily(t)
	l.put(t, "3.gz", event("d", "2018-02-11T06:00:00Z", 3, ""))
	l.mustRun(t, l.events(), daily())
	l.checkDaily(t)
}

// TestCollectWaits: a reader that may read an old generation keeps its files, and one that does not know the horizon yet
// is waited for.
func TestCollectWaits(t *testing.T) {
	t.Parallel()
	l, dead := replacedLab(t)
	newest, err := l.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	c := l.collector()
	note := func(oldest, horizon int64) {
		t.Helper()
		r := catalog.Reader{ID: "gateway", Oldest: oldest, Horizon: horizon, Until: c.Now().Add(time.Hour)}
		if err := l.store.NoteReader(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	note(newest.Generation, 0)
	collected := make(chan Collected, 1)
	go func() {
		done, err := c.Collect(t.Context())
		if err != nil {
			t.Error(err)
		}
		collected <- done
	}()
	for horizon := int64(0); horizon < newest.Generation; {
		if horizon, err = l.store.Horizon(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	select {
	case done := <-collected:
		t.Errorf("collected before the reader knew: %+v", done)
	case <-time.After(20 * time.Millisecond):
	}
	note(newest.Generation-1, newest.Generation) // a statement began just before
	if done := <-collected; done.Dead != 0 || done.Horizon != newest.Generation-1 {
		t.Errorf("while the reader reads the generation before: %+v", done)
	}
	note(newest.Generation, newest.Generation)
	if done := mustCollect(t, c); done.Dead != len(dead) {
		t.Errorf("when it has ended: %+v", done)
	}
}

// TestCollectKeepsRecords: files of a commit record that the catalog does not have yet are no garbage.
func TestCollectKeepsRecords(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, ""))
	l.mustRun(t, l.events())
	l.put(t, "2.gz", event("b", "2018-02-11T00:00:00Z", 1, ""))
	ctx, end := context.WithCancel(t.Context())
	l.runner.Step = func(step string) {
		if step == "recorded" {
			end()
		}
	}
	sealed, err := seal(l.events())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.runner.Run(ctx, []*pipeline.Pipeline{sealed}); !errors.Is(err, context.Canceled) {
		t.Fatalf("the run ended with %v", err)
	}
	l.runner.Step = func(string) {}
	if done := mustCollect(t, l.collector()); done.Orphans != 0 {
		t.Errorf("collected %+v", done)
	}
	if report := l.mustRun(t, l.events()); report.Pipelines[0].Recovered != 1 {
		t.Errorf("recovered %d", report.Pipelines[0].Recovered)
	}
	for _, f := range l.table(t, "web.events").Files {
		if _, err := os.Stat(filepath.Join(l.dir, "lake", f.Path)); errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s is gone", f.Path)
		}
	}
}
