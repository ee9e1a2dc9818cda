package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"tidegate/internal/logkey"
)

// progressEvery is how often a backfill tells in the log how far it is.
const progressEvery = 10 * time.Second

// progress shows how far a backfill is: as a bar on a terminal, elsewhere in the log. It is an etl.Progress.
type progress struct {
	out   io.Writer // for what else is told meanwhile: above the bar
	bars  *mpb.Progress
	bar   *mpb.Bar // nil: there is no terminal
	stop  chan struct{}
	lines sync.WaitGroup // who writes the log

	mu    sync.Mutex
	tally tally
}

// tally is what a backfill has done and has to do.
type tally struct {
	began          time.Time
	batches, done  int
	bytes, records int64
	read, made     int64 // bytes of what was read, and of the batches that are done
}

// steps are bytes, each counted when it is read and when its batch is made: reading is about half of the work. What a batch
// read twice, or not at all because it failed or compacts, is made good when it is done.
func (t tally) steps() int64 { return 2*t.made + min(max(0, t.read-t.made), t.bytes-t.made) }

// newProgress prepares for a bar if errs is a terminal.
func newProgress(errs io.Writer) *progress {
	p := &progress{out: errs, stop: make(chan struct{}), tally: tally{began: time.Now()}}
	if isTerminal(errs) {
		p.bars = mpb.New(mpb.WithOutput(errs))
		p.out = p.bars
	}
	return p
}

// begin shows the bar, or begins to write the log.
func (p *progress) begin(ctx context.Context, log *slog.Logger) {
	if p.bars != nil {
		p.bar = p.bars.AddBar(0, mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.now().String() })))
		return
	}
	p.lines.Go(func() {
		ticks := time.NewTicker(progressEvery)
		defer ticks.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-ticks.C:
				if t := p.now(); t.batches > 0 {
					t.log(ctx, log)
				}
			}
		}
	})
}

// close ends the bar: at its end if all is done, else where it is.
func (p *progress) close() {
	close(p.stop)
	p.lines.Wait()
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		if t := p.now(); t.batches > 0 && t.done == t.batches {
			p.bar.SetTotal(-1, true) // as much as it has, which is all
		} else {
			p.bar.Abort(false)
		}
		p.bar.Wait()
	}
	p.bars.Shutdown()
}

func (p *progress) now() tally {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tally
}

func (p *progress) count(change func(*tally)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.tally)
	if p.bar != nil {
		p.bar.SetTotal(2*p.tally.bytes, false)
		p.bar.SetCurrent(p.tally.steps())
	}
}

// Expect, Read and Done are etl.Progress.
func (p *progress) Expect(batches int, bytes int64) {
	p.count(func(t *tally) { t.batches, t.bytes = t.batches+batches, t.bytes+bytes })
}

// Read counts records.
func (p *progress) Read(records, bytes int64) {
	p.count(func(t *tally) { t.records, t.read = t.records+records, t.read+bytes })
}

// Done counts a batch.
func (p *progress) Done(bytes int64) {
	p.count(func(t *tally) { t.done, t.made = t.done+1, t.made+bytes })
}

// rates gives bytes and records per second, and how long the rest takes at that; ok is false before anything is done.
func (t tally) rates(now time.Time) (bytes, records float64, left time.Duration, ok bool) {
	seconds := now.Sub(t.began).Seconds()
	steps := float64(t.steps())
	if steps == 0 || seconds <= 0 {
		return 0, 0, 0, false
	}
	bytes, records = steps/2/seconds, float64(t.records)/seconds
	rest := max(0, float64(t.bytes)-steps/2)
	return bytes, records, time.Duration(rest / bytes * float64(time.Second)).Round(time.Second), true
}

// String gives "3 of 24 batches, 12.1 MB/s, 45000 records/s, 2m10s left".
func (t tally) String() string { return t.at(time.Now()) }

func (t tally) at(now time.Time) string {
	text := fmt.Sprintf("%d of %d batches", t.done, t.batches)
	if bytes, records, left, ok := t.rates(now); ok {
		text += fmt.Sprintf(", %.1f MB/s, %.0f records/s, %s left", bytes/1e6, records, left)
	}
	return text
}

func (t tally) log(ctx context.Context, log *slog.Logger) {
	bytes, records, left, _ := t.rates(time.Now())
	log.InfoContext(ctx, "backfill", "done", t.done, "batches", t.batches, "bytes_per_second", int64(bytes),
		"records_per_second", int64(records), "left", left, logkey.Elapsed, time.Since(t.began).Round(time.Second))
}
