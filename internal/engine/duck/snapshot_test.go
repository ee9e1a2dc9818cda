package duck

import (
	"errors"
	"io"
	"path/filepath"
	"testing"

	"tidegate/internal/engine"
)

// TestFilterHoldsAgainstLaterRows commits rows between the prepare and the execute of a statement whose filter the
// statistics made superfluous when it was prepared.
func TestFilterHoldsAgainstLaterRows(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Path: filepath.Join(t.TempDir(), "t.duckdb")})
	exec(t, db, "CREATE TABLE t AS SELECT i FROM range(9) r(i)", "CHECKPOINT")
	c, err := db.acquire(utc)
	if err != nil {
		t.Fatal(err)
	}
	w := c.watch(t.Context())
	p, err := c.prepareInTransaction(engine.Statement{SQL: "SELECT count(*) FROM t WHERE i <= 8"})
	if err != nil {
		t.Fatal(err)
	}
	exec(t, db, "INSERT INTO t VALUES (9), (10)")
	r, err := c.start(w, p)
	if err != nil {
		t.Fatal(err)
	}
	r.release = func(drained bool) { db.release(c, drained) }
	chunk, err := r.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if n := chunk.Vectors[0].I64[0]; n != 9 {
		t.Errorf("%d rows pass i <= 8, want 9", n)
	}
	if _, err := r.Next(t.Context()); !errors.Is(err, io.EOF) {
		t.Errorf("after the last chunk: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if got := table(t, db, "SELECT count(*) FROM t"); got[0][0] != "11" {
		t.Errorf("the next statement sees %s rows, want 11", got[0][0])
	}
}
