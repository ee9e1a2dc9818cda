package colcache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
)

// Lease keeps objects' files as they are until Release.
type Lease struct {
	c        *Cache
	wants    []want
	released bool // guarded by c.mu
}

// want is an entry and what is needed of it.
type want struct {
	e           *entry
	columns     map[string]bool
	all         bool
	footerBytes int64
	chunks      []chunk // once the footer is known
	footer      int64   // bytes of the local footer, likewise
}

// Release lets the files go. It may be called more than once.
func (l *Lease) Release() {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.letGo()
	l.c.settleRoom()
}

// giveUp is Release by one who waits for room. It wakes nobody: two who wait would wake each other for ever. It gives
// what is closed when the next one frees room.
func (l *Lease) giveUp() <-chan struct{} {
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	l.letGo()
	return l.c.freed
}

func (l *Lease) letGo() {
	if l.released {
		return
	}
	l.released = true
	for _, w := range l.wants {
		l.c.letGo(w.e)
	}
}

// look is how often one who waits for room looks for it unasked: what another one who waits held for a moment is given
// back in silence.
const look = 50 * time.Millisecond

// Acquire brings what the objects' columns need into their files and pins them. Until Release, DuckDB can scan the
// columns at Path. What several callers need is fetched once.
//
// Errors that a client can understand are *pgerr.Error: 53400 if the objects need more than MaxBytes, 53000 if
// running queries hold the room for longer than Options.Wait, 53100 if the disk is full, and those of explain.
func (c *Cache) Acquire(ctx context.Context, objects []Object) (*Lease, error) {
	patience := time.NewTimer(c.o.Wait)
	defer patience.Stop()
	for {
		l := c.pin(objects)
		err := l.fill(ctx)
		if err == nil {
			return l, nil
		}
		full, ok := errors.AsType[*noRoomError](err)
		if !ok {
			l.Release()
			return nil, err
		}
		// Waiting without pins: two that wait for each other's room would wait for ever.
		freed := l.giveUp()
		c.shed(l, full.shed)
		select {
		case <-freed:
		case <-time.After(look):
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-patience.C:
			return nil, full.explain()
		}
	}
}

// Placeholders makes files at the objects' paths where none are, without a request, and pins them: enough to prepare
// a statement that gives the files' schema, nothing to scan.
func (c *Cache) Placeholders(objects []Object) (*Lease, error) {
	l := c.pin(objects)
	for _, w := range l.wants {
		f, err := os.OpenFile(c.dataPath(w.e.id), os.O_CREATE|os.O_RDWR, 0o600)
		if err == nil {
			err = f.Close()
		}
		if err != nil {
			l.Release()
			return nil, explainDisk(fmt.Errorf("make file of %s: %w", w.e.object.Key, err))
		}
	}
	return l, nil
}

// pin makes the entries of the objects and holds them; what is needed of one object is united.
func (c *Cache) pin(objects []Object) *Lease {
	l := &Lease{c: c}
	at := make(map[*entry]int, len(objects))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, o := range objects {
		e := c.entry(o)
		i, ok := at[e]
		if !ok {
			i = len(l.wants)
			at[e] = i
			c.hold(e)
			c.recent.MoveToFront(e.recent)
			l.wants = append(l.wants, want{e: e, columns: map[string]bool{}, footerBytes: o.FooterBytes})
		}
		for column := range o.columns() {
			l.wants[i].columns[column] = true
		}
		l.wants[i].all = l.wants[i].all || o.All
	}
	return l
}

// fill brings footers, then takes room for the chunks, then brings these.
func (l *Lease) fill(ctx context.Context) error {
	started := time.Now()
	c := l.c
	footers, footerCtx := errgroup.WithContext(ctx)
	footers.SetLimit(c.o.Fetches)
	for i := range l.wants {
		w := &l.wants[i]
		footers.Go(func() error {
			layout, err := c.footer(footerCtx, w.e, w.footerBytes)
			if err != nil {
				return c.explain(w.e, err)
			}
			w.chunks, w.footer = layout.of(w.columns, w.all), layout.footerLength
			return nil
		})
	}
	if err := footers.Wait(); err != nil {
		return endOf(ctx, err)
	}
	room, err := c.reserve(l)
	if err != nil {
		return err
	}
	defer room.giveBack()
	var fetched int64
	chunks, chunkCtx := errgroup.WithContext(ctx)
	chunks.SetLimit(c.o.Fetches)
	for i := range l.wants {
		w := &l.wants[i]
		c.metrics.requested.Add(float64(total(w.chunks)))
		fetched += total(w.e.missing(w.chunks))
		chunks.Go(func() error {
			err := c.bring(chunkCtx, w)
			room.settle(i)
			return c.explain(w.e, err)
		})
	}
	if err := chunks.Wait(); err != nil {
		return endOf(ctx, err)
	}
	c.noteRate(fetched, time.Since(started))
	return nil
}

// endOf prefers the reason why the caller's context ended to the errors that it made.
func endOf(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

func total(chunks []chunk) int64 {
	var n int64
	for _, c := range chunks {
		n += c.length
	}
	return n
}

// bring makes the chunks of one entry present. If the disk is full it makes room once: MaxBytes may be more than
// there is.
func (c *Cache) bring(ctx context.Context, w *want) error {
	err := c.bringOnce(ctx, w)
	if isFull(err) && c.makeRoom(space(w.chunks)) {
		err = c.bringOnce(ctx, w)
	}
	return err
}

func (c *Cache) bringOnce(ctx context.Context, w *want) error {
	for {
		fetch, verify, others := w.e.claim(w.chunks)
		if len(fetch)+len(verify) > 0 {
			if err := c.work(ctx, w.e, fetch, verify); err != nil {
				return err
			}
		}
		if len(others) == 0 && len(verify) == 0 {
			return nil
		}
		for _, f := range others {
			if err := f.wait(ctx); err != nil {
				return err
			}
		}
	}
}
