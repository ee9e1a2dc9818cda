package admission_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"tidegate/internal/engine/admission"
	"tidegate/internal/pgerr"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const mib = 1 << 20

func enter(t *testing.T, g *admission.Gate, role string, memory int64) *admission.Claim {
	t.Helper()
	c, err := g.Enter(t.Context(), admission.Asker{Role: role}, memory)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// queue has statements wait, in this order, and gives the order in which they come in. Each leaves at once.
func queue(t *testing.T, g *admission.Gate, memory map[string]int64, names ...string) func() string {
	t.Helper()
	var mu sync.Mutex
	var order []string
	for _, name := range names {
		go func() {
			c, err := g.Enter(t.Context(), admission.Asker{Role: name[:1]}, max(memory[name], mib))
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			order = append(order, name)
			mu.Unlock()
			c.Leave()
		}()
		synctest.Wait()
	}
	return func() string {
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		return strings.Join(order, " ")
	}
}

func TestRolesTakeTurns(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Options{Memory: 1024 * mib, Running: 1, Queue: 10, Wait: time.Minute})
		first := enter(t, g, "z", mib)
		order := queue(t, g, nil, "a1", "a2", "a3", "b1", "c1", "b2")
		if got := order(); got != "" {
			t.Fatalf("%q came in although there was no room", got)
		}
		if s := g.Stats(); s.Waiting != 6 || s.Running != 1 {
			t.Errorf("%+v", s)
		}
		first.Leave()
		if got, want := order(), "a1 b1 c1 a2 b2 a3"; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
		if s := g.Stats(); s.Waiting != 0 || s.Running != 0 || s.Reserved != 0 || s.Admitted != 7 {
			t.Errorf("%+v", s)
		}
	})
}

// TestSmallOnesGoFirst has a statement wait for memory while others that need little go before it, but not for ever.
func TestSmallOnesGoFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Options{Memory: 1024 * mib, Running: 8, Queue: 100, Wait: time.Minute})
		first := enter(t, g, "a", 600*mib)
		large := queue(t, g, map[string]int64{"a large": 500 * mib}, "a large")
		var last *admission.Claim
		for range 32 {
			last = enter(t, g, "b", mib)
			last.Leave()
		}
		late := queue(t, g, nil, "b late")
		if got := large() + late(); got != "" {
			t.Fatalf("%q came in", got)
		}
		first.Leave()
		if large() == "" || late() == "" {
			t.Errorf("%q and %q came in", large(), late())
		}
	})
}

// TestLargeOnesLeavePlaces keeps a quarter of the places for small statements.
func TestLargeOnesLeavePlaces(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Options{Memory: 1024 * mib, Running: 4, Queue: 100, Wait: time.Minute})
		var all []*admission.Claim
		for range 3 {
			all = append(all, enter(t, g, "a", 100*mib))
		}
		fourth := queue(t, g, map[string]int64{"a4": 100 * mib}, "a4")
		all = append(all, enter(t, g, "b", mib))
		if got := fourth(); got != "" {
			t.Error("a large statement took the last place")
		}
		for _, c := range all {
			c.Leave()
		}
		fourth()
	})
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Options{Memory: 1024 * mib, Running: 1, Queue: 2, Wait: time.Minute})
		running := enter(t, g, "a", mib)
		cancelled, cancel := context.WithCancelCause(t.Context())
		errStop := errors.New("the test says stop")
		results := make(chan error, 2)
		for _, ctx := range []context.Context{t.Context(), cancelled} {
			go func() {
				_, err := g.Enter(ctx, admission.Asker{Role: "a", PID: 7}, mib)
				results <- err
			}()
		}
		synctest.Wait()
		if !g.Waits(7) || g.Waits(8) {
			t.Error("who waits is not told")
		}
		if _, err := g.Enter(t.Context(), admission.Asker{Role: "a"}, mib); pgerr.CodeOf(err) != pgerr.TooManyConnections {
			t.Errorf("full queue: %v", err)
		}
		cancel(errStop)
		if err := <-results; !errors.Is(err, errStop) {
			t.Errorf("cancelled: %v", err)
		}
		began := time.Now()
		if err := <-results; pgerr.CodeOf(err) != pgerr.TooManyConnections || time.Since(began) != time.Minute {
			t.Errorf("%v after %v", err, time.Since(began))
		}
		running.Leave()
		if s := g.Stats(); s.Waiting != 0 || s.Running != 0 || s.Refused != 2 || s.Waited != time.Minute {
			t.Errorf("%+v", s)
		}
	})
}

// TestPaused gives the place of a statement whose result nobody reads to others, who must not wait for its memory for ever.
func TestPaused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := admission.NewGate(admission.Options{Memory: 100 * mib, Running: 1, Queue: 2, Wait: time.Minute})
		idle := enter(t, g, "a", 90*mib)
		idle.Pause(80 * mib)
		if s := g.Stats(); s.Running != 0 || s.Reserved != 80*mib {
			t.Errorf("%+v", s)
		}
		other := enter(t, g, "b", 50*mib) // more than is left, but nobody else computes
		next := queue(t, g, nil, "c")
		back := make(chan error, 1)
		go func() { back <- idle.Resume(t.Context()) }()
		synctest.Wait()
		other.Leave()
		if err := <-back; err != nil || next() != "" {
			t.Errorf("%v, and %q went before what had begun", err, next())
		}
		if err := idle.Resume(t.Context()); err != nil { // it runs
			t.Error(err)
		}
		idle.Leave()
		idle.Leave()
		if next() != "c" {
			t.Error("nobody came in")
		}
		if s := g.Stats(); s.Running != 0 || s.Reserved != 0 {
			t.Errorf("%+v", s)
		}
	})
}

// TestMany has statements of all kinds come, pause, be cancelled and go: the limits hold, and all come to an end.
func TestMany(t *testing.T) {
	t.Parallel()
	g := admission.NewGate(admission.Options{Memory: 100 * mib, Running: 4, Queue: 1000, Wait: time.Minute})
	var all sync.WaitGroup
	for i := range 200 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			ctx := t.Context()
			if r.IntN(4) == 0 {
				var cancel context.CancelFunc
				ctx, cancel = context.WithTimeout(ctx, time.Duration(r.IntN(2000))*time.Microsecond)
				defer cancel()
			}
			c, err := g.Enter(ctx, admission.Asker{Role: string(rune('a' + i%5))}, r.Int64N(60*mib))
			if err != nil {
				if ctx.Err() == nil {
					t.Error(err)
				}
				return
			}
			defer c.Leave()
			for range r.IntN(4) {
				if s := g.Stats(); s.Running > 4 {
					t.Errorf("%+v", s)
				}
				time.Sleep(time.Duration(r.IntN(300)) * time.Microsecond)
				c.Pause(r.Int64N(8 * mib))
				if err := c.Resume(ctx); err != nil {
					return
				}
			}
		})
	}
	all.Wait()
	if s := g.Stats(); s.Running != 0 || s.Reserved != 0 || s.Waiting != 0 {
		t.Errorf("%+v", s)
	}
}

// TestNoQueue has a gate where nobody waits: who finds it full is refused, and who comes later is not.
func TestNoQueue(t *testing.T) {
	t.Parallel()
	g := admission.NewGate(admission.Options{Memory: 64 * mib, Running: 1, Wait: time.Minute})
	first := enter(t, g, "a", mib)
	if _, err := g.Enter(t.Context(), admission.Asker{Role: "a"}, mib); pgerr.CodeOf(err) != pgerr.TooManyConnections {
		t.Errorf("got %v", err)
	}
	first.Leave()
	enter(t, g, "a", mib).Leave()
	if s := g.Stats(); s.Refused != 1 || s.Admitted != 2 || s.Reserved != 0 {
		t.Errorf("%+v", s)
	}
}
