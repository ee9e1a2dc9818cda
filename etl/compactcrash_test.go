package etl

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
)

// afterCompaction is what must be the same whatever happened.
func afterCompaction(t *testing.T, l *lab) []string {
	t.Helper()
	got := l.query(t, "web.events", allRows)
	got = append(got, l.query(t, "web.daily", allRows)...)
	got = append(got, sorted(quarantined(t, l))...)
	for _, b := range l.batches(t) {
		if b.Kind != catalog.RecordCompact {
			got = append(got, fmt.Sprintf("%s %s %s %+v", b.Table, b.Kind, b.State, b.Counts)) // daily's id is of random paths
		}
	}
	return append(got, fmt.Sprintf("%d and %d files", len(l.table(t, "web.events").Files), len(l.table(t, "web.daily").Files)))
}

// TestCompactKilledAtEveryStep kills a compaction of several batches at each of its steps; the next one ends it, or a run does
// first what it died over.
func TestCompactKilledAtEveryStep(t *testing.T) {
	t.Parallel()
	make := func(l *lab) {
		t.Helper()
		crashObjects(t, l, 4)
		p, err := crashPipelines(l)
		if err != nil {
			t.Fatal(err)
		}
		p[0].MaxObjects = 1
		l.mustRun(t, p...)
	}
	compact := func(l *lab) {
		t.Helper()
		if _, err := l.runner.Compact(t.Context(), must(crashPipelines(l)), Compaction{All: true}, nil); err != nil {
			t.Fatal(err)
		}
	}
	steps := 0
	l := newLab(t, func(o *Options) { o.Step = func(string) { steps++ } })
	make(l)
	before := steps
	rows := l.query(t, "web.events", allRows)
	compact(l)
	steps -= before
	if steps < 12 {
		t.Fatalf("only %d steps", steps)
	}
	want := afterCompaction(t, l)
	if d := cmp.Diff(rows, l.query(t, "web.events", allRows)); d != "" {
		t.Fatal(d)
	}
	random := rand.New(rand.NewPCG(5, 7))
	for step := 1; step <= steps; step++ {
		again := 1 + random.IntN(steps)
		t.Run(strconv.Itoa(step), func(t *testing.T) {
			t.Parallel()
			l := killedIn(t, "compact", death{step: step}, make)
			diesIn(t, "compact", l.dir, death{step: again})
			if step%2 == 0 { // whoever comes next publishes what is written
				l.mustRun(t, must(crashPipelines(l))...)
			}
			compact(l)
			if d := cmp.Diff(want, afterCompaction(t, l)); d != "" {
				t.Error(d)
			}
			checkEmitted(t, l)
			noTraces(t, l)
		})
	}
}
