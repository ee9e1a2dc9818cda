package etl

import (
	"strconv"
	"strings"
	"testing"
	"time"
)

// TestDiscoverLooksBack has objects that appear in every order, in a source that is large from the second object on.
func TestDiscoverLooksBack(t *testing.T) {
	t.Parallel()
	now := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	l := newLab(t, func(o *Options) { o.Now = func() time.Time { return now } })
	l.runner.largeSource = 1
	record := 0
	put := func(key string) {
		record++
		l.put(t, key, event(strconv.Itoa(record), "2018-02-10T00:00:00Z", 1, ""))
	}
	// reads runs the pipeline and says how many records it read.
	reads := func(what string, want int64) {
		t.Helper()
		if got := l.mustRun(t, l.events()).Pipelines[0].Counts.Read; got != want {
			t.Errorf("%s: read %d records, want %d", what, got, want)
		}
	}
	put("02/10/a")
	put("02/10/b")
	reads("the first run", 2)
	now = now.Add(20 * time.Hour)
	put("02/11/a")
	reads("a new object", 1)
	put("02/10/a0")
	reads("behind the first one of a day", 1)
	now = now.Add(3 * time.Hour)
	put("02/09/a")
	reads("nothing is large before the first key", 1)
	now = now.Add(30 * time.Hour)
	put("02/12/a")
	reads("a day later all is listed", 1)
	put("02/10/c")
	put("02/12/b")
	reads("a late one, and a new one", 1)
	reads("again", 0)
	l.runner.Relist = true
	reads("as asked", 1)
	l.runner.Relist = false
	put("02/10/d")
	changed := l.events()
	changed.SQL += " and site_id > 0"
	if got := l.mustRun(t, changed).Pipelines[0].Counts.Read; got != 1 {
		t.Errorf("another version of the pipeline read %d records", got)
	}
	now = now.Add(25 * time.Hour)
	put("02/10/e")
	if got := l.mustRun(t, changed).Pipelines[0].Counts.Read; got != 1 {
		t.Errorf("a day later %d records were read", got)
	}
}

// TestDiscoverAfterFailure has a batch that fails while a later one is committed: its object must come again, although
// its name sorts before those of the last day.
func TestDiscoverAfterFailure(t *testing.T) {
	t.Parallel()
	now := time.Date(2018, 3, 1, 0, 0, 0, 0, time.UTC)
	l := newLab(t, func(o *Options) { o.Now = func() time.Time { return now } })
	l.runner.largeSource = 1
	strict := l.events()
	strict.Checks.MaxRejectRatio, strict.MaxObjects = 0.5, 1
	l.put(t, "1", event("a", "2018-02-10T00:00:00Z", 1, ""))
	l.mustRun(t, strict)
	now = now.Add(23 * time.Hour)
	l.put(t, "2", "broken")
	l.put(t, "3", event("b", "2018-02-10T00:00:00Z", 1, ""))
	for range 2 {
		report, err := l.run(t, strict)
		if err == nil || !strings.Contains(err.Error(), "max_reject_ratio") {
			t.Errorf("the broken object: %d batches, %v", report.Pipelines[0].Batches, err)
		}
		now = now.Add(time.Hour / 2)
	}
	now = now.Add(47 * time.Hour)
	l.put(t, "4", event("c", "2018-02-10T00:00:00Z", 1, ""))
	if _, err := l.run(t, strict); err == nil {
		t.Error("the broken object was forgotten")
	}
	l.put(t, "2", event("d", "2018-02-10T00:00:00Z", 1, ""))
	if r := l.mustRun(t, strict).Pipelines[0]; r.Batches != 1 || r.Counts.Emitted != 1 {
		t.Errorf("mended: %d batches, %+v", r.Batches, r.Counts)
	}
}

// TestNamedObjects reads what it is told to and nothing else.
func TestNamedObjects(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	for _, key := range []string{"a", "b", "c", "d/e"} {
		l.put(t, key, event(key, "2018-02-10T00:00:00Z", 1, ""))
	}
	l.runner.Objects = []string{"c", l.events().Source.Location + "/d/e", "c"}
	if got := l.mustRun(t, l.events()).Pipelines[0].Counts.Read; got != 2 {
		t.Errorf("read %d records, want those of c and d/e", got)
	}
	if got := l.mustRun(t, l.events()).Pipelines[0].Counts.Read; got != 0 {
		t.Errorf("read %d records again", got)
	}
	l.runner.Objects = []string{"b", "gone", "_b", "away"}
	_, err := l.run(t, l.events())
	for _, want := range []string{"gone is not in file:", "away is not in file:", "_b is not part of the source"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v does not say %q", err, want)
		}
	}
	l.runner.Objects = []string{}
	if got := l.mustRun(t, l.events()).Pipelines[0].Counts.Read; got != 0 {
		t.Errorf("read %d records of no object", got)
	}
	if _, err := l.run(t, daily()); err == nil || !strings.Contains(err.Error(), "one pipeline with a source; here are 0") {
		t.Errorf("a list for tables: %v", err)
	}
	l.runner.Objects = nil
	if got := l.mustRun(t, l.events()).Pipelines[0].Counts.Read; got != 2 {
		t.Errorf("read %d records, want the other 2", got)
	}
}
