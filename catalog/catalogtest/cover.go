package catalogtest

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
)

func hotColumns() []string { return []string{"site_id", "dt"} }

func pair(batch, partition string) catalog.Pair {
	return catalog.Pair{Batch: batch, Partition: partition}
}

func cover(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3, 3}}, Partition{day16, []int64{4}}))
	first := mustReserveLoad(t, s, 2)
	change := catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{
		pair("b1", day15): first, pair("b1", day16): first + 1,
	}}
	before := view(t, s).Generation
	g := mustCover(t, s, change)
	if g != before+1 {
		t.Errorf("covered as generation %d after %d", g, before)
	}
	equal(t, "hot", events(t, s).Hot, catalog.HotState{
		Covered: map[catalog.Pair][]catalog.HotPart{
			pair("b1", day15): {{LoadSeq: first, SchemaVersion: 1}}, pair("b1", day16): {{LoadSeq: first + 1, SchemaVersion: 1}},
		},
		MaxLoadSeq: first + 1, Versions: map[int][]string{1: hotColumns()},
	})
	if v := view(t, s); v.SchemaGeneration >= g {
		t.Errorf("coverage changed the schema generation to %d", v.SchemaGeneration)
	}
	if again := mustCover(t, s, change); again != g || view(t, s).Generation != g {
		t.Errorf("the same change again gave generation %d, view %d; want %d", again, view(t, s).Generation, g)
	}
	// Loaded again with one column more: the old rows are withdrawn in the same generation.
	wider := []string{"site_id", "path", "dt"}
	third := mustReserveLoad(t, s, 1)
	mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: wider, Add: map[catalog.Pair]int64{pair("b1", day16): third}})
	equal(t, "hot", events(t, s).Hot, catalog.HotState{
		Covered: map[catalog.Pair][]catalog.HotPart{
			pair("b1", day15): {{LoadSeq: first, SchemaVersion: 1}}, pair("b1", day16): {{LoadSeq: third, SchemaVersion: 2}},
		},
		MaxLoadSeq: third, Withdrawn: []int64{first + 1}, Versions: map[int][]string{1: hotColumns(), 2: wider},
	})
}

func coverConflicts(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{4}}))
	seq := mustReserveLoad(t, s, 5)
	mustCover(t, s, catalog.Cover{
		Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{pair("b1", day16): seq + 2},
	})
	before := view(t, s)
	live := pair("b1", day15)
	for _, c := range []struct {
		name   string
		change catalog.Cover
	}{
		{"unknown batch", catalog.Cover{HotColumns: hotColumns(), Add: map[catalog.Pair]int64{live: seq + 3, pair("b2", day15): seq + 4}}},
		{"partition without files", catalog.Cover{HotColumns: hotColumns(), Add: map[catalog.Pair]int64{pair("b1", "dt=2018-02-17"): seq + 4}}},
		{"sequence older than a published one", catalog.Cover{HotColumns: hotColumns(), Add: map[catalog.Pair]int64{live: seq + 1}}},
		{"sequence of another pair", catalog.Cover{HotColumns: hotColumns(), Add: map[catalog.Pair]int64{live: seq + 2}}},
		{"sequence that is not reserved", catalog.Cover{HotColumns: hotColumns(), Add: map[catalog.Pair]int64{live: seq + 5}}},
		{"added and withdrawn", catalog.Cover{
			HotColumns: hotColumns(), Add: map[catalog.Pair]int64{pair("b1", day16): seq + 4}, Withdraw: []int64{seq + 2},
		}},
	} {
		c.change.Table = Events()
		_, err := s.Cover(t.Context(), c.change)
		wantConflict(t, c.name, err)
	}
	if _, err := s.Cover(t.Context(), catalog.Cover{Table: Events(), Add: map[catalog.Pair]int64{live: seq + 4}}); err == nil {
		t.Error("coverage without columns was accepted")
	}
	equal(t, "view after conflicts", view(t, s), before)
}

func withdraw(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{4}}))
	seq := mustReserveLoad(t, s, 2)
	mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{
		pair("b1", day15): seq, pair("b1", day16): seq + 1,
	}})
	wantConflict(t, "purge of rows that count", s.Purged(t.Context(), Events(), []int64{seq}))
	g := mustCover(t, s, catalog.Cover{Table: Events(), Withdraw: []int64{seq}})
	if v := view(t, s); v.Generation != g {
		t.Errorf("view is generation %d, want %d", v.Generation, g)
	}
	hot := events(t, s).Hot
	equal(t, "withdrawn", hot.Withdrawn, []int64{seq})
	equal(t, "covered", slices.Collect(maps.Keys(hot.Covered)), []catalog.Pair{pair("b1", day16)})
	if again := mustCover(t, s, catalog.Cover{Table: Events(), Withdraw: []int64{seq}}); again != g {
		t.Errorf("withdrawn again as generation %d, want %d", again, g)
	}
	// Also what no coverage knows: the remains of a load that was never published.
	if err := s.Purged(t.Context(), Events(), []int64{seq, 4711}); err != nil {
		t.Fatal(err)
	}
	hot = events(t, s).Hot
	if len(hot.Withdrawn) != 0 || hot.MaxLoadSeq != seq+1 || view(t, s).Generation != g {
		t.Errorf("after the purge: %+v in generation %d", hot, view(t, s).Generation)
	}
	again := mustReserveLoad(t, s, 1)
	mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{pair("b1", day15): again}})
	if got := events(t, s).Hot.Covered[pair("b1", day15)]; len(got) != 1 || got[0].LoadSeq != again {
		t.Errorf("covered again by %+v, want %d", got, again)
	}
}

func replaceEndsCoverage(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}, Partition{day16, []int64{4}}))
	seq := mustReserveLoad(t, s, 2)
	mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{
		pair("b1", day15): seq, pair("b1", day16): seq + 1,
	}})
	old := view(t, s)
	r := Record("b1", 2, Partition{day15, []int64{8}})
	r.Revision, r.Kind = 2, catalog.RecordReplace
	r.Files[0].Path += "2"
	r.Replaces = []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: day15}}
	g := mustPublish(t, s, r)
	v := view(t, s)
	if v.Generation != g || g != old.Generation+1 {
		t.Errorf("replaced in generation %d, view %d, before %d", g, v.Generation, old.Generation)
	}
	hot := events(t, s).Hot
	// The pair has the same name in both revisions; the new rows are not hot.
	equal(t, "covered", hot.Covered, map[catalog.Pair][]catalog.HotPart{pair("b1", day16): {{LoadSeq: seq + 1, SchemaVersion: 1}}})
	equal(t, "withdrawn", hot.Withdrawn, []int64{seq})
	equal(t, "fresh store", view(t, open(t)), v)
}

func loads(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	published := mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3, 4}}, Partition{day16, []int64{5}}))
	seq := mustReserveLoad(t, s, 3)
	first := mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{
		pair("b1", day15): seq, pair("b1", day16): seq + 1,
	}})
	wider := []string{"site_id", "path", "dt"}
	second := mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: wider, Add: map[catalog.Pair]int64{pair("b1", day16): seq + 2}})
	if err := s.Purged(t.Context(), Events(), []int64{seq + 1}); err != nil {
		t.Fatal(err)
	}
	got, err := s.Loads(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	load := func(seq int64, partition string, version int, rows, generation int64, withdrawn bool) catalog.Load {
		v, err := s.ViewAt(t.Context(), generation)
		if err != nil {
			t.Fatal(err)
		}
		return catalog.Load{
			Table: Events(), Batch: "b1", Revision: 1, Partition: partition, LoadSeq: seq, SchemaVersion: version, Rows: rows,
			Generation: generation, LoadedAt: v.CommittedAt, Withdrawn: withdrawn,
		}
	}
	equal(t, "loads", got, []catalog.Load{
		load(seq, day15, 1, 7, first, false), load(seq+1, day16, 1, 5, first, true), load(seq+2, day16, 2, 5, second, false),
	})
	if published >= first {
		t.Errorf("published as %d, loaded as %d", published, first)
	}
}

func hotLoadedAt(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	loaded := func() map[string]bool {
		batches, err := s.Batches(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		m := map[string]bool{}
		for _, b := range batches {
			m[b.ID] = !b.HotLoadedAt.IsZero()
		}
		return m
	}
	mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3, 1}}, Partition{day16, []int64{4}}))
	mustPublish(t, s, Record("b2", 2))
	equal(t, "nothing covered", loaded(), map[string]bool{"b1": false, "b2": false})
	seq := mustReserveLoad(t, s, 2)
	add := func(p catalog.Pair, seq int64) {
		mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{p: seq}})
	}
	add(pair("b1", day15), seq)
	equal(t, "one of two", loaded(), map[string]bool{"b1": false, "b2": false})
	add(pair("b1", day16), seq+1)
	equal(t, "two of two", loaded(), map[string]bool{"b1": true, "b2": false})
	mustCover(t, s, catalog.Cover{Table: Events(), Withdraw: []int64{seq}})
	equal(t, "one withdrawn", loaded(), map[string]bool{"b1": false, "b2": false})
	// What is replaced need not be hot any more.
	r := Record("b3", 3, Partition{day15, []int64{8}})
	r.Kind = catalog.RecordReplace
	r.Replaces = []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: day15}}
	mustPublish(t, s, r)
	equal(t, "the cold one replaced", loaded(), map[string]bool{"b1": true, "b2": false, "b3": false})
}

func viewsDoNotChange(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	type snapshot struct{ view, copied *catalog.View }
	var taken []snapshot
	take := func() {
		v := view(t, s)
		taken = append(taken, snapshot{v, copyView(v)})
	}
	for i := int64(1); i <= 5; i++ {
		batch := fmt.Sprintf("b%d", i)
		r := Record(batch, i, Partition{day15, []int64{i}}, Partition{day16, []int64{i}})
		if i > 1 {
			r.Kind = catalog.RecordReplace
			r.Replaces = []catalog.Replaced{{Batch: fmt.Sprintf("b%d", i-1), Revision: 1, Partition: day15}}
		}
		mustPublish(t, s, r)
		take()
		seq := mustReserveLoad(t, s, 1)
		mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{pair(batch, day15): seq}})
		take()
		if i > 1 {
			if err := s.Purged(t.Context(), Events(), events(t, s).Hot.Withdrawn); err != nil {
				t.Fatal(err)
			}
			take()
		}
	}
	for _, v := range taken {
		if diff := cmp.Diff(v.copied, v.view); diff != "" {
			t.Errorf("the view of generation %d changed (-then +now):\n%s", v.copied.Generation, diff)
		}
	}
	equal(t, "the newest view against a fresh store's", view(t, open(t)), view(t, s))
}

// copyView copies what could change: everything down to the files.
func copyView(v *catalog.View) *catalog.View {
	c := *v
	c.Tables = map[catalog.Name]*catalog.TableView{}
	for name, tv := range v.Tables {
		table := *tv.Table
		t := catalog.TableView{Table: &table, Hot: tv.Hot}
		for _, f := range tv.Files {
			file := *f
			file.Stats = slices.Clone(f.Stats)
			t.Files = append(t.Files, &file)
		}
		t.Hot.Covered, t.Hot.Passed = maps.Clone(tv.Hot.Covered), maps.Clone(tv.Hot.Passed)
		t.Hot.Withdrawn = slices.Clone(tv.Hot.Withdrawn)
		t.Hot.Versions = maps.Clone(tv.Hot.Versions)
		c.Tables[name] = &t
	}
	return &c
}
