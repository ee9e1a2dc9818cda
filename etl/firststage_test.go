package etl

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/hive"
)

func TestFirstStage(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "a.gz",
		event("e1", "2018-02-14T14:59:59Z", 2, `,"path":"/a","load_ms":10`),
		event("e2", "2018-02-14T15:00:00Z", 1, `,"path":"/b","load_ms":20`),
		"",
		`{"event_id":"broken"`,
		`{"event_id":"e3","site_id":1}`,
		event("e4", "2018-02-14T16:00:00Z", 1, `,"user_agent":"probe"`),
		event("e1", "2018-02-14T14:59:59Z", 2, `,"path":"/second","load_ms":99`),
	)
	l.put(t, "b.gz",
		event("e2", "2018-02-14T15:00:00Z", 9, ""),
		event("e5", "2018-02-14T15:00:00+09:00", 3, ""),
		event("e1", "2018-02-14T15:00:00Z", 2, `,"load_ms":1`), // other time: no duplicate
	)
	report := l.mustRun(t, l.events())

	want := catalog.Counts{Read: 10, Blank: 1, Rejected: 2, Filtered: 1, Deduplicated: 2, Emitted: 4}
	if got := report.Pipelines[0].Counts; got != want {
		t.Errorf("counts: got %+v, want %+v", got, want)
	}
	wantRows := []string{
		"e1|2018-02-14 14:59:59+00|2|/a|10|2018-02-14",
		"e1|2018-02-14 15:00:00+00|2|-|1|2018-02-15",
		"e2|2018-02-14 15:00:00+00|1|/b|20|2018-02-15",
		"e5|2018-02-14 06:00:00+00|3|-|-|2018-02-14",
	}
	if diff := cmp.Diff(wantRows, l.query(t, "web.events", "SELECT * FROM t ORDER BY event_id, ts")); diff != "" {
		t.Errorf("rows:\n%s", diff)
	}
	for _, f := range l.table(t, "web.events").Files {
		if !strings.HasPrefix(f.Path, "web.events/"+f.Partition+"/run="+f.Batch+".r1.") || !strings.HasSuffix(f.Path, "/0000.parquet") {
			t.Errorf("path %q of partition %q", f.Path, f.Partition)
		}
	}
	checkSubset(t, l)
	checkQuarantine(t, l)
	if again := l.mustRun(t, l.events()); again.Pipelines[0].Batches != 0 {
		t.Errorf("the second run made %d batches", again.Pipelines[0].Batches)
	}
}

func checkSubset(t *testing.T, l *lab) {
	t.Helper()
	record := l.record(t, l.batches(t)[0])
	if diff := cmp.Diff([]string{"ts", "site_id", "load_ms", "dt"}, record.Subset.Columns); diff != "" {
		t.Errorf("subset columns:\n%s", diff)
	}
	path := l.lake.LocalPath(record.Subset.Paths[0])
	want := []string{
		"2018-02-14 06:00:00+00|3|-|2018-02-14",
		"2018-02-14 14:59:59+00|2|10|2018-02-14",
		"2018-02-14 15:00:00+00|1|20|2018-02-15",
		"2018-02-14 15:00:00+00|2|1|2018-02-15",
	}
	got := l.rows(t, "SELECT * FROM (SELECT * FROM read_parquet("+literal(path)+", hive_partitioning = false)) ORDER BY ts, site_id")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("subset:\n%s", diff)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(l.lake.LocalPath(record.Subset.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	wantManifest := fmt.Sprintf(`{"entries":[{"url":"%s/%s","mandatory":true,"meta":{"content_length":%d}}],"rows":4,"columns":["ts","site_id","load_ms","dt"]}`,
		l.lake.Location(), record.Subset.Paths[0], info.Size())
	if diff := cmp.Diff(wantManifest, string(body)); diff != "" {
		t.Errorf("manifest:\n%s", diff)
	}
}

// quarantined gives the rejected records of all batches as "object:line reason raw".
func quarantined(t *testing.T, l *lab) []string {
	t.Helper()
	var got []string
	for _, b := range l.batches(t) {
		f, err := os.Open(l.lake.LocalPath(raw.QuarantinePath(b.Table, b.ID)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range raw.ReadQuarantine(f) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, fmt.Sprintf("%s:%d %s %s", r.Object, r.Line, r.Reason, r.Raw))
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return got
}

func checkQuarantine(t *testing.T, l *lab) {
	t.Helper()
	want := []string{`a.gz:4 invalid_json {"event_id":"broken"`, `a.gz:5 missing_field(ts) {"event_id":"e3","site_id":1}`}
	if diff := cmp.Diff(want, quarantined(t, l)); diff != "" {
		t.Errorf("quarantine:\n%s", diff)
	}
}

func TestDedupeAgainstTable(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""), event("b", "2018-02-14T02:00:00Z", 1, ""))
	l.mustRun(t, l.events())
	l.put(t, "2.gz",
		event("a", "2018-02-14T01:00:00Z", 7, ""),   // there already
		event("b", "2018-02-14T02:00:00.5Z", 7, ""), // other time
		event("b", "2018-02-16T02:00:00Z", 7, ""),   // other partition
		event("c", "2018-02-14T01:30:00Z", 7, ""),
		event("c", "2018-02-14T01:30:00Z", 8, ""), // twice in the batch
	)
	got := l.mustRun(t, l.events()).Pipelines[0].Counts
	if want := (catalog.Counts{Read: 5, Deduplicated: 2, Emitted: 3}); got != want {
		t.Errorf("counts: got %+v, want %+v", got, want)
	}
	want := []string{"a|1", "b|1", "b|7", "b|7", "c|7"}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, site_id FROM t ORDER BY ALL")); diff != "" {
		t.Error(diff)
	}
}

func TestDedupeOfNulls(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.SQL = "select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, load_ms::int as load_ms from source"
	p.Source.Required = nil
	lines := []string{
		`{"site_id":1,"ts":"2018-02-14T01:00:00Z"}`, `{"site_id":1,"ts":"2018-02-14T01:00:00Z"}`, // NULL keys are not equal
		`{"event_id":"x","site_id":1}`, `{"event_id":"x","site_id":1}`, // NULL times are
	}
	l.put(t, "1.gz", lines...)
	first := l.mustRun(t, p).Pipelines[0].Counts
	l.put(t, "2.gz", lines...)
	second := l.mustRun(t, p).Pipelines[0].Counts
	if diff := cmp.Diff([]catalog.Counts{{Read: 4, Deduplicated: 1, Emitted: 3}, {Read: 4, Deduplicated: 2, Emitted: 2}}, []catalog.Counts{first, second}); diff != "" {
		t.Error(diff)
	}
	want := []string{hive.Null + "|1", "2018-02-14|4"}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT coalesce(dt, '"+hive.Null+"'), count(*) FROM t GROUP BY 1 ORDER BY 2")); diff != "" {
		t.Error(diff)
	}
}

func TestMaxBytes(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.Columns = []pipeline.Column{
		{Name: "path", MaxBytes: 5, OnOverflow: "truncate"},
		{Name: "event_id", MaxBytes: 4, OnOverflow: "reject"},
	}
	l.put(t, "1.gz",
		event("1", "2018-02-14T01:00:00Z", 1, `,"path":"abcdefgh"`),
		event("2", "2018-02-14T01:00:00Z", 1, `,"path":"abcdé"`),
		event("3", "2018-02-14T01:00:00Z", 1, `,"path":"ab😀😀"`),
		event("4", "2018-02-14T01:00:00Z", 1, `,"path":"日本"`),
		event("5é", "2018-02-14T01:00:00Z", 1, `,"path":"abcde"`),
		event("too long", "2018-02-14T01:00:00Z", 1, ""),
	)
	got := l.mustRun(t, p).Pipelines[0]
	if want := (catalog.Counts{Read: 6, Rejected: 1, Emitted: 5, Truncated: 4}); got.Counts != want {
		t.Errorf("counts: got %+v, want %+v", got.Counts, want)
	}
	if diff := cmp.Diff(map[string]int64{"too_long(event_id)": 1}, got.Rejects); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1|abcde", "2|abcd", "3|ab", "4|日", "5é|abcde"}, l.query(t, "web.events", "SELECT event_id, path FROM t ORDER BY ALL")); diff != "" {
		t.Error(diff)
	}
	q := quarantined(t, l)
	if len(q) != 1 || !strings.HasPrefix(q[0], `1.gz:6 too_long(event_id) {"event_id":"too long","ts":`) {
		t.Errorf("quarantine: %q", q)
	}
}

func TestNothingLeft(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "empty.gz")
	l.put(t, "bad.gz", "not json", event("p", "2018-02-14T01:00:00Z", 1, `,"user_agent":"probe"`))
	report := l.mustRun(t, l.events()).Pipelines[0]
	if want := (catalog.Counts{Read: 3, Blank: 1, Rejected: 1, Filtered: 1}); report.Counts != want {
		t.Errorf("counts: got %+v, want %+v", report.Counts, want)
	}
	if n := len(l.table(t, "web.events").Files); n != 0 || report.Batches != 1 {
		t.Errorf("%d files, %d batches", n, report.Batches)
	}
	if again := l.mustRun(t, l.events()).Pipelines[0]; again.Batches != 0 {
		t.Error("the same objects were read again")
	}
}

func TestRejectRatio(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.Checks.MaxRejectRatio, p.MaxObjects = 0.1, 1
	l.put(t, "1.gz", "x", "y", event("a", "2018-02-14T01:00:00Z", 1, ""))
	l.put(t, "2.gz", event("b", "2018-02-14T01:00:00Z", 1, ""))
	report, err := l.run(t, p)
	if err == nil || !strings.Contains(err.Error(), "rule max_reject_ratio: expected at most 0.1 of the records rejected, found 2 of 3 (invalid_json 2)") {
		t.Fatalf("error: %v", err)
	}
	if r := report.Pipelines[0]; r.Failed != 1 || r.Batches != 1 {
		t.Errorf("failed %d, committed %d", r.Failed, r.Batches)
	}
	if diff := cmp.Diff([]string{"b"}, l.query(t, "web.events", "SELECT event_id FROM t")); diff != "" {
		t.Error(diff)
	}
	var states []string
	for _, b := range l.batches(t) {
		states = append(states, string(b.State)+" "+strings.SplitN(b.Reason, ":", 2)[0])
	}
	if diff := cmp.Diff([]string{"failed rule max_reject_ratio", "committed "}, states); diff != "" {
		t.Error(diff)
	}
}

func TestWriterFaultsFailTheCommit(t *testing.T) {
	t.Parallel()
	lines := make([]string, 40_000)
	for i := range lines {
		lines[i] = event(strconv.Itoa(i), fmt.Sprintf("2018-02-1%dT01:00:00Z", i%3), i%7, "")
	}
	for _, c := range []struct {
		name  string
		fault fault
		want  string
	}{
		{"rows lost", fault{written: "hash(event_id, 42) % 10000 <> 7"}, "rows were computed, the files' footers say"},
		{"a filter loses rows", fault{selected: "hash(event_id, 43) % 10000 <> 7"}, "count algebra: parsed 40000 is not filtered 0 + deduplicated 0 + emitted 399"},
		{"a filter miscounts", fault{filtered: 4}, "count algebra: parsed 40000 is not filtered 4 + deduplicated 0 + emitted 40000"},
		{"a filter counts too little", fault{filtered: -1}, "count algebra"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			l.put(t, "1.gz", lines...)
			l.runner.fault = c.fault
			_, err := l.run(t, l.events())
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("error: %v", err)
			}
			view, err := l.store.View(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if len(view.Tables) != 0 {
				t.Error("something was published")
			}
			if _, err := os.Stat(l.lake.LocalPath("_commits")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a commit record was written: %v", err)
			}
			if b := l.batches(t); len(b) != 1 || b[0].State != catalog.BatchFailed || !strings.Contains(b[0].Reason, c.want) {
				t.Errorf("batches: %+v", b)
			}
			l.runner.fault = fault{}
			if got := l.mustRun(t, l.events()).Pipelines[0].Counts.Emitted; got != 40_000 {
				t.Errorf("the run without fault emitted %d", got)
			}
		})
	}
}

func TestBigPartitionsAreSplit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		limit fileLimit
		files int // at least
	}{
		{"by rows", fileLimit{rows: 1000, bytes: 1 << 30}, 10},
		{"by bytes", fileLimit{rows: 1 << 30, bytes: 20_000}, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			l.runner.limit = c.limit
			lines := make([]string, 10_000)
			for i := range lines {
				lines[i] = event(fmt.Sprintf("%x", i*2654435761), fmt.Sprintf("2018-02-1%dT01:00:00Z", i%2), i*7919%1000, "")
			}
			l.put(t, "1.gz", lines...)
			l.mustRun(t, l.events())
			files := l.table(t, "web.events").Files
			if len(files) < c.files {
				t.Errorf("%d files", len(files))
			}
			for i, f := range files {
				if f.Rows > c.limit.rows || f.Bytes > c.limit.bytes {
					t.Errorf("file %s has %d rows, %d bytes", f.Path, f.Rows, f.Bytes)
				}
				if i == 0 || files[i-1].Partition != f.Partition {
					continue
				}
				before, _ := files[i-1].Stat("site_id")
				here, _ := f.Stat("site_id")
				if before.Max.I > here.Min.I {
					t.Errorf("files of a partition are not in cluster_by's order")
				}
			}
			if diff := cmp.Diff([]string{"10000|10000"}, l.query(t, "web.events", "SELECT count(*), count(DISTINCT event_id) FROM t")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestFilesAreSorted(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	lines := make([]string, 300_000) // several row groups
	for i := range lines {
		lines[i] = event(strconv.Itoa(i), fmt.Sprintf("2018-02-10T%02d:%02d:%02dZ", i*7%15, i*31%60, i*13%60), i*7919%1000, "")
	}
	l.put(t, "1.gz", lines...)
	l.mustRun(t, l.events())
	record := l.record(t, l.batches(t)[0])
	for path, order := range map[string]string{record.Files[0].Path: "site_id, ts", record.Subset.Paths[0]: "ts"} {
		got := l.rows(t, fmt.Sprintf(`SELECT count(*) FROM (SELECT (%[1]s) AS k, lag((%[1]s)) OVER (ORDER BY file_row_number) AS before
			FROM read_parquet(%[2]s, file_row_number = true, hive_partitioning = false)) WHERE before > k`,
			"row("+order+")", literal(l.lake.LocalPath(path))))
		if diff := cmp.Diff([]string{"0"}, got); diff != "" {
			t.Errorf("%s is not sorted by %s:\n%s", filepath.Base(path), order, diff)
		}
	}
}
