package system

import (
	"context"
	"iter"

	"tidegate/catalog"
)

// partitionRows gives a row per partition with live files. What is hot of an adopted table is known by day, not by
// partition: NULL. Nothing is published to other catalogs yet, so no generation of it is.
func partitionRows(t *catalog.TableView) [][]any {
	var rows [][]any
	for from := 0; from < len(t.Files); {
		to := from
		for to < len(t.Files) && t.Files[to].Partition == t.Files[from].Partition {
			to++
		}
		rows = append(rows, partitionRow(t, t.Files[from:to]))
		from = to
	}
	return rows
}

func partitionRow(t *catalog.TableView, files []*catalog.File) []any {
	var rows, bytes, generation, hotRows int64
	batches := map[string]bool{}
	hot := true
	for _, f := range files {
		rows += f.Rows
		bytes += f.Bytes
		generation = max(generation, f.Generation)
		batches[f.Batch] = true
		if t.Covers(catalog.Pair{Batch: f.Batch, Partition: f.Partition}) {
			hotRows += f.Rows
		} else {
			hot = false
		}
	}
	row := []any{
		t.Table.Name.String(), files[0].Partition, rows, bytes, int64(len(files)), int64(len(batches)), generation,
		hot, hotRows, nil,
	}
	if t.Table.Adopt != nil {
		row[7], row[8] = nil, nil
	}
	return row
}

func loadRow(l catalog.Load) []any {
	return []any{
		l.Table.String(), l.Batch, l.Partition, l.LoadSeq, int64(l.SchemaVersion), l.Rows, l.Generation, timeOrNull(l.LoadedAt),
		l.Withdrawn,
	}
}

// freshness gives a row per table: the newest generation, and the newest one at which an interactive statement over all
// of the table is answered hot. NULL: there is none.
func (r *Relations) freshness(ctx context.Context, v *catalog.View) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, t := range tables(v) {
			row := []any{
				t.Table.Name.String(), v.Generation, nil, measure(t, everyFile, nil).through, nil, nil,
				t.Table.Staleness().Seconds(),
			}
			generation, behind, ok, err := r.sources.HotComplete(ctx, v, t.Table.Name)
			if ok {
				row[2], row[5] = generation, behind.Seconds()
			}
			if t.Table.Hot != nil {
				row[4] = measure(t, isHot(t), nil).through
			}
			if !yield(row, err) || err != nil {
				return
			}
		}
	}
}
