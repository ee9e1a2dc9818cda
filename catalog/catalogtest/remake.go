package catalogtest

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"tidegate/catalog"
)

// remakeOf makes a record of kind remake in the place of others, whose files in the partitions it replaces.
func remakeOf(batch string, seq int64, replaces []catalog.Replaced, others []string, partitions ...Partition) *catalog.Record {
	r := Record(batch, seq, partitions...)
	r.Kind, r.Replaces, r.CommittedAt = catalog.RecordRemake, replaces, r.CommittedAt.Add(24*time.Hour)
	for _, o := range others {
		r.Remakes = append(r.Remakes, catalog.BatchRef{Batch: o, Revision: 1})
	}
	return r
}

func replaced(batch, partition string) catalog.Replaced {
	return catalog.Replaced{Batch: batch, Revision: 1, Partition: partition}
}

// remake: a batch with rows, its requeue and one without a row are made again as one.
func remake(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}))
	mustPublish(t, s, Record("b2", 2))
	requeued := Record("b3", 3, Partition{day15, []int64{1}})
	requeued.Kind = catalog.RecordRequeue
	mustPublish(t, s, requeued)
	loser := Record("b4", 4, Partition{day16, []int64{2}})
	loser.CommittedAt = loser.CommittedAt.Add(time.Hour)
	loser.Lost = []catalog.Loss{{BatchRef: catalog.BatchRef{Batch: "b1", Revision: 1}, Partition: day15, Rows: 7}}
	before := mustPublish(t, s, loser)

	r := remakeOf("b5", 5, []catalog.Replaced{replaced("b1", day15), replaced("b3", day15)}, []string{"b1", "b2", "b3"}, Partition{day15, []int64{2}})
	r.Pipeline.Version, r.Stale = "another", []catalog.BatchRef{{Batch: "b4", Revision: 1}}
	g := mustPublish(t, s, r)
	if again := mustPublish(t, s, r); again != g {
		t.Errorf("published again: generation %d, want %d", again, g)
	}
	equal(t, "rows", events(t, s).PairRows(), map[catalog.Pair]int64{{Batch: "b5", Partition: day15}: 2, {Batch: "b4", Partition: day16}: 2})
	old, err := s.ViewAt(t.Context(), before)
	if err != nil || len(old.Tables[Events()].Files) != 3 {
		t.Errorf("the generation before: %v, %v", old, err)
	}
	batches, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, b := range batches {
		got = append(got, fmt.Sprintf("%s %s place %d by %d stale %v, %s after the first, version %s",
			b.ID, b.State, b.Place, b.RemadeBy, b.Stale, b.ArrivedAt.Sub(batches[0].ArrivedAt), b.Version))
	}
	was := requeued.Pipeline.Version
	equal(t, "batches", got, []string{
		"b1 replaced place 1 by 5 stale false, 0s after the first, version " + was,
		"b2 replaced place 2 by 5 stale false, 0s after the first, version " + was,
		"b3 replaced place 3 by 5 stale false, 0s after the first, version " + was,
		"b4 committed place 4 by 0 stale true, 1h0m0s after the first, version " + was,
		"b5 committed place 3 by 0 stale false, 0s after the first, version another",
	})
	equal(t, "notes", batches[3].Lost, loser.Lost)
	published, err := s.Published(t.Context(), Events())
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "published", published, batches)
	equal(t, "last batches", lastIDs(t, s), []string{"b4", "b5"})
	equal(t, "stale", staleOf(t, s), r.Stale)
	mustPublish(t, s, remakeOf("b6", 6, []catalog.Replaced{replaced("b4", day16)}, []string{"b4"}))
	equal(t, "stale, when it was made again", staleOf(t, s), []catalog.BatchRef(nil))
	equal(t, "last batches, when it was made again", lastIDs(t, s), []string{"b6", "b5"})
}

func lastIDs(t *testing.T, s catalog.Store) []string {
	t.Helper()
	last, err := s.LastBatches(t.Context(), Events(), 10)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(last))
	for i := range last {
		ids[i] = last[i].ID
	}
	return ids
}

func staleOf(t *testing.T, s catalog.Store) []catalog.BatchRef {
	t.Helper()
	stale, err := s.StaleBatches(t.Context(), Events())
	if err != nil {
		t.Fatal(err)
	}
	return stale
}

// remakeConflicts: of two that are made again of one batch the second is refused, and so is one that leaves rows behind.
func remakeConflicts(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	piece := mustLease(t, s, lease("p1", "again"), noon())
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{1}}))
	mustPublish(t, s, Record("b2", 2))
	both := []catalog.Replaced{replaced("b1", day15), replaced("b1", day16)}
	refused := func(name string, r *catalog.Record) {
		t.Helper()
		_, err := s.Publish(t.Context(), r)
		wantConflict(t, name, err)
		if _, err := s.Publish(t.Context(), r, piece); !errors.Is(err, catalog.ErrStale) {
			t.Errorf("%s under a lease: %v", name, err)
		}
	}
	refused("rows stay", remakeOf("b3", 3, both[:1], []string{"b1"}))
	refused("of nothing", remakeOf("b3", 3, nil, []string{"b9"}))
	none := remakeOf("b3", 3, both, nil)
	_, err := s.Publish(t.Context(), none)
	wantConflict(t, "of no batch", err)
	none.Kind, none.Remakes = catalog.RecordReplace, []catalog.BatchRef{{Batch: "b1", Revision: 1}}
	_, err = s.Publish(t.Context(), none)
	wantConflict(t, "of another kind", err)

	mustPublish(t, s, remakeOf("b3", 3, both, []string{"b1"}))
	mustPublish(t, s, remakeOf("b4", 4, nil, []string{"b2"}))
	refused("again", remakeOf("b5", 5, nil, []string{"b1"}))
	refused("again, without a row", remakeOf("b5", 5, nil, []string{"b2"}))
	refused("of rows that are gone", remakeOf("b5", 5, both, []string{"b3"}))
}

// remakeInputs: the ledger of inputs follows a remake, but for what another batch has read since.
func remakeInputs(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	read := func(r *catalog.Record, inputs ...catalog.Input) {
		t.Helper()
		r.Inputs = inputs
		mustPublish(t, s, r)
	}
	read(Record("b1", 1), catalog.Input{Key: "1", ETag: "a"}, catalog.Input{Key: "2", ETag: "a"})
	read(Record("b2", 2), catalog.Input{Key: "2", ETag: "b"})
	late := Record("b3", 3)
	late.CommittedAt = late.CommittedAt.Add(48 * time.Hour)
	read(late, catalog.Input{Key: "3", ETag: "a"})
	read(remakeOf("b4", 4, nil, []string{"b1"}), catalog.Input{Key: "1", ETag: "a"}, catalog.Input{Key: "2", ETag: "a"})
	known, err := s.Known(t.Context(), Events(), "")
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "known", known, map[string]string{"1": "a", "2": "b", "3": "a"})
	// What is made again is as old as it was.
	if key, err := s.RecentInput(t.Context(), Events(), 24*time.Hour, 0); err != nil || key != "3" {
		t.Errorf("RecentInput: %q, %v", key, err)
	}
}

// remakeIncidents: a batch that is made again tells nothing of those that are due.
func remakeIncidents(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	first := Record("b1", 1)
	mustPublish(t, s, first)
	raise(t, s, catalog.IncidentOverrun, "slow", firstHour)
	r := remakeOf("b2", 2, nil, []string{"b1"})
	r.Broken = []catalog.BrokenRule{{Rule: "row_change", Action: "warn"}}
	mustPublish(t, s, r)
	since := first.CommittedAt.Add(time.Hour)
	i := catalog.Incident{Table: Events(), Kind: catalog.IncidentAbsence, Text: "late", SeenAt: firstHour}
	if err := s.RaiseAbsence(t.Context(), i, since); err != nil {
		t.Fatal(err)
	}
	equal(t, "incidents", openIncidents(t, s), []string{"overrun  slow", "absence  late"})
}
