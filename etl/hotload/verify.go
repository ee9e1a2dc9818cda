package hotload

import (
	"context"
	"errors"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// verify makes a table's hot rows agree with its coverage, if this process does not know that they do.
//
// It must come before the next Cover of the table: rows that a crash left behind have sequences below the ones to
// come, and readers see every sequence up to the largest published one that is not withdrawn.
func (l *Loader) verify(ctx context.Context, name catalog.Name, r *Report) error {
	if l.verified[name] {
		return nil
	}
	if l.verified == nil {
		l.verified = map[catalog.Name]bool{}
	}
	_, tv, err := l.view(ctx, name)
	if err != nil {
		return err
	}
	if err := l.check(ctx, tv); err != nil && !errors.Is(err, errGone) {
		return err
	}
	counts, err := l.Hot.Counts(ctx, name)
	if err != nil {
		return err
	}
	if lost := lostPairs(tv, counts); len(lost) > 0 {
		l.Log.WarnContext(ctx, "hot rows are missing; they are loaded again", logkey.Table, name.String(), "pairs", len(lost))
		if _, err := l.Store.Cover(ctx, catalog.Cover{Table: name, Withdraw: lost}); err != nil {
			return err
		}
		l.step("lost")
		r.Withdrawn += len(lost)
	}
	if orphans := orphanSeqs(tv, counts); len(orphans) > 0 {
		if err := l.Hot.Purge(ctx, name, orphans); err != nil {
			return err
		}
		l.step("orphans")
		l.Log.InfoContext(ctx, "removed hot rows of a load that did not end", logkey.Table, name.String(), "loads", len(orphans))
		r.Purged += len(orphans)
	}
	l.verified[name] = true
	return nil
}

// Distrust makes the next pass verify every table again: the hot store was out of sight, and may be another one.
func (l *Loader) Distrust() {
	l.mu.Lock()
	defer l.mu.Unlock()
	clear(l.verified)
}

// lostPairs gives the covered pairs whose rows are not all there, or too many.
func lostPairs(tv *catalog.TableView, counts map[int64]int64) []catalog.Pair {
	rows := map[catalog.Pair]int64{}
	for _, f := range tv.Files {
		rows[catalog.Pair{Batch: f.Batch, Partition: f.Partition}] += f.Rows
	}
	var lost []catalog.Pair
	for p, part := range tv.Hot.Covered {
		if counts[part.LoadSeq] != rows[p] {
			lost = append(lost, p)
		}
	}
	return lost
}

// orphanSeqs gives the load sequences in the hot table that are neither covered nor withdrawn.
func orphanSeqs(tv *catalog.TableView, counts map[int64]int64) []int64 {
	named := map[int64]bool{}
	for _, part := range tv.Hot.Covered {
		named[part.LoadSeq] = true
	}
	for _, seq := range tv.Hot.Withdrawn {
		named[seq] = true
	}
	var orphans []int64
	for seq := range counts {
		if !named[seq] {
			orphans = append(orphans, seq)
		}
	}
	slices.Sort(orphans)
	return orphans
}
