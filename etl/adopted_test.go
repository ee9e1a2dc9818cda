package etl

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// others is a folder beside the lab's lake that others fill.
func (l *lab) others() string { return filepath.Join(l.dir, "others") }

func (l *lab) writeOther(t *testing.T, name, query string) {
	t.Helper()
	path := filepath.Join(l.others(), name)
	s := l.session(t)
	defer func() { _ = s.Close() }()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "COPY ("+query+") TO "+literal(path)+" (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
}

// adopting is a pipeline that adopts the folder.
func (l *lab) adopting() *pipeline.Pipeline {
	sum := sha256.Sum256([]byte("adopt"))
	return &pipeline.Pipeline{
		Name: "web/adopted", YMLFile: "web/adopted.yml", Table: catalog.Name{Schema: "web", Table: "adopted"},
		SHA256: hex.EncodeToString(sum[:]), Adopt: &pipeline.Adopt{Cold: "file:" + l.others()},
	}
}

func (l *lab) adopt(t *testing.T) PipelineReport {
	t.Helper()
	report, err := l.runner.Run(t.Context(), []*pipeline.Pipeline{l.adopting()})
	if err != nil {
		t.Fatal(err)
	}
	return report.Pipelines[0]
}

// adopted gives the live files of the adopted table, with their rows.
func (l *lab) adopted(t *testing.T) string {
	t.Helper()
	var all []string
	for _, f := range l.table(t, "web.adopted").Files {
		all = append(all, fmt.Sprintf("%s:%d", filepath.Base(f.Path), f.Rows))
	}
	return strings.Join(all, " ")
}

func TestAdopted(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.writeOther(t, "a.parquet", "SELECT 1 AS n FROM range(3)")
	l.writeOther(t, "b.parquet", "SELECT 1 AS n FROM range(4)")
	before := contents(t, l.others())
	if r := l.adopt(t); r.Batches != 1 || r.Counts.Emitted != 7 || r.Files != 2 {
		t.Errorf("first run: %+v", r)
	}
	if r := l.adopt(t); r.Batches != 0 || r.Adopted.Known != 2 {
		t.Errorf("second run: %+v", r)
	}
	if got := contents(t, l.others()); !slices.Equal(got, before) {
		t.Errorf("the adopted folder changed from %v to %v", before, got)
	}
	l.writeOther(t, "b.parquet", "SELECT 1 AS n FROM range(5)")
	l.writeOther(t, "c.parquet", "SELECT 1 AS n FROM range(6)")
	if err := os.Rename(filepath.Join(l.others(), "a.parquet"), filepath.Join(l.dir, "a.parquet")); err != nil {
		t.Fatal(err)
	}
	generation := l.generation(t)
	l.adopt(t)
	if got := l.adopted(t); got != "b.parquet:5 c.parquet:6" || l.generation(t) != generation+1 {
		t.Errorf("files %s, generation %d after %d", got, l.generation(t), generation)
	}
	// The same object goes and comes twice.
	for range 2 {
		if err := os.Rename(filepath.Join(l.dir, "a.parquet"), filepath.Join(l.others(), "a.parquet")); err != nil {
			t.Fatal(err)
		}
		l.adopt(t)
		if got := l.adopted(t); got != "a.parquet:3 b.parquet:5 c.parquet:6" {
			t.Errorf("it came: %s", got)
		}
		if err := os.Rename(filepath.Join(l.others(), "a.parquet"), filepath.Join(l.dir, "a.parquet")); err != nil {
			t.Fatal(err)
		}
		l.adopt(t)
		if got := l.adopted(t); got != "b.parquet:5 c.parquet:6" {
			t.Errorf("it went: %s", got)
		}
	}
	// The records alone give the same table.
	l.rebuilt(t, "web.adopted")
}

// contents gives name, size and time of every file below a folder.
func contents(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			all = append(all, fmt.Sprintf("%s %d %s", path, info.Size(), info.ModTime()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func (l *lab) generation(t *testing.T) int64 {
	t.Helper()
	v, err := l.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v.Generation
}

// rebuilt makes the table in an empty catalog of its commit records.
func (l *lab) rebuilt(t *testing.T, name string) {
	t.Helper()
	want := l.table(t, name)
	fresh := newLab(t, nil)
	if err := Rebuild(t.Context(), fresh.store, l.lake, func(*catalog.Record) {}); err != nil {
		t.Fatal(err)
	}
	got := fresh.table(t, name)
	if len(got.Files) != len(want.Files) {
		t.Fatalf("rebuilt with %d files, want %d", len(got.Files), len(want.Files))
	}
	for i, f := range got.Files {
		if w := want.Files[i]; f.Path != w.Path || f.ETag != w.ETag || f.Rows != w.Rows {
			t.Errorf("rebuilt file %+v, want %+v", f, w)
		}
	}
}

// TestAdoptedStops stops at every step of a registration; the next run has to end as one that nobody disturbed.
func TestAdoptedStops(t *testing.T) {
	t.Parallel()
	errStop := errors.New("stop")
	for _, at := range []string{"recovered", "discovered", "reserved", "recorded", "published"} {
		l := newLab(t, nil)
		l.writeOther(t, "a.parquet", "SELECT 1 AS n FROM range(3)")
		l.writeOther(t, "b.parquet", "SELECT 1 AS n FROM range(4)")
		l.adopt(t)
		l.writeOther(t, "a.parquet", "SELECT 1 AS n FROM range(30)")
		l.writeOther(t, "c.parquet", "SELECT 1 AS n FROM range(5)")
		if err := os.Remove(filepath.Join(l.others(), "b.parquet")); err != nil {
			t.Fatal(err)
		}
		stopped := false
		l.runner.Step = func(step string) {
			if step == at {
				stopped = true
				panic(errStop)
			}
		}
		func() {
			defer func() {
				if r := recover(); r != nil && r != errStop { //nolint:errorlint // the very value
					panic(r)
				}
			}()
			_, _ = l.runner.Run(t.Context(), []*pipeline.Pipeline{l.adopting()})
		}()
		if !stopped {
			t.Fatalf("there is no step %s", at)
		}
		l.runner.Step = func(string) {}
		l.adopt(t)
		if got := l.adopted(t); got != "a.parquet:30 c.parquet:5" {
			t.Errorf("stopped at %s: %s", at, got)
		}
		if r := l.adopt(t); r.Batches != 0 {
			t.Errorf("stopped at %s: a third run registers %d files", at, r.Files)
		}
		l.rebuilt(t, "web.adopted")
	}
}

func TestAdoptedIsNoPipelinesTable(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-15T00:00:00Z", 1, ""))
	l.mustRun(t, l.events())
	l.writeOther(t, "a.parquet", "SELECT 1 AS n")
	p := l.adopting()
	p.Table = catalog.Name{Schema: "web", Table: "events"}
	_, err := l.runner.Run(t.Context(), []*pipeline.Pipeline{p})
	if err == nil || !strings.Contains(err.Error(), "web/adopted.yml: table web.events is there already") {
		t.Errorf("adopted over a pipeline's table: %v", err)
	}
}
