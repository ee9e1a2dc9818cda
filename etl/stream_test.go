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

// TestMemoryMakesNoDifference makes a batch whose rows memory does not hold: it is the same batch.
func TestMemoryMakesNoDifference(t *testing.T) {
	t.Parallel()
	_, want, steps := madeOf(t, DefaultMemory, fileLimit{})
	if slices.Contains(steps, "scratched") {
		t.Error("with much memory the rows were in a scratch database")
	}
	l, got, steps := madeOf(t, littleMemory, fileLimit{})
	if !slices.Contains(steps, "scratched") {
		t.Error("the rows were in no scratch database")
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

// TestRecordsBecomeRowsWhileOthersAreRead opens the last object when the SELECT is done with the records of those before.
func TestRecordsBecomeRowsWhileOthersAreRead(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	const objects = 4
	watched := &watchedEngine{Engine: l.runner.Engine}
	l.runner.Engine = watched
	l.runner.Source = func(string) (storage.Bucket, error) {
		return &lastWaits{Bucket: l.raw, last: fmt.Sprintf("%02d.gz", objects-1), chunks: objects - 1, watched: watched}, nil
	}
	for o := range objects {
		lines := make([]string, engine.ChunkRows)
		for i := range lines {
			lines[i] = event(fmt.Sprintf("%d-%d", o, i), "2018-02-10T00:00:00Z", 1, "")
		}
		l.put(t, fmt.Sprintf("%02d.gz", o), lines...)
	}
	if emitted := l.mustRun(t, l.events()).Pipelines[0].Counts.Emitted; emitted != objects*engine.ChunkRows {
		t.Errorf("%d rows", emitted)
	}
}

// watchedEngine counts the chunks of its feeds that came back.
type watchedEngine struct {
	Engine
	back atomic.Int64
}

func (e *watchedEngine) Feed(ctx context.Context, columns []engine.FeedColumn, threads int) (engine.Feed, error) {
	f, err := e.Engine.Feed(ctx, columns, threads)
	return &watchedFeed{f, e}, err
}

type watchedFeed struct {
	engine.Feed
	of *watchedEngine
}

func (f *watchedFeed) Add(ctx context.Context, c *engine.Chunk, done func()) error {
	return f.Feed.Add(ctx, c, func() {
		f.of.back.Add(1)
		done()
	})
}

// lastWaits is a source whose last object is there when so many chunks came back.
type lastWaits struct {
	storage.Bucket
	last    string
	chunks  int64
	watched *watchedEngine
}

func (s *lastWaits) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	for end := time.Now().Add(20 * time.Second); strings.HasSuffix(key, s.last) && s.watched.back.Load() < s.chunks; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			return nil, storage.Object{}, fmt.Errorf("only %d chunks came back", s.watched.back.Load())
		}
	}
	return s.Bucket.Get(ctx, key, etag)
}

// TestStretchesFitFiles makes files of at most so many bytes of what lies in a scratch database.
func TestStretchesFitFiles(t *testing.T) {
	t.Parallel()
	limit := fileLimit{rows: 16_000_000, bytes: 8_000}
	l, got, steps := madeOf(t, 4<<20, limit)
	if !slices.Contains(steps, "scratched") {
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

// TestManyPartitionsInScratch sorts all rows at once where each partition would look through them all.
func TestManyPartitionsInScratch(t *testing.T) {
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

// TestSeveralReaders reads objects that are so large that each has a reader of its own.
func TestSeveralReaders(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *Options) { o.Memory, o.Cores = littleMemory, 4 })
	want := largeObjects(t, l)
	if report := l.mustRun(t, l.events()).Pipelines[0]; report.Batches != 1 || report.Counts.Emitted != 4*14 {
		t.Errorf("made %+v", report)
	}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, count(*) FROM t GROUP BY 1 ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
}

// TestSourceFailsBesideOtherReaders ends a batch whose last object cannot be read, while the SELECT has records of others, and
// makes it when it can.
func TestSourceFailsBesideOtherReaders(t *testing.T) {
	t.Parallel()
	for name, memory := range map[string]int64{"in memory": DefaultMemory, "in scratch": littleMemory, "moved": 320 << 20} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, func(o *Options) { o.Memory, o.Cores = memory, 4 })
			want := largeObjects(t, l)
			good := l.runner.Source
			l.runner.Source = func(string) (storage.Bucket, error) { return &lastFails{Bucket: l.raw, last: "3.gz"}, nil }
			if _, err := l.run(t, l.events()); !errors.Is(err, errGone) || !strings.Contains(err.Error(), "read the source: ") {
				t.Errorf("the run ended with %v", err)
			}
			l.runner.Source = good
			l.mustRun(t, l.events())
			if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, count(*) FROM t GROUP BY 1 ORDER BY 1")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

var errGone = errors.New("the source is gone")

// lastFails is a source whose last object cannot be read.
type lastFails struct {
	storage.Bucket
	last string
}

func (s *lastFails) Get(ctx context.Context, key, etag string) (io.ReadCloser, storage.Object, error) {
	if strings.HasSuffix(key, s.last) {
		return nil, storage.Object{}, errGone
	}
	return s.Bucket.Get(ctx, key, etag)
}

// largeObjects puts objects of which each is as much as a reader gets, and gives how often there is which event.
func largeObjects(t *testing.T, l *lab) (want []string) {
	t.Helper()
	random := rand.NewChaCha8([32]byte{7})
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
	return want
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

// TestValueErrorLate halves a batch whose SELECT fails on a value of the last records.
func TestValueErrorLate(t *testing.T) {
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

// TestRejectsAreFoundInSteps puts more records of the future into objects than are noted at a time.
func TestRejectsAreFoundInSteps(t *testing.T) {
	t.Parallel()
	made := func(memory int64) []string {
		l := newLab(t, func(o *Options) { o.Memory = memory })
		for o := range 3 {
			lines := make([]string, 100)
			for i := range lines {
				lines[i] = event(fmt.Sprintf("e%d", o*100+i), fmt.Sprintf("2018-0%d-01T00:00:00Z", 2+i%3), i, "")
			}
			l.put(t, fmt.Sprintf("%d.gz", o), lines...)
		}
		if rejected := l.mustRun(t, l.events()).Pipelines[0].Counts.Rejected; rejected != 3*66 {
			t.Errorf("%d rejected", rejected)
		}
		return l.quarantineTexts(t)
	}
	if most := roomIn(littleMemory, 1).rejects; most >= 100 {
		t.Errorf("%d are noted at a time", most)
	}
	if diff := cmp.Diff(made(DefaultMemory), made(littleMemory)); diff != "" {
		t.Error(diff)
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
