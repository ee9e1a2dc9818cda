package etl

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
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
	got = append(got, l.hotLoads(t)...)
	return append(got, fmt.Sprintf("%d and %d files", len(l.table(t, "web.events").Files), len(l.table(t, "web.daily").Files)))
}

// makeHot says that all live pairs were loaded, each under a load sequence of its own.
func (l *lab) makeHot(t *testing.T) {
	t.Helper()
	for _, table := range []string{"web.events", "web.daily"} {
		tv := l.table(t, table)
		c := catalog.Cover{Table: tv.Table.Name, HotColumns: tv.Table.Hot.Columns, Add: map[catalog.Pair]int64{}}
		first, err := l.store.ReserveLoad(t.Context(), tv.Table.Name, len(tv.Files))
		if err != nil {
			t.Fatal(err)
		}
		for i, f := range tv.Files {
			c.Add[catalog.Pair{Batch: f.Batch, Partition: f.Partition}] = first + int64(i)
		}
		if _, err := l.store.Cover(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
}

// hotLoads gives the loads of each partition. Every live pair must have some, and every load must be that of a live pair.
func (l *lab) hotLoads(t *testing.T) (all []string) {
	t.Helper()
	for _, table := range []string{"web.events", "web.daily"} {
		tv := l.table(t, table)
		seqs := map[string][]int64{}
		pairs := tv.PairRows()
		for p := range pairs {
			if !tv.Covers(p) {
				t.Errorf("%s: %v is not hot", table, p)
			}
			for _, part := range tv.Hot.Covered[p] {
				seqs[p.Partition] = append(seqs[p.Partition], part.LoadSeq)
			}
		}
		if len(tv.Hot.Covered) != len(pairs) || len(tv.Hot.Withdrawn) > 0 {
			t.Errorf("%s: %d pairs are covered and %d live, withdrawn are %v", table, len(tv.Hot.Covered), len(pairs), tv.Hot.Withdrawn)
		}
		for _, partition := range slices.Sorted(maps.Keys(seqs)) {
			slices.Sort(seqs[partition])
			all = append(all, fmt.Sprintf("%s %s is hot under %v", table, partition, seqs[partition]))
		}
	}
	return all
}

// TestCompactKilledAtEveryStep kills a compaction of several batches, which are hot, at each of its steps; the next one ends it,
// or a run does first what it died over. What is hot stays so all the time.
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
		l.makeHot(t)
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
	rows, hot := l.query(t, "web.events", allRows), l.hotLoads(t)
	compact(l)
	steps -= before
	if steps < 12 {
		t.Fatalf("only %d steps", steps)
	}
	want := afterCompaction(t, l)
	if d := cmp.Diff(rows, l.query(t, "web.events", allRows)); d != "" {
		t.Fatal(d)
	}
	if d := cmp.Diff(hot, l.hotLoads(t)); d != "" {
		t.Fatal(d)
	}
	random := rand.New(rand.NewPCG(5, 7))
	for step := 1; step <= steps; step++ {
		again := 1 + random.IntN(steps)
		t.Run(strconv.Itoa(step), func(t *testing.T) {
			t.Parallel()
			l := killedIn(t, "compact", death{step: step}, make)
			l.hotLoads(t)
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
