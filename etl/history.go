package etl

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// history are a table's published batches before one, newest first.
type history struct {
	at      time.Time // of the one's newest object
	batches []catalog.Batch
}

// past reads as many batches as the pipeline's rules look back to.
func (b *batch) past(ctx context.Context) (history, error) {
	h := history{at: batchTime(b.id)}
	most := b.p.Checks.LookBack()
	if most == 0 {
		return h, nil
	}
	var err error
	if h.batches, err = b.Store.LastBatches(ctx, b.p.Table, most); err != nil {
		err = fmt.Errorf("read the batches before: %w", err)
	}
	return h, err
}

// like gives the batches that one is compared with, of those that have what is asked for.
func (h history) like(before pipeline.Before, has func(*catalog.Batch) bool) []*catalog.Batch {
	var found []*catalog.Batch
	for i := range h.batches {
		c := &h.batches[i]
		at := batchTime(c.ID)
		hour := before.Same == "" || at.Hour() == h.at.Hour()
		day := before.Same != pipeline.SameWeekdayHour || at.Weekday() == h.at.Weekday()
		if len(found) < before.Batches && hour && day && has(c) {
			found = append(found, c)
		}
	}
	return found
}

// median of what batches have, which must not be none.
func median(batches []*catalog.Batch, of func(*catalog.Batch) float64) float64 {
	values := make([]float64, len(batches))
	for i, b := range batches {
		values[i] = of(b)
	}
	slices.Sort(values)
	middle := len(values) / 2
	if len(values)%2 == 1 {
		return values[middle]
	}
	return (values[middle-1] + values[middle]) / 2
}
