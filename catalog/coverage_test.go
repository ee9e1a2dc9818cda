package catalog

import (
	"testing"
	"time"
)

func TestFirstPending(t *testing.T) {
	t.Parallel()
	file := func(batch, day string, generation int64) *File {
		return &File{Batch: batch, Partition: "dt=2018-02-" + day, Path: batch, Generation: generation}
	}
	pair := func(batch, day string) Pair { return Pair{Batch: batch, Partition: "dt=2018-02-" + day} }
	view := func() *TableView {
		return &TableView{
			Table: &Table{
				Time: &TimeSpec{Column: "ts", Grain: "day"},
				Hot:  &HotSpec{Columns: []string{"ts", "dt"}, Keep: 48 * time.Hour},
			},
			Files: []*File{file("b1", "14", 1), file("b1", "15", 1), file("b3", "15", 5), file("b1", "16", 1), file("b2", "16", 3)},
			Hot: HotState{
				Covered: map[Pair]HotPart{
					pair("b1", "15"): {LoadSeq: 1, SchemaVersion: 1}, pair("b3", "15"): {LoadSeq: 2, SchemaVersion: 2},
					pair("b1", "16"): {LoadSeq: 3, SchemaVersion: 1}, pair("b2", "16"): {LoadSeq: 4, SchemaVersion: 2},
				},
				Versions: map[int][]string{1: {"ts", "dt"}, 2: {"dt", "path", "ts"}},
			},
		}
	}
	for _, c := range []struct {
		name   string
		change func(v *TableView) // of what is now
		want   int64
	}{
		{"complete, in whatever order the columns were loaded", func(*TableView) {}, 0},
		{"the oldest of two", func(v *TableView) {
			delete(v.Hot.Covered, pair("b3", "15"))
			delete(v.Hot.Covered, pair("b2", "16"))
		}, 3},
		{"without keep", func(v *TableView) { v.Table.Hot.Keep = 0 }, 1},
		{"a column became hot", func(v *TableView) { v.Table.Hot.Columns = []string{"ts", "path", "dt"} }, 1},
		{"a column that became hot does not fit", func(v *TableView) {
			v.Table.Hot.Columns = []string{"ts", "path", "dt"}
			v.Hot.Versions[1] = []string{"ts", "dt", v.Table.Hot.Unfit("path")}
		}, 0},
		{"the column became longer", func(v *TableView) {
			v.Hot.Versions[1] = []string{"ts", "dt", v.Table.Hot.Unfit("path")}
			v.Table.Hot.Columns = []string{"ts", "path", "dt"}
			v.Table.Hot.Limits = []HotLimit{{Column: "path", MaxBytes: 9}}
		}, 1},
		{"a column is hot no longer", func(v *TableView) { v.Table.Hot.Columns = []string{"dt"} }, 0},
		{"never hot", func(v *TableView) { v.Table.Hot = nil }, 0},
		{"replaced by now", func(v *TableView) { v.Files[3] = file("b5", "16", 4) }, 1},
		{"a newer file is not hot", func(v *TableView) { v.Files = append(v.Files, file("b9", "16", 9)) }, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			v, now := view(), view()
			c.change(now)
			if got := v.FirstPending(now); got != c.want {
				t.Errorf("got %d, want %d", got, c.want)
			}
		})
	}
}
