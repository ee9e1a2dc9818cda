package duck

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
)

// TestAppend adds chunks from several goroutines at once and compares the table with what DuckDB computes itself.
func TestAppend(t *testing.T) {
	t.Parallel()
	s := withTable(t, "CREATE TEMP TABLE t (n BIGINT, i INTEGER, s VARCHAR)")
	rows, err := s.Append(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	const workers, each = 4, 10_000
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			b := engine.NewBuilder([]engine.Physical{engine.PhysicalI64, engine.PhysicalI32, engine.PhysicalString})
			for i := range each {
				setRow(b, w*each+i)
				if i%7 == 3 { // a row that is given up, after its NULLs and texts
					b.SetNull(0)
					b.SetNull(2)
					b.Drop()
					setRow(b, w*each+i)
				}
				b.Keep()
				if b.Full() || i == each-1 {
					if err := rows.Add(t.Context(), b.Chunk()); err != nil {
						t.Error(err)
					}
					b.Reset()
				}
			}
		})
	}
	wg.Wait()
	if err := rows.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf(`SELECT n, CASE WHEN n %% 5 <> 0 THEN (n * 3)::INTEGER END AS i,
		CASE WHEN n %% 3 = 1 THEN 'short' || n %% 10 WHEN n %% 3 = 2 THEN repeat('é', (n %% 40)::INTEGER) || ' long enough' END AS s
		FROM range(%d) r(n)`, workers*each)
	for _, query := range []string{
		"SELECT count(*) FROM t", "SELECT count(*) FROM (SELECT * FROM t INTERSECT " + want + ")",
	} {
		if got := firstValue(t, s, query); got != strconv.Itoa(workers*each) {
			t.Errorf("%s: %s, want %d", query, got, workers*each)
		}
	}
}

func withTable(t *testing.T, statement string) engine.Session {
	t.Helper()
	s := session(t, open(t, Options{}))
	if _, err := s.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	return s
}

func firstValue(t *testing.T, s engine.Session, query string) string {
	t.Helper()
	rows, err := s.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return enginetest.Table(t, rows)[0][0]
}

func setRow(b *engine.Builder, n int) {
	b.Vector(0).I64[b.Rows()] = int64(n)
	b.Vector(1).I32[b.Rows()] = int32(n * 3)
	if n%5 == 0 {
		b.SetNull(1)
	}
	switch n % 3 {
	case 0:
		b.SetNull(2)
	case 1:
		b.SetText(2, fmt.Appendf(nil, "short%d", n%10))
	case 2:
		b.SetText(2, []byte(strings.Repeat("é", n%40)+" long enough"))
	}
}

// TestAppendFailure: after an error nothing is added any more, and the session goes on.
func TestAppendFailure(t *testing.T) {
	t.Parallel()
	s := withTable(t, "CREATE TEMP TABLE t (n BIGINT)")
	if _, err := s.Append(t.Context(), "absent"); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("a table that is not there: %v", err)
	}
	rows, err := s.Append(t.Context(), "t")
	if err != nil {
		t.Fatal(err)
	}
	b := engine.NewBuilder([]engine.Physical{engine.PhysicalI64})
	b.Keep()
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(io.ErrNoProgress)
	if err := rows.Add(ctx, b.Chunk()); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("after the end of the context: %v", err)
	}
	if err := rows.Add(t.Context(), b.Chunk()); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("after an error: %v", err)
	}
	if err := rows.Close(t.Context()); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("close after an error: %v", err)
	}
	if got := firstValue(t, s, "SELECT count(*) FROM t"); got != "0" {
		t.Errorf("%s rows, want none", got)
	}
	if rows, err = s.Append(t.Context(), "t"); err != nil {
		t.Fatal(err)
	}
	wide := engine.NewBuilder([]engine.Physical{engine.PhysicalI64, engine.PhysicalI64})
	wide.Keep()
	if err := rows.Add(t.Context(), wide.Chunk()); err == nil || !strings.Contains(err.Error(), "table of 1 columns") {
		t.Errorf("a column too many: %v", err)
	}
	if err := rows.Close(t.Context()); err == nil {
		t.Error("closed without the error of Add")
	}
}
