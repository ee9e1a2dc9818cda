package etl

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
)

// incidents gives the open incidents as "table kind rule".
func (l *lab) incidents(t *testing.T) []string {
	t.Helper()
	all, err := l.store.Incidents(t.Context(), time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	told := []string{}
	for _, i := range all {
		told = append(told, strings.TrimSuffix(fmt.Sprintf("%s %s %s", i.Table, i.Kind, i.Rule), " "))
	}
	return told
}

func (l *lab) wantIncidents(t *testing.T, what string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(append([]string{}, want...), l.incidents(t)); diff != "" {
		t.Errorf("incidents after %s (-want +got):\n%s", what, diff)
	}
}

// TestIncidentsOfRuns has a run without batches fail, a rule stop one and warn of one, and each end.
func TestIncidentsOfRuns(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.Checks.RejectRatio = &pipeline.RejectRatio{Action: pipeline.Stop, Max: 0.3}
	second := daily()
	source := l.runner.Source
	l.runner.Source = func(string) (storage.Bucket, error) { return nil, errors.New("the bucket is gone") }
	for range 2 {
		if _, err := l.run(t, p, second); err == nil {
			t.Fatal("no error")
		}
		l.wantIncidents(t, "a source that is gone", "web.events failure") // not of web.daily, which did not run
	}
	l.runner.Source = source
	l.put(t, "1.gz", event("a", "2018-02-15T01:00:00Z", 1, ""), "broken")
	if _, err := l.run(t, p, second); err == nil {
		t.Fatal("no error")
	}
	l.wantIncidents(t, "a stop", "web.events failure", "web.events stop reject_ratio")
	l.put(t, "2.gz", event("b", "2018-02-15T01:00:00Z", 1, ""), event("c", "2018-02-15T01:00:00Z", 1, ""))
	l.runner.Objects = []string{"2.gz"}
	l.mustRun(t, p)
	l.wantIncidents(t, "a run of one object", "web.events failure", "web.events stop reject_ratio")
	l.runner.Objects = nil
	p.Checks.RejectRatio.Action = pipeline.Warn
	l.mustRun(t, p, second)
	l.wantIncidents(t, "a warning", "web.events warn reject_ratio")
	l.mustRun(t, p, second)
	l.wantIncidents(t, "a run in which nothing is due", "web.events warn reject_ratio")
	l.put(t, "3.gz", event("d", "2018-02-15T01:00:00Z", 1, ""))
	l.mustRun(t, p, second)
	l.wantIncidents(t, "a good batch")
}

// slowClock is a clock that batches take so long by, from the first look at it to the last.
type slowClock struct {
	at    time.Time
	takes time.Duration
}

func TestOverrun(t *testing.T) {
	t.Parallel()
	clock := &slowClock{at: time.Date(2018, 2, 15, 6, 0, 0, 0, time.UTC)}
	var during []string
	l := newLab(t, func(o *Options) {
		o.Now = func() time.Time { return clock.at }
		o.Step = func(name string) {
			if name == "verified" {
				clock.at = clock.at.Add(clock.takes)
			}
		}
	})
	batch := func(rows int, takes time.Duration) *catalog.Overrun {
		t.Helper()
		clock.takes = takes
		l.hour(t, rows, 0)
		l.mustRun(t, l.events())
		all := l.batches(t)
		return l.record(t, all[len(all)-1]).Overrun
	}
	for _, takes := range []time.Duration{20 * time.Second, 400 * time.Second, 20 * time.Second} {
		if o := batch(20, takes); o != nil {
			t.Errorf("with too few batches before: %+v", o)
		}
	}
	if o := batch(20, 29*time.Second); o != nil {
		t.Errorf("less than 1.5 times the median: %+v", o)
	}
	l.wantIncidents(t, "29 s")
	o := batch(20, 38*time.Second)
	if o == nil || o.Seconds != 38 || o.Expected < 20 || o.Expected > 25 {
		t.Errorf("more than 1.5 times the median: %+v", o)
	}
	l.wantIncidents(t, "38 s", "web.events overrun")
	if o := batch(2000, 60*time.Second); o != nil {
		t.Errorf("a batch of many more bytes: %+v", o)
	}
	l.wantIncidents(t, "a batch of many more bytes")

	// While it runs: by the clock on the wall.
	slow := newLab(t, nil)
	slow.runner.overrunGrace = time.Millisecond
	step := slow.runner.Step
	slow.runner.Step = func(name string) {
		step(name)
		if name == "ingested" && len(slow.batches(t)) == 3 {
			for start := time.Now(); len(slow.incidents(t)) == 0 && time.Since(start) < 30*time.Second; {
				time.Sleep(10 * time.Millisecond)
			}
			during = slow.incidents(t)
		}
	}
	for range 4 {
		slow.hour(t, 20, 0)
		slow.mustRun(t, slow.events())
	}
	if !slices.Equal(during, []string{"web.events overrun"}) {
		t.Errorf("incidents during a batch that hangs: %v", during)
	}
}

func TestAbsence(t *testing.T) {
	t.Parallel()
	now := time.Date(2018, 2, 15, 6, 10, 0, 0, time.UTC)
	l := newLab(t, func(o *Options) { o.Now = func() time.Time { return now } })
	p := l.events()
	p.Checks.Absence = &pipeline.Absence{Every: time.Hour, By: 55 * time.Minute}
	look := func(at string, want ...string) {
		t.Helper()
		clock, err := time.Parse("15:04", at)
		if err != nil {
			t.Fatal(err)
		}
		now = time.Date(2018, 2, 15, clock.Hour(), clock.Minute(), 0, 0, time.UTC)
		if err := RaiseAbsences(t.Context(), l.store, []*pipeline.Pipeline{p, daily()}, now); err != nil {
			t.Fatal(err)
		}
		l.wantIncidents(t, at, want...)
	}
	l.hour(t, 1, 0)
	l.mustRun(t, p) // at 06:10
	look("06:55")
	look("07:54")
	look("07:55", "web.events absence")
	look("08:10", "web.events absence")
	all, err := l.store.Incidents(t.Context(), time.Time{})
	if want := "no batch from 2018-02-15T07:00:00Z by 2018-02-15T07:55:00Z; the last one came at 2018-02-15T06:10:00Z"; err != nil || all[0].Text != want {
		t.Errorf("%+v, %v; want %s", all, err, want)
	}
	l.hour(t, 1, 0)
	l.mustRun(t, p)
	look("08:59")
	look("09:56", "web.events absence")
	p.Checks.Absence = nil
	look("09:57")
}

// TestAbsenceOfAPipelineThatIsGone has the incident end that nobody sees any more.
func TestAbsenceOfAPipelineThatIsGone(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	p := l.events()
	p.Checks.Absence = &pipeline.Absence{Every: time.Hour, By: 55 * time.Minute}
	now := time.Date(2018, 2, 15, 6, 56, 0, 0, time.UTC)
	look := func(later time.Duration, with []*pipeline.Pipeline, want ...string) {
		t.Helper()
		now = now.Add(later)
		if err := RaiseAbsences(t.Context(), l.store, with, now); err != nil {
			t.Fatal(err)
		}
		l.wantIncidents(t, now.String(), want...)
	}
	look(0, []*pipeline.Pipeline{p}, "web.events absence")
	look(47*time.Hour, nil, "web.events absence")
	look(0, []*pipeline.Pipeline{p}, "web.events absence") // others have it still
	look(47*time.Hour, nil, "web.events absence")
	look(time.Hour, nil)
}

// TestInterruptedRunIsNoFailure stops a run within a batch: nobody is told, and the next run makes it.
func TestInterruptedRunIsNoFailure(t *testing.T) {
	t.Parallel()
	for _, step := range []string{"ingested", "put", "verified"} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			l := newLab(t, func(o *Options) {
				o.Step = func(name string) {
					if name == step {
						stop()
					}
				}
			})
			l.put(t, "1.gz", event("a", "2018-02-15T01:00:00Z", 1, ""))
			if _, err := l.runner.Run(ctx, []*pipeline.Pipeline{must(seal(l.events()))}); !errors.Is(err, context.Canceled) {
				t.Errorf("the run ended with %v", err)
			}
			l.wantIncidents(t, "an interruption")
			if got := l.batches(t); len(got) != 0 {
				t.Errorf("batches: %+v", got)
			}
			if report := l.mustRun(t, l.events()); report.Pipelines[0].Batches != 1 {
				t.Errorf("the next run: %+v", report)
			}
		})
	}
}
