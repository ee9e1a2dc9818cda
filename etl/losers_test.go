package etl

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// losers puts objects of which each is a batch: 1 has x and y, 2 has x again and z, 3 has y and z again.
func losers(t *testing.T, l *lab) *pipeline.Pipeline {
	t.Helper()
	at := "2018-02-14T01:00:00Z"
	l.put(t, "1.gz", event("x", at, 1, `,"load_ms":1`), event("y", at, 1, `,"load_ms":1`))
	l.put(t, "2.gz", event("x", at, 2, `,"load_ms":2`), event("z", at, 2, `,"load_ms":2`), event("u", at, 2, `,"load_ms":2`))
	l.put(t, "3.gz", event("y", at, 3, `,"load_ms":3`), event("z", at, 3, `,"load_ms":3`))
	p := l.events()
	p.MaxObjects = 1
	l.mustRun(t, p)
	return p
}

// without is events with a condition more.
func (l *lab) without(condition string) *pipeline.Pipeline {
	p := l.events()
	p.SQL = strings.Replace(p.SQL, "where ", "where "+condition+" and (", 1) + ")"
	return p
}

const keysQuery = "SELECT event_id, site_id FROM t ORDER BY ALL"

func TestLossesAreNoted(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	losers(t, l)
	number := map[string]int64{}
	var got []string
	for _, b := range l.batches(t) {
		number[b.ID] = b.Seq
		for _, loss := range b.Lost {
			got = append(got, fmt.Sprintf("%d lost %d to %d.r%d in %s", b.Seq, loss.Rows, number[loss.Batch], loss.Revision, loss.Partition))
		}
		if d := cmp.Diff(b.Lost, l.record(t, b).Lost); d != "" {
			t.Errorf("the record of %d: %s", b.Seq, d)
		}
	}
	want := []string{"2 lost 1 to 1.r1 in dt=2018-02-14", "3 lost 1 to 1.r1 in dt=2018-02-14", "3 lost 1 to 2.r1 in dt=2018-02-14"}
	slices := cmp.Transformer("sorted", sorted)
	if d := cmp.Diff(want, got, slices); d != "" {
		t.Error(d)
	}
}

// TestLosersAreMadeAgain: a winner that has its keys no more gives the rows to those that lost them, one after the other.
func TestLosersAreMadeAgain(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, condition string
		first           bool // only the first batch is chosen
		batches         int
		want            []string
	}{
		{"a key less", "(event_id <> 'x' or site_id > 1)", true, 3, []string{"u|2", "x|2", "y|1", "z|2"}},
		{"no key less", "(event_id <> 'z' or site_id > 2)", true, 1, []string{"u|2", "x|1", "y|1", "z|2"}},
		// 1 gives x to 2, y to 3; 2 and 3 are chosen besides.
		{"all are chosen", "site_id > 1", false, 3, []string{"u|2", "x|2", "y|3", "z|2"}},
		// 1 gives x to 2, which then has z no more: 3 has that.
		{"one after the other", "(event_id <> 'x' or site_id > 1) and (event_id <> 'z' or site_id > 2)", true, 3, []string{"u|2", "x|2", "y|1", "z|3"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t, nil)
			losers(t, l)
			choice := Choice{}
			if c.first {
				choice.Batches = []string{l.batches(t)[0].ID}
			}
			p := l.without(c.condition)
			reports := l.mustBackfill(t, choice, p)
			if d := cmp.Diff(c.want, l.query(t, "web.events", keysQuery)); d != "" {
				t.Error(d)
			}
			if got := reports["web/events"].Batches; got != c.batches {
				t.Errorf("%d batches were made, want %d: %q", got, c.batches, states(t, l, "events"))
			}
			if stale, err := l.store.StaleBatches(t.Context(), p.Table); err != nil || len(stale) > 0 {
				t.Errorf("stale: %v, %v", stale, err)
			}
			checkSums(t, l)
			if again := l.mustBackfill(t, choice, p)["web/events"]; again.Batches != 0 {
				t.Errorf("a second time made %d batches", again.Batches)
			}
		})
	}
}

// TestRunMakesLosersAgain: a backfill that ended behind the winner leaves the rest to any run.
func TestRunMakesLosersAgain(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	l := newLab(t, func(o *Options) {
		o.Step = func(step string) {
			if step == "remade" {
				stop()
			}
		}
	})
	losers(t, l)
	p := l.without("(event_id <> 'x' or site_id > 1)")
	first := l.batches(t)[0].ID
	if _, err := l.runner.Backfill(ctx, []*pipeline.Pipeline{must(seal(p))}, Choice{Batches: []string{first}}, nil); err == nil {
		t.Fatal("the backfill was not stopped")
	}
	if d := cmp.Diff([]string{"u|2", "y|1", "z|2"}, l.query(t, "web.events", keysQuery)); d != "" {
		t.Error(d)
	}
	planned, err := l.runner.Plan(t.Context(), []*pipeline.Pipeline{p})
	if err != nil || planned[0].Stale != 2 {
		t.Errorf("planned: %+v, %v", planned, err)
	}
	// What cannot be made again does not keep new objects out.
	if err := l.raw.Delete(t.Context(), "3.gz"); err != nil {
		t.Fatal(err)
	}
	l.put(t, "4.gz", event("v", "2018-02-14T01:00:00Z", 4, ""))
	l.mustRun(t, p)
	if d := cmp.Diff([]string{"u|2", "v|4", "x|2", "y|1", "z|2"}, l.query(t, "web.events", keysQuery)); d != "" {
		t.Error(d)
	}
	var stale []int64
	for _, b := range l.batches(t) {
		if b.Stale && b.RemadeBy == 0 && b.State == catalog.BatchCommitted {
			stale = append(stale, b.Seq)
		}
	}
	if d := cmp.Diff([]int64{3}, stale); d != "" {
		t.Errorf("stale: %s", d)
	}
	if _, err := l.backfill(t, Choice{}, p); err == nil || !strings.Contains(err.Error(), "3.gz is gone") {
		t.Errorf("a backfill: %v", err)
	}
	checkSums(t, l)
}

// TestRemakingThatIsAlwaysLate gives up on a batch that other runs change each time before it is published.
func TestRemakingThatIsAlwaysLate(t *testing.T) {
	t.Parallel()
	m := (&run{}).newRemaking(nil, noProgress{})
	c := &component{members: []member{{Batch: &catalog.Batch{ID: "b0", Revision: 1}}}}
	for i := range maxAgain {
		if len(m.errs) > 0 {
			t.Fatalf("given up after %d times: %v", i, m.errs)
		}
		m.skip[c.refs()[0]] = true
		m.done(c, &batch{id: "b1", revision: 1}, true)
		if last := i+1 == maxAgain; m.skip[c.refs()[0]] != last {
			t.Errorf("after %d times it is left out: %v", i+1, !last)
		}
	}
	if len(m.errs) != 1 || !isCheck(m.errs[0]) {
		t.Errorf("after %d times: %v", maxAgain, m.errs)
	}
}

// TestRemakingGivesUp on a batch that is made again and again, because each time another one has lost keys that it lost to.
func TestRemakingGivesUp(t *testing.T) {
	t.Parallel()
	m := (&run{}).newRemaking(nil, noProgress{})
	made := &catalog.Batch{ID: "b0", Revision: 1}
	for i := range maxAgain {
		if len(m.errs) > 0 {
			t.Fatalf("given up after %d times: %v", i, m.errs)
		}
		b := &batch{id: fmt.Sprintf("b%d", i+1), revision: 1}
		m.done(&component{members: []member{{Batch: made}}}, b, false)
		made = &catalog.Batch{ID: b.id, Revision: 1}
	}
	if len(m.errs) != 1 || !isCheck(m.errs[0]) || !strings.Contains(m.errs[0].Error(), "batch b10 was made again 10 times") || !m.skip[refOf(made)] {
		t.Errorf("after %d times: %v, %v", maxAgain, m.errs, m.skip)
	}
}
