package etl

import (
	"slices"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/etl/raw"
	"tidegate/internal/pgtypes"
)

// strict is events whose column path is short, whose load_ms must be a number, and in which everybody has a site.
func (l *lab) strict() *pipeline.Pipeline {
	p := l.events()
	p.SQL = "select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, path::text as path, load_ms::text as load_ms from source where user_agent is null or user_agent <> 'probe'"
	p.Source.Required = []string{"event_id", "ts", "site_id"}
	p.Columns = []pipeline.Column{{Name: "path", MaxBytes: 4, OnOverflow: "reject"}}
	return p
}

// lenient is strict with rules that let more pass.
func (l *lab) lenient() *pipeline.Pipeline {
	p := l.strict()
	p.Source.Required = []string{"event_id", "ts"}
	p.Source.Fields[4].Type = pgtypes.Of(pgtypes.Text)
	p.Columns = []pipeline.Column{{Name: "path", MaxBytes: 8, OnOverflow: "reject"}}
	p.SQL += " -- lenient"
	p.Checks.MaxRejectRatio = 0.2 // of new objects: more of the quarantine stays there
	return p
}

// rejectedEvents puts two objects of which strict rejects 7 records and lenient 3, and makes batches of them.
func rejectedEvents(t *testing.T, l *lab) {
	t.Helper()
	l.put(t, "1.gz",
		event("good", "2018-02-14T01:00:00Z", 1, `,"path":"/a"`),
		`{"event_id":"no site","ts":"2018-02-14T01:00:00Z"}`,
		"broken",
		event("long", "2018-02-14T01:00:00Z", 1, `,"path":"/long","more":[1, 2]`),
		event("longer", "2018-02-14T01:00:00Z", 1, `,"path":"/longer than that"`))
	strict := l.strict()
	strict.MaxObjects = 1
	l.put(t, "2.gz",
		event("ms", "2018-02-15T20:00:00Z", 1, `,"path":"/b","load_ms":"fast"`),
		event("probe", "2018-02-14T01:00:00Z", 1, `,"user_agent":"probe","load_ms":"slow"`),
		event("good", "2018-02-14T01:00:00Z", 1, `,"load_ms":"again"`), // when it passes, a duplicate
		event("far", "2018-02-19T01:00:00Z", 1, ""))                    // of the future
	l.mustRun(t, strict)
}

func requeue(t *testing.T, l *lab, p *pipeline.Pipeline) PipelineReport {
	t.Helper()
	if _, err := seal(p); err != nil {
		t.Fatal(err)
	}
	report, err := l.runner.Requeue(t.Context(), []*pipeline.Pipeline{p})
	if err != nil {
		t.Fatal(err)
	}
	return report.Pipelines[0]
}

var requeuedRows = []string{
	"good|2018-02-14|/a|-", "long|2018-02-14|/long|-", "ms|2018-02-16|/b|fast", "no site|2018-02-14|-|-",
}

var stillRejected = []string{
	"1.gz:3 invalid_json broken",
	`1.gz:5 too_long(path) {"event_id":"longer","ts":"2018-02-14T01:00:00Z","site_id":1,"path":"/longer than that"}`,
	`2.gz:4 future_time(ts) {"event_id":"far","ts":"2018-02-19T01:00:00Z","site_id":1}`,
}

const requeuedQuery = "SELECT event_id, dt, path, load_ms FROM t ORDER BY 1"

func TestRequeue(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	rejectedEvents(t, l)
	if got := len(quarantined(t, l)); got != 8 {
		t.Fatalf("%d records are in the quarantine: %q", got, quarantined(t, l))
	}
	if again := requeue(t, l, l.strict()); again.Batches != 0 {
		t.Errorf("the same rules: %+v", again)
	}
	if got := len(quarantined(t, l)); got != 8 {
		t.Errorf("the same rules left %d records in the quarantine", got)
	}
	got := requeue(t, l, l.lenient())
	// ms, no site and long are rows now, the probe is filtered, and good is in the table.
	want := catalog.Counts{Read: 8, Rejected: 3, Filtered: 1, Deduplicated: 1, Emitted: 3}
	if got.Counts != want || got.Batches != 1 {
		t.Errorf("%d batches of %+v, want %+v", got.Batches, got.Counts, want)
	}
	if diff := cmp.Diff(requeuedRows, l.query(t, "web.events", requeuedQuery)); diff != "" {
		t.Errorf("rows:\n%s", diff)
	}
	checkRequeued(t, l)
	for range 2 {
		if again := requeue(t, l, l.lenient()); again.Batches != 0 {
			t.Errorf("a second time: %+v", again)
		}
		if report := l.mustRun(t, l.lenient()); report.Pipelines[0].Batches != 0 {
			t.Errorf("a run after it: %+v", report.Pipelines[0])
		}
	}
	checkRequeued(t, l)
}

// checkRequeued checks what is left in the quarantine, and that the records of all batches together add up.
func checkRequeued(t *testing.T, l *lab) {
	t.Helper()
	if diff := cmp.Diff(stillRejected, slices.Sorted(slices.Values(quarantined(t, l)))); diff != "" {
		t.Errorf("quarantine:\n%s", diff)
	}
	var read, rejected, gone int64 // of objects; now in quarantine; in tables, filtered or duplicates
	for _, b := range l.batches(t) {
		c := b.Counts
		if b.Kind != catalog.RecordRequeue {
			read += c.Read
		} else {
			rejected -= c.Read
		}
		rejected += c.Rejected
		gone += c.Emitted + c.Filtered + c.Deduplicated
	}
	if read != 9 || rejected != int64(len(stillRejected)) || read != rejected+gone {
		t.Errorf("read %d, rejected %d, the others %d", read, rejected, gone)
	}
}

func TestQuarantineKeepsWhatWasRead(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	rejectedEvents(t, l)
	text := event("good", "2018-02-14T01:00:00Z", 1, `,"path":"/a"`) + "\n" + `{"event_id":"no site","ts":"2018-02-14T01:00:00Z"}` + "\nbroken\n"
	object, err := l.raw.Stat(t.Context(), "1.gz")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, r := range rejectsOf(t, l) {
		if r.Object != "1.gz" || r.Line != 4 {
			continue
		}
		found = true
		want := raw.Reject{
			Object: "1.gz", ETag: object.ETag, Line: 4, Offset: int64(len(text)), Reason: "too_long(path)", Modified: object.LastModified.UTC(),
			Raw: []byte(event("long", "2018-02-14T01:00:00Z", 1, `,"path":"/long","more":[1, 2]`)),
		}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("a record that was rejected after its validation:\n%s", diff)
		}
	}
	if !found {
		t.Error("the record is not in the quarantine")
	}
}

func rejectsOf(t *testing.T, l *lab) []raw.Reject {
	t.Helper()
	var all []raw.Reject
	for o, err := range l.lake.List(t.Context(), "_quarantine/", "") {
		if err != nil {
			t.Fatal(err)
		}
		body, _, err := l.lake.Get(t.Context(), o.Key, "")
		if err != nil {
			t.Fatal(err)
		}
		for r, err := range raw.ReadQuarantine(body) {
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, r)
		}
		if err := body.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

func TestRequeueOfCSV(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.strict()
	p.Source.Format, p.Source.CSV = "csv", pipeline.CSV{Delimiter: ',', Header: true}
	l.put(t, "1.gz", "event_id,ts,site_id,path,load_ms,user_agent",
		"a,2018-02-14T01:00:00Z,1,/a,1,", `b,2018-02-14T01:00:00Z,1,/b,"1,5",`, `c,2018-02-14T01:00:00Z,1,"/c`+"\n"+`cc",1,`, "d,2018-02-14T01:00:00Z", `e,"x`)
	l.mustRun(t, p)
	if diff := cmp.Diff([]string{"a"}, l.query(t, "web.events", "SELECT event_id FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	next := l.lenient()
	next.Source.Format, next.Source.CSV = p.Source.Format, p.Source.CSV
	requeue(t, l, next)
	want := []string{"a|/a|1", "b|/b|1,5", "c|/c\ncc|1"}
	if diff := cmp.Diff(want, l.query(t, "web.events", "SELECT event_id, path, load_ms FROM t ORDER BY 1")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"1.gz:6 wrong_field_count d,2018-02-14T01:00:00Z", `1.gz:7 invalid_csv e,"x`}, quarantined(t, l)); diff != "" {
		t.Error(diff)
	}
}

// TestRequeueKilledAtEveryStep kills a requeue at each of its steps; the next one ends it, and every record is somewhere
// once.
func TestRequeueKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	steps := 0
	l := newLab(t, func(o *Options) { o.Step = func(string) { steps++ } })
	rejectedEvents(t, l)
	steps = 0
	requeue(t, l, l.lenient())
	if steps < 12 {
		t.Fatalf("only %d steps", steps)
	}
	for step := 1; step <= steps; step++ {
		t.Run(strconv.Itoa(step), func(t *testing.T) {
			t.Parallel()
			l := killedIn(t, "requeue", death{step: step}, func(l *lab) { rejectedEvents(t, l) })
			requeue(t, l, l.lenient())
			if diff := cmp.Diff(requeuedRows, l.query(t, "web.events", requeuedQuery)); diff != "" {
				t.Errorf("rows:\n%s", diff)
			}
			checkRequeued(t, l)
		})
	}
}
