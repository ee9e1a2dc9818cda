package etl

import (
	"context"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
)

// history is what one batch is compared with: its table's published batches before, newest first.
type history struct {
	at      time.Time // of the one's newest object
	enough  int       // fewer batches say nothing
	batches []catalog.Batch
}

// past reads as many batches as the pipeline's rules look back to. A batch that is made again is compared with what it takes
// the place of, as one: of the same objects.
func (b *batch) past(ctx context.Context) (history, error) {
	h := history{at: batchTime(b.id), enough: pipeline.MinBefore}
	most := b.p.Checks.LookBack()
	switch {
	case most == 0:
		return h, nil
	case b.kind == catalog.RecordRemake:
		return history{at: h.at, enough: 1, batches: []catalog.Batch{b.former()}}, nil
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

// former sums up the batches that this one is made again of. What was not measured of all rows is unknown.
func (b *batch) former() catalog.Batch {
	sum := catalog.Batch{ID: b.id}
	sum.Measured = b.remade[0].Measured
	for i, m := range b.remade {
		sum.Counts.Emitted += m.Counts.Emitted
		if i > 0 {
			sum.Measured = sum.Measured.With(m.Measured)
		}
	}
	return sum
}

// told names the batches that one is compared with.
func (h history) told(with []*catalog.Batch, usual string) string {
	if h.enough == 1 {
		return "what it is made again of had " + usual
	}
	return fmt.Sprintf("the median of %d batches is %s", len(with), usual)
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
