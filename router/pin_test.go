package router_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/router"
)

// pinFunc does something at the moment when a generation is pinned.
type pinFunc func(generation int64) (release func(), err error)

func (f pinFunc) Pin(generation int64) (func(), error) { return f(generation) }

type waitFunc func(ctx context.Context, generation int64) error

func (f waitFunc) Wait(ctx context.Context, generation int64) error { return f(ctx, generation) }

// TestPurgeWaitsForOlderGeneration reads an older generation hot while what it reads is replaced: its rows stay until
// the reader is done.
func TestPurgeWaitsForOlderGeneration(t *testing.T) {
	t.Parallel()
	w := newTiers(t)
	w.commit(t, visits(), nil, map[int]int{1: 50, 2: 40})
	w.load(t)
	w.commit(t, visits(), nil, map[int]int{2: 7})
	p, err := w.plan(t.Context(), "select count(*), coalesce(sum(v), 0) from web.visits where note is not null or v > 0", interactive())
	if err != nil || p.Route != engine.RouteCold || p.Generation != 3 {
		t.Fatalf("a column that is not hot: %+v, %v", p, err)
	}
	p.Release()
	p, err = w.plan(t.Context(), "select count(*), coalesce(sum(v), 0) from web.visits where v > 0", interactive())
	if err != nil || p.Route != engine.RouteHot || p.Generation != 2 {
		t.Fatalf("%+v, %v, want a hot plan of generation 2", p, err)
	}
	w.commit(t, visits(), w.live[0], map[int]int{1: 3})
	waited := false
	w.loader.Readers = waitFunc(func(ctx context.Context, generation int64) error {
		ended, cancel := context.WithCancel(ctx)
		cancel()
		if err := w.pins.Wait(ended, generation); !errors.Is(err, context.Canceled) {
			t.Errorf("nobody holds a generation before %d: %v", generation, err)
		}
		if got, err := sums(ctx, p); err != nil || got != (total{90, 50*1 + 50*49/2 + 40*1 + 40*39/2}) {
			t.Errorf("the reader got %v, %v", got, err)
		}
		p.Release()
		waited = true
		return w.pins.Wait(ctx, generation)
	})
	if r, err := w.loader.LoadPending(t.Context()); err != nil || r.Purged != 2 || !waited {
		t.Errorf("%+v, %v, waited %t", r, err, waited)
	}
}

// TestPurgedWhileItIsPinned lets a purge win against a reader: what a generation covers is gone when it is pinned, and
// the statement must see that.
func TestPurgedWhileItIsPinned(t *testing.T) {
	t.Parallel()
	w := newTiers(t)
	w.commit(t, visits(), nil, map[int]int{1: 50, 2: 40})
	w.load(t)
	w.commit(t, visits(), nil, map[int]int{2: 7})
	purge := func() {
		w.commit(t, visits(), w.live[0], map[int]int{1: 3})
		w.load(t)
	}
	w.router = router.New(router.Options{
		Views: w.store, Local: w.db, Cold: w.db,
		LocalPath: func(f engine.ScanFile) string { return w.lake.LocalPath(f.Key) },
		Hot:       w.hot(),
		Pins: pinFunc(func(generation int64) (func(), error) {
			if generation == 2 && purge != nil {
				purge()
				purge = nil
			}
			return w.pins.Pin(generation)
		}),
	})
	second := interactive()
	second.Generation = 2
	if a, err := w.ask(t.Context(), 1, second); err != nil || purge != nil || a.route != engine.RouteCold {
		t.Errorf("%+v, %v, want a cold answer", a, err)
	}
	if a, err := w.ask(t.Context(), 2, second); err != nil || a.route != engine.RouteCold {
		t.Errorf("of the other day of the batch: %+v, %v, want a cold answer", a, err)
	}
	if a, err := w.ask(t.Context(), 1, interactive()); err != nil || a.route != engine.RouteHot {
		t.Errorf("of the newest: %+v, %v, want a hot answer", a, err)
	}
}

func interactive() router.Request {
	return router.Request{Latency: router.Interactive, MaxStaleness: time.Hour}
}
