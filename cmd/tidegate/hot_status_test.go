package main

import (
	"strings"
	"testing"

	"tidegate/catalog"
)

// TestComparePairs has two pairs of which one is withdrawn and purged while the rows are counted.
func TestComparePairs(t *testing.T) {
	t.Parallel()
	stays, goes := catalog.Pair{Batch: "b1", Partition: "dt=2018-02-13"}, catalog.Pair{Batch: "b1", Partition: "dt=2018-02-14"}
	view := func(covered map[catalog.Pair][]catalog.HotPart) *catalog.TableView {
		return &catalog.TableView{
			Table: &catalog.Table{Name: catalog.Name{Schema: "web", Table: "events"}},
			Files: []*catalog.File{
				{Batch: stays.Batch, Partition: stays.Partition, Rows: 30},
				{Batch: stays.Batch, Partition: stays.Partition, Rows: 10},
				{Batch: goes.Batch, Partition: goes.Partition, Rows: 5},
			},
			Hot: catalog.HotState{Covered: covered},
		}
	}
	before := view(map[catalog.Pair][]catalog.HotPart{stays: {{LoadSeq: 1, SchemaVersion: 1}}, goes: {{LoadSeq: 2, SchemaVersion: 1}}})
	now := view(map[catalog.Pair][]catalog.HotPart{stays: {{LoadSeq: 1, SchemaVersion: 1}}, goes: {{LoadSeq: 3, SchemaVersion: 1}}})
	counts := map[int64]int64{1: 40}
	if rows, differ := comparePairs(before, now, counts, counts); rows != 40 || len(differ) > 0 {
		t.Errorf("%d rows, %v", rows, differ)
	}
	rows, differ := comparePairs(before, before, counts, map[int64]int64{1: 39})
	if rows != 45 || len(differ) != 2 || !strings.Contains(differ[0].Error(), "40 rows in the catalog, 40 hot, 39 in the ledger") {
		t.Errorf("%d rows, %v", rows, differ)
	}
}
