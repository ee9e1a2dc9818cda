package hotload_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/internal/pgtypes"
)

func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// checkHot compares what a reader sees with what is covered, and the hot table with the catalog.
func checkHot(t *testing.T, w *world, all bool) {
	t.Helper()
	name := events().Name
	v := w.view(t)
	equal(t, "hot rows", w.hot(t, v, name), w.want(t, v, name, all))
	tv, counts := v.Tables[name], w.seqs(t, name)
	named := map[int64]bool{}
	rows := tv.PairRows()
	for p, loads := range tv.Hot.Covered {
		if n := catalog.RowsOf(loads, counts); n != rows[p] {
			t.Errorf("%v: %d rows in the catalog, %d hot", p, rows[p], n)
		}
		for _, part := range loads {
			named[part.LoadSeq] = true
		}
	}
	for seq := range counts {
		if !named[seq] {
			t.Errorf("load sequence %d is in the hot table and covers nothing", seq)
		}
	}
}

func TestLoadPending(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(t, events(), "b1", nil, part{15, "a", 100}, part{15, "", 10}, part{16, "x/y=z'", 7})
	w.commit(t, events(), "b2", nil, part{16, "a", 5000}, part{15, "a", 3})
	w.commit(t, events(), "empty", nil)
	r := w.load(t)
	if r.Batches != 2 || r.Rows != 5120 || r.Withdrawn+r.Purged+r.Waiting != 0 {
		t.Errorf("report: %+v", r)
	}
	checkHot(t, w, true)
	got := w.query(t, "SELECT CAST(min(ts) AS VARCHAR), CAST(max(ts) AS VARCHAR) FROM "+hotload.TableRef(events().Name)+" WHERE dt = DATE '2018-02-16'")
	equal(t, "times", got, []string{"2018-02-16 01:02:03+00 2018-02-16 02:25:22+00"})
	before := w.view(t)
	if r := w.load(t); r.Batches != 0 || w.view(t).Generation != before.Generation {
		t.Errorf("a second pass loaded %d batches and made generation %d after %d", r.Batches, w.view(t).Generation, before.Generation)
	}
}

func TestLoadWithoutPartitions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := &catalog.Table{
		Name: catalog.Name{Schema: "a_", Table: "b"}, SchemaVersion: 1,
		Columns: []catalog.Column{{Name: "x", Type: pgtypes.Of(pgtypes.Int8)}},
		Hot:     &catalog.HotSpec{Columns: []string{"x"}, Sort: []string{"x"}},
	}
	r := w.record(t, table, "b1", nil)
	for _, key := range []string{"a_.b/run=b1.r1.0000/0000.parquet", "_hot/a_.b/run=b1.r1.0000/0000.parquet"} {
		w.copyTo(t, key, "SELECT 9 - i AS x FROM range(10) r(i)")
	}
	r.Files = []catalog.FileRecord{{Path: "a_.b/run=b1.r1.0000/0000.parquet", Rows: 10}}
	r.Counts = catalog.Counts{Read: 10, Emitted: 10}
	r.Subset.Paths, r.Subset.Rows = []string{"_hot/a_.b/run=b1.r1.0000/0000.parquet"}, 10
	w.publish(t, r)
	w.load(t)
	equal(t, "sorted rows", w.query(t, "SELECT string_agg(x, '') FROM "+hotload.TableRef(table.Name)), []string{"0123456789"})
}

func TestReplacedBatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(t, events(), "b1", nil, part{15, "a", 100}, part{16, "a", 7})
	w.load(t)
	old := w.view(t)
	oldRows := w.hot(t, old, events().Name)
	w.commit(t, events(), "b2", []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: part{15, "a", 0}.partition()}}, part{15, "a", 60})
	replaced := w.view(t)
	equal(t, "what the old view reads", w.hot(t, old, events().Name), oldRows)
	equal(t, "what the new view reads", w.hot(t, replaced, events().Name), w.want(t, replaced, events().Name, false))

	var pins hotload.Pins
	release := pinned(t, &pins, old.Generation)
	var released atomic.Bool
	l := w.loader()
	// The reader ends only when somebody waits for it, after one more query.
	l.Readers = readersFunc(func(ctx context.Context, generation int64) error {
		go func() {
			defer release()
			got, err := counts(ctx, w, fmt.Sprintf("SELECT _tg_seq, count(*) FROM %s WHERE _tg_seq <= %d GROUP BY 1",
				hotload.TableRef(events().Name), old.Tables[events().Name].Hot.MaxLoadSeq))
			if err != nil || !maps.Equal(got, map[int64]int64{1: 100, 2: 7}) {
				t.Errorf("the pinned view reads %v, %v", got, err)
			}
			released.Store(true)
		}()
		return pins.Wait(ctx, generation)
	})
	waited := false
	l.Step = func(step string) {
		if step == "waited" {
			waited = released.Load()
		}
	}
	r, err := l.LoadPending(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Batches != 1 || r.Purged != 1 || !waited {
		t.Errorf("report %+v, waited %t", r, waited)
	}
	checkHot(t, w, true)
	if got := w.view(t).Tables[events().Name].Hot.Withdrawn; len(got) != 0 {
		t.Errorf("still withdrawn: %v", got)
	}
}

type readersFunc func(ctx context.Context, generation int64) error

func (f readersFunc) Wait(ctx context.Context, generation int64) error { return f(ctx, generation) }

// A reader that does not end must not hold up loads: its rows stay, and a later pass removes them.
func TestReaderThatStays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(t, events(), "b1", nil, part{15, "a", 100})
	w.load(t)
	w.commit(t, events(), "b2", []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: part{15, "a", 0}.partition()}}, part{15, "a", 60})
	l := w.loader()
	slow := true
	l.Readers = readersFunc(func(context.Context, int64) error {
		if slow {
			return context.DeadlineExceeded
		}
		return nil
	})
	if r, err := l.LoadPending(t.Context()); err != nil || r.Rows != 60 || r.Waiting != 1 || r.Purged != 0 {
		t.Errorf("while the reader stays: %+v, %v", r, err)
	}
	equal(t, "rows of both loads", w.seqs(t, events().Name), map[int64]int64{1: 100, 2: 60})
	slow = false
	if r, err := l.LoadPending(t.Context()); err != nil || r.Waiting != 0 || r.Purged != 1 {
		t.Errorf("when it is gone: %+v, %v", r, err)
	}
	checkHot(t, w, true)
}

func TestKeep(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	table := events()
	table.Hot.Keep = 48 * time.Hour
	w.commit(t, table, "b1", nil, part{14, "a", 9}, part{15, "a", 100}, part{16, "a", 7})
	if r := w.load(t); r.Rows != 107 {
		t.Errorf("loaded %d rows, want those of two days", r.Rows)
	}
	checkHot(t, w, false)
	w.commit(t, table, "b2", nil, part{17, "a", 5})
	if r := w.load(t); r.Rows != 5 || r.Withdrawn != 1 || r.Purged != 1 {
		t.Errorf("report: %+v", r)
	}
	checkHot(t, w, false)
	table.Hot = nil
	w.commit(t, table, "b3", nil, part{17, "a", 6})
	if r := w.load(t); r.Withdrawn != 2 || r.Batches != 0 {
		t.Errorf("report of a table that is no longer hot: %+v", r)
	}
	checkHot(t, w, false)
}

func TestHotColumnsChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(t, events(), "b1", nil, part{15, "a", 100}, part{15, "", 4})
	w.load(t)
	wider := events()
	wider.SchemaVersion = 2
	wider.Columns[2].Type = pgtypes.Of(pgtypes.Int8)
	wider.Hot.Columns = []string{"event_id", "ts", "load_ms", "price", "dt", "kind"}
	w.commit(t, wider, "b2", nil, part{16, "a", 7})
	// b1's column subset lacks the two columns: its rows come from the full-field files.
	if r := w.load(t); r.Batches != 2 || r.Rows != 111 || r.Purged != 2 {
		t.Errorf("report: %+v", r)
	}
	checkHot(t, w, true)
	equal(t, "values of the new columns", w.query(t, "SELECT count(event_id), CAST(sum(price) AS VARCHAR) FROM "+
		hotload.TableRef(events().Name)), []string{"111 1244.25"})
	narrower := events()
	narrower.SchemaVersion, narrower.Columns = 2, wider.Columns
	narrower.Hot.Columns = []string{"load_ms", "dt", "kind"}
	w.commit(t, narrower, "b3", nil, part{16, "a", 3})
	if r := w.load(t); r.Batches != 1 || r.Rows != 3 {
		t.Errorf("report after fewer columns: %+v", r)
	}
	checkHot(t, w, true)
}

func TestHotStoreWasLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := openWorld(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	w.commit(t, events(), "b1", nil, part{15, "a", 100}, part{16, "a", 7})
	w.load(t)
	if err := errors.Join(w.close(), os.Remove(filepath.Join(dir, "hot.duckdb"))); err != nil {
		t.Fatal(err)
	}
	w = reopen(t, dir)
	if err := w.loader().Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := w.view(t).Tables[events().Name].Hot.Covered; len(got) != 0 {
		t.Errorf("still covered after the loss: %v", got)
	}
	if r := w.load(t); r.Rows != 107 {
		t.Errorf("report: %+v", r)
	}
	checkHot(t, w, true)
	// A part of the rows is missing, another pair has too many.
	ref := hotload.TableRef(events().Name)
	w.exec(t, "DELETE FROM "+ref+" WHERE dt = DATE '2018-02-15' AND load_ms % 10 = 0")
	w.exec(t, "INSERT INTO "+ref+" SELECT * FROM "+ref+" WHERE dt = DATE '2018-02-16'")
	if r := w.load(t); r.Withdrawn != 2 || r.Rows != 107 {
		t.Errorf("report: %+v", r)
	}
	checkHot(t, w, true)
}

func TestCatalogWasLost(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	w, err := openWorld(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	w.commit(t, events(), "b1", nil, part{15, "a", 100}, part{16, "a", 7})
	w.load(t)
	if err := errors.Join(w.close(), os.Remove(filepath.Join(dir, "catalog.db"))); err != nil {
		t.Fatal(err)
	}
	// The new catalog gives the same load sequences again.
	w = reopen(t, dir)
	w.commit(t, events(), "c1", nil, part{17, "a", 5})
	w.load(t)
	checkHot(t, w, true)
}

func TestWrongFiles(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		wrong func(t *testing.T, w *world, r *catalog.Record)
		err   string
	}{
		{"subset with a row too few", func(t *testing.T, w *world, r *catalog.Record) {
			t.Helper()
			w.copyTo(t, r.Subset.Paths[0], part{15, "a", 99}.selectRows(r.Seq))
		}, `partition "dt=2018-02-15/kind=a" has 99 rows in the files and 100 in the catalog`},
		{"subset with a row too many", func(t *testing.T, w *world, r *catalog.Record) {
			t.Helper()
			w.copyTo(t, r.Subset.Paths[0], part{15, "a", 101}.selectRows(r.Seq))
		}, "has 101 rows"},
		{"subset of another partition", func(t *testing.T, w *world, r *catalog.Record) {
			t.Helper()
			w.copyTo(t, r.Subset.Paths[0], part{16, "a", 100}.selectRows(r.Seq))
		}, "has 0 rows"},
		{"subset that its record contradicts", func(_ *testing.T, _ *world, r *catalog.Record) {
			r.Subset.Rows = 99
		}, "its column subset 99"},
		{"missing subset", func(t *testing.T, w *world, r *catalog.Record) {
			t.Helper()
			if err := w.lake.Delete(t.Context(), r.Subset.Paths[0]); err != nil {
				t.Fatal(err)
			}
		}, "load hot web.events"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.commit(t, events(), "good", nil, part{14, "a", 3})
			r := w.record(t, events(), "bad", nil, part{15, "a", 100})
			c.wrong(t, w, r)
			w.publish(t, r)
			got, err := w.loader().LoadPending(t.Context())
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("load: %v, want %q", err, c.err)
			}
			if got.Batches != 1 || got.Rows != 3 {
				t.Errorf("report: %+v, want the good batch", got)
			}
			checkHot(t, w, false)
		})
	}
}

// A batch that is replaced between the hot store's commit and the coverage must leave nothing behind.
func TestReplacedWhileLoaded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.commit(t, events(), "b1", nil, part{15, "a", 100})
	l := w.loader()
	done := false
	l.Step = func(step string) {
		if step == "loaded" && !done {
			done = true
			w.commit(t, events(), "b2", []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: part{15, "a", 0}.partition()}}, part{15, "a", 60})
		}
	}
	if r, err := l.LoadPending(t.Context()); err != nil || r.Rows != 60 || r.Purged != 1 {
		t.Errorf("report: %+v, %v", r, err)
	}
	checkHot(t, w, true)
}

func TestOneTableFails(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bad := events()
	bad.Name = catalog.Name{Schema: "a", Table: "bad"}
	r := w.record(t, bad, "b1", nil, part{15, "a", 1})
	r.Subset.Rows = 2
	w.publish(t, r)
	w.commit(t, events(), "b1", nil, part{15, "a", 100})
	got, err := w.loader().LoadPending(t.Context())
	if err == nil || !strings.Contains(err.Error(), "bring a.bad into the hot store") || got.Rows != 100 {
		t.Errorf("report: %+v, %v", got, err)
	}
	checkHot(t, w, true)
}

func TestWatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	l := w.loader()
	loaded := make(chan struct{}, 10)
	l.Step = func(step string) {
		if step == "covered" {
			loaded <- struct{}{}
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- l.Watch(ctx, time.Millisecond) }()
	for _, name := range []string{"b1", "b2", "b3"} {
		w.commit(t, events(), name, nil, part{15, "a", 10})
		<-loaded
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	checkHot(t, w, true)
}
