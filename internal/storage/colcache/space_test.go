package colcache

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tidegate/internal/pgerr"
)

// usage is what the files of the cache take, asked of the file system.
func (l *lab) usage() int64 {
	l.t.Helper()
	l.c.mu.Lock()
	defer l.c.mu.Unlock()
	var n int64
	for _, e := range l.c.entries {
		n += l.c.allocated(e)
	}
	if n != l.c.used {
		l.t.Errorf("the files take %d bytes, the cache counts %d", n, l.c.used)
	}
	return n
}

// recorded waits until everything that was fetched is recorded and no lease is open.
func (l *lab) recorded() {
	l.t.Helper()
	for pins := 1; pins > 0; {
		runtime.Gosched()
		pins = 0
		l.c.mu.Lock()
		for _, e := range l.c.entries {
			pins += e.pins
		}
		l.c.mu.Unlock()
	}
}

// lakeOf puts n objects, whose columns a, b, c take each a quarter of about size.
func (l *lab) lakeOf(n, rows int) []Object {
	l.t.Helper()
	objects := make([]Object, n)
	for i := range objects {
		objects[i] = l.put(fmt.Sprintf("k%d", i), makeParquet(l.t, uint64(i), 1, rows))
	}
	return objects
}

func TestLeastRecentlyUsedLeaves(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	objects := l.lakeOf(4, 50_000) // 400 kB a column
	metrics := prometheus.NewPedanticRegistry()
	l.open(Options{MaxBytes: 1_400_000, Metrics: metrics})
	for _, i := range []int{0, 1, 2, 0, 3} {
		l.acquire(objects[i].with("a")).Release()
		l.recorded()
		if got := l.usage(); got > 1_400_000 {
			t.Errorf("%d bytes are used", got)
		}
	}
	l.bucket.Reset()
	for _, i := range []int{0, 2, 3} {
		l.acquire(objects[i].with("a")).Release()
	}
	if got := len(l.bucket.Requests()); got != 0 {
		t.Errorf("%d requests for what was used last", got)
	}
	if _, err := os.Stat(l.c.Path(objects[1])); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("what was used least recently is still there: %v", err)
	}
	l.acquire(objects[1].with("a")).Release()
	for name, want := range map[string]float64{
		"tidegate_cache_refetched_bytes_total": float64(l.truths["k1"].bytes("a")),
		"tidegate_cache_damaged_total":         0,
	} {
		if got := metricOf(t, metrics, name); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if got := metricOf(t, metrics, "tidegate_cache_evicted_bytes_total"); got < 2*400_000 {
		t.Errorf("%v bytes were evicted, two objects left", got)
	}
}

func metricOf(t *testing.T, r *prometheus.Registry, name string) float64 {
	t.Helper()
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatalf("no metric %s", name)
	return 0
}

func TestMoreThanTheCache(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	objects := l.lakeOf(3, 50_000)
	l.open(Options{MaxBytes: 1_000_000})
	_, err := l.c.Acquire(t.Context(), []Object{objects[0].with("a"), objects[1].with("a"), objects[2].with("a")})
	if pgerr.CodeOf(err) != pgerr.ConfigurationLimit {
		t.Errorf("three columns of 400 kB in a cache of 1 MB: %v", err)
	}
	if got := l.usage(); got > 100_000 {
		t.Errorf("the refused query left %d bytes", got)
	}
	// Other columns of the same objects make room.
	l.acquire(objects[0].with("a"), objects[1].with("a")).Release()
	l.acquire(objects[0].with("b"), objects[1].with("b")).Release()
	if got := l.usage(); got > 1_000_000 {
		t.Errorf("%d bytes are used", got)
	}
}

func TestPinnedStays(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	objects := l.lakeOf(3, 50_000)
	l.open(Options{MaxBytes: 1_000_000, Wait: 50 * time.Millisecond})
	held := l.acquire(objects[0].with("a"), objects[1].with("a"))
	_, err := l.c.Acquire(t.Context(), []Object{objects[2].with("a")})
	if pgerr.CodeOf(err) != pgerr.InsufficientResources {
		t.Errorf("all room is held: %v", err)
	}
	l.check(objects[0].with("a"))
	l.check(objects[1].with("a"))

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := l.c.Acquire(ctx, []Object{objects[2].with("a")}); !errors.Is(err, context.Canceled) {
		t.Errorf("ended context: %v", err)
	}
	held.Release()
	l.acquire(objects[2].with("a")).Release()
}

func TestWaitsForRoom(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	objects := l.lakeOf(3, 50_000)
	l.open(Options{MaxBytes: 1_000_000})
	held := l.acquire(objects[0].with("a"), objects[1].with("a"))
	var free atomic.Bool
	var waiting sync.WaitGroup
	for range 3 {
		waiting.Go(func() {
			lease, err := l.c.Acquire(t.Context(), []Object{objects[2].with("a"), objects[1].with("a")})
			if err != nil || !free.Load() {
				t.Errorf("got room: %v; it was free: %v", err, free.Load())
			}
			if err == nil {
				lease.Release()
			}
		})
	}
	for len(l.bucket.Requests()) < 5 { // both of two objects, and the footer of the third: now they want room
		runtime.Gosched()
	}
	free.Store(true)
	held.Release()
	waiting.Wait()
}
