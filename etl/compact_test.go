package etl

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

// hours puts objects of a day, one an hour, each a batch, and one of the day after.
func hours(t *testing.T, l *lab, n int) *pipeline.Pipeline {
	t.Helper()
	for i := range n {
		var lines []string
		for j := range 5 {
			lines = append(lines, event(fmt.Sprintf("h%d-%d", i, j), fmt.Sprintf("2018-02-10T%02d:30:00Z", i%15), j, fmt.Sprintf(`,"load_ms":%d,"path":"/%d"`, i*j, i%3)))
		}
		l.put(t, fmt.Sprintf("%03d.gz", i), append(lines, "broken")...)
	}
	l.put(t, "900.gz", event("next", "2018-02-11T03:00:00Z", 1, ""))
	p := l.events()
	p.MaxObjects = 1
	return p
}

func (l *lab) compact(t *testing.T, c Compaction, pipelines ...*pipeline.Pipeline) []Compacted {
	t.Helper()
	for _, p := range pipelines {
		if _, err := seal(p); err != nil {
			t.Fatal(err)
		}
	}
	done, err := l.runner.Compact(t.Context(), pipelines, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

// emitted are the rows of the committed batches of a table, and of its live files.
func (l *lab) emitted(t *testing.T, table string) (batches, files int64) {
	t.Helper()
	for _, b := range l.batches(t) {
		if b.Table.String() == table && b.State == catalog.BatchCommitted {
			batches += b.Counts.Emitted
		}
	}
	for _, f := range l.table(t, table).Files {
		files += f.Rows
	}
	return batches, files
}

// checkEmitted is checkSums where rows of batches lie in files of compactions.
func checkEmitted(t *testing.T, l *lab) {
	t.Helper()
	if b, f := l.emitted(t, "web.events"); b != f {
		t.Errorf("batches have %d rows, files %d", b, f)
	}
	checkRebuilt(t, l)
}

func filesIn(tv *catalog.TableView, partition string) []*catalog.File {
	return slices.DeleteFunc(slices.Clone(tv.Files), func(f *catalog.File) bool { return f.Partition != partition })
}

const allRows = "SELECT * FROM t ORDER BY ALL"

// TestCompactClosedPartition: 24 hourly batches are one file, with the same rows; nothing else is as if something had happened.
func TestCompactClosedPartition(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := hours(t, l, 24)
	l.mustRun(t, p, daily())
	rows, days := l.query(t, "web.events", allRows), l.query(t, "web.daily", allRows)
	batches, quarantine := l.batches(t), sorted(quarantined(t, l))
	sum := l.query(t, "web.events", "SELECT dt, count(*), sum(hash(event_id, ts, site_id, path, load_ms)::HUGEINT) FROM t GROUP BY dt ORDER BY dt")

	planned, err := l.runner.PlanCompact(t.Context(), []*pipeline.Pipeline{p, daily()}, Compaction{})
	if err != nil || len(planned) != 1 || planned[0].Files != 24 || planned[0].IntoFiles != 1 {
		t.Fatalf("planned: %+v, %v", planned, err)
	}
	done := l.compact(t, Compaction{}, p, daily())
	if len(done) != 1 || done[0].Partition != "dt=2018-02-10" || done[0].Files != 24 || done[0].IntoFiles != 1 || done[0].Rows != 24*5 {
		t.Fatalf("compacted: %+v", done)
	}
	live := l.table(t, "web.events")
	if n := len(filesIn(live, "dt=2018-02-10")); n != 1 || len(live.Files) != 2 {
		t.Errorf("%d files, %d of the day", len(live.Files), n)
	}
	if d := cmp.Diff(rows, l.query(t, "web.events", allRows)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(sum, l.query(t, "web.events", "SELECT dt, count(*), sum(hash(event_id, ts, site_id, path, load_ms)::HUGEINT) FROM t GROUP BY dt ORDER BY dt")); d != "" {
		t.Error(d)
	}
	if !slices.IsSorted(l.rows(t, fmt.Sprintf("SELECT format('{:05d}|{}', site_id, ts) FROM read_parquet('%s')", l.lake.LocalPath(filesIn(live, "dt=2018-02-10")[0].Path)))) {
		t.Error("the rows are not in order of cluster_by")
	}
	after := l.batches(t)
	compacted := after[len(after)-1]
	if d := cmp.Diff(batches, after[:len(after)-1]); d != "" {
		t.Errorf("the batches before: %s", d)
	}
	if compacted.Kind != catalog.RecordCompact || compacted.Counts != (catalog.Counts{}) || compacted.BytesIn != 0 {
		t.Errorf("the batch is of kind %s, with %+v", compacted.Kind, compacted.Counts)
	}
	if b, f := l.emitted(t, "web.events"); b != f || b != 24*5+1 {
		t.Errorf("batches have %d rows, files %d", b, f)
	}
	if d := cmp.Diff(quarantine, sorted(quarantined(t, l))); d != "" {
		t.Error(d)
	}
	if again := l.compact(t, Compaction{}, p, daily()); len(again) > 0 {
		t.Errorf("compacted again: %+v", again)
	}
	for _, report := range l.mustRun(t, p, daily()).Pipelines {
		if report.Batches > 0 {
			t.Errorf("%s was made again", report.Table)
		}
	}
	if d := cmp.Diff(days, l.query(t, "web.daily", allRows)); d != "" {
		t.Error(d)
	}
	checkEmitted(t, l)
	noTraces(t, l)
}

// TestRunAfterCompaction: a row that is there wins, a late one is added, requeues and the second stage go on, and the next
// compaction takes both.
func TestRunAfterCompaction(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := hours(t, l, 4)
	p.Source.Required = append(p.Source.Required, "load_ms")
	l.mustRun(t, p, daily())
	l.compact(t, Compaction{}, p, daily())
	l.put(t, "950.gz", event("h1-1", "2018-02-10T01:30:00Z", 7, `,"load_ms":9`), event("late", "2018-02-10T01:30:00Z", 7, `,"load_ms":9`))
	reports := l.mustRun(t, p, daily()).Pipelines
	if c := reports[0].Counts; c.Deduplicated != 1 || c.Emitted != 1 || reports[1].Batches != 1 {
		t.Errorf("%+v, %d batches of the second stage", c, reports[1].Batches)
	}
	l.checkDaily(t)
	requeue(t, l, l.events())
	if got := len(l.query(t, "web.events", "SELECT 1 FROM t")); got != 4*5+1+1 {
		t.Errorf("%d rows after the requeue", got)
	}
	if done := l.compact(t, Compaction{All: true}, p, daily()); len(done) != 1 || done[0].Rows != 21 {
		t.Errorf("compacted: %+v", done)
	}
	if b, f := l.emitted(t, "web.events"); b != f || b != 22 {
		t.Errorf("batches have %d rows, files %d", b, f)
	}
	if report := l.mustRun(t, p, daily()).Pipelines[1]; report.Batches > 0 && len(l.query(t, "web.daily", allRows)) == 0 {
		t.Error("the second stage lost its rows")
	}
	l.checkDaily(t)
	checkEmitted(t, l)
}

// TestCompactSizes: a compacted partition is files that are good or exactly one.
func TestCompactSizes(t *testing.T) {
	t.Parallel()
	for _, sizes := range []compactSizes{
		{good: 1000, wanted: 3000, batch: 1 << 20}, {good: 2000, wanted: 2500, batch: 1}, {good: 1500, wanted: 1000, batch: 1 << 20}, {good: 1 << 20, wanted: 1 << 21, batch: 1},
	} {
		t.Run(strconv.FormatInt(sizes.good, 10), func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			l.runner.sizes = sizes
			p := hours(t, l, 24)
			l.mustRun(t, p)
			rows := l.query(t, "web.events", allRows)
			good := func() int {
				files := filesIn(l.table(t, "web.events"), "dt=2018-02-10")
				for _, f := range files {
					if len(files) > 1 && f.Bytes < sizes.good {
						t.Errorf("one of %d files has %d bytes", len(files), f.Bytes)
					}
				}
				return len(files)
			}
			l.compact(t, Compaction{}, p)
			first := good()
			if first >= 24 {
				t.Fatalf("%d files", first)
			}
			l.put(t, "950.gz", event("late", "2018-02-10T01:30:00Z", 7, `,"load_ms":9`))
			l.mustRun(t, p)
			l.compact(t, Compaction{}, p)
			good()
			if d := cmp.Diff(len(rows)+1, len(l.query(t, "web.events", allRows))); d != "" {
				t.Error(d)
			}
			if done := l.compact(t, Compaction{}, p); len(done) > 0 {
				t.Errorf("compacted again: %+v", done)
			}
			checkEmitted(t, l)
			noTraces(t, l)
		})
	}
}

// TestCompactOlderFiles: files from before a column was added and another widened are read in the present columns.
func TestCompactOlderFiles(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := hours(t, l, 3)
	l.mustRun(t, p)
	wider := l.events()
	wider.MaxObjects = 1
	wider.SQL = strings.NewReplacer("load_ms::int as load_ms", "load_ms::bigint as load_ms, user_agent::text as agent").Replace(wider.SQL)
	wider.Hot.Columns = append(wider.Hot.Columns, "agent")
	l.put(t, "950.gz", event("late", "2018-02-10T01:30:00Z", 7, `,"load_ms":9,"user_agent":"curl"`))
	l.mustRun(t, wider)
	rows := l.query(t, "web.events", allRows)
	if done := l.compact(t, Compaction{}, wider); len(done) != 1 || done[0].Files != 4 {
		t.Fatalf("compacted: %+v", done)
	}
	if d := cmp.Diff(rows, l.query(t, "web.events", allRows)); d != "" {
		t.Error(d)
	}
	if c, _ := l.table(t, "web.events").Table.Column("load_ms"); c.Type != pgtypes.Of(pgtypes.Int8) {
		t.Errorf("load_ms is %s", c.Type)
	}
	checkEmitted(t, l)
}

// TestCompactVerifies: rows that get lost on the way are noticed, and nothing changes.
func TestCompactVerifies(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := hours(t, l, 3)
	l.mustRun(t, p)
	files := l.table(t, "web.events").Files
	l.runner.fault.written = "event_id <> 'h1-1'"
	_, err := l.runner.Compact(t.Context(), []*pipeline.Pipeline{p}, Compaction{}, nil)
	if err == nil || !strings.Contains(err.Error(), "15 rows were computed, the files' footers say 14") {
		t.Errorf("error: %v", err)
	}
	if d := cmp.Diff(files, l.table(t, "web.events").Files); d != "" {
		t.Error(d)
	}
}

// TestCompactBounds: what is open, or outside of the bounds, stays.
func TestCompactBounds(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for i := range 3 {
		l.put(t, fmt.Sprintf("%d.gz", i), event(fmt.Sprint("a", i), "2018-02-10T03:00:00Z", 1, ""), event(fmt.Sprint("b", i), "2018-02-11T03:00:00Z", 1, ""),
			event(fmt.Sprint("c", i), "2018-02-12T03:00:00Z", 1, ""))
	}
	p := l.events()
	p.MaxObjects = 1
	l.mustRun(t, p)
	partitions := func(c Compaction) (all []string) {
		planned, err := l.runner.PlanCompact(t.Context(), []*pipeline.Pipeline{must(seal(p))}, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range planned {
			all = append(all, strings.TrimPrefix(k.Partition, "dt=2018-02-"))
		}
		return all
	}
	from, to, _ := ParseSpan("2018-02-11")
	for _, c := range []struct {
		c    Compaction
		want []string
	}{
		{Compaction{}, []string{"10", "11"}},
		{Compaction{All: true}, []string{"10", "11", "12"}},
		{Compaction{From: from}, []string{"11"}},
		{Compaction{To: from}, []string{"10"}},
		{Compaction{From: from, To: to, All: true}, []string{"11"}},
	} {
		if d := cmp.Diff(c.want, partitions(c.c)); d != "" {
			t.Errorf("%+v: %s", c.c, d)
		}
	}
}

// TestRebuildAfterCompaction: the records alone give the same catalog.
func TestRebuildAfterCompaction(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := hours(t, l, 5)
	l.mustRun(t, p, daily())
	l.compact(t, Compaction{}, p, daily())
	l.put(t, "950.gz", event("late", "2018-02-10T01:30:00Z", 7, `,"load_ms":9`))
	l.mustRun(t, p, daily())
	l.compact(t, Compaction{All: true}, p, daily())
	rows, days := l.query(t, "web.events", allRows), l.query(t, "web.daily", allRows)
	states := func() (all []string) {
		for _, b := range l.batches(t) {
			all = append(all, fmt.Sprint(b.Table, b.ID, b.Kind, b.State, b.Counts))
		}
		return all
	}
	before := states()
	if err := l.store.Close(); err != nil {
		t.Fatal(err)
	}
	var err error
	if l.store, err = sqlite.Open(t.Context(), filepath.Join(l.dir, "rebuilt.db")); err != nil {
		t.Fatal(err)
	}
	l.runner.Store = l.store
	if err := Rebuild(t.Context(), l.store, l.lake, func(*catalog.Record) {}); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(before, states()); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff(rows, l.query(t, "web.events", allRows)); d != "" {
		t.Error(d)
	}
	for _, report := range l.mustRun(t, p, daily()).Pipelines {
		if report.Batches > 0 {
			t.Errorf("%s was made again", report.Table)
		}
	}
	if d := cmp.Diff(days, l.query(t, "web.daily", allRows)); d != "" {
		t.Error(d)
	}
}

// TestBackfillOfCompacted: a batch whose rows lie in a compacted partition is made again with all that lie there.
func TestBackfillOfCompacted(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := hours(t, l, 6)
	l.mustRun(t, p, daily())
	l.compact(t, Compaction{}, p, daily())
	l.put(t, "950.gz", event("late", "2018-02-10T01:30:00Z", 7, `,"load_ms":9`))
	l.mustRun(t, p, daily())
	l.compact(t, Compaction{}, p, daily())
	var id string
	for _, b := range l.batches(t) {
		if r := l.record(t, b); len(r.Inputs) == 1 && r.Inputs[0].Key == "003.gz" {
			id = b.ID
		}
	}
	changed := l.events()
	changed.MaxObjects = 1
	changed.SQL = strings.Replace(changed.SQL, "where ", "where event_id not like 'h3-%' and (", 1) + ")"
	pipelines := []*pipeline.Pipeline{must(seal(changed)), must(seal(daily()))}
	report, err := l.runner.Backfill(t.Context(), pipelines, Choice{Batches: []string{id}}, nil)
	if err != nil || report.Pipelines[0].Batches != 1 {
		t.Fatalf("%+v, %v", report, err)
	}
	if d := cmp.Diff([]string{"27|0"}, l.query(t, "web.events", "SELECT count(*), count(*) FILTER (event_id LIKE 'h3-%') FROM t")); d != "" {
		t.Error(d)
	}
	if b, f := l.emitted(t, "web.events"); b != f {
		t.Errorf("batches have %d rows, files %d", b, f)
	}
	for _, b := range l.batches(t) {
		if b.Kind == catalog.RecordCompact && b.State != catalog.BatchReplaced {
			t.Errorf("compaction %s is %s", b.ID, b.State)
		}
	}
	l.mustRun(t, pipelines...)
	l.checkDaily(t)
	checkEmitted(t, l)
}
