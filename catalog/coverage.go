package catalog

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// DefaultMaxStaleness is MaxStaleness of a definition that does not have it.
const DefaultMaxStaleness = 15 * time.Minute

// Staleness is how old an interactive answer from the table may be while its newest data is not hot yet.
func (t *Table) Staleness() time.Duration {
	if t.MaxStaleness == nil {
		return DefaultMaxStaleness
	}
	return *t.MaxStaleness
}

// Covers reports whether a pair's rows are hot with every hot column of the definition that can have their values: those
// loaded before a column became hot would answer NULL for it.
func (v *TableView) Covers(p Pair) bool { return v.whole(v.Hot.Covered[p]) }

// whole reports whether there are loads and each has every hot column.
func (v *TableView) whole(loads []HotPart) bool {
	return v.Table.Hot != nil && len(loads) > 0 && !slices.ContainsFunc(loads, func(part HotPart) bool {
		has := v.Hot.Versions[part.SchemaVersion]
		return slices.ContainsFunc(v.Table.Hot.Columns, func(c string) bool {
			return !slices.Contains(has, c) && !slices.Contains(has, v.Table.Hot.Unfit(c))
		})
	})
}

// Loads gives the loads that have the rows of a file's pair, and of no other; none if they are not hot. The file may be of
// an older generation than v.
func (v *TableView) Loads(f *File) []HotPart {
	if loads, ok := v.Hot.Passed[f.pair()]; ok {
		return loads
	}
	if !v.Live(f) { // another revision of the batch may be covered
		return nil
	}
	return v.Hot.Covered[Pair{Batch: f.Batch, Partition: f.Partition}]
}

// RowsOf sums what was counted by load sequence.
func RowsOf(loads []HotPart, counted map[int64]int64) (n int64) {
	for _, part := range loads {
		n += counted[part.LoadSeq]
	}
	return n
}

func (f *File) pair() Replaced {
	return Replaced{Batch: f.Batch, Revision: f.Revision, Partition: f.Partition}
}

// PairRows gives the rows of every live pair.
func (v *TableView) PairRows() map[Pair]int64 {
	rows := map[Pair]int64{}
	for _, f := range v.Files {
		rows[Pair{Batch: f.Batch, Partition: f.Partition}] += f.Rows
	}
	return rows
}

// byPlace orders files as TableView.Files has them.
func byPlace(a, b *File) int {
	return cmp.Or(strings.Compare(a.Partition, b.Partition), strings.Compare(a.Path, b.Path))
}

// Live reports whether a file of the table, of whatever generation, is live in v.
func (v *TableView) Live(f *File) bool {
	_, ok := slices.BinarySearchFunc(v.Files, f, byPlace)
	return ok
}

// FirstPending gives the generation of the oldest file of v that should be hot and is not, by what now, the table's
// newest view, says: it lies inside keep, and was replaced, but by a compaction that took its coverage over, or is not
// covered with every hot column. 0 if there is none: then v is hot-complete, and its rows inside keep are in the hot
// table. It is so too if the table is never hot.
//
// Whatever precedes that generation is the newest that could be hot-complete: the file is in every one from there on.
// O(files of both).
func (v *TableView) FirstPending(now *TableView) int64 {
	in := now.InKeep()
	var first int64
	var inside, covered, passed bool
	var pair Pair
	newer := now.Files // from the first one that does not lie before f
	for i, f := range v.Files {
		if i == 0 || f.Partition != pair.Partition {
			inside = in(f.Partition)
		}
		if p := (Pair{Batch: f.Batch, Partition: f.Partition}); i == 0 || p != pair {
			pair, covered = p, inside && now.Covers(p)
			passed = inside && v != now && now.whole(now.Hot.Passed[f.pair()])
		}
		if !inside || first != 0 && f.Generation >= first {
			continue
		}
		for v != now && len(newer) > 0 && newer[0] != f && byPlace(newer[0], f) < 0 {
			newer = newer[1:]
		}
		live := v == now || len(newer) > 0 && (newer[0] == f || byPlace(newer[0], f) == 0)
		if live && !covered || !live && !passed {
			first = f.Generation
		}
	}
	return first
}
