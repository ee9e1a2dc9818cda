package etl

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
)

// fromRecords gives a catalog made of the lake's commit records.
func (l *lab) fromRecords(t *testing.T) catalog.Store {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := Rebuild(t.Context(), store, l.lake, func(*catalog.Record) {}); err != nil {
		t.Fatal(err)
	}
	return store
}

// catalogContents is what a catalog says that does not depend on when it was told.
type catalogContents struct {
	Tables  map[catalog.Name]*catalog.TableView
	Known   map[string]string
	Batches []catalog.Batch
}

func contentsOf(ctx context.Context, t *testing.T, s catalog.Store) catalogContents {
	t.Helper()
	view, err := s.View(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := catalogContents{Tables: view.Tables}
	if c.Known, err = s.Known(ctx, catalog.Name{Schema: "web", Table: "events"}, ""); err != nil {
		t.Fatal(err)
	}
	if c.Batches, err = s.Batches(ctx); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestRebuild(t *testing.T) {
	t.Parallel()
	// The clock goes backwards: the order is that of the seqs.
	now := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	l := newLab(t, func(o *Options) { o.Now = func() time.Time { now = now.Add(-time.Minute); return now } })
	l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, ""), event("b", "2018-02-11T00:00:00Z", 1, ""), `{"broken`)
	l.mustRun(t, l.events(), daily())
	l.put(t, "2.gz", event("b", "2018-02-11T00:00:00Z", 1, ""), event("c", "2018-02-11T05:00:00Z", 2, ""))
	l.mustRun(t, l.events(), daily())
	wider := l.events()
	wider.SQL = strings.Replace(wider.SQL, "from source", ", user_agent::text as agent from source", 1)
	l.put(t, "3.gz", event("d", "2018-02-12T00:00:00Z", 2, `,"user_agent":"x"`))
	l.mustRun(t, wider, daily())

	l.runner.Store = checkRebuilt(t, l)
	for _, p := range l.mustRun(t, wider, daily()).Pipelines {
		if p.Batches+p.Recovered != 0 {
			t.Errorf("%s: %d batches after the rebuilding, %d recovered", p.Table, p.Batches, p.Recovered)
		}
	}
}

// checkRebuilt wants a catalog that is made of the records to say what the lab's does, but for what is hot, and gives it.
func checkRebuilt(t *testing.T, l *lab) catalog.Store {
	t.Helper()
	store := l.fromRecords(t)
	was := contentsOf(t.Context(), t, l.store)
	was.Batches = slices.DeleteFunc(was.Batches, func(b catalog.Batch) bool { return b.State == catalog.BatchFailed })
	opts := []cmp.Option{
		cmpopts.IgnoreFields(catalog.File{}, "ID", "Generation"), cmpopts.IgnoreFields(catalog.Table{}, "ID"),
		cmpopts.IgnoreFields(catalog.TableView{}, "Hot"), cmpopts.IgnoreFields(catalog.Batch{}, "HotLoadedAt"), cmpopts.EquateEmpty(),
		cmpopts.SortSlices(func(a, b catalog.Batch) bool {
			return a.Table.String()+string(rune(a.Seq)) < b.Table.String()+string(rune(b.Seq))
		}),
	}
	if d := cmp.Diff(was, contentsOf(t.Context(), t, store), opts...); d != "" {
		t.Errorf("the rebuilt catalog says other things (-was +is):\n%s", d)
	}
	return store
}

func TestRebuildOfWhatIsNoRecord(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, ""))
	l.mustRun(t, l.events())
	good := l.batches(t)[0]
	path := l.lake.LocalPath(catalog.RecordPath(good.Table, good.ID, 1))
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	other := l.record(t, good)
	other.Batch = "other"
	renamed, err := json.Marshal(other)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		file, text, want string
	}{
		"cut off":        {path, string(text[:len(text)/2]), "unexpected EOF"},
		"of a newer one": {path, strings.Replace(string(text), `"format": 1`, `"format": 2`, 1), "its format is 2"},
		"another's name": {path, string(renamed), "is that of web.events other.r1"},
		"no record":      {filepath.Join(filepath.Dir(path), "notes.txt"), "x", "is no commit record's name"},
		"no table":       {filepath.Join(filepath.Dir(path), "..", "x.r1.json"), "x", "is no commit record's name"},
	} {
		if err := os.WriteFile(c.file, []byte(c.text), 0o644); err != nil {
			t.Fatal(err)
		}
		err := Rebuild(t.Context(), l.store, l.lake, func(*catalog.Record) {})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want …%s…", name, err, c.want)
		}
		if err := os.Remove(c.file); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRebuildOfAStaleRecord has the record of a process that was taken for dead beside that of the one which did its work. Nothing
// is rebuilt of the two; the next run removes it, and all is well.
func TestRebuildOfAStaleRecord(t *testing.T) {
	t.Parallel()
	for after, want := range map[string]string{
		"a run": "another one has read 2.gz", "a backfill": "which is not there any more", "a compaction": "which has no live file",
	} {
		t.Run(after, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			p := l.events()
			p.MaxObjects = 1
			l.put(t, "1.gz", event("a", "2018-02-10T00:00:00Z", 1, ""))
			l.put(t, "2.gz", event("b", "2018-02-10T00:00:00Z", 1, ""))
			l.mustRun(t, p)
			switch after {
			case "a backfill":
				l.mustBackfill(t, Choice{Force: true}, l.events())
			case "a compaction":
				l.compact(t, Compaction{All: true}, l.events())
			}
			all := l.batches(t)
			l.leaveStale(t, all[len(all)-1])
			other, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
			if err != nil {
				t.Fatal(err)
			}
			err = Rebuild(t.Context(), other, l.lake, func(*catalog.Record) {})
			if e, ok := errors.AsType[*ContradictionError](err); !ok || !strings.Contains(err.Error(), want) || e.Table != p.Table {
				t.Errorf("%v, want a contradiction: %s", err, want)
			}
			if err := other.Close(); err != nil {
				t.Error(err)
			}
			l.mustRun(t, p)
			checkRebuilt(t, l)
		})
	}
}

// leaveStale puts a record into the lake that does what a published one did, in another batch with files of its own.
func (l *lab) leaveStale(t *testing.T, b catalog.Batch) {
	t.Helper()
	r := l.record(t, b)
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	stale := b.ID[:len(b.ID)-12] + "0123456789ab"
	text = []byte(strings.ReplaceAll(string(text), b.ID, stale))
	var s catalog.Record
	if err := json.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	if s.Seq, err = l.store.Reserve(t.Context(), b.Table); err != nil {
		t.Fatal(err)
	}
	if text, err = json.Marshal(s); err != nil {
		t.Fatal(err)
	}
	if _, err := l.lake.PutIfAbsent(t.Context(), catalog.RecordPath(b.Table, stale, s.Revision), text); err != nil {
		t.Fatal(err)
	}
}
