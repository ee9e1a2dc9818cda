package hotload

import (
	"context"
	"errors"
	"slices"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// Booked is a hot store that keeps a ledger of what is in it.
type Booked interface {
	// Ledger gives the rows of each load sequence as the ledger has them; none if there is no ledger.
	Ledger(ctx context.Context, table catalog.Name) (map[int64]int64, error)
}

// verify makes a table's hot rows, and the ledger of them, agree with its coverage, if this process does not know that they do.
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
	booked := counts
	if hot, ok := l.Hot.(Booked); ok {
		if booked, err = hot.Ledger(ctx, name); err != nil {
			return err
		}
	}
	if lost := lostPairs(tv, counts, booked); len(lost) > 0 {
		l.Log.WarnContext(ctx, "hot rows are missing, or the ledger does not have them; they are loaded again", logkey.Table, name.String(), "pairs", len(lost))
		if _, err := l.Store.Cover(ctx, catalog.Cover{Table: name, Withdraw: lost}, l.Under...); err != nil {
			return err
		}
		l.step("lost")
		r.Withdrawn += len(lost)
	}
	if orphans := orphanSeqs(tv, counts, booked); len(orphans) > 0 {
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

// lostPairs gives the covered pairs whose rows are not all there, or too many, in the hot table or in its ledger, by one of
// their loads.
func lostPairs(tv *catalog.TableView, counts, booked map[int64]int64) []int64 {
	rows := tv.PairRows()
	return chosenLoads(tv, func(p catalog.Pair, loads []catalog.HotPart) bool {
		return catalog.RowsOf(loads, counts) != rows[p] ||
			slices.ContainsFunc(loads, func(part catalog.HotPart) bool { return counts[part.LoadSeq] != booked[part.LoadSeq] })
	})
}

// orphanSeqs gives the load sequences in the hot table or in its ledger that are neither covered nor withdrawn.
func orphanSeqs(tv *catalog.TableView, counts, booked map[int64]int64) []int64 {
	named := map[int64]bool{}
	for _, loads := range tv.Hot.Covered {
		for _, part := range loads {
			named[part.LoadSeq] = true
		}
	}
	for _, seq := range tv.Hot.Withdrawn {
		named[seq] = true
	}
	var orphans []int64
	for _, known := range []map[int64]int64{counts, booked} {
		for seq := range known {
			if !named[seq] {
				orphans = append(orphans, seq)
			}
		}
	}
	slices.Sort(orphans)
	return slices.Compact(orphans)
}
