package etl

import (
	"fmt"
	"testing"

	"tidegate/catalog"
	"tidegate/internal/storage"
)

// TestShardsCoverEverything: each object is in exactly one shard, and none of the shards has much more than its part.
func TestShardsCoverEverything(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 4, 7} {
		of := make([]int, n)
		for i := range 10_000 {
			key, had := fmt.Sprintf("2018/02/15/%02d/part-%05d.gz", i%24, i), 0
			for index := range n {
				s, err := NewShard(index, n)
				if err != nil {
					t.Fatal(err)
				}
				if s.Has(key) {
					of[index]++
					had++
				}
			}
			if had != 1 {
				t.Fatalf("%s is in %d of %d shards", key, had, n)
			}
		}
		for i, got := range of {
			if got < 9_000/n || got > 11_000/n {
				t.Errorf("shard %d of %d has %d of 10000 objects", i, n, got)
			}
		}
	}
	s := Shard{1, 4} // written down: processes of two versions may work side by side
	if !s.Has("2018/02/15/03/part-0.gz") || s.Has("2018/02/15/03/part-1.gz") {
		t.Error("the hash of keys is another one than it was")
	}
}

// TestShardsSettleTogether: only when all shards have read theirs is the source noted as listed, and what failed as over.
func TestShardsSettleTogether(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	events := l.events()
	var mine, others int
	for i := range 20 {
		key := fmt.Sprintf("%02d.gz", i)
		if (Shard{0, 2}).Has(key) {
			mine++
		} else {
			others++
		}
		l.put(t, key, event(key, "2018-02-10T00:00:00Z", 1, ""))
	}
	raise := catalog.Incident{Table: events.Table, Kind: catalog.IncidentFailure, Text: "the bucket was gone", SeenAt: l.clock}
	if err := l.store.Raise(t.Context(), raise); err != nil {
		t.Fatal(err)
	}
	for index, want := range []int{mine, others} {
		l.runner.Shard = Shard{index, 2}
		if got := l.mustRun(t, events).Pipelines[0].Counts.Read; got != int64(want) {
			t.Errorf("shard %d read %d records, want %d", index, got, want)
		}
		listed, err := l.store.Listed(t.Context(), events.Table)
		if err != nil || (listed != catalog.Listing{}) != (index == 1) {
			t.Errorf("after shard %d the source was listed %+v, %v", index, listed, err)
		}
		open, err := l.store.Incidents(t.Context(), l.clock)
		if err != nil || len(open) != 1 || open[0].ResolvedAt.IsZero() != (index == 0) {
			t.Errorf("after shard %d: %+v, %v", index, open, err)
		}
	}
}

// TestWork: of processes that were given the same objects each makes at most its part at once, and does not begin what another
// one has.
func TestWork(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	var objects []storage.Object
	for i := range 6 {
		key := fmt.Sprintf("%d.gz", i)
		l.put(t, key, event(key, "2018-02-10T00:00:00Z", 1, ""))
		o, err := l.raw.Stat(t.Context(), key)
		if err != nil {
			t.Fatal(err)
		}
		objects = append(objects, o)
	}
	line := l.events()
	line.UniqueKey = nil // or it would wait until the other one has committed
	events, err := seal(line)
	if err != nil {
		t.Fatal(err)
	}
	other, err := newClaimant(t.Context(), l.store, l.runner.WorkDir, 0, l.runner.Log)
	if err != nil {
		t.Fatal(err)
	}
	inputs, _ := inputsOf(objects[:2])
	_, _, release, err := other.take(t.Context(), events.Table, "another's", inputs)
	if err != nil {
		t.Fatal(err)
	}
	l.runner.Workers = 3
	report, err := l.runner.Work(t.Context(), events, objects)
	if err != nil {
		t.Fatal(err)
	}
	if p := report.Pipelines[0]; p.Batches != 2 || p.Counts.Read != 4 {
		t.Errorf("%d batches of %d records; want 2 of the 4 that nobody had begun", p.Batches, p.Counts.Read)
	}
	if err := release(); err != nil {
		t.Fatal(err)
	}
	if err := other.close(t.Context()); err != nil {
		t.Fatal(err)
	}
	l.runner.Workers = 0
	if p := l.mustRun(t, events).Pipelines[0]; p.Batches != 1 || p.Counts.Read != 2 {
		t.Errorf("the run that found them made %d batches of %d records", p.Batches, p.Counts.Read)
	}
}
