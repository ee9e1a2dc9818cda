package etl

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// backfill makes batches again and gives the report, by pipeline.
func (l *lab) backfill(t *testing.T, c Choice, pipelines ...*pipeline.Pipeline) (map[string]PipelineReport, error) {
	t.Helper()
	for _, p := range pipelines {
		if _, err := seal(p); err != nil {
			t.Fatal(err)
		}
	}
	report, err := l.runner.Backfill(t.Context(), pipelines, c, nil)
	by := map[string]PipelineReport{}
	for _, p := range report.Pipelines {
		by[p.Name] = p
	}
	return by, err
}

func (l *lab) mustBackfill(t *testing.T, c Choice, pipelines ...*pipeline.Pipeline) map[string]PipelineReport {
	t.Helper()
	reports, err := l.backfill(t, c, pipelines...)
	if err != nil {
		t.Fatal(err)
	}
	return reports
}

// louder is events with another SELECT, which drops site 2 and makes load_ms ten times as much.
func (l *lab) louder() *pipeline.Pipeline {
	p := l.events()
	p.SQL = strings.Replace(strings.Replace(p.SQL, "load_ms::int", "(10 * load_ms)::int", 1), "where ", "where site_id <> 2 and (", 1) + ")"
	return p
}

func (l *lab) eventRows(t *testing.T) []string {
	t.Helper()
	return l.query(t, "web.events", "SELECT event_id, dt, site_id, load_ms FROM t ORDER BY ALL")
}

// states gives the batches of a table by id, shortened to a number in the order of their first commits.
func states(t *testing.T, l *lab, table string) []string {
	t.Helper()
	var got []string
	for _, b := range l.batches(t) {
		if b.Table.Table == table {
			got = append(got, fmt.Sprintf("%d %s %s %d rows, by %d", b.Seq, b.Kind, b.State, b.Counts.Emitted, b.RemadeBy))
		}
	}
	return got
}

// checkSums wants the batches' counts to add up to the live files, and these to be as the catalog from the records has them.
func checkSums(t *testing.T, l *lab) {
	t.Helper()
	rows := map[catalog.BatchRef]int64{}
	for _, f := range l.table(t, "web.events").Files {
		rows[catalog.BatchRef{Batch: f.Batch, Revision: f.Revision}] += f.Rows
	}
	for _, b := range l.batches(t) {
		want := b.Counts.Emitted
		if b.RemadeBy != 0 || b.State == catalog.BatchFailed {
			want = 0
		}
		if b.Table.Table == "events" && rows[refOf(&b)] != want {
			t.Errorf("batch %s (%s, %s) has %d live rows, want %d", b.ID, b.Kind, b.State, rows[refOf(&b)], want)
		}
	}
	checkRebuilt(t, l)
}

// backfillObjects puts three objects of two days each in a batch of its own: 1 of the 14th and 15th, 2 of the 15th, 3 of the 16th.
func backfillObjects(t *testing.T, l *lab) *pipeline.Pipeline {
	t.Helper()
	p := l.events()
	p.MaxObjects = 1
	l.put(t, "1.gz", event("a", "2018-02-14T01:00:00Z", 1, `,"load_ms":1`), event("b", "2018-02-14T20:00:00Z", 2, `,"load_ms":2`))
	l.put(t, "2.gz", event("c", "2018-02-15T01:00:00Z", 1, `,"load_ms":3`))
	l.put(t, "3.gz", event("d", "2018-02-16T01:00:00Z", 1, `,"load_ms":4`))
	l.mustRun(t, p, daily())
	return p
}

func TestBackfill(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := backfillObjects(t, l)
	if got := l.mustBackfill(t, Choice{}, p, daily()); got["web/events"].Batches+got["web/daily"].Batches != 0 {
		t.Errorf("of the present version: %+v", got)
	}
	louder := l.louder()
	got := l.mustBackfill(t, Choice{}, louder, daily())
	if got["web/events"].Batches != 3 || got["web/daily"].Batches != 1 {
		t.Errorf("made again: %+v", got)
	}
	want := []string{"a|2018-02-14|1|10", "c|2018-02-15|1|30", "d|2018-02-16|1|40"}
	if d := cmp.Diff(want, l.eventRows(t)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{"2018-02-14|1|1|10", "2018-02-15|1|1|30", "2018-02-16|1|1|40"}, l.query(t, "web.daily", "SELECT dt, site_id, pv, load_ms FROM t ORDER BY ALL")); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		"1 append replaced 2 rows, by 4", "2 append replaced 1 rows, by 5", "3 append replaced 1 rows, by 6",
		"4 remake committed 1 rows, by 0", "5 remake committed 1 rows, by 0", "6 remake committed 1 rows, by 0",
	}, states(t, l, "events")); d != "" {
		t.Error(d)
	}
	checkSums(t, l)
	if report := l.mustRun(t, louder, daily()); report.Pipelines[0].Batches+report.Pipelines[1].Batches != 0 {
		t.Errorf("a run after it: %+v", report)
	}
	if got := l.mustBackfill(t, Choice{}, louder, daily()); got["web/events"].Batches+got["web/daily"].Batches != 0 {
		t.Errorf("again: %+v", got)
	}
	if got := l.mustBackfill(t, Choice{Force: true}, louder, daily()); got["web/events"].Batches != 3 || got["web/daily"].Batches != 1 {
		t.Errorf("forced: %+v", got)
	}
	if d := cmp.Diff(want, l.eventRows(t)); d != "" {
		t.Error(d)
	}
	checkSums(t, l)
}

func TestBackfillOfARange(t *testing.T) {
	t.Parallel()
	span := func(from, to string) Choice {
		var c Choice
		if from != "" {
			c.From, _, _ = ParseSpan(from)
		}
		if to != "" {
			_, c.To, _ = ParseSpan(to)
		}
		return c
	}
	for _, c := range []struct {
		from, to string
		want     []int64 // seqs of what is made again
	}{
		{"2018-02-14", "2018-02-14", []int64{1}},
		{"2018-02-15", "2018-02-15", []int64{1, 2}}, // in Tokyo b is of the 15th
		{"2018-02-15", "", []int64{1, 2, 3, 4}},
		{"", "2018-02-15", []int64{1, 2}},
		{"2018-02-16T08", "2018-02-16T08", []int64{3, 4}}, // 4 has no row, and an object of 08:00 UTC
		{"2018-02-17", "2018-02", nil},
	} {
		t.Run(c.from+" "+c.to, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			p := backfillObjects(t, l)
			l.clock = l.clock.AddDate(0, 0, 1)
			l.put(t, "4.gz", "broken")
			l.mustRun(t, p)
			choice := span(c.from, c.to)
			planned, err := l.runner.PlanBackfill(t.Context(), []*pipeline.Pipeline{must(seal(l.louder()))}, choice)
			if err != nil {
				t.Fatal(err)
			}
			l.mustBackfill(t, choice, l.louder())
			var got []int64
			var ids, plannedIDs []string
			for _, b := range l.batches(t) {
				if b.RemadeBy != 0 {
					got, ids = append(got, b.Seq), append(ids, b.ID)
				}
			}
			for _, b := range planned[0].Batches {
				plannedIDs = append(plannedIDs, b.Members[0].ID)
			}
			if !slices.Equal(c.want, got) || !slices.Equal(ids, plannedIDs) {
				t.Errorf("batches %v are made again, %v were planned; want %v", got, plannedIDs, c.want)
			}
		})
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestBackfillOfBatches(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := backfillObjects(t, l)
	second := l.batches(t)[1].ID
	if _, err := l.backfill(t, Choice{Batches: []string{second, "nonsense"}}, l.louder()); err == nil || !strings.Contains(err.Error(), "published batch nonsense;") {
		t.Errorf("an unknown batch: %v", err)
	}
	l.mustBackfill(t, Choice{Batches: []string{second}}, l.louder())
	if d := cmp.Diff([]string{"a|2018-02-14|1|1", "b|2018-02-15|2|2", "c|2018-02-15|1|30", "d|2018-02-16|1|4"}, l.eventRows(t)); d != "" {
		t.Error(d)
	}
	// What a batch became is known by its first id.
	l.mustBackfill(t, Choice{Batches: []string{second}}, p)
	if d := cmp.Diff([]string{"a|2018-02-14|1|1", "b|2018-02-15|2|2", "c|2018-02-15|1|3", "d|2018-02-16|1|4"}, l.eventRows(t)); d != "" {
		t.Error(d)
	}
	checkSums(t, l)
}

// TestBackfillWithoutObjects: what is not there any more as it was read is named, its batch stays, the others are made.
func TestBackfillWithoutObjects(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	backfillObjects(t, l)
	if err := l.raw.Delete(t.Context(), "1.gz"); err != nil {
		t.Fatal(err)
	}
	l.put(t, "3.gz", event("e", "2018-02-16T01:00:00Z", 1, `,"load_ms":5`))
	_, err := l.backfill(t, Choice{}, l.louder())
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{"1.gz is gone", "3.gz was replaced (etag ", "1 of its 1 objects"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if d := cmp.Diff([]string{"a|2018-02-14|1|1", "b|2018-02-15|2|2", "c|2018-02-15|1|30", "d|2018-02-16|1|4"}, l.eventRows(t)); d != "" {
		t.Error(d)
	}
	if d := cmp.Diff([]string{
		"1 append committed 2 rows, by 0", "2 append replaced 1 rows, by 4", "3 append committed 1 rows, by 0", "4 remake committed 1 rows, by 0",
	}, states(t, l, "events")); d != "" {
		t.Error(d)
	}
	checkSums(t, l)
}

// TestBackfillOfAValue: an object whose value the new SELECT fails on keeps its batch back, and no other.
func TestBackfillOfAValue(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	backfillObjects(t, l)
	p := l.events()
	p.SQL = strings.Replace(p.SQL, "load_ms::int", "(6 / (load_ms - 3))::int", 1)
	_, err := l.backfill(t, Choice{}, p)
	if err == nil || !strings.Contains(err.Error(), "division by zero") {
		t.Fatal(err)
	}
	if d := cmp.Diff([]string{"a|2018-02-14|1|-3", "b|2018-02-15|2|-6", "c|2018-02-15|1|3", "d|2018-02-16|1|6"}, l.eventRows(t)); d != "" {
		t.Error(d)
	}
}

// TestBackfillTakesRequeuesWithIt: rows that a requeue made of a batch's quarantine are of the same objects.
func TestBackfillTakesRequeuesWithIt(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	rejectedEvents(t, l)
	lenient := l.lenient()
	lenient.Checks.MaxRejectRatio = 1
	lenient.UniqueKey = nil // nothing else would keep a row from being there twice
	requeue(t, l, lenient)
	want := []string{"good|2018-02-14|-|again", "good|2018-02-14|/a|-", "long|2018-02-14|/long|-", "ms|2018-02-16|/b|fast", "no site|2018-02-14|-|-"}
	if d := cmp.Diff(want, sorted(l.query(t, "web.events", requeuedQuery))); d != "" {
		t.Fatal(d)
	}
	rejected := sorted(quarantined(t, l))
	for name, choice := range map[string]Choice{"by the batch": {Force: true, Batches: []string{l.batches(t)[0].ID}}, "all": {Force: true}} {
		reports := l.mustBackfill(t, choice, lenient)
		if got := reports["web/events"]; got.Batches != 1 || got.Counts.Read != 9 {
			t.Errorf("%s: %+v", name, got)
		}
		if d := cmp.Diff(want, sorted(l.query(t, "web.events", requeuedQuery))); d != "" {
			t.Errorf("%s: %s", name, d)
		}
		if d := cmp.Diff(rejected, sorted(quarantined(t, l))); d != "" {
			t.Errorf("%s: quarantine: %s", name, d)
		}
		checkSums(t, l)
	}
	if again := requeue(t, l, lenient); again.Batches != 0 {
		t.Errorf("a requeue after it: %+v", again)
	}
}

// TestBackfillOfASecondStage: partitions are made anew by range, and only those that need it.
func TestBackfillOfASecondStage(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := backfillObjects(t, l)
	second := daily()
	var c Choice
	c.From, _, _ = ParseSpan("2018-02-15")
	_, c.To, _ = ParseSpan("2018-02-15")
	if got := l.mustBackfill(t, c, p, second); got["web/daily"].Batches != 0 {
		t.Errorf("of the present version: %+v", got)
	}
	c.Force = true
	planned, err := l.runner.PlanBackfill(t.Context(), []*pipeline.Pipeline{second}, c)
	if err != nil || !slices.Equal(planned[0].Parts, []string{"dt=2018-02-15"}) {
		t.Errorf("planned: %+v, %v", planned, err)
	}
	both, err := l.runner.PlanBackfill(t.Context(), []*pipeline.Pipeline{second, must(seal(l.louder()))}, Choice{})
	if err != nil || len(both[1].Parts) != 0 || !slices.Equal(both[1].After, []catalog.Name{p.Table}) {
		t.Errorf("planned behind what it reads: %+v, %v", both, err)
	}
	if got := l.mustBackfill(t, c, second); got["web/daily"].Batches != 1 || got["web/daily"].Counts.Emitted != 2 {
		t.Errorf("forced: %+v", got)
	}
	c.From, c.To = c.To, c.To.AddDate(1, 0, 0)
	p.PartitionBy = nil
	if _, err := l.backfill(t, c, p); err == nil || !strings.Contains(err.Error(), "has no partitions by dt") {
		t.Errorf("a range of a table without dt: %v", err)
	}
}

// TestBackfillOfARangeBehindWhichIsATotal: a table without dt that is made of the others follows them, whatever the range is.
func TestBackfillOfARangeBehindWhichIsATotal(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	backfillObjects(t, l)
	total := daily()
	total.Name, total.Table.Table = "web/total", "total"
	total.SQL, total.PartitionBy, total.Time = "SELECT site_id, count(*) AS pv, sum(load_ms) AS load_ms FROM web.events GROUP BY site_id", nil, nil
	l.mustRun(t, total)
	var c Choice
	c.From, c.To, _ = ParseSpan("2018-02-15")
	if got := l.mustBackfill(t, c, total); got["web/total"].Batches != 0 {
		t.Errorf("nothing that it reads has changed: %+v", got)
	}
	if got := l.mustBackfill(t, c, l.louder(), total); got["web/events"].Batches == 0 || got["web/total"].Batches != 1 {
		t.Errorf("what it reads has changed: %+v", got)
	}
}

// TestBackfillKeepsRules compares a batch with what it is made again of, not with its neighbours.
func TestBackfillKeepsRules(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.MaxObjects = 1
	for i, rows := range []int{1, 1, 1, 1, 20} {
		var lines []string
		for j := range rows {
			lines = append(lines, event(fmt.Sprintf("%d-%d", i, j), "2018-02-14T01:00:00Z", j%2, `,"path":"/x"`))
		}
		l.put(t, fmt.Sprintf("%d.gz", i), lines...)
	}
	l.mustRun(t, p)
	same, half := l.events(), l.events()
	for _, p := range []*pipeline.Pipeline{same, half} {
		p.Checks.RowChange = &pipeline.RowChange{Before: pipeline.Before{Batches: 3}, Min: 0.6, Max: 1.5, Action: pipeline.Stop}
	}
	same.SQL += " -- again"
	l.mustBackfill(t, Choice{}, same)
	half.SQL = strings.Replace(half.SQL, "where ", "where site_id = 0 and (", 1) + ")"
	_, err := l.backfill(t, Choice{}, half)
	if err == nil || !strings.Contains(err.Error(), "expected 12 to 30 rows (what it is made again of had 20), found 10; etl backfill --accept row_change publishes it") {
		t.Errorf("half of the rows: %v", err)
	}
	if got := l.eventRows(t); len(got) != 24 {
		t.Errorf("%d rows", len(got))
	}
	l.runner.Accept = []string{pipeline.RuleRowChange}
	l.mustBackfill(t, Choice{}, half)
	if got := l.eventRows(t); len(got) != 14 {
		t.Errorf("accepted: %d rows", len(got))
	}
}

// counted is a Progress that adds up.
type counted struct {
	mu                                     sync.Mutex
	batches, done                          int
	expected, read, readRecords, doneBytes int64
}

func (c *counted) add(batches, done int, expected, read, records, doneBytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.batches, c.done = c.batches+batches, c.done+done
	c.expected, c.read, c.readRecords, c.doneBytes = c.expected+expected, c.read+read, c.readRecords+records, c.doneBytes+doneBytes
}

func (c *counted) Expect(batches int, bytes int64) { c.add(batches, 0, bytes, 0, 0, 0) }
func (c *counted) Read(records, bytes int64)       { c.add(0, 0, 0, bytes, records, 0) }
func (c *counted) Done(bytes int64)                { c.add(0, 1, 0, 0, 0, bytes) }

func TestBackfillProgress(t *testing.T) {
	t.Parallel()
	l := newLab(t, func(o *Options) { o.Jobs = 2 })
	losers(t, l) // the two others follow the first
	c := &counted{}
	p := must(seal(l.without("(event_id <> 'x' or site_id > 1)")))
	if _, err := l.runner.Backfill(t.Context(), []*pipeline.Pipeline{p}, Choice{Batches: []string{l.batches(t)[0].ID}}, c); err != nil {
		t.Fatal(err)
	}
	if c.batches != 3 || c.done != 3 || c.readRecords != 7 || c.read != c.expected || c.doneBytes != c.expected || c.read == 0 {
		t.Errorf("%+v", c)
	}
}
