package cold_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage/colcache"
	"tidegate/internal/storage/storagetest"
)

// weather makes requests fail for the moment: single ones, and bursts of 503.
type weather struct {
	random *rand.Rand
	burst  int // requests still to refuse
	faults int
}

func (w *weather) next(storagetest.Request) storagetest.Fault {
	f := storagetest.None
	switch n := w.random.IntN(1000); {
	case w.burst > 0:
		w.burst--
		f = storagetest.Unavailable
	case n < 10:
		w.burst = w.random.IntN(10)
		f = storagetest.Unavailable
	case n < 70:
		f = storagetest.Reset
	case n < 130:
		f = storagetest.Short
	case n < 132:
		f = storagetest.Hang
	}
	if f != storagetest.None {
		w.faults++
	}
	return f
}

// randomQuery gives a statement over some of the files.
func randomQuery(r *rand.Rand, all []engine.ScanFile) (sql string, files []engine.ScanFile, columns []string) {
	for _, i := range r.Perm(len(all))[:1+r.IntN(3)] {
		files = append(files, all[i])
	}
	names := []string{"id", "site", "url", "ts", "r", "x", "nl", "h", "later"}
	for _, i := range r.Perm(len(names))[:1+r.IntN(3)] {
		columns = append(columns, names[i])
	}
	c := columns[0]
	list := strings.Join(columns, ", ")
	return []string{
		"SELECT count(*) FROM SOURCE",
		"SELECT count(" + c + "), min(" + c + "), max(" + c + ") FROM SOURCE",
		"SELECT count(*) FROM SOURCE WHERE " + c + " IS NOT NULL",
		"SELECT " + list + ", count(*) FROM SOURCE GROUP BY ALL ORDER BY ALL LIMIT 20",
		"SELECT " + list + " FROM SOURCE ORDER BY ALL LIMIT 10",
		"SELECT sum(hash(" + list + ")) FROM SOURCE",
		"SELECT count(*) FROM SOURCE a JOIN (SELECT max(" + c + ") k FROM SOURCE) b ON a." + c + " = b.k",
	}[r.IntN(7)], files, columns
}

// TestQueriesUnderFaults runs seeded queries, several at a time, in a cache that holds a part of the lake while
// requests fail for the moment. None may be wrong, and nearly all must succeed.
func TestQueriesUnderFaults(t *testing.T) {
	t.Parallel()
	const queries, workers, seed = 2000, 4, 20180215
	l := newLab(t, t.TempDir())
	var size int64
	for i, compression := range []string{"uncompressed", "zstd", "snappy", "uncompressed", "zstd", "gzip", "uncompressed", "zstd"} {
		f := l.write(t, fmt.Sprintf("t/dt=2018-02-%02d/0000.parquet", i+1), events(i, 6000), "ROW_GROUP_SIZE 2048, COMPRESSION "+compression)
		size += f.Size
	}
	l.open(t, colcache.Options{MaxBytes: size * 3 / 5, Stall: 50 * time.Millisecond, Backoff: 100 * time.Microsecond, Tries: 12})
	w := &weather{random: rand.New(rand.NewPCG(seed, 0))}
	l.bucket.Next = w.next
	var failed atomic.Int64
	var all sync.WaitGroup
	for n := range workers {
		all.Go(func() {
			for i := n; i < queries; i += workers {
				r := rand.New(rand.NewPCG(seed, uint64(i)))
				q, files, names := randomQuery(r, l.files)
				got, err := answer(t.Context(), l.engine, l.statement(q, files, columnsOf(names...)))
				if err != nil {
					t.Logf("query %d: %s: %v", i, q, err)
					failed.Add(1)
					continue
				}
				if want := l.expected(t, q, files, columnsOf(names...)); got != want {
					t.Errorf("query %d is wrong: %s over %d files\ngot  %.300q\nwant %.300q", i, q, len(files), got, want)
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d queries, %d failed; %d requests, %d of them with faults; %d bytes fetched of a lake of %d",
		queries, failed.Load(), len(l.bucket.Requests()), w.faults, l.bucket.Bytes(), size)
	if n := failed.Load(); n > queries/200 {
		t.Errorf("%d of %d queries failed", n, queries)
	}
	if w.faults < 500 {
		t.Errorf("only %d requests failed: nothing was tested", w.faults)
	}
}

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
