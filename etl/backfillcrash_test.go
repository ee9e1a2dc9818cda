package etl

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// backfilled makes what a backfill of backfillPipelines meets: two batches, a requeue of both, a third that lost a row to
// them, and the second stage.
func backfilled(t *testing.T, l *lab) {
	t.Helper()
	crashObjects(t, l, 2)
	l.put(t, "100.gz", event("slow", "2018-02-10T03:00:00Z", 1, `,"load_ms":"slow"`), event("e1", "2018-02-11T01:00:00Z", 1, `,"load_ms":1`))
	first := l.events()
	first.MaxObjects = 1
	first.Source.Required = append(first.Source.Required, "load_ms")
	l.mustRun(t, first)
	requeue(t, l, untimed(l))
	l.put(t, "200.gz", "broken", event("late", "2018-02-10T03:00:00Z", 1, `,"load_ms":1`), event("e1", "2018-02-11T01:00:00Z", 3, `,"load_ms":2`))
	l.mustRun(t, first, daily())
}

// untimed is events that lets a text be where load_ms should be a number.
func untimed(l *lab) *pipeline.Pipeline {
	p := l.events()
	for i, f := range p.Source.Fields {
		if f.Name == "load_ms" {
			p.Source.Fields = append(p.Source.Fields[:i:i], p.Source.Fields[i+1:]...)
			break
		}
	}
	p.SQL = strings.Replace(p.SQL, "load_ms::int as load_ms", "case when load_ms::text ~ '^[0-9]+$' then load_ms::text::int end as load_ms", 1)
	return p
}

// backfillPipelines drop the row of e1 that the first batches have, and keep the one that a later batch lost to them.
func backfillPipelines(l *lab) ([]*pipeline.Pipeline, error) {
	p := untimed(l)
	p.SQL = strings.Replace(p.SQL, "where ", "where (event_id <> 'e1' or site_id = 3) and (", 1) + ")"
	p, err := seal(p)
	if err != nil {
		return nil, err
	}
	second, err := seal(daily())
	return []*pipeline.Pipeline{p, second}, err
}

// afterBackfill is what must be the same whatever happened.
func afterBackfill(t *testing.T, l *lab) []string {
	t.Helper()
	got := l.query(t, "web.events", "SELECT * FROM t ORDER BY ALL")
	got = append(got, l.query(t, "web.daily", "SELECT * FROM t ORDER BY ALL")...)
	got = append(got, sorted(quarantined(t, l))...)
	for _, b := range l.batches(t) {
		if b.Table.Table == "events" && b.State == catalog.BatchCommitted {
			got = append(got, fmt.Sprintf("%+v %s", b.Counts, l.record(t, b).Checksum)) // the id tells of the quarantine file that was read
		}
	}
	return got
}

// TestBackfillKilledAtEveryStep kills a backfill at each of its steps, with a batch and its requeue, a loser and a second
// stage; the next one ends it, and so does a run.
func TestBackfillKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	steps := 0
	l := newLab(t, func(o *Options) { o.Step = func(string) { steps++ } })
	backfilled(t, l)
	before := steps
	backfill := func(l *lab) {
		t.Helper()
		if _, err := l.runner.Backfill(t.Context(), must(backfillPipelines(l)), Choice{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	backfill(l)
	steps -= before
	if steps < 40 {
		t.Fatalf("only %d steps", steps)
	}
	want := afterBackfill(t, l)
	if d := cmp.Diff([]string{"3|2"}, l.query(t, "web.events", "SELECT site_id, load_ms FROM t WHERE event_id = 'e1'")); d != "" {
		t.Fatal(d)
	}
	random := rand.New(rand.NewPCG(3, 9))
	for step := 1; step <= steps; step++ {
		again := 1 + random.IntN(steps)
		t.Run(strconv.Itoa(step), func(t *testing.T) {
			t.Parallel()
			l := killedIn(t, "backfill", death{step: step}, func(l *lab) { backfilled(t, l) })
			diesIn(t, "backfill", l.dir, death{step: again})
			if step%2 == 0 { // whoever comes next publishes what is written
				if _, err := l.runner.Run(t.Context(), must(backfillPipelines(l))); err != nil {
					t.Fatal(err)
				}
			}
			backfill(l)
			if d := cmp.Diff(want, afterBackfill(t, l)); d != "" {
				t.Error(d)
			}
			checkSums(t, l)
			noTraces(t, l)
		})
	}
}

// TestBackfillsDieAndSleepTogether has four processes make the same batches again, of which one is killed and another is
// stopped past the end of its lease.
func TestBackfillsDieAndSleepTogether(t *testing.T) {
	t.Parallel()
	made := func(t *testing.T, l *lab) {
		t.Helper()
		togetherObjects(t, l)
		runAlone(t, l)
	}
	backfill := func(t *testing.T, l *lab) {
		t.Helper()
		if _, err := l.runner.Backfill(t.Context(), withoutSite2(must(crashPipelines(l))), Choice{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	alone := newLab(t, nil)
	made(t, alone)
	backfill(t, alone)
	want := contentOf(t, alone)
	for _, c := range []struct{ killed, stopped string }{
		{"ingested", "reserved"}, {"recorded", "deduplicated"}, {"remade", "recorded"}, {"published", "verified"},
	} {
		t.Run(c.killed+" "+c.stopped, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, func(o *Options) { o.LeaseTime = shortLease })
			made(t, l)
			doTogether(t, "backfill", l.dir, fate{"stop", c.stopped}, fate{"kill", c.killed}, fate{}, fate{})
			backfill(t, l)
			if diff := cmp.Diff(want, contentOf(t, l)); diff != "" {
				t.Error(diff)
			}
			checkSums(t, l)
			noTraces(t, l)
		})
	}
}
