package etl

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"tidegate/catalog"
)

// noteLosses notes to which batches the batch lost rows: losersTable has the places of their files in those that were looked
// at.
func (b *batch) noteLosses(ctx context.Context, files []*catalog.File) error {
	rows := map[catalog.Replaced]int64{}
	query := fmt.Sprintf("SELECT winner, count(DISTINCT id)::BIGINT FROM %s WHERE winner IS NOT NULL GROUP BY winner", losersTable)
	err := each(ctx, b.session, query, func(row []cell) error {
		rows[pairOf(files[row[0].i])] += row[1].i
		return nil
	})
	if err != nil {
		return fmt.Errorf("count duplicates by batch: %w", err)
	}
	for pair, n := range rows {
		b.notes.Lost = append(b.notes.Lost, catalog.Loss{
			BatchRef: catalog.BatchRef{Batch: pair.Batch, Revision: pair.Revision}, Partition: pair.Partition, Rows: n,
		})
	}
	slices.SortFunc(b.notes.Lost, func(x, y catalog.Loss) int {
		return cmp.Or(strings.Compare(x.Partition, y.Partition), strings.Compare(x.Batch, y.Batch), cmp.Compare(x.Revision, y.Revision))
	})
	return nil
}

// noteStale notes which batches lost rows to those that this one is made again of, in partitions where keys of these are no
// longer in it: what they lost may be in no row then. It is called under the commit lease: nobody can lose more meanwhile.
func (b *batch) noteStale(ctx context.Context, same []string) error {
	if b.kind != catalog.RecordRemake {
		return nil
	}
	l, err := b.readLineage(ctx)
	if err != nil {
		return err
	}
	losers, err := b.losersTo(ctx, l, b.remakes)
	if err != nil || len(losers) == 0 {
		return err
	}
	gone := slices.Collect(maps.Keys(losers)) // without unique_key nothing is a duplicate any more
	if len(b.table.UniqueKey) > 0 {
		if gone, err = b.goneKeys(ctx, same, losers); err != nil {
			return err
		}
	}
	stale := map[catalog.BatchRef]bool{}
	for _, partition := range gone {
		for _, loser := range losers[partition] {
			stale[loser] = true
		}
	}
	b.notes.Stale = slices.SortedFunc(maps.Keys(stale), func(x, y catalog.BatchRef) int {
		return cmp.Or(strings.Compare(x.Batch, y.Batch), cmp.Compare(x.Revision, y.Revision))
	})
	return nil
}

// goneKeys gives those of the partitions in which some key of the rows that are replaced is in no row of the batch.
func (b *batch) goneKeys(ctx context.Context, same []string, among map[string][]catalog.BatchRef) ([]string, error) {
	replaced := b.replaced()
	var files []*catalog.File
	for _, f := range b.view.Tables[b.p.Table].Files {
		if among[f.Partition] != nil && replaced[pairOf(f)] {
			files = append(files, f)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	keys, err := b.keysOf(ctx, files, same)
	if err != nil {
		return nil, err
	}
	var gone []string
	query := fmt.Sprintf("SELECT DISTINCT e.%s FROM %s AS e ANTI JOIN %s r ON %s WHERE %s",
		fileColumn, keys, b.rows, equalColumns("r", "e", same), notNull("e", b.table.UniqueKey))
	err = each(ctx, b.session, query, func(row []cell) error {
		gone = append(gone, files[row[0].i].Partition)
		return nil
	})
	return gone, err
}
