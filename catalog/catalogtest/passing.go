package catalogtest

import (
	"testing"

	"tidegate/catalog"
)

// coverOne covers a pair under a new load sequence, which it gives.
func coverOne(t *testing.T, s catalog.Store, p catalog.Pair, columns ...string) int64 {
	t.Helper()
	seq := mustReserveLoad(t, s, 1)
	mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: columns, Add: map[catalog.Pair]int64{p: seq}})
	return seq
}

func hotUnder(version int, seq int64) catalog.HotPart {
	return catalog.HotPart{LoadSeq: seq, SchemaVersion: version}
}

// coveragePasses: what was hot of the pairs of a compaction is hot as its own, twice, under loads of two definitions; and
// every generation stays what it was.
func coveragePasses(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	taken := []*catalog.View{view(t, s)}
	take := func() { taken = append(taken, copyView(view(t, s))) }
	wider := []string{"site_id", "path", "dt"}
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{1}}))
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{2}}))
	one, day := coverOne(t, s, pair("b1", day15), hotColumns()...), coverOne(t, s, pair("b1", day16), hotColumns()...)
	two := coverOne(t, s, pair("b2", day15), wider...)
	take()

	k1 := compactOf("k1", 3, []catalog.Replaced{replaced("b1", day15), replaced("b2", day15)}, Partition{day15, []int64{4, 1}})
	mustPublish(t, s, k1)
	mustPublish(t, s, k1)
	take()
	first := catalog.HotState{
		Covered: map[catalog.Pair][]catalog.HotPart{
			pair("k1", day15): {hotUnder(1, one), hotUnder(2, two)}, pair("b1", day16): {hotUnder(1, day)},
		},
		Passed: map[catalog.Replaced][]catalog.HotPart{
			replaced("b1", day15): {hotUnder(1, one)}, replaced("b2", day15): {hotUnder(2, two)},
		},
		MaxLoadSeq: two, Versions: map[int][]string{1: hotColumns(), 2: wider},
	}
	equal(t, "hot after the compaction", events(t, s).Hot, first)
	equal(t, "a fresh store", view(t, open(t)), view(t, s))
	wantConflict(t, "purge of rows that count", s.Purged(t.Context(), Events(), []int64{one}))

	mustPublish(t, s, Record("b3", 4, Partition{day15, []int64{6}}))
	three := coverOne(t, s, pair("b3", day15), wider...)
	take()
	mustPublish(t, s, compactOf("k2", 5, []catalog.Replaced{replaced("k1", day15), replaced("b3", day15)}, Partition{day15, []int64{11}}))
	take()
	both := []catalog.HotPart{hotUnder(1, one), hotUnder(2, two)}
	second := catalog.HotState{
		Covered: map[catalog.Pair][]catalog.HotPart{
			pair("k2", day15): append(both[:2:2], hotUnder(2, three)), pair("b1", day16): {hotUnder(1, day)},
		},
		Passed: map[catalog.Replaced][]catalog.HotPart{
			replaced("b1", day15): both[:1], replaced("b2", day15): both[1:], replaced("k1", day15): both, replaced("b3", day15): {hotUnder(2, three)},
		},
		MaxLoadSeq: three, Versions: first.Versions,
	}
	equal(t, "hot after the second", events(t, s).Hot, second)
	checkPassedLoads(t, s, one, day, two, three)

	// Who withdraws the load of a pair means the pair that has its rows now, with all that is hot of it.
	mustCover(t, s, catalog.Cover{Table: Events(), Withdraw: []int64{one}})
	take()
	equal(t, "hot after it was withdrawn", events(t, s).Hot, catalog.HotState{
		Covered: map[catalog.Pair][]catalog.HotPart{pair("b1", day16): {hotUnder(1, day)}}, Withdrawn: []int64{one, two, three},
		MaxLoadSeq: three, Versions: first.Versions,
	})
	if err := s.Purged(t.Context(), Events(), []int64{one, two, three}); err != nil {
		t.Fatal(err)
	}
	equal(t, "withdrawn after the purge", len(events(t, s).Hot.Withdrawn), 0)
	again := coverOne(t, s, pair("k2", day15), wider...)
	equal(t, "covered again", events(t, s).Hot.Covered[pair("k2", day15)], []catalog.HotPart{hotUnder(2, again)})
	for _, v := range taken {
		sameGeneration(t, "the same store", s, v)
		sameGeneration(t, "a fresh store", open(t), v)
	}
}

// checkPassedLoads: a load is that of the batch whose rows were loaded, once, and counts.
func checkPassedLoads(t *testing.T, s catalog.Store, want ...int64) {
	t.Helper()
	loads, err := s.Loads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []int64
	rows := map[string]int64{}
	for _, l := range loads {
		got = append(got, l.LoadSeq)
		rows[l.Batch+l.Partition] = l.Rows
		if l.Withdrawn {
			t.Errorf("load %d of batch %s is withdrawn", l.LoadSeq, l.Batch)
		}
	}
	equal(t, "loads", got, want)
	equal(t, "rows of loads", rows, map[string]int64{"b1" + day15: 3, "b1" + day16: 1, "b2" + day15: 2, "b3" + day15: 6})
	batches, err := s.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if k := batches[len(batches)-1]; k.ID != "k2" || k.HotLoadedAt.IsZero() {
		t.Errorf("batch %s is hot since %v", k.ID, k.HotLoadedAt)
	}
}

// coveragePassesWhole: a partition of which something is not hot passes nothing on, another one of the same compaction does;
// and who was about to cover the rest finds that it is gone.
func coveragePassesWhole(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{1}}))
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{2}}, Partition{day16, []int64{5}}))
	part := coverOne(t, s, pair("b1", day15), hotColumns()...)
	six, ten := coverOne(t, s, pair("b1", day16), hotColumns()...), coverOne(t, s, pair("b2", day16), hotColumns()...)
	late := mustReserveLoad(t, s, 1)
	mustPublish(t, s, compactOf("k", 3, []catalog.Replaced{
		replaced("b1", day15), replaced("b2", day15), replaced("b1", day16), replaced("b2", day16),
	}, Partition{day15, []int64{5}}, Partition{day16, []int64{6}}))
	want := catalog.HotState{
		Covered: map[catalog.Pair][]catalog.HotPart{pair("k", day16): {hotUnder(1, six), hotUnder(1, ten)}},
		Passed: map[catalog.Replaced][]catalog.HotPart{
			replaced("b1", day16): {hotUnder(1, six)}, replaced("b2", day16): {hotUnder(1, ten)},
		},
		MaxLoadSeq: ten, Withdrawn: []int64{part}, Versions: map[int][]string{1: hotColumns()},
	}
	equal(t, "hot", events(t, s).Hot, want)
	_, err := s.Cover(t.Context(), catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{pair("b2", day15): late}})
	wantConflict(t, "coverage of what was compacted meanwhile", err)
	equal(t, "hot after it", events(t, s).Hot, want)
}

// passedCoverageEnds: what is made in the place of a compaction ends all that was hot of it, once, and another revision of a
// batch is not hot because the one before was.
func passedCoverageEnds(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}))
	mustPublish(t, s, Record("b2", 2, Partition{day15, []int64{2}}))
	one, two := coverOne(t, s, pair("b1", day15), hotColumns()...), coverOne(t, s, pair("b2", day15), hotColumns()...)
	before := view(t, s)
	mustPublish(t, s, compactOf("k", 3, []catalog.Replaced{replaced("b1", day15), replaced("b2", day15)}, Partition{day15, []int64{5}}))
	made := remakeOf("b1", 4, []catalog.Replaced{replaced("k", day15)}, []string{"b1", "b2"}, Partition{day15, []int64{4}})
	made.Revision = 2
	made.Files[0].Path += "2"
	mustPublish(t, s, made)
	equal(t, "hot", events(t, s).Hot, catalog.HotState{
		Covered: map[catalog.Pair][]catalog.HotPart{}, MaxLoadSeq: two, Withdrawn: []int64{one, two}, Versions: map[int][]string{1: hotColumns()},
	})
	if err := s.Purged(t.Context(), Events(), []int64{one, two}); err != nil {
		t.Fatal(err)
	}
	equal(t, "withdrawn after the purge", len(events(t, s).Hot.Withdrawn), 0)

	again := coverOne(t, s, pair("b1", day15), hotColumns()...)
	mustPublish(t, s, Record("b3", 5, Partition{day15, []int64{1}}))
	three := coverOne(t, s, pair("b3", day15), hotColumns()...)
	mustPublish(t, s, compactOf("k2", 6, []catalog.Replaced{{Batch: "b1", Revision: 2, Partition: day15}, replaced("b3", day15)}, Partition{day15, []int64{5}}))
	now := events(t, s)
	equal(t, "covered", now.Hot.Covered, map[catalog.Pair][]catalog.HotPart{pair("k2", day15): {hotUnder(1, again), hotUnder(1, three)}})
	for _, f := range before.Tables[Events()].Files {
		if loads := now.Loads(f); len(loads) > 0 {
			t.Errorf("%s.r%d, which was made again, has the loads %+v", f.Batch, f.Revision, loads)
		}
	}
}
