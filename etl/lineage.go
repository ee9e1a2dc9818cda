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
	live    []livePair                // by partition
}

// livePair has live files with rows of some batches: of one, unless they were compacted.
type livePair struct {
	catalog.Replaced
	of []*catalog.Batch
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
	var pairs []catalog.Replaced
	if live, ok := view.Tables[t.p.Table]; ok {
		for _, f := range live.Files {
			pairs = append(pairs, pairOf(f))
		}
	}
	for _, p := range slices.Compact(pairs) {
		of, err := t.origins(ctx, l, p)
		if err != nil {
			return nil, err
		}
		l.live = append(l.live, livePair{p, of})
	}
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

// origins gives the batches whose rows a pair's files have: those that were compacted, however often.
func (t *run) origins(ctx context.Context, l *lineage, pair catalog.Replaced) ([]*catalog.Batch, error) {
	b, ok := l.byRef[catalog.BatchRef{Batch: pair.Batch, Revision: pair.Revision}]
	if !ok {
		return nil, fmt.Errorf("the catalog has files of batch %s.r%d, and not the batch", pair.Batch, pair.Revision)
	}
	if b.Kind != catalog.RecordCompact {
		return []*catalog.Batch{b}, nil
	}
	of, err := t.related(ctx, b)
	if err != nil {
		return nil, err
	}
	var all []*catalog.Batch
	for _, r := range of.replaces {
		if r.Partition != pair.Partition {
			continue
		}
		some, err := t.origins(ctx, l, r)
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
	}
	return all, nil
}

// losersTo gives, by partition, the batches that lost rows to some that are about to be made again, and are none of them.
func (t *run) losersTo(ctx context.Context, l *lineage, remade []catalog.BatchRef) (map[string][]catalog.BatchRef, error) {
	losers := map[string][]catalog.BatchRef{}
	for i := range l.batches {
		b := &l.batches[i]
		if b.RemadeBy != 0 || slices.Contains(remade, refOf(b)) {
			continue
		}
		for _, loss := range b.Lost {
			winners, err := t.origins(ctx, l, catalog.Replaced{Batch: loss.Batch, Revision: loss.Revision, Partition: loss.Partition})
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(winners, func(w *catalog.Batch) bool { return slices.Contains(remade, refOf(l.heir(w))) }) {
				losers[loss.Partition] = append(losers[loss.Partition], refOf(b))
			}
		}
	}
	return losers, nil
}
