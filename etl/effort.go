package etl

import (
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/etl/raw"
)

// meter shares the time of a process among the batches that it makes at once: of k batches each has a k-th. It goes by
// time.Now, not by Options.Now: only differences count.
type meter struct {
	mu     sync.Mutex
	active int
	seen   time.Time     // of the last change
	turned time.Duration // the part of the time since the beginning that a batch which was always there would have had
}

// turn counts a batch in (1), out (-1) or neither (0), and gives how far the meter is.
func (m *meter) turn(by int) time.Duration {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := time.Now()
	if m.active > 0 {
		m.turned += now.Sub(m.seen) / time.Duration(m.active)
	}
	m.seen = now
	m.active += by
	return m.turned
}

// stopwatch is what one batch had of a meter.
type stopwatch struct {
	*meter
	running bool
	from    time.Duration
	had     time.Duration
}

func (s *stopwatch) start() {
	if !s.running {
		s.from, s.running = s.turn(1), true
	}
}

func (s *stopwatch) stop() {
	if s.running {
		s.had, s.running = s.had+s.turn(-1)-s.from, false
	}
}

// read gives the time that the batch had so far.
func (s *stopwatch) read() time.Duration {
	if !s.running {
		return s.had
	}
	return s.had + s.turn(0) - s.from
}

// waiting does what only waits for other batches: that is no effort of this one.
func (s *stopwatch) waiting(wait func() error) error {
	s.stop()
	defer s.start()
	return wait()
}

// effort is what the batch took so far.
func (b *batch) effort() *catalog.Effort {
	cores := float64(b.usableCores())
	e := &catalog.Effort{CoreSeconds: b.watch.read().Seconds() * cores}
	if len(b.leases) == 0 || b.leases[0].Piece == wholeTable {
		e.SerialCoreSeconds = e.CoreSeconds
	} else if len(b.leases) > 1 {
		e.SerialCoreSeconds = (b.watch.read() - b.serialFrom).Seconds() * cores
	}
	return e
}

// usableCores is how many cores could work for the batch. One object is read by one of them, unless it is Parquet.
func (b *batch) usableCores() int {
	if b.p.Source == nil {
		return b.Cores
	}
	return min(b.Cores, max(1, raw.Tasks(b.places, b.p.Source.Format)))
}
