package etl

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/etl/raw"
	"tidegate/internal/engine"
	"tidegate/internal/storage"
)

// manyEvents puts objects with more records than littleMemory holds, some of them twice, some bad, some of the future and some
// whose rows do not fit.
func manyEvents(t *testing.T, l *lab) {
	t.Helper()
	for o := range 4 {
		lines := make([]string, 0, 5000)
		for i := range 5000 {
			n := o*4900 + i // the first of an object were in the one before
			more := fmt.Sprintf(`,"load_ms":%d,"domain":"Site%d.example.com"`, n, n%7)
			switch n % 1000 {
			case 1:
				lines = append(lines, "broken")
			case 2:
				lines = append(lines, event(fmt.Sprintf("e%d", n), "2018-03-15T00:00:00Z", n%5, more))
			case 3:
				more = `,"user_agent":"probe"`
				fallthrough
			default:
				lines = append(lines, event(fmt.Sprintf("e%d", n), fmt.Sprintf("2018-02-1%dT%02d:00:00Z", n%3, n%24), n%5, more))
			}
		}
		l.put(t, fmt.Sprintf("%03d.gz", o), lines...)
	}
}

// madeOf runs the events with so much memory and gives all that must not depend on it, the steps and the files.
func madeOf(t *testing.T, memory int64, limit fileLimit) (l *lab, made, steps []string) {
	t.Helper()
	l = newLab(t, func(o *Options) { o.Memory, o.Step = memory, func(s string) { steps = append(steps, s) } })
	if limit.rows > 0 {
		l.runner.limit = limit
	}
	manyEvents(t, l)
	l.mustRun(t, l.events())
	made = l.query(t, "web.events", "SELECT * FROM t ORDER BY ALL")
	for _, b := range l.batches(t) {
		r := l.record(t, b)
		made = append(made, fmt.Sprintf("%s %+v %s %+v", b.ID, b.Counts, r.Checksum, r.Measured))
	}
	return l, append(made, l.quarantineTexts(t)...), steps
}

func count(steps []string, step string) (n int) {
	for _, s := range steps {
		if s == step {
			n++
		}
	}
	return n
}

// TestPortionsMakeTheSame makes a batch of records that memory does not hold: it is the same batch.
func TestPortionsMakeTheSame(t *testing.T) {
	t.Parallel()
	_, want, steps := madeOf(t, DefaultMemory, fileLimit{})
	if n := count(steps, "portion"); n != 0 {
		t.Errorf("with much memory %d portions", n)
	}
	l, got, steps := madeOf(t, littleMemory, fileLimit{})
	if n := count(steps, "portion"); n < 8 {
		t.Errorf("only %d portions", n)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	live := l.table(t, "web.events")
	if len(live.Files) < 20 {
		t.Errorf("%d files: the rows were sorted all at once", len(live.Files))
	}
	for _, f := range live.Files {
		sorted := l.query(t, "web.events", fmt.Sprintf("SELECT site_id, ts FROM read_parquet('%s')", l.lake.LocalPath(f.Path)))
		if !slices.IsSorted(sorted) {
			t.Errorf("%s is not sorted", f.Path)
		}
	}
}

// TestReadingGoesOnWhilePortionsAreTransformed holds a portion back until objects behind it are opened.
func TestReadingGoesOnWhilePortionsAreTransformed(t *testing.T) {
	t.Parallel()
	const perObject = 200
	source := &opened{}
	var portions, held atomic.Int64
	l := newLab(t, func(o *Options) {
		o.Memory, o.Cores = littleMemory, 1
		o.Step = func(s string) {
			n := portions.Load() + 1
			if s != "portion" || n > 3 {
				return
			}
			portions.Store(n)
			behind := (n + 1) * engine.ChunkRows / perObject // objects with records of the next portion
			for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
				if source.gets.Load() >= behind {
					held.Add(1)
					return
				}
			}
		}
	})
	source.Bucket = l.raw
	l.runner.Source = func(string) (storage.Bucket, error) { return source, nil }
	for o := range 60 {
		lines := make([]string, perObject)
		for i := range lines {
			lines[i] = event(fmt.Sprintf("%d-%d", o, i), "2018-02-10T00:00:00Z", 1, "")
		}
		l.put(t, fmt.Sprintf("%02d.gz", o), lines...)
	}
	if emitted := l.mustRun(t, l.events()).Pipelines[0].Counts.Emitted; emitted != 60*perObject {
		t.Errorf("%d rows", emitted)
	}
	if n := held.Load(); n != 3 {
		t.Errorf("objects were opened behind %d of the first 3 portions while these were transformed", n)
	}
}

// opened is a source that counts the objects that are opened.
type opened struct {
	storage.Bucket
	gets atomic.Int64
}

func (o *opened) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	o.gets.Add(1)
	return o.Bucket.Get(ctx, key, etag)
}

// TestStretchesFitFiles makes files of at most so many bytes of what lies in a scratch database.
func TestStretchesFitFiles(t *testing.T) {
	t.Parallel()
	limit := fileLimit{rows: 16_000_000, bytes: 8_000}
	l, got, steps := madeOf(t, 4<<20, limit)
	if count(steps, "portion") == 0 {
		t.Error("the rows were in no scratch database")
	}
	_, want, _ := madeOf(t, DefaultMemory, fileLimit{})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	files := l.table(t, "web.events").Files
	if len(files) < 10 {
		t.Errorf("%d files", len(files))
	}
	for _, f := range files {
		if f.Bytes > limit.bytes {
			t.Errorf("%s has %d bytes", f.Path, f.Bytes)
		}
	}
}

// TestManyPartitionsOfPortions sorts all rows at once where each partition would look through them all.
func TestManyPartitionsOfPortions(t *testing.T) {
	t.Parallel()
	made := func(memory int64) []string {
		l := newLab(t, func(o *Options) { o.Memory = memory })
		lines := make([]string, 4000)
		for i := range lines {
			lines[i] = event(fmt.Sprintf("e%d", i), fmt.Sprintf("2017-%02d-%02dT00:00:00Z", 1+i%7, 1+i%13), i%5, "")
		}
		l.put(t, "1.gz", lines...)
		l.mustRun(t, l.events())
		live := l.table(t, "web.events")
		if n := len(live.Files); n != 7*13 {
			t.Errorf("%d files", n)
		}
		if s := l.record(t, l.batches(t)[0]).Subset; len(s.Paths) != 1 {
			t.Errorf("the subset has %d files: the rows were not sorted at once", len(s.Paths))
		}
		return l.query(t, "web.events", "SELECT * FROM t ORDER BY ALL")
	}
	if diff := cmp.Diff(made(DefaultMemory), made(littleMemory)); diff != "" {
		t.Error(diff)
	}
}

// TestPortionsOfSeveralReaders reads objects that are so large that each has a reader of its own.
func TestPortionsOfSeveralReaders(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *Options) { o.Memory, o.Cores = littleMemory, 4 })
	random := rand.NewChaCha8([32]byte{7})
	var want []string
	for o := range 4 {
		var lines []string
		for i := range 14 {
			text := make([]byte, 1<<19)
			_, _ = random.Read(text)
			id := fmt.Sprintf("%d-%02d", o, i)
			lines = append(lines, event(id, "2018-02-10T00:00:00Z", o, fmt.Sprintf(`,"path":"%x"`, text)))
			want = append(want, id+"|1")
		}
		l.put(t, fmt.Sprintf("%d.gz", o), lines...)
	}
	if report := l.mustRun(t, l.events()).Pipelines[0]; report.Batches != 1 || report.Counts.Emitted != 4*14 {
		t.Errorf("made %+v", report)
	}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, count(*) FROM t GROUP BY 1 ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
}

// TestSampledRowsAreGone measures the rows of a batch whose first half are duplicates.
func TestSampledRowsAreGone(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *Options) { o.Memory = littleMemory })
	lines := make([]string, 20_000)
	for i := range lines {
		lines[i] = event(fmt.Sprintf("e%d", min(i/2*2, 19_000)), "2018-02-10T00:00:00Z", i%5, "")
	}
	l.put(t, "1.gz", lines...)
	l.mustRun(t, l.events())
	if n := len(l.table(t, "web.events").Files); n < 20 {
		t.Errorf("%d files: the rows were sorted at once", n)
	}
	if diff := cmp.Diff([]string{"9501|9501"}, l.query(t, "web.events", "SELECT count(*), count(DISTINCT event_id) FROM t")); diff != "" {
		t.Error(diff)
	}
}

// TestValueErrorInAPortion halves a batch whose SELECT fails on a value that is not in the first portion.
func TestValueErrorInAPortion(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *Options) { o.Memory = littleMemory })
	manyEvents(t, l)
	l.put(t, "004.gz", event("zero", "2018-02-10T00:00:00Z", 0, `,"load_ms":-1`))
	p := l.events()
	p.SQL = strings.Replace(p.SQL, "load_ms::int", "(1000000 / (load_ms + 1))::int", 1)
	_, err := l.run(t, p)
	if err == nil || !strings.Contains(err.Error(), "004.gz") || !strings.Contains(err.Error(), "division by zero") {
		t.Fatalf("the run ended with %v", err)
	}
	if n := len(l.query(t, "web.events", "SELECT event_id FROM t")); n < 19_000 {
		t.Errorf("%d rows of the other objects", n)
	}
}

// quarantineTexts gives the texts of the quarantine files.
func (l *lab) quarantineTexts(t *testing.T) []string {
	t.Helper()
	var all []string
	for _, id := range l.quarantineFiles(t) {
		f, err := os.Open(l.lake.LocalPath(raw.QuarantinePath(l.events().Table, id)))
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(z)
		if err := errors.Join(err, f.Close()); err != nil {
			t.Fatal(err)
		}
		all = append(all, id, string(text))
	}
	return all
}
