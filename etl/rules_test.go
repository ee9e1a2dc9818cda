package etl

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// hour puts an object of the next hour: rows of site 1 and, every tenth, of site 2, the first so many without a path.
func (l *lab) hour(t *testing.T, rows, withoutPath int) {
	t.Helper()
	at := l.clock // the object's time is an hour later
	lines := make([]string, rows)
	for i := range lines {
		more := `,"path":"/"`
		if i < withoutPath {
			more = ""
		}
		site := 1
		if i%10 == 9 {
			site = 2
		}
		lines[i] = event(fmt.Sprintf("%s/%d", at, i), at.Add(time.Minute).Format(time.RFC3339), site, more)
	}
	l.put(t, at.Format("15")+".gz", lines...)
}

// published is all that readers see of a table, and the lake's commit records.
func (l *lab) published(t *testing.T) []string {
	t.Helper()
	view, err := l.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := []string{fmt.Sprintf("generation %d", view.Generation)}
	for _, table := range view.Tables {
		for _, f := range table.Files {
			seen = append(seen, f.Path)
		}
	}
	records, err := filepath.Glob(l.lake.LocalPath("_commits/*/*"))
	if err != nil {
		t.Fatal(err)
	}
	known, err := l.store.Known(t.Context(), l.events().Table, "")
	if err != nil {
		t.Fatal(err)
	}
	return append(append(seen, records...), fmt.Sprint(known))
}

func TestRules(t *testing.T) {
	t.Parallel()
	before := pipeline.Before{Batches: 10}
	for _, c := range []struct {
		name   string
		checks func(pipeline.Action) pipeline.Checks
		bad    func(*testing.T, *lab)
		want   string
	}{
		{
			"reject_ratio",
			func(a pipeline.Action) pipeline.Checks {
				return pipeline.Checks{RejectRatio: &pipeline.RejectRatio{Action: a, Max: 0.1}}
			},
			func(t *testing.T, l *lab) {
				t.Helper()
				l.put(t, "99.gz", "x", event("a", "2018-02-15T04:00:00Z", 1, ""))
			},
			"rule reject_ratio: expected at most 0.1 of the records rejected, found 1 of 2 (invalid_json 1)",
		},
		{
			"row_change",
			func(a pipeline.Action) pipeline.Checks {
				return pipeline.Checks{RowChange: &pipeline.RowChange{Action: a, Min: 0.5, Max: 2, Before: before}}
			},
			func(t *testing.T, l *lab) {
				t.Helper()
				l.hour(t, 9, 0)
			},
			"rule row_change: expected 10 to 40 rows (the median of 3 batches is 20), found 9",
		},
		{
			"null_rate",
			func(a pipeline.Action) pipeline.Checks {
				return pipeline.Checks{NullRate: &pipeline.NullRate{Action: a, Columns: []string{"load_ms", "path"}, MaxRise: 0.1, Before: before}}
			},
			func(t *testing.T, l *lab) {
				t.Helper()
				l.hour(t, 20, 5)
			},
			"rule null_rate: expected path NULL in at most 0.15 of the rows (the median of 3 batches is 0.05), found path in 0.25",
		},
		{
			"silent",
			func(a pipeline.Action) pipeline.Checks {
				return pipeline.Checks{Silent: &pipeline.Silent{Action: a, Column: "site_id", Min: 0.5, Before: before}}
			},
			func(t *testing.T, l *lab) {
				t.Helper()
				l.hour(t, 9, 0)
			},
			"rule silent: expected at least this many rows: 1 of site_id 2, found 0 of 2",
		},
		{
			"freshness",
			func(a pipeline.Action) pipeline.Checks {
				return pipeline.Checks{Freshness: &pipeline.Freshness{Action: a, MaxAge: 2 * time.Hour}}
			},
			func(t *testing.T, l *lab) {
				t.Helper()
				l.put(t, "99.gz", event("old", "2018-02-15T05:59:59Z", 1, ""))
			},
			"rule freshness: expected a ts from 2018-02-15T06:00:00Z on (2h0m0s before the newest object), found 2018-02-15T05:59:59Z",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			testRule(t, c.name, c.checks, c.bad, c.want)
		})
	}
}

// testRule has a rule stop a batch twice, accepts it in a copy of the lab, and has the rule warn of it at last.
func testRule(t *testing.T, rule string, checks func(pipeline.Action) pipeline.Checks, bad func(*testing.T, *lab), want string) {
	t.Helper()
	l := newLab(t, nil)
	p := func(a pipeline.Action) *pipeline.Pipeline {
		p := l.events()
		p.Checks = checks(a)
		p.Checks.MaxRejectRatio = 1
		return p
	}
	for range 3 {
		l.hour(t, 20, 1)
		if r := l.mustRun(t, p(pipeline.Stop)).Pipelines[0]; r.Batches != 1 || len(r.Notes.Broken) > 0 {
			t.Fatalf("a good batch: %+v", r)
		}
	}
	good := l.published(t)
	bad(t, l)
	for range 2 { // the next run tries again
		report, err := l.run(t, p(pipeline.Stop))
		if err == nil || !strings.Contains(err.Error(), want+"; etl run --accept "+rule+" publishes it all the same") {
			t.Fatalf("error %v, want %s", err, want)
		}
		if _, ok := errors.AsType[*ruleError](err); !ok || report.Pipelines[0].Failed != 1 {
			t.Errorf("%d batches failed, error %v", report.Pipelines[0].Failed, err)
		}
		if diff := cmp.Diff(good, l.published(t)); diff != "" {
			t.Errorf("published after a stop:\n%s", diff)
		}
	}
	l.runner.Accept = []string{rule}
	l.mustRun(t, p(pipeline.Stop))
	batches := l.batches(t)
	accepted := l.record(t, batches[len(batches)-1])
	if b := accepted.Broken; len(b) != 1 || b[0].String() != want || !b[0].Accepted || b[0].Action != "stop" {
		t.Errorf("the commit record of an accepted batch says %+v", b)
	}

	l = newLab(t, nil)
	for range 3 {
		l.hour(t, 20, 1)
		l.mustRun(t, p(pipeline.Warn))
	}
	bad(t, l)
	warned := l.mustRun(t, p(pipeline.Warn)).Pipelines[0]
	if b := warned.Notes.Broken; warned.Batches != 1 || len(b) != 1 || b[0].String() != want || b[0].Accepted || b[0].Action != "warn" {
		t.Errorf("a warning: %+v", warned)
	}
	batches = l.batches(t)
	newest := batches[len(batches)-1]
	if diff := cmp.Diff(l.record(t, newest).Notes, newest.Notes); diff != "" || len(newest.Broken) != 1 {
		t.Errorf("the commit record and the catalog:\n%s", diff)
	}
}

func TestRulesNeedBatchesBefore(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	before := pipeline.Before{Batches: 10}
	p.Checks.RowChange = &pipeline.RowChange{Min: 0.9, Max: 1.1, Action: pipeline.Stop, Before: before}
	p.Checks.Silent = &pipeline.Silent{Column: "site_id", Action: pipeline.Stop, Before: before}
	p.Checks.NullRate = &pipeline.NullRate{Columns: []string{"path"}, Action: pipeline.Stop, Before: before}
	for i, rows := range []int{10, 200, 1} {
		l.hour(t, rows, i)
		l.mustRun(t, p)
	}
	l.hour(t, 1000, 0)
	if _, err := l.run(t, p); err == nil {
		t.Error("three batches are enough")
	}
}

func TestRulesCompareWithTheSameHour(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.Checks.RowChange = &pipeline.RowChange{Min: 0.5, Max: 2, Action: pipeline.Warn, Before: pipeline.Before{Batches: 3, Same: pipeline.SameHour}}
	day := func(rows int) PipelineReport {
		t.Helper()
		for _, more := range []time.Duration{0, 11 * time.Hour} {
			l.clock = l.clock.Add(more)
			at := l.clock.Format("2006-01-02T15")
			lines := make([]string, rows)
			for i := range lines {
				lines[i] = event(fmt.Sprint(at, i), l.clock.Format(time.RFC3339), 1, "")
			}
			l.put(t, at+".gz", lines...)
			if more == 0 {
				l.mustRun(t, p)
			}
			rows = 3 // at night
		}
		report := l.mustRun(t, p).Pipelines[0]
		l.clock = l.clock.Add(11 * time.Hour)
		return report
	}
	for range 4 {
		if r := day(30); len(r.Notes.Broken) > 0 {
			t.Errorf("a night as the nights before: %v", r.Notes.Broken)
		}
	}
	for _, b := range l.batches(t) {
		if len(b.Broken) > 0 {
			t.Errorf("batch %s of %d rows: %v", b.ID, b.Counts.Emitted, b.Broken)
		}
	}
	p.Checks.RowChange.Before.Same = ""
	if r := day(30); len(r.Notes.Broken) == 0 {
		t.Error("compared with days and nights, a night is few")
	}
}

// A value that is rarer than the counted ones is not silent.
func TestManyValues(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.Checks.Silent = &pipeline.Silent{Column: "site_id", Action: pipeline.Stop, Before: pipeline.Before{Batches: 3}}
	for h := range 4 {
		var lines []string
		for i := range 2500 {
			site := i % 1250
			if h == 3 { // 0 to 99 are the rarest now, and 50 is gone
				site = 50 + i%1200
			}
			lines = append(lines, event(fmt.Sprint(h, "/", i), l.clock.Format(time.RFC3339), site, ""))
		}
		for site := range 100 {
			if site != 50 {
				lines = append(lines, event(fmt.Sprint(h, "/more/", site), l.clock.Format(time.RFC3339), site, ""))
			}
		}
		if h == 3 {
			lines = lines[1:] // one of the two of 50
			for i, line := range lines {
				lines[i] = strings.Replace(line, `"site_id":50}`, `"site_id":51}`, 1)
			}
		}
		l.put(t, fmt.Sprint(h, ".gz"), lines...)
		_, err := l.run(t, p)
		if h < 3 && err != nil {
			t.Fatal(err)
		}
		if h == 3 && (err == nil || !strings.Contains(err.Error(), "found 0 of 50;")) {
			t.Errorf("error %v, want that of site 50 alone", err)
		}
	}
}

// A catalog that is made anew from the commit records knows what rules compare with.
func TestRulesAfterRebuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := openLab(t.Context(), dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := func() *pipeline.Pipeline {
		p := l.events()
		p.Checks.Silent = &pipeline.Silent{Column: "site_id", Action: pipeline.Stop, Before: pipeline.Before{Batches: 3}}
		return p
	}
	for range 3 {
		l.hour(t, 20, 0)
		l.mustRun(t, p())
	}
	clock := l.clock
	l.close(t)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(dir, "catalog.db") + suffix); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if l, err = openLab(t.Context(), dir, nil); err != nil {
		t.Fatal(err)
	}
	defer l.close(t)
	if err := Rebuild(t.Context(), l.store, l.lake, func(*catalog.Record) {}); err != nil {
		t.Fatal(err)
	}
	l.clock = clock
	l.hour(t, 9, 0)
	if _, err := l.run(t, p()); err == nil || !strings.Contains(err.Error(), "found 0 of 2") {
		t.Errorf("error %v, want that site 2 is silent", err)
	}
}

// TestSilentBesideColumnV counts values of one column of a table that has a column named as the count's alias.
func TestSilentBesideColumnV(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.SQL = strings.Replace(p.SQL, "load_ms::int as load_ms", "load_ms::int as load_ms, path::text as v", 1)
	p.Checks.Silent = &pipeline.Silent{Action: pipeline.Stop, Column: "site_id", Min: 0.5, Before: pipeline.Before{Batches: 10}}
	l.hour(t, 20, 3)
	l.mustRun(t, p)
	want := map[string]int64{"1": 18, "2": 2}
	if diff := cmp.Diff(want, l.record(t, l.batches(t)[0]).Measured.Values["site_id"]); diff != "" {
		t.Errorf("counted values (-want +got):\n%s", diff)
	}
}
