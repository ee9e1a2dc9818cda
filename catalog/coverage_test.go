package catalog

import (
	"fmt"
	"slices"
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
				Covered: map[Pair][]HotPart{
					pair("b1", "15"): {{LoadSeq: 1, SchemaVersion: 1}}, pair("b3", "15"): {{LoadSeq: 2, SchemaVersion: 2}},
					pair("b1", "16"): {{LoadSeq: 3, SchemaVersion: 1}}, pair("b2", "16"): {{LoadSeq: 4, SchemaVersion: 2}},
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
		{"compacted by now", func(v *TableView) { compactAll(v) }, 0},
		{"compacted by now, and the compaction is not hot", func(v *TableView) {
			compactAll(v)
			v.Hot.Covered, v.Hot.Passed = nil, nil
		}, 1},
		{"compacted by now, and a column became hot", func(v *TableView) {
			compactAll(v)
			v.Table.Hot.Columns = []string{"ts", "path", "dt"}
		}, 1},
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

// compactAll makes one pair of each partition that is hot, in generation 8.
func compactAll(v *TableView) {
	v.Hot.Passed = map[Replaced][]HotPart{}
	covered := map[Pair][]HotPart{}
	var files []*File
	for _, f := range v.Files {
		loads, ok := v.Hot.Covered[Pair{Batch: f.Batch, Partition: f.Partition}]
		if !ok {
			files = append(files, f)
			continue
		}
		k := Pair{Batch: "k", Partition: f.Partition}
		if len(covered[k]) == 0 {
			files = append(files, &File{Batch: "k", Revision: 1, Partition: f.Partition, Path: "k", Generation: 8})
		}
		v.Hot.Passed[f.pair()] = loads
		covered[k] = append(covered[k], loads...)
	}
	v.Files, v.Hot.Covered = files, covered
}

// TestLoadsOfOlderFiles: a file that was compacted has its own loads only, the compaction all of them, and what was replaced
// has none, though another revision of its batch is hot.
func TestLoadsOfOlderFiles(t *testing.T) {
	t.Parallel()
	file := func(batch string, revision int) *File {
		return &File{Batch: batch, Revision: revision, Partition: "dt=2018-02-15", Path: fmt.Sprint(batch, revision)}
	}
	b1, b2, b3, b4 := HotPart{LoadSeq: 1}, HotPart{LoadSeq: 2}, HotPart{LoadSeq: 3}, HotPart{LoadSeq: 4}
	v := &TableView{
		Files: []*File{file("b3", 2), file("k", 1)},
		Hot: HotState{
			Covered: map[Pair][]HotPart{{"k", "dt=2018-02-15"}: {b1, b2, b4}, {"b3", "dt=2018-02-15"}: {b3}},
			Passed:  map[Replaced][]HotPart{{"b1", 1, "dt=2018-02-15"}: {b1}, {"b2", 1, "dt=2018-02-15"}: {b2}, {"b4", 2, "dt=2018-02-15"}: {b4}},
		},
	}
	for _, c := range []struct {
		f    *File
		want []HotPart
	}{
		{file("k", 1), []HotPart{b1, b2, b4}},
		{file("b1", 1), []HotPart{b1}},
		{file("b2", 1), []HotPart{b2}},
		{file("b4", 2), []HotPart{b4}},
		{file("b4", 1), nil},
		{file("b3", 2), []HotPart{b3}},
		{file("b3", 1), nil},
		{file("b9", 1), nil},
	} {
		if got := v.Loads(c.f); !slices.Equal(got, c.want) {
			t.Errorf("%s.r%d: %+v, want %+v", c.f.Batch, c.f.Revision, got, c.want)
		}
	}
}
