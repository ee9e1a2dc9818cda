package cold_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/storage/colcache"
	"tidegate/internal/storage/storagetest"
)

// TestPermanentFaults holds what clients see against the table of decision 0021.
func TestPermanentFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		fault storagetest.Fault
		from  int // the first request that fails: 1 is for the footer, 2 for a chunk
		code  pgerr.Code
	}{
		{"deleted", storagetest.Missing, 1, "58P01"},
		{"deleted after the footer", storagetest.Missing, 2, "58P01"},
		{"replaced", storagetest.Changed, 1, "55000"},
		{"replaced after the footer", storagetest.Changed, 2, "55000"},
		{"credentials expired", storagetest.Denied, 1, "58000"},
		{"credentials expired after the footer", storagetest.Denied, 2, "58000"},
		{"unavailable", storagetest.Unavailable, 1, "58030"},
		{"unavailable after the footer", storagetest.Unavailable, 2, "58030"},
		{"hangs", storagetest.Hang, 2, "58030"},
		{"breaks in the middle of every body", storagetest.Reset, 1, "58030"},
		{"breaks in the middle of every body after the footer", storagetest.Reset, 2, "58030"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, t.TempDir())
			f := l.write(t, "a.parquet", events(1, 1000), "COMPRESSION zstd")
			n, broken := 0, true
			l.bucket.Next = func(storagetest.Request) storagetest.Fault {
				if n++; broken && n >= c.from {
					return c.fault
				}
				return storagetest.None
			}
			l.open(t, colcache.Options{Tries: 3, Stall: 20 * time.Millisecond})
			s := l.statement("SELECT sum(id), min(h) FROM SOURCE", l.files, columnsOf("id", "h"))
			_, err := answer(t.Context(), l.engine, s)
			e, ok := errors.AsType[*pgerr.Error](err)
			if !ok || e.Code != c.code || !strings.Contains(e.Message, f.Key) || strings.Contains(e.Message+e.Hint, l.dir) {
				t.Errorf("got %v, want %s and the key alone", err, c.code)
			}
			broken = false
			l.same(t, "once it is mended", "SELECT sum(id), min(h) FROM SOURCE", l.files, "id", "h")
		})
	}
}

func TestDamagedObject(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	if err := os.WriteFile(l.lake.LocalPath("a.parquet"), []byte(strings.Repeat("no parquet ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	l.adopt(t, "a.parquet")
	l.open(t, colcache.Options{})
	_, err := answer(t.Context(), l.engine, l.statement("SELECT sum(id) FROM SOURCE", l.files, columnsOf("id")))
	if pgerr.CodeOf(err) != "XX001" {
		t.Errorf("got %v", err)
	}
}

// TestCancelWhileFetching ends the statement's context while a request hangs.
func TestCancelWhileFetching(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.write(t, "a.parquet", events(1, 1000), "COMPRESSION zstd")
	ctx, cancel := context.WithCancelCause(t.Context())
	want := pgerr.New(pgerr.QueryCanceled, "canceling statement due to user request")
	l.bucket.Next = func(storagetest.Request) storagetest.Fault {
		cancel(want)
		return storagetest.Hang
	}
	l.open(t, colcache.Options{})
	_, err := answer(ctx, l.engine, l.statement("SELECT sum(id) FROM SOURCE", l.files, columnsOf("id")))
	if !errors.Is(err, want) {
		t.Errorf("got %v", err)
	}
}
