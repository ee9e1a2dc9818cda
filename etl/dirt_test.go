package etl

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

// TestFutureTimeUnderAnotherName rejects a time of the future that no field of the record is by name.
func TestFutureTimeUnderAnotherName(t *testing.T) {
	t.Parallel()
	for name, cast := range map[string]string{"timestamptz": "timestamptz", "timestamp": "timestamp", "date": "date"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			p := l.events()
			p.SQL = "select event_id::text as event_id, at::" + cast + " as ts, site_id::int as site_id, null::text as path, null::int as load_ms from source"
			typ, err := pgtypes.Parse(cast)
			if err != nil {
				t.Fatal(err)
			}
			p.Source.Required = []string{"event_id"}
			p.Source.Fields[1] = pipeline.Field{Name: "at", Type: typ}
			line := func(id, at string) string {
				if cast == "date" {
					at = at[:10]
				}
				return `{"event_id":"` + id + `","at":"` + strings.TrimSuffix(at, "Z") + `"}`
			}
			// The object is of 2018-02-15 05:00 UTC.
			l.put(t, "1.gz", line("now", "2018-02-15T04:00:00Z"), line("tomorrow", "2018-02-16T04:00:00Z"),
				line("future", "2018-02-18T04:00:00Z"), line("far", "9999-12-31T00:00:00Z"), `{"event_id":"no time"}`)
			report := l.mustRun(t, p).Pipelines[0]
			if want := (catalog.Counts{Read: 5, Rejected: 2, Emitted: 3}); report.Counts != want {
				t.Errorf("counts: got %+v, want %+v", report.Counts, want)
			}
			if diff := cmp.Diff(map[string]int64{"future_time(ts)": 2}, report.Rejects); diff != "" {
				t.Error(diff)
			}
			if diff := cmp.Diff([]string{"no time", "now", "tomorrow"}, l.query(t, "web.events", "SELECT event_id FROM t ORDER BY 1")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// parquetEvents is events over Parquet objects.
func (l *lab) parquetEvents() *pipeline.Pipeline {
	p := l.events()
	p.SQL = "select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, later::text as later from source"
	p.Source.Format, p.Hot.Columns = "parquet", []string{"ts"}
	p.Source.Fields = append(p.Source.Fields[:3:3], pipeline.Field{Name: "later", Type: pgtypes.Of(pgtypes.Text)})
	return p
}

// TestDirtyParquet has objects that are no Parquet and values that are not of their field's type: they are rejected, and
// the rest arrives. So they do when the objects are more than memory holds.
func TestDirtyParquet(t *testing.T) {
	t.Parallel()
	for _, memory := range []int64{DefaultMemory, 1 << 10} {
		t.Run(strconv.FormatInt(memory, 10), func(t *testing.T) {
			t.Parallel()
			dirtyParquet(t, memory)
		})
	}
}

func dirtyParquet(t *testing.T, memory int64) {
	t.Helper()
	l := newLab(t, func(o *Options) { o.Memory = memory })
	s := l.session(t)
	for name, query := range map[string]string{
		"1.parquet": "SELECT 'a' AS event_id, '2018-02-14 01:00:00Z' AS ts, '7' AS site_id, 'x' AS filename",
		"2.parquet": `SELECT * FROM (VALUES ('b', '2018-02-14 01:00:00Z', '8'), ('c', 'yesterday', '9'), ('d', '2018-02-14 01:00:00Z', '99999999999'),
			('e', '9018-02-14 01:00:00Z', '1'), ('f', '2018-02-14 01:00:00Z', '7.5')) v(event_id, ts, SITE_ID)`,
	} {
		if _, err := s.Exec(t.Context(), "COPY ("+query+") TO "+literal(l.raw.LocalPath(name))); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(l.raw.LocalPath("1.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	for i := len(flipped) - 100; i < len(flipped)-60; i++ {
		flipped[i] ^= 0x55
	}
	for name, content := range map[string][]byte{"3.parquet": whole[:len(whole)-9], "4.parquet": []byte("text"), "5.parquet": {}, "6.parquet": flipped} {
		if _, err := l.raw.Put(t.Context(), name, bytes.NewReader(content)); err != nil {
			t.Fatal(err)
		}
	}
	report := l.mustRun(t, l.parquetEvents()).Pipelines[0]
	if want := (catalog.Counts{Read: 9, Rejected: 7, Emitted: 2}); report.Counts != want {
		t.Errorf("counts: got %+v, want %+v", report.Counts, want)
	}
	want := []string{
		"3.parquet:1 corrupt_object ", "4.parquet:1 corrupt_object ", "6.parquet:1 corrupt_object ",
		`2.parquet:2 bad_type(ts) {"event_id":"c","ts":"yesterday","site_id":"9","later":null}`,
		`2.parquet:3 bad_type(site_id) {"event_id":"d","ts":"2018-02-14 01:00:00Z","site_id":"99999999999","later":null}`,
		`2.parquet:5 bad_type(site_id) {"event_id":"f","ts":"2018-02-14 01:00:00Z","site_id":"7.5","later":null}`,
		`2.parquet:4 future_time(ts) {"event_id":"e","ts":"9018-02-14 01:00:00+00","site_id":1,"later":null}`,
	}
	got := quarantined(t, l)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"a|7|-", "b|8|-"}, l.query(t, "web.events", "SELECT event_id, site_id, later FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	if again := l.mustRun(t, l.parquetEvents()).Pipelines[0]; again.Batches != 0 {
		t.Errorf("the second run made %d batches", again.Batches)
	}
}

// TestAllParquetBroken has no file that DuckDB could take columns from.
func TestAllParquetBroken(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	if _, err := l.raw.Put(t.Context(), "1.parquet", strings.NewReader("PAR1 and no more")); err != nil {
		t.Fatal(err)
	}
	report := l.mustRun(t, l.parquetEvents()).Pipelines[0]
	if want := (catalog.Counts{Read: 1, Rejected: 1}); report.Counts != want {
		t.Errorf("counts: got %+v, want %+v", report.Counts, want)
	}
}

// TestValueThatTheSelectCannotTake must keep out its own object only, today and when more arrive.
func TestValueThatTheSelectCannotTake(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.SQL = strings.Replace(p.SQL, "path::text", "(10 / site_id)::text", 1)
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, ""))
	l.put(t, "2.gz", event("b", "2018-02-14T01:00:00Z", 0, ""))
	l.put(t, "3.gz", event("c", "2018-02-14T01:00:00Z", 5, ""))
	check := func(want ...string) {
		t.Helper()
		_, err := l.run(t, p)
		if err == nil || !strings.Contains(err.Error(), "object 2.gz: ") || !strings.Contains(err.Error(), "division by zero") {
			t.Errorf("error %v", err)
		}
		if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, path FROM t ORDER BY 1")); diff != "" {
			t.Error(diff)
		}
	}
	check("a|10", "c|2")
	l.put(t, "4.gz", event("d", "2018-02-14T01:00:00Z", 2, ""))
	check("a|10", "c|2", "d|5")
}

// TestReplacedObject: without unique_key nothing tells which records of an object that was replaced are there already.
func TestReplacedObject(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"event_id", ""} {
		l := newLab(t, nil)
		p := l.events()
		if key == "" {
			p.UniqueKey = nil
		}
		a, b, c := event("a", "2018-02-14T01:00:00Z", 1, ""), event("b", "2018-02-14T01:00:00Z", 1, ""), event("c", "2018-02-14T01:00:00Z", 1, "")
		l.put(t, "1.gz", a)
		l.mustRun(t, p)
		l.put(t, "1.gz", a, b)
		l.put(t, "2.gz", c)
		_, err := l.run(t, p)
		want := []string{"a", "b", "c"}
		if key == "" {
			want = []string{"a", "c"}
			if err == nil || !strings.Contains(err.Error(), "1.gz was replaced after it was read") {
				t.Errorf("error %v", err)
			}
		} else if err != nil {
			t.Error(err)
		}
		if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id FROM t ORDER BY 1")); diff != "" {
			t.Errorf("unique_key %q:\n%s", key, diff)
		}
	}
}
