package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"os"
	"time"

	"tidegate/catalog"
	"tidegate/etl/hotload"
	"tidegate/internal/logkey"
)

// readsEvery is how often a gateway says what its statements read, readsFor how long that counts.
const readsEvery, readsFor = 5 * time.Second, time.Minute

// tellReads tells the catalog which generations the statements of this process read, so that their files stay: once before
// it comes back, so that no statement is earlier, and again until opened is closed, when the last one has ended.
func (p *parts) tellReads(ctx context.Context, pins *hotload.Pins, opened *closeAll) error {
	host, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("name this gateway: %w", err)
	}
	r := &reads{id: fmt.Sprintf("%s %d %s", host, os.Getpid(), rand.Text()[:8]), store: p.store, pins: pins}
	if err := r.tell(ctx); err != nil {
		return err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		r.tellUntil(ctx, p.log)
	}()
	opened.add(func() error {
		stop()
		<-stopped
		return r.store.ReleaseReader(context.WithoutCancel(ctx), r.id)
	})
	return nil
}

type reads struct {
	id    string
	store catalog.Store
	pins  *hotload.Pins
}

func (r *reads) tell(ctx context.Context) error {
	// The horizon first: what is pinned after this is above it, and what was pinned before is seen.
	horizon, err := r.store.Horizon(ctx)
	if err != nil {
		return err
	}
	view, err := r.store.View(ctx)
	if err != nil {
		return err
	}
	return r.store.NoteReader(ctx, catalog.Reader{
		ID: r.id, Oldest: r.pins.Oldest(horizon, view.Generation), Horizon: horizon, Until: time.Now().Add(readsFor),
	})
}

func (r *reads) tellUntil(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(readsEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := r.tell(ctx); err != nil && ctx.Err() == nil {
			log.ErrorContext(ctx, "tell the catalog what is read", logkey.Error, err)
		}
	}
}
