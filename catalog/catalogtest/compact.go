package catalogtest

import (
	"errors"
	"testing"
	"time"

	"tidegate/catalog"
)

// compactOf makes a record of kind compact: other files of the same partitions, without inputs and counts.
func compactOf(batch string, seq int64, replaces []catalog.Replaced, partitions ...Partition) *catalog.Record {
	r := Record(batch, seq, partitions...)
	r.Kind, r.Replaces, r.Inputs, r.Counts, r.CommittedAt = catalog.RecordCompact, replaces, nil, catalog.Counts{}, r.CommittedAt.Add(24*time.Hour)
	return r
}

func states(t *testing.T, s catalog.Store) map[string]catalog.BatchState {
	t.Helper()
	batches, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	states := map[string]catalog.BatchState{}
	for _, b := range batches {
		states[b.ID] = b.State
	}
	return states
}

func path15(batch string) string {
	return Record(batch, 1, Partition{day15, []int64{1}}).Files[0].Path
}

// compact: the batches are what they were, twice; what deduplicated against their files is still right.
func compact(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{1}}))
	basis := mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{2}}))
	mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: []string{"site_id", "dt"}, Add: map[catalog.Pair]int64{
		{Batch: "b1", Partition: day15}: mustReserveLoad(t, s, 1),
	}})
	k1 := compactOf("k1", 3, []catalog.Replaced{replaced("b1", day15), replaced("b2", day15)}, Partition{day15, []int64{4, 1}})
	first := mustPublish(t, s, k1)
	if again := mustPublish(t, s, k1); again != first {
		t.Errorf("published again: generation %d, want %d", again, first)
	}
	equal(t, "rows", events(t, s).PairRows(), map[catalog.Pair]int64{{Batch: "k1", Partition: day15}: 5, {Batch: "b1", Partition: day16}: 1})
	equal(t, "covered", len(events(t, s).Hot.Covered), 0)

	late := Record("b3", 4, Partition{day15, []int64{6}})
	late.Basis = &basis
	lease, err := s.Lease(t.Context(), catalog.Lease{Table: Events(), Piece: "commit", Owner: "o", Until: time.Now().Add(time.Hour)}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Publish(t.Context(), late, lease); err != nil {
		t.Errorf("deduplicated against what was compacted: %v", err)
	}
	newest := mustPublish(t, s, compactOf("k2", 5, []catalog.Replaced{replaced("k1", day15), replaced("b3", day15)}, Partition{day15, []int64{11}}))
	equal(t, "states", states(t, s), map[string]catalog.BatchState{
		"b1": catalog.BatchCommitted, "b2": catalog.BatchCommitted, "b3": catalog.BatchCommitted,
		"k1": catalog.BatchReplaced, "k2": catalog.BatchCommitted,
	})
	last, err := s.LastBatches(t.Context(), Events(), 10)
	if err != nil || len(last) != 3 || last[0].ID != "b3" {
		t.Errorf("last batches %v, %v; want b3, b2, b1", last, err)
	}
	for g, want := range map[int64]map[catalog.Pair][]string{
		first - 1: {},
		first:     {{Batch: "k1", Partition: day15}: {path15("b1"), path15("b2")}},
		newest:    {{Batch: "k2", Partition: day15}: {path15("b1"), path15("b2"), path15("b3")}},
	} {
		got, err := s.Compacted(t.Context(), Events(), g)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, "compacted", got, want)
	}
}

// compactConflicts: neither other rows nor what is gone can be compacted.
func compactConflicts(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{1}}))
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{2}}))
	both := []catalog.Replaced{replaced("b1", day15), replaced("b2", day15)}
	lease, err := s.Lease(t.Context(), catalog.Lease{Table: Events(), Piece: "compact", Owner: "o", Until: time.Now().Add(time.Hour)}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	gone := []catalog.Replaced{replaced("b1", day15), replaced("b0", day15)}
	counted := compactOf("k", 3, both, Partition{day15, []int64{5}})
	counted.Counts.Emitted = 5
	read := compactOf("k", 3, both, Partition{day15, []int64{5}})
	read.Inputs = []catalog.Input{{Key: "x", ETag: "y"}}
	for name, c := range map[string]struct {
		r    *catalog.Record
		want error
	}{
		"a row more":          {compactOf("k", 3, both, Partition{day15, []int64{6}}), catalog.ErrConflict},
		"a row less":          {compactOf("k", 3, both, Partition{day15, []int64{4}}), catalog.ErrConflict},
		"another partition":   {compactOf("k", 3, both, Partition{day16, []int64{5}}), catalog.ErrConflict},
		"a partition less":    {compactOf("k", 3, append(both, replaced("b1", day16)), Partition{day15, []int64{6}}), catalog.ErrConflict},
		"nothing is replaced": {compactOf("k", 3, nil, Partition{day15, []int64{5}}), catalog.ErrConflict},
		"no file":             {compactOf("k", 3, both), catalog.ErrConflict},
		"counts":              {counted, catalog.ErrConflict},
		"inputs":              {read, catalog.ErrConflict},
		"what is gone":        {compactOf("k", 3, gone, Partition{day15, []int64{5}}), catalog.ErrStale},
	} {
		if _, err := s.Publish(t.Context(), c.r, lease); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
	if _, err := s.Publish(t.Context(), compactOf("k", 3, gone, Partition{day15, []int64{5}})); !errors.Is(err, catalog.ErrConflict) {
		t.Errorf("what is gone, without a lease: %v", err)
	}
	equal(t, "files", len(events(t, s).Files), 3)
}

// compactedEnd: a batch is over when the last rows of it are, wherever they lie.
func compactedEnd(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{1}}))
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{2}}))
	mustPublish(t, s, compactOf("k", 3, []catalog.Replaced{replaced("b1", day15), replaced("b2", day15)}, Partition{day15, []int64{5}}))
	replace := func(batch string, seq int64, of catalog.Replaced, p Partition) {
		t.Helper()
		r := Record(batch, seq, p)
		r.Kind, r.Replaces = catalog.RecordReplace, []catalog.Replaced{of}
		mustPublish(t, s, r)
	}
	replace("b3", 4, replaced("b1", day16), Partition{day16, []int64{1}})
	equal(t, "states with rows in the compaction", states(t, s), map[string]catalog.BatchState{
		"b1": catalog.BatchCommitted, "b2": catalog.BatchCommitted, "b3": catalog.BatchCommitted, "k": catalog.BatchCommitted,
	})
	replace("b4", 5, replaced("k", day15), Partition{day15, []int64{1}})
	equal(t, "states without", states(t, s), map[string]catalog.BatchState{
		"b1": catalog.BatchReplaced, "b2": catalog.BatchReplaced, "b3": catalog.BatchCommitted, "b4": catalog.BatchCommitted, "k": catalog.BatchReplaced,
	})
}
