package etl

import (
	"context"
	"fmt"
	"slices"

	"tidegate/catalog"
)

// lineage is the history of a table: its published batches, which of them were made again as which, and where the rows of
// those that still count lie.
type lineage struct {
	batches []catalog.Batch // by seq
	bySeq   map[int64]*catalog.Batch
	byRef   map[catalog.BatchRef]*catalog.Batch
	newest  map[string]*catalog.Batch // by id: of its revisions the last
	live    []catalog.Replaced        // pairs that have live files, by partition
}

// readLineage reads what the catalog says now.
func (t *run) readLineage(ctx context.Context) (*lineage, error) {
	view, err := t.Store.View(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the catalog: %w", err)
	}
	published, err := t.Store.Published(ctx, t.p.Table)
	if err != nil {
		return nil, err
	}
	l := &lineage{
		batches: published, bySeq: make(map[int64]*catalog.Batch, len(published)),
		byRef: make(map[catalog.BatchRef]*catalog.Batch, len(published)), newest: make(map[string]*catalog.Batch, len(published)),
	}
	for i := range published {
		b := &published[i]
		l.bySeq[b.Seq], l.byRef[refOf(b)], l.newest[b.ID] = b, b, b
	}
	if live, ok := view.Tables[t.p.Table]; ok {
		for _, f := range live.Files {
			l.live = append(l.live, pairOf(f))
		}
	}
	l.live = slices.Compact(l.live)
	return l, nil
}

func refOf(b *catalog.Batch) catalog.BatchRef {
	return catalog.BatchRef{Batch: b.ID, Revision: b.Revision}
}

// heir is the batch that a batch became: itself unless it was made again.
func (l *lineage) heir(b *catalog.Batch) *catalog.Batch {
	for b.RemadeBy != 0 {
		b = l.bySeq[b.RemadeBy]
	}
	return b
}

// losersTo gives, by partition, the batches that lost rows to some that are about to be made again, and are none of them.
func (l *lineage) losersTo(remade []catalog.BatchRef) map[string][]catalog.BatchRef {
	losers := map[string][]catalog.BatchRef{}
	for i := range l.batches {
		b := &l.batches[i]
		if b.RemadeBy != 0 || slices.Contains(remade, refOf(b)) {
			continue
		}
		for _, loss := range b.Lost {
			if winner, ok := l.byRef[loss.BatchRef]; ok && slices.Contains(remade, refOf(l.heir(winner))) {
				losers[loss.Partition] = append(losers[loss.Partition], refOf(b))
			}
		}
	}
	return losers
}
