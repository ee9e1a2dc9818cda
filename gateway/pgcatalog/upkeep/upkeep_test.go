package upkeep_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tidegate/gateway/pgcatalog/upkeep"
)

// state is a version of somebody's own doing and one of others'.
type state struct{ own, others int }

func (s state) Covers(want state) bool { return s.own >= want.own && s.others >= want.others }
func (s state) Serves(want state) bool { return s.own >= want.own }

func of(s state) func() state { return func() state { return s } }

// slow is what takes a second to build, and how often that was begun.
func slow(built *atomic.Int64) *upkeep.Kept[state] {
	return upkeep.New(func(state) func(context.Context) error {
		return func(ctx context.Context) error {
			built.Add(1)
			select {
			case <-time.After(time.Second):
				return nil
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
}

// waits tells how long f takes.
func waits(f func() error) (time.Duration, error) {
	start := time.Now()
	err := f()
	return time.Since(start), err
}

func TestWhoWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var built atomic.Int64
		k := slow(&built)
		defer k.Close()
		for _, step := range []struct {
			name string
			want state
			time time.Duration
		}{
			{"the first", state{1, 1}, time.Second},
			{"what is there", state{1, 1}, 0},
			{"what is older", state{0, 1}, 0},
			{"what others did", state{1, 2}, 200 * time.Millisecond},
			{"what others did, again", state{1, 2}, 200 * time.Millisecond},
			{"its own, after the build that runs", state{2, 2}, 1600 * time.Millisecond},
			{"all of it", state{2, 2}, 0},
		} {
			took, err := waits(func() error { return k.Ask(t.Context(), of(step.want)) })
			if err != nil || took != step.time {
				t.Errorf("%s: %v, %v; want %v", step.name, took, err, step.time)
			}
		}
		if built.Load() != 3 {
			t.Errorf("%d builds", built.Load())
		}
		if took, err := waits(func() error { return k.Build(t.Context(), of(state{2, 3})) }); err != nil || took != time.Second {
			t.Errorf("Build took %v, %v", took, err)
		}
	})
}

// TestManyAsk has many ask at once, of versions that grow, as the race detector looks on.
func TestManyAsk(t *testing.T) {
	t.Parallel()
	var newest, built atomic.Int64
	k := upkeep.New(func(want state) func(context.Context) error {
		return func(context.Context) error {
			if before := built.Swap(int64(want.own)); before > int64(want.own) {
				return errors.New("an older one was built after a newer one")
			}
			return nil
		}
	})
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 200 {
				mine := newest.Add(1)
				err := k.Ask(t.Context(), func() state { return state{own: int(newest.Load())} })
				if err != nil || built.Load() < mine {
					t.Errorf("%v; built %d, asked for %d", err, built.Load(), mine)
				}
			}
		})
	}
	all.Wait()
	if err := k.Close(); err != nil {
		t.Error(err)
	}
}

func TestWhatGoesWrong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		failures := []string{"no", "panic", ""}
		k := upkeep.New(func(state) func(context.Context) error {
			why := failures[0]
			failures = failures[1:]
			return func(context.Context) error {
				switch why {
				case "panic":
					panic("broken")
				case "no":
					return errors.New("no")
				}
				return nil
			}
		})
		for _, want := range []string{"no", "panic: broken", ""} {
			err := k.Ask(t.Context(), of(state{1, 1}))
			if want == "" && err != nil || want != "" && (err == nil || !strings.HasPrefix(err.Error(), want)) {
				t.Errorf("%v, want %s", err, want)
			}
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var built atomic.Int64
		k := slow(&built)
		ctx, cancel := context.WithCancelCause(t.Context())
		mine := errors.New("mine")
		time.AfterFunc(time.Millisecond, func() { cancel(mine) })
		if took, err := waits(func() error { return k.Ask(ctx, of(state{1, 1})) }); !errors.Is(err, mine) || took != time.Millisecond {
			t.Errorf("cancelled: %v, %v", took, err)
		}
		time.AfterFunc(time.Millisecond, func() { _ = k.Close() })
		if err := k.Ask(t.Context(), of(state{1, 1})); !errors.Is(err, upkeep.ErrClosed) {
			t.Errorf("while it is closed: %v", err)
		}
		if err := k.Ask(t.Context(), of(state{1, 1})); !errors.Is(err, upkeep.ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	})
}
