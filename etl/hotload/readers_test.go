package hotload_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"sync"
	"testing"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/internal/engine"
)

// TestReadersSeeTheirGeneration lets readers read while batches are loaded, replaced and purged: each must find
// exactly the rows that its own view covers.
func TestReadersSeeTheirGeneration(t *testing.T) {
	t.Parallel()
	const rounds, readers = 8, 3
	w := newWorld(t)
	w.commit(t, events(), "b0", nil, part{15, "a", 50}, part{16, "a", 20})
	w.load(t)
	var pins hotload.Pins
	l := w.loader()
	l.Readers = &pins
	done := make(chan struct{})
	var wg sync.WaitGroup
	for range readers {
		wg.Go(func() {
			for reads := 0; ; reads++ {
				select {
				case <-done:
					if reads == 0 {
						t.Error("a reader did not read")
					}
					return
				default:
				}
				if err := readPinned(t.Context(), w, &pins); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for i := 1; i <= rounds; i++ {
		replaced := catalog.Replaced{Batch: fmt.Sprintf("b%d", i-1), Revision: 1, Partition: part{15, "a", 0}.partition()}
		w.commit(t, events(), fmt.Sprintf("b%d", i), []catalog.Replaced{replaced}, part{15, "a", 50 + i}, part{16, "a", i})
		if r, err := l.LoadPending(t.Context()); err != nil || r.Purged+r.Waiting != 1 {
			t.Errorf("round %d: %+v, %v", i, r, err)
		}
	}
	close(done)
	wg.Wait()
	w.load(t)
	checkHot(t, w, true)
}

// readPinned reads as the router does: pin the newest view, look that it still is the newest, read.
func readPinned(ctx context.Context, w *world, pins *hotload.Pins) error {
	v, err := w.store.View(ctx)
	if err != nil {
		return err
	}
	release, err := pins.Pin(v.Generation)
	if err != nil {
		return err
	}
	defer release()
	if now, err := w.store.View(ctx); err != nil || now.Generation != v.Generation {
		return err
	}
	tv := v.Tables[events().Name]
	rows := tv.PairRows()
	want := map[int64]int64{}
	for p, loads := range tv.Hot.Covered {
		want[loads[0].LoadSeq] = rows[p]
	}
	query := fmt.Sprintf("SELECT _tg_seq, count(*) FROM %s WHERE _tg_seq <= %d", hotload.TableRef(events().Name), tv.Hot.MaxLoadSeq)
	for _, seq := range tv.Hot.Withdrawn {
		query = fmt.Sprintf("%s AND _tg_seq <> %d", query, seq)
	}
	got, err := counts(ctx, w, query+" GROUP BY 1")
	if err != nil {
		return err
	}
	if !maps.Equal(got, want) {
		return fmt.Errorf("generation %d reads %v, covers %v", v.Generation, got, want)
	}
	return nil
}

func counts(ctx context.Context, w *world, query string) (map[int64]int64, error) {
	rows, err := w.db.Query(ctx, engine.Statement{SQL: query})
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	got := map[int64]int64{}
	for {
		c, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return got, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range c.Rows {
			got[c.Vectors[0].I64[i]] = c.Vectors[1].I64[i]
		}
	}
}
