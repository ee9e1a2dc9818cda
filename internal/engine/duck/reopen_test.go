package duck

import (
	"errors"
	"path/filepath"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// TestReopen breaks the attached database for good, as a disk does that fails while a checkpoint is written: what runs
// fails, what comes later is answered, and nothing that was committed is lost.
func TestReopen(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{Threads: 2, Fence: true, Attach: []Attachment{{Name: "hot", Path: filepath.Join(t.TempDir(), "hot.duckdb")}}})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	s, err := db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range []string{"create table hot.t as select range::bigint as i from range(1000)", "set debug_checkpoint_abort='before_truncate'"} {
		if _, err := s.Exec(t.Context(), q); err != nil {
			t.Fatal(err)
		}
	}
	idle, err := db.Query(t.Context(), engine.Statement{SQL: "select i from range(100000000) r(i)"})
	if err != nil {
		t.Fatal(err)
	}
	chunk, err := idle.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Exec(t.Context(), "checkpoint hot"); err == nil {
		t.Fatal("the checkpoint did not break anything")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if got := count(t, db, "select count(*) from hot.t where i >= 0"); got != 1000 {
			t.Errorf("%d rows", got)
		}
	}
	if chunk.Vectors[0].I64[7] != 7 {
		t.Errorf("the last chunk of a result that was ended shows %d", chunk.Vectors[0].I64[7])
	}
	if _, err := idle.Next(t.Context()); pgerr.CodeOf(err) != pgerr.IOError {
		t.Errorf("what ran gave %v", err)
	}
	if err := errors.Join(idle.Close(), idle.Close(), db.Close()); err != nil {
		t.Error(err)
	}
}

func count(t *testing.T, db *DB, query string) int64 {
	t.Helper()
	rows, err := db.Query(t.Context(), engine.Statement{SQL: query})
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	chunk, err := rows.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return chunk.Vectors[0].I64[0]
}
