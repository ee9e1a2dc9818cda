package etl

import (
	"fmt"
	"math"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

func TestSizing(t *testing.T) {
	t.Parallel()
	const mb = 1_000_000
	for name, c := range map[string]struct {
		Sizings

		cores   int
		minutes float64
		holds   bool
		needed  int
		enough  bool
	}{
		"nothing": {
			Sizings{{Rate: Rate{Shared: mb}, Schedule: time.Hour}}, 2, 0, true, 1, true,
		},
		"two cores do": { // 4800 s of a core
			Sizings{{Rate: Rate{Shared: mb}, Schedule: time.Hour, Bytes: 4800 * mb, Tasks: 64}}, 2, 40, true, 1, true,
		},
		"a quarter is kept for a second attempt": {
			Sizings{{Rate: Rate{Shared: mb}, Schedule: time.Hour, Bytes: 6000 * mb, Tasks: 64}}, 2, 50, false, 2, true,
		},
		"too few objects": { // three tasks keep three cores at work, not four
			Sizings{{Rate: Rate{Shared: mb}, Schedule: time.Hour, Bytes: 9000 * mb, Tasks: 3, LargestBytes: 2500 * mb}}, 2, 75, false, 2, false,
		},
		"one object is too big": {
			Sizings{{Rate: Rate{Shared: mb}, Schedule: time.Hour, Bytes: 6000 * mb, Tasks: 100, LargestBytes: 3000 * mb}}, 4, 50, false, 25, false,
		},
		"one object of Parquet is divided": {
			Sizings{{Rate: Rate{Shared: mb}, Schedule: time.Hour, Bytes: 6000 * mb, Tasks: 100, LargestBytes: 3000 * mb, divides: true}}, 4, 25, true, 1, true,
		},
		"deduplication alone takes too long": { // 3000 s shared, 3000 s one batch at a time
			Sizings{{Rate: Rate{Shared: mb, Serial: mb}, Schedule: time.Hour, Bytes: 3000 * mb, Tasks: 100}}, 1, 100, false, 100, false,
		},
		"deduplication leaves little": { // 2400 s of 2700 are those of one batch at a time
			Sizings{{Rate: Rate{Shared: mb, Serial: mb}, Schedule: time.Hour, Bytes: 2400 * mb, Tasks: 100}}, 1, 80, false, 8, true,
		},
		"a second stage behind its upstream": {
			Sizings{
				{Rate: Rate{Shared: mb}, Schedule: 24 * time.Hour, Bytes: 1200 * mb, Tasks: 64},
				{Rate: Rate{Serial: mb, BatchSeconds: 600}, Schedule: time.Hour, Follows: true, Bytes: 77 * mb},
			}, 2, 15, true, 1, true,
		},
		"the shortest schedule of those that work": {
			Sizings{
				{Rate: Rate{Shared: mb}, Schedule: 24 * time.Hour, Bytes: 6000 * mb, Tasks: 64},
				{Rate: Rate{Shared: mb}, Schedule: time.Minute},
				{Rate: Rate{Shared: mb}, Schedule: time.Hour, Bytes: 60 * mb, Tasks: 1},
			}, 2, 51, false, 2, true,
		},
		"a number that is no time any more": {
			Sizings{{Rate: Rate{Shared: 1}, Schedule: time.Hour, Bytes: math.MaxInt64, Tasks: 1}}, 1, math.Inf(1), false, 1, false,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			minutes := c.Expected(1, c.cores).Minutes()
			if math.IsInf(c.minutes, 1) && minutes > 1e8 {
				minutes = c.minutes
			}
			needed, enough := c.Needed(c.cores)
			got := fmt.Sprint(minutes, c.Holds(1, c.cores), needed, enough)
			if want := fmt.Sprint(c.minutes, c.holds, c.needed, c.enough); got != want {
				t.Errorf("minutes, holds, needed, enough: %s, want %s", got, want)
			}
			if needed > 1 && enough && c.Holds(needed-1, c.cores) {
				t.Errorf("%d would do", needed-1)
			}
		})
	}
}

// TestRate: a fifth of the batches may be slower, a fifth of them may take longer.
func TestRate(t *testing.T) {
	t.Parallel()
	var batches []catalog.Batch
	for i := range 11 {
		core := float64(i + 1)
		batches = append(batches, catalog.Batch{BytesIn: 1000, Notes: catalog.Notes{Effort: &catalog.Effort{CoreSeconds: core + 1, SerialCoreSeconds: 1}}})
	}
	batches[3].Effort.SerialCoreSeconds = 0
	got := rateOf(batches, RateMeasured)
	// Of 1000/1 … 1000/11 the third from below, and of 2 … 12 seconds the third from above.
	if want := (Rate{From: RateMeasured, Batches: 11, Shared: 1000. / 9, Serial: 1000, BatchSeconds: 10}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// TestRateOfBatches: what a run took is known to the next plan, and after the pipeline changed for what it is.
func TestRateOfBatches(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	events := l.events()
	second := daily()
	rates := func() [2]Rate {
		t.Helper()
		if _, err := seal(events); err != nil {
			t.Fatal(err)
		}
		if _, err := seal(second); err != nil {
			t.Fatal(err)
		}
		planned, err := l.runner.Plan(t.Context(), []*pipeline.Pipeline{events, second})
		if err != nil {
			t.Fatal(err)
		}
		return [2]Rate{planned[0].Sizing.Rate, planned[1].Sizing.Rate}
	}
	l.put(t, "1.gz", event("1", "2018-02-10T00:00:00Z", 1, ""))
	if got, want := rates(), [2]Rate{{From: RateAssumed, Shared: assumedRate}, {From: RateAssumed, Serial: assumedRate}}; got != want {
		t.Errorf("before the first batch: %+v", got)
	}
	report := l.mustRun(t, events, second)
	l.put(t, "2.gz", event("2", "2018-02-10T00:00:00Z", 1, ""))
	report2 := l.mustRun(t, events, second)
	for i, r := range rates() {
		took := report.Pipelines[i].Effort.CoreSeconds + report2.Pipelines[i].Effort.CoreSeconds
		if r.From != RateMeasured || r.Batches != 2 || r.Serial <= 0 || (r.Shared > 0) != (i == 0) || r.BatchSeconds <= 0 || r.BatchSeconds >= took {
			t.Errorf("after two batches: %+v; they took %g core seconds", r, took)
		}
	}
	events.SQL += " and site_id > 0"
	if got := rates(); got[0].From != RateBefore || got[0].Batches != 2 || got[1].From != RateMeasured {
		t.Errorf("when the pipeline changed: %+v", got)
	}
	events.UniqueKey = nil
	l.put(t, "3.gz", event("3", "2018-02-10T00:00:00Z", 1, ""))
	l.mustRun(t, events)
	if got := rates(); got[0].From != RateMeasured || got[0].Batches != 1 || got[0].Serial != 0 {
		t.Errorf("without deduplication: %+v", got)
	}
}

// TestPlannedSizes: what there is to do is counted, and the largest object named.
func TestPlannedSizes(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	l.put(t, "1.gz", event("1", "2018-02-10T00:00:00Z", 1, ""))
	l.put(t, "2.gz", event("2", "2018-02-10T00:00:00Z", 1, `,"path":"`+fmt.Sprint(time.Now())+`"`))
	l.put(t, "3.gz", event("3", "2018-02-10T00:00:00Z", 1, ""))
	events := l.events()
	events.MaxObjects = 2
	if _, err := seal(events); err != nil {
		t.Fatal(err)
	}
	planned, err := l.runner.Plan(t.Context(), []*pipeline.Pipeline{events})
	if err != nil {
		t.Fatal(err)
	}
	s := planned[0].Sizing
	if s.Inputs != 3 || s.Tasks != 2 || s.Largest != "2.gz" || s.LargestBytes >= s.Bytes || s.Follows || s.Unknown() {
		t.Errorf("sizing: %+v", s)
	}
}
