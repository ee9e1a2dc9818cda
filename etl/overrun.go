package etl

import (
	"context"
	"fmt"
	"time"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/logkey"
)

const (
	// overrunFactor is how many times the expected time is too long; small batches may take overrunGrace more.
	overrunFactor  = 1.5
	overrunGrace   = 10 * time.Second
	overrunBatches = 10 // before one, whose median is expected
)

// overrunWatch tells of a batch that takes too long, while it does.
type overrunWatch struct {
	expected time.Duration
	limit    time.Duration
	timer    *time.Timer
	told     chan struct{} // closed when it is told, if the timer came to that
}

// expect finds out how long batches of this size take, and from now on watches this one. With few batches before nobody
// knows.
func (b *batch) expect(ctx context.Context) error {
	if b.takesPlace() {
		return nil // nobody is waiting for it as for an hour that is due
	}
	before, err := b.Store.LastBatches(ctx, b.p.Table, overrunBatches)
	if err != nil {
		return fmt.Errorf("read the batches before: %w", err)
	}
	var with []*catalog.Batch
	for i := range before {
		if c := &before[i]; c.BytesIn > 0 && !c.CommittedAt.Before(c.StartedAt) { // else a clock jumped
			with = append(with, c)
		}
	}
	if len(with) < pipeline.MinBefore {
		return nil
	}
	seconds := func(c *catalog.Batch) float64 { return c.CommittedAt.Sub(c.StartedAt).Seconds() }
	perByte := median(with, func(c *catalog.Batch) float64 { return seconds(c) / float64(c.BytesIn) })
	expected := time.Duration(max(median(with, seconds), perByte*float64(b.bytesIn)) * float64(time.Second))
	w := &overrunWatch{
		expected: expected, limit: max(time.Duration(overrunFactor*float64(expected)), expected+b.overrunGrace), told: make(chan struct{}),
	}
	w.timer = time.AfterFunc(w.limit, func() { b.tellOverrun(ctx, w) })
	b.overrun = w
	return nil
}

func (b *batch) tellOverrun(ctx context.Context, w *overrunWatch) {
	defer close(w.told)
	b.log.WarnContext(ctx, "the batch takes longer than usual", logkey.Elapsed, w.limit, "expected", w.expected)
	err := b.Store.Raise(ctx, catalog.Incident{
		Table: b.p.Table, Kind: catalog.IncidentOverrun, Batch: b.id, SeenAt: b.Now(),
		Text: fmt.Sprintf("the batch is not done after %s, expected are %s", w.limit.Round(time.Millisecond), w.expected.Round(time.Millisecond)),
	})
	if err != nil { // the batch may be well
		b.log.WarnContext(ctx, "tell of a batch that takes long", logkey.Error, err)
	}
}

// stop ends the watch, and waits if it is just telling.
func (w *overrunWatch) stop() {
	if w != nil && !w.timer.Stop() {
		<-w.told
	}
}

// noteOverrun notes that the batch, which is about to be committed, took too long.
func (b *batch) noteOverrun() {
	took := b.Now().Sub(b.started)
	if b.overrun != nil && took > b.overrun.limit {
		b.notes.Overrun = &catalog.Overrun{Seconds: took.Seconds(), Expected: b.overrun.expected.Seconds()}
	}
}
