package catalogtest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// olderGenerations makes a history of files, coverage and definitions, and asks for every generation of it again: of
// the store that made it, in the order of going back and of going forward, and of one that never saw it.
func olderGenerations(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	taken := []*catalog.View{view(t, s)}
	take := func() { taken = append(taken, copyView(view(t, s))) }
	for i := int64(1); i <= 6; i++ {
		batch := fmt.Sprintf("b%d", i)
		r := Record(batch, i, Partition{day15, []int64{i}}, Partition{day16, []int64{i, i}})
		if i > 1 && i%2 == 0 {
			r.Kind = catalog.RecordReplace
			r.Replaces = []catalog.Replaced{{Batch: fmt.Sprintf("b%d", i-1), Revision: 1, Partition: day15}}
		}
		if i > 3 {
			r.Table.SchemaVersion = 2
			r.Table.Columns[0].Type = pgtypes.Of(pgtypes.Int8)
		}
		mustPublish(t, s, r)
		take()
		other := Record("o"+batch, i, Partition{day15, []int64{1}})
		other.Table.Name.Table, other.Files[0].Path = "other", "web.other/"+batch
		mustPublish(t, s, other)
		take()
		columns := hotColumns()
		if i > 4 {
			columns = []string{"site_id", "path", "dt"}
		}
		seq := mustReserveLoad(t, s, 1)
		mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: columns, Add: map[catalog.Pair]int64{pair(batch, day15): seq}})
		take()
		if i%3 == 0 {
			if err := s.Purged(t.Context(), Events(), events(t, s).Hot.Withdrawn); err != nil {
				t.Fatal(err)
			}
		}
	}
	backward := slices.Clone(taken)
	slices.Reverse(backward)
	for name, store := range map[string]catalog.Store{"the same store": s, "a fresh store": open(t)} {
		for _, v := range slices.Concat(taken, backward) {
			sameGeneration(t, name, store, v)
		}
	}
	for _, none := range []int64{-1, taken[len(taken)-1].Generation + 1} {
		if _, err := s.ViewAt(t.Context(), none); !errors.Is(err, catalog.ErrNoGeneration) {
			t.Errorf("generation %d: %v, want ErrNoGeneration", none, err)
		}
	}
}

// sameGeneration compares a generation with what it was when it was the newest. What was purged since may be missing
// from what it withdrew.
func sameGeneration(t *testing.T, what string, s catalog.Store, was *catalog.View) {
	t.Helper()
	got, err := s.ViewAt(t.Context(), was.Generation)
	if err != nil {
		t.Fatalf("%s: generation %d: %v", what, was.Generation, err)
	}
	diff := cmp.Diff(was, got, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(catalog.HotState{}, "Withdrawn"))
	if diff != "" {
		t.Errorf("%s: generation %d (-then +now):\n%s", what, was.Generation, diff)
	}
	for name, tv := range got.Tables {
		then := was.Tables[name].Hot.Withdrawn
		for _, seq := range tv.Hot.Withdrawn {
			if !slices.Contains(then, seq) {
				t.Errorf("%s: generation %d of %s withdraws load sequence %d too early", what, was.Generation, name, seq)
			}
		}
	}
}

func changed(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	other := catalog.Name{Schema: "web", Table: "other"}
	first := mustPublish(t, s, Record("b1", 1, Partition{day15, []int64{3}}))
	o := Record("o1", 1, Partition{day15, []int64{1}})
	o.Table.Name, o.Files[0].Path = other, "web.other/1"
	second := mustPublish(t, s, o)
	seq := mustReserveLoad(t, s, 1)
	mustCover(t, s, catalog.Cover{Table: Events(), HotColumns: hotColumns(), Add: map[catalog.Pair]int64{pair("b1", day15): seq}})
	mustPublish(t, s, Record("empty", 2))
	r := Record("b2", 3, Partition{day15, []int64{8}})
	r.Kind = catalog.RecordReplace
	r.Replaces = []catalog.Replaced{{Batch: "b1", Revision: 1, Partition: day15}}
	third := mustPublish(t, s, r)
	for _, c := range []struct {
		after  int64
		tables []catalog.Name
		want   int64
	}{
		{0, []catalog.Name{Events()}, first},
		{0, []catalog.Name{other}, second},
		{first, []catalog.Name{Events()}, third}, // neither coverage nor a batch without files changes them
		{first, []catalog.Name{Events(), other}, second},
		{second, []catalog.Name{other}, 0},
		{third, []catalog.Name{Events(), other}, 0},
		{0, nil, 0},
		{0, []catalog.Name{{Schema: "no", Table: "where"}}, 0},
	} {
		got, at, err := s.Changed(t.Context(), c.after, c.tables...)
		if err != nil || got != c.want {
			t.Errorf("first change of %v after %d: %d, %v, want %d", c.tables, c.after, got, err, c.want)
			continue
		}
		if v, err := s.ViewAt(t.Context(), got); err != nil || got > 0 && !v.CommittedAt.Equal(at) {
			t.Errorf("generation %d was committed at %v, %v, want %v", got, at, err, v.CommittedAt)
		}
	}
}
