package router

import (
	"fmt"
	"sync"
	"time"

	"github.com/maypok86/otter/v2"
)

// Guesses before anything was measured: a statement's fixed cost on either side, DuckDB's scan of compressed
// Parquet and of its own tables on one core, and the price of opening a file (docs of the engine's measurements).
const (
	hotBase        = 4 * time.Millisecond
	coldBase       = 8 * time.Millisecond
	coldPerFile    = 45 * time.Microsecond
	hotRowsPerSec  = 100e6
	coldBytesFirst = 150e6 // bytes per second
	weight         = 0.2   // of a new measurement in a moving average
	fingerprints   = 10_000
)

// timings are moving averages of what statements took.
type timings struct {
	byFingerprint *otter.Cache[string, time.Duration]

	mu       sync.Mutex
	byTable  map[string]time.Duration // guarded by mu
	coldRate float64                  // bytes per second; guarded by mu
}

func newTimings() *timings {
	return &timings{
		byFingerprint: otter.Must(&otter.Options[string, time.Duration]{MaximumSize: fingerprints}),
		byTable:       map[string]time.Duration{},
		coldRate:      coldBytesFirst,
	}
}

// hot estimates by the statement's own past, else the tables', else the number of rows.
func (t *timings) hot(fingerprint, tables string, rows int64) time.Duration {
	if d, ok := t.byFingerprint.GetIfPresent(fingerprint); ok {
		return d
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if d, ok := t.byTable[tables]; ok {
		return d
	}
	return hotBase + time.Duration(float64(rows)/hotRowsPerSec*float64(time.Second))
}

// cold estimates by bytes to scan over the measured rate, and files to open.
func (t *timings) cold(bytes int64, files int) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	scan := time.Duration(float64(bytes) / t.coldRate * float64(time.Second))
	return coldBase + time.Duration(files)*coldPerFile + scan
}

func (t *timings) observeHot(fingerprint, tables string, took time.Duration) {
	old, ok := t.byFingerprint.GetIfPresent(fingerprint)
	if !ok {
		old = took
	}
	t.byFingerprint.Set(fingerprint, average(old, took))
	t.mu.Lock()
	defer t.mu.Unlock()
	if old, ok = t.byTable[tables]; !ok {
		old = took
	}
	t.byTable[tables] = average(old, took)
}

// observeCold learns the scan rate from statements that read enough to tell.
func (t *timings) observeCold(bytes int64, files int, took time.Duration) {
	const enough = 1 << 20
	took -= coldBase + time.Duration(files)*coldPerFile
	if bytes < enough || took <= 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.coldRate += weight * (float64(bytes)/took.Seconds() - t.coldRate)
}

func average(old, took time.Duration) time.Duration {
	return old + time.Duration(weight*float64(took-old))
}

func formatDuration(d time.Duration) string {
	return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond))
}

// formatBytes writes bytes in binary units, as PostgreSQL's pg_size_pretty does in steps of 1024.
func formatBytes(n int64) string {
	units := []string{"bytes", "kB", "MB", "GB", "TB", "PB"}
	v, i := float64(n), 0
	for v >= 1024 && i < len(units)-1 {
		v, i = v/1024, i+1
	}
	if i == 0 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.1f %s", v, units[i])
}
