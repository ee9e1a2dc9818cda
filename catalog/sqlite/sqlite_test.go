package sqlite_test

import (
	stdsql "database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/catalog/catalogtest"
	"tidegate/catalog/sqlite"
)

func open(tb testing.TB, path string) catalog.Store {
	tb.Helper()
	s, err := sqlite.Open(tb.Context(), path)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

func TestConformance(t *testing.T) {
	t.Parallel()
	catalogtest.Run(t, func(t *testing.T) catalogtest.Opener {
		t.Helper()
		path := filepath.Join(t.TempDir(), "catalog?.db") // a name that a careless DSN would cut
		return func(t *testing.T) catalog.Store {
			t.Helper()
			return open(t, path)
		}
	})
}

func TestOpenTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	catalogtest.OpenTogether(t, func() (catalog.Store, error) { return sqlite.Open(t.Context(), path) })
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	open(t, path)
	db, err := stdsql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), `PRAGMA user_version = 99`); err != nil {
		t.Fatal(err)
	}
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), "version 99") {
		t.Errorf("Open: %v", err)
	}
}

func TestOpenNamesTheFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "missing", "catalog.db")
	if _, err := sqlite.Open(t.Context(), path); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("Open in a missing folder: %v, want one that names %s", err, path)
	}
}

// BenchmarkView reads a catalog of 10,000 files whole, and takes up one more.
func BenchmarkView(b *testing.B) {
	path := filepath.Join(b.TempDir(), "catalog.db")
	s := open(b, path)
	var partitions []catalogtest.Partition
	for i := range 10_000 {
		partitions = append(partitions, catalogtest.Partition{Value: fmt.Sprintf("dt=%05d", i), Rows: []int64{1}})
	}
	publish := func(r *catalog.Record) {
		if _, err := s.Publish(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
	publish(catalogtest.Record("b0", 1, partitions...))
	view := func(s catalog.Store) {
		if _, err := s.View(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			view(open(b, path))
		}
	})
	b.Run("unchanged", func(b *testing.B) {
		for b.Loop() {
			view(s)
		}
	})
	seq := int64(1)
	b.Run("one more", func(b *testing.B) {
		for b.Loop() {
			b.StopTimer()
			seq++
			publish(catalogtest.Record(fmt.Sprintf("b%d", seq), seq, partitions[0]))
			b.StartTimer()
			view(s)
		}
	})
}

// BenchmarkPublish publishes batches of 1,000 files and as many inputs.
func BenchmarkPublish(b *testing.B) {
	s := open(b, filepath.Join(b.TempDir(), "catalog.db"))
	var partitions []catalogtest.Partition
	for i := range 1000 {
		partitions = append(partitions, catalogtest.Partition{Value: fmt.Sprintf("dt=%05d", i), Rows: []int64{1}})
	}
	seq := int64(0)
	for b.Loop() {
		seq++
		r := catalogtest.Record(fmt.Sprintf("b%d", seq), seq, partitions...)
		for i := range 1000 {
			r.Inputs = append(r.Inputs, catalog.Input{Key: fmt.Sprintf("raw/%d/%d", seq, i), ETag: "e"})
		}
		if _, err := s.Publish(b.Context(), r); err != nil {
			b.Fatal(err)
		}
	}
}
