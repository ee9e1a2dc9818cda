package hotload_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tidegate/catalog"
	"tidegate/etl"
	"tidegate/etl/hotload"
)

// compaction makes the record of a compaction of all live pairs of some partitions, and its files.
func (w *world) compaction(t *testing.T, name string, partitions ...string) *catalog.Record {
	t.Helper()
	r := w.record(t, events(), name, nil)
	r.Kind, r.Inputs, r.Subset = catalog.RecordCompact, nil, nil
	for _, partition := range partitions {
		var paths []string
		f := catalog.FileRecord{Partition: partition, Bytes: 100}
		pairs := map[catalog.Replaced]bool{}
		for _, old := range w.view(t).Tables[events().Name].Files {
			if old.Partition != f.Partition {
				continue
			}
			paths = append(paths, quote(w.lake.LocalPath(old.Path)))
			f.Rows += old.Rows
			pairs[catalog.Replaced{Batch: old.Batch, Revision: old.Revision, Partition: old.Partition}] = true
		}
		for pair := range pairs {
			r.Replaces = append(r.Replaces, pair)
		}
		f.Path = fmt.Sprintf("%s/%s/run=%s.r1.00aa/0000.parquet", events().Name, f.Partition, name)
		w.copyTo(t, f.Path, "SELECT * FROM read_parquet(["+strings.Join(paths, ", ")+"], hive_partitioning=false) ORDER BY ts")
		r.Files = append(r.Files, f)
	}
	return r
}

func (w *world) compact(t *testing.T, name string, partitions ...string) {
	t.Helper()
	w.publish(t, w.compaction(t, name, partitions...))
}

// TestCompactionStaysHot compacts what is hot: nothing is loaded and nothing removed, by whoever looks. A part of its rows
// that is lost has all of them loaded again, and a remake of it removes them all.
func TestCompactionStaysHot(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := part{15, "a", 0}.partition()
	w.commit(t, events(), "b1", nil, part{15, "a", 50}, part{16, "a", 5})
	w.commit(t, events(), "b2", nil, part{15, "a", 20})
	w.load(t)
	loaded := w.seqs(t, events().Name)
	w.compact(t, "k1", day)
	checkHot(t, w, true)
	for range 2 { // each looks into the hot table
		if r := w.load(t); r.Batches+r.Withdrawn+r.Purged+r.Waiting != 0 {
			t.Errorf("a pass after the compaction: %+v", r)
		}
	}
	equal(t, "rows in the hot table", w.seqs(t, events().Name), loaded)
	w.commit(t, events(), "b3", nil, part{15, "a", 7})
	w.load(t)
	w.compact(t, "k2", day)
	checkHot(t, w, true)

	w.exec(t, fmt.Sprintf("DELETE FROM %s WHERE load_ms = 1003 AND dt = DATE '2018-02-15'", hotload.TableRef(events().Name)))
	if r := w.load(t); r.Withdrawn != 1 || r.Batches != 1 || r.Rows != 77 || r.Purged != 3 {
		t.Errorf("after a row was lost: %+v", r)
	}
	checkHot(t, w, true)
	w.commit(t, events(), "b4", []catalog.Replaced{{Batch: "k2", Revision: 1, Partition: day}}, part{15, "a", 70})
	w.load(t)
	checkHot(t, w, true)
}

// TestReplacedCompaction has what a compaction took over from several loads replaced: each of them is removed, once.
func TestReplacedCompaction(t *testing.T) {
	t.Parallel()
	eachServer(t, func(t *testing.T, l *serverLab) {
		t.Helper()
		w, st := l.world(t), l.store("compacted")
		load := func() hotload.Report {
			r, err := w.serverLoader(w.serverHot(t, st), nil).LoadPending(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return r
		}
		day := part{15, "a", 0}.partition()
		w.commit(t, events(), "b1", nil, part{15, "a", 50}, part{16, "a", 5})
		w.commit(t, events(), "b2", nil, part{15, "a", 20})
		load()
		w.compact(t, "k", day)
		if r := load(); r.Batches+r.Withdrawn+r.Purged != 0 {
			t.Errorf("a pass after the compaction: %+v", r)
		}
		checkServer(t, w, st, true)
		w.commit(t, events(), "b3", []catalog.Replaced{{Batch: "k", Revision: 1, Partition: day}}, part{15, "a", 60})
		if r := load(); r.Purged != 2 || r.Rows != 60 {
			t.Errorf("a pass after it was replaced: %+v", r)
		}
		if r := load(); r.Batches+r.Withdrawn+r.Purged != 0 {
			t.Errorf("another pass: %+v", r)
		}
		checkServer(t, w, st, true)
	})
}

// meanwhile does something once, in the middle of a step of the loader.
type meanwhile struct {
	hotload.Hot
	counted, loaded func()
}

func (m meanwhile) Counts(ctx context.Context, table catalog.Name) (map[int64]int64, error) {
	counts, err := m.Hot.Counts(ctx, table)
	m.counted()
	return counts, err
}

func (m meanwhile) Load(ctx context.Context, l hotload.Load) (int64, error) {
	n, err := m.Hot.Load(ctx, l)
	m.loaded()
	return n, err
}

// TestCompactedMeanwhile publishes a compaction while the loader is at work: between it counted rows, of which some are lost,
// and said so, and between it loaded rows and covered them.
func TestCompactedMeanwhile(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"lost", "loaded", "loaded again"} {
		t.Run(when, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.commit(t, events(), "b1", nil, part{15, "a", 50})
			w.commit(t, events(), "b2", nil, part{15, "a", 20})
			w.load(t)
			table := events()
			switch when {
			case "lost":
				w.exec(t, fmt.Sprintf("DELETE FROM %s WHERE load_ms = 1003", hotload.TableRef(events().Name)))
			case "loaded":
				w.commit(t, events(), "b3", nil, part{15, "a", 7})
			case "loaded again":
				table.Hot.Columns = []string{"ts", "load_ms", "price", "dt", "kind"}
				w.commit(t, table, "b3", nil, part{16, "a", 7})
			}
			once := sync.OnceFunc(func() { w.compact(t, "k", part{15, "a", 0}.partition()) })
			never := func() {}
			hot := meanwhile{Hot: &hotload.Embedded{DB: w.db}, counted: never, loaded: once}
			if when == "lost" {
				hot.counted, hot.loaded = once, never
			}
			l := w.loader()
			l.Hot = hot
			if _, err := l.LoadPending(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkHot(t, w, true)
			for p := range w.view(t).Tables[events().Name].Hot.Covered {
				if p.Batch != "k" && p.Partition == (part{15, "a", 0}).partition() {
					t.Errorf("%v is covered", p)
				}
			}
			if r := w.load(t); r.Batches+r.Withdrawn+r.Purged != 0 {
				t.Errorf("another pass: %+v", r)
			}
		})
	}
}

// TestRebuiltAfterCompaction loses the catalog of what was compacted while it was hot: of the records alone nothing is hot, and
// then all of it is again, once.
func TestRebuiltAfterCompaction(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lost, err := openWorld(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	lost.commit(t, events(), "b1", nil, part{15, "a", 50}, part{16, "a", 5})
	lost.commit(t, events(), "b2", nil, part{15, "a", 20})
	lost.load(t)
	lost.compact(t, "k", part{15, "a", 0}.partition())
	if err := lost.close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "catalog.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no catalog: %v", err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	w := reopen(t, dir)
	if err := etl.Rebuild(t.Context(), w.store, w.lake, func(*catalog.Record) {}); err != nil {
		t.Fatal(err)
	}
	if hot := w.view(t).Tables[events().Name].Hot; len(hot.Covered)+len(hot.Passed) > 0 {
		t.Errorf("hot after the rebuilding: %+v", hot)
	}
	if r := w.load(t); r.Rows != 75 || r.Purged != 3 {
		t.Errorf("the pass after it: %+v", r)
	}
	checkHot(t, w, true)
}
