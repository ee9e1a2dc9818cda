package sqlite_test

import (
	stdsql "database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/catalog/catalogtest"
	"tidegate/catalog/sqlite"
)

func open(t *testing.T, path string) *sqlite.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
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
	errs := make(chan error)
	for range 8 {
		go func() {
			s, err := sqlite.Open(t.Context(), path)
			if err == nil {
				err = s.Close()
			}
			errs <- err
		}()
	}
	for range 8 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
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

// TestViewOfManyFiles bounds the time to read a catalog of 10,000 files and to take up one more.
func TestViewOfManyFiles(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	s := open(t, path)
	var partitions []catalogtest.Partition
	for i := range 10_000 {
		partitions = append(partitions, catalogtest.Partition{Value: fmt.Sprintf("dt=%05d", i), Rows: []int64{1}})
	}
	if _, err := s.Publish(t.Context(), catalogtest.Record("b1", 1, partitions...)); err != nil {
		t.Fatal(err)
	}
	read := func(s *sqlite.Store, files int) time.Duration {
		begin := time.Now()
		v, err := s.View(t.Context())
		if err != nil || len(v.Tables[catalogtest.Events()].Files) != files {
			t.Fatalf("view: %v, %v", v, err)
		}
		return time.Since(begin)
	}
	whole := read(s, 10_000)
	if _, err := open(t, path).Publish(t.Context(), catalogtest.Record("b2", 2, partitions[0])); err != nil {
		t.Fatal(err)
	}
	more := read(s, 10_001)
	t.Logf("10,000 files in %s, one more in %s, nothing new in %s", whole, more, read(s, 10_001))
	if whole > 2*time.Second || more > time.Second {
		t.Errorf("10,000 files in %s, one more in %s", whole, more)
	}
}
