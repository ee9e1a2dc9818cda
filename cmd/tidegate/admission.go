package main

import (
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tidegate/internal/engine/admission"
	"tidegate/internal/engine/spool"
)

const (
	// queriesPerThread is how many statements compute at a time for each thread: some wait for the disk.
	queriesPerThread = 4
	leastQueries     = 8
	// headroom of limits.memory is for what estimates do not know.
	headroom = 5 // a fifth
)

// checkAdmission checks limits.queries and what follows.
func (l *limits) checkAdmission(fail func(key, format string, args ...any)) {
	if l.Queries < 0 {
		fail("limits.queries", "must be 0 (by the threads) or more")
	}
	if l.Queue < 0 {
		fail("limits.queue", "must be 0 (nobody waits) or more")
	}
	if _, err := parseBytes(l.Spool); err != nil {
		fail("limits.spool", "%v", err)
	}
	if _, err := parseBytes(l.Temporary); err != nil {
		fail("limits.temporary", "%v", err)
	}
	if d, err := time.ParseDuration(l.QueueTimeout); err != nil || d <= 0 {
		fail("limits.queue_timeout", "is %q; write 30s, 1m", l.QueueTimeout)
	}
}

// newGate is what the statements of both tiers pass that run in this process.
func (p *parts) newGate() (*admission.Gate, error) {
	memory, err := parseMemory(p.Limits.Memory)
	if err != nil {
		return nil, err
	}
	wait, err := time.ParseDuration(p.Limits.QueueTimeout)
	if err != nil {
		return nil, err
	}
	queries := p.Limits.Queries
	if queries == 0 {
		threads := p.Limits.Threads
		if threads == 0 {
			threads = runtime.NumCPU()
		}
		queries = max(leastQueries, queriesPerThread*threads)
	}
	g := admission.NewGate(admission.Options{
		Memory: memory - memory/headroom, Running: queries, Queue: p.Limits.Queue, Wait: wait,
	})
	countAdmission(p.metrics, g)
	return g, nil
}

// newSpool is where results wait that nobody reads; nil: they stay in the engine.
func (p *parts) newSpool() (*spool.Store, error) {
	bytes, _ := parseBytes(p.Limits.Spool) // checked
	if bytes == 0 {
		return nil, nil
	}
	dir := p.scratch("parked")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for results that nobody reads: %w", err)
	}
	store := spool.New(dir, bytes)
	p.metrics.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{
		Namespace: "tidegate", Subsystem: "spool", Name: "results_total", Help: "Results that were moved out of DuckDB while nobody read them.",
	}, func() float64 {
		results, _ := store.Stats()
		return float64(results)
	}), prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Namespace: "tidegate", Subsystem: "spool", Name: "bytes", Help: "What waits of them, in memory and on disk.",
	}, func() float64 {
		_, waiting := store.Stats()
		return float64(waiting)
	}))
	return store, nil
}

// countAdmission registers what a gate counts.
func countAdmission(m prometheus.Registerer, g *admission.Gate) {
	gauge := func(name, help string, value func(admission.Stats) float64) {
		m.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "tidegate", Subsystem: "admission", Name: name, Help: help},
			func() float64 { return value(g.Stats()) }))
	}
	counter := func(name, help string, value func(admission.Stats) float64) {
		m.MustRegister(prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "tidegate", Subsystem: "admission", Name: name, Help: help},
			func() float64 { return value(g.Stats()) }))
	}
	gauge("running", "Statements that compute.", func(s admission.Stats) float64 { return float64(s.Running) })
	gauge("waiting", "Statements that wait for memory or a place.", func(s admission.Stats) float64 { return float64(s.Waiting) })
	gauge("reserved_bytes", "Memory reserved by statements and by results that nobody reads.", func(s admission.Stats) float64 { return float64(s.Reserved) })
	counter("admitted_total", "Statements let in, again after a pause too.", func(s admission.Stats) float64 { return float64(s.Admitted) })
	counter("refused_total", "Statements refused because the queue was full or the wait too long.", func(s admission.Stats) float64 { return float64(s.Refused) })
	counter("wait_seconds_total", "Time that statements have waited.", func(s admission.Stats) float64 { return s.Waited.Seconds() })
}
