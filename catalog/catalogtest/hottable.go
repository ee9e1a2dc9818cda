package catalogtest

import (
	"testing"

	"tidegate/catalog"
)

// liveHotTable: what is noted of a live hot table is the definition's until it is noted again, whatever records say.
func liveHotTable(t *testing.T, open Opener) {
	t.Helper()
	s := open(t)
	_, err := s.NoteHotTable(t.Context(), Events(), []string{"dt"}, nil)
	wantConflict(t, "a table that is not there", err)

	listed := Record("b0", 1, Partition{day15, []int64{1}})
	mustPublish(t, s, listed)
	_, err = s.NoteHotTable(t.Context(), Events(), []string{"dt"}, nil)
	wantConflict(t, "a table whose pipeline lists the hot columns", err)

	follows := func(batch string, seq int64, columns ...string) {
		r := Record(batch, seq, Partition{day15, []int64{1}})
		r.Table.Hot = &catalog.HotSpec{FromTable: true, Columns: columns}
		mustPublish(t, s, r)
	}
	follows("b1", 2)
	equal(t, "columns before a note", len(events(t, s).Table.Hot.Columns), 0)
	before := view(t, s)
	limits := []catalog.HotLimit{{Column: "path", MaxBytes: 256}}
	generation, err := s.NoteHotTable(t.Context(), Events(), []string{"path", "dt"}, limits)
	if err != nil {
		t.Fatal(err)
	}
	want := &catalog.HotSpec{FromTable: true, Columns: []string{"path", "dt"}, Limits: limits}
	equal(t, "hot", events(t, s).Table.Hot, want)
	equal(t, "generation", generation, before.Generation+1)
	equal(t, "generation of the schema", view(t, s).SchemaGeneration, generation)
	equal(t, "the view of before", len(before.Tables[Events()].Table.Hot.Columns), 0)

	again, err := open(t).NoteHotTable(t.Context(), Events(), []string{"path", "dt"}, limits)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "generation of the same note", again, generation)
	follows("b2", 3, "dt")
	equal(t, "hot after a record of before", events(t, s).Table.Hot, want)
	_, err = s.NoteHotTable(t.Context(), Events(), []string{"nonsense"}, nil)
	wantConflict(t, "a column that the table has not", err)
	mustPublish(t, s, Record("b3", 4, Partition{day15, []int64{1}}))
	equal(t, "hot of a pipeline that lists", events(t, s).Table.Hot.FromTable, false)
}
