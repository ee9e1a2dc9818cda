package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"tidegate/internal/engine/spool"
)

// parkAfter is how long a session waits for its client before the results that it has open are moved out of the engine:
// for its next message, or in all for it to take one result. parkedFrom is how many bytes such a result holds there at
// least. A sorted or grouped one holds all of its rows.
const (
	parkAfter  = 2 * time.Second
	parkedFrom = 8 << 20
)

// parking moves the results of a session away while it waits for its client.
type parking struct {
	store *spool.Store // nil: they stay in the engine
	after time.Duration
	timer *time.Timer // nil before the first wait

	mu sync.Mutex
	// Of the wait that goes on, in which the session's goroutine does not look at its results; guarded by mu.
	results []*result
	over    *atomic.Bool // set when it is; nil between two waits
}

// rest has results moved if the client needs longer than that.
func (k *parking) rest(after time.Duration, results ...*result) {
	k.mu.Lock()
	k.results, k.over = results, new(atomic.Bool)
	k.mu.Unlock()
	if k.timer == nil {
		k.timer = time.AfterFunc(after, k.park)
	} else {
		k.timer.Reset(after)
	}
}

// wake ends a wait, if there is one. A result whose next rows somebody is waiting for to move them is left to its reader
// when they have come: only who wants its rows, or closes it, waits for that.
func (k *parking) wake() {
	if k.timer == nil {
		return
	}
	k.timer.Stop()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over != nil {
		k.over.Store(true)
	}
	k.results, k.over = nil, nil
}

// park moves the results of a wait.
func (k *parking) park() {
	k.mu.Lock()
	results, over := k.results, k.over
	k.mu.Unlock()
	for _, r := range results {
		if m := k.begin(r, over); m != nil {
			m.run()
		}
	}
}

// begin makes a result's rows those of a move; nil if there is nothing to do or the wait is over.
func (k *parking) begin(r *result, over *atomic.Bool) *move {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.over != over || !r.parkable() {
		return nil
	}
	return r.park(k.store, over)
}

// rest has the results of the session's portals moved if the client says nothing for a while.
func (s *session) rest() {
	if s.parking.store == nil {
		return
	}
	var results []*result
	for _, p := range s.portals {
		if r := p.open(); r != nil && r.parkable() {
			results = append(results, r)
		}
	}
	if len(results) > 0 {
		s.parking.rest(s.parking.after, results...)
	}
}

// open gives the result that a portal reads, nil if there is none.
func (p *portal) open() *result {
	switch {
	case p.scroll != nil:
		return p.scroll.source
	case p.answer != nil:
		return p.answer.result
	}
	return nil
}

// flush writes what was gathered. What is left of a result whose client does not keep up is moved meanwhile.
func (r *result) flush(w *wire) error {
	if r.parking == nil || !r.parkable() {
		return w.flush()
	}
	began := time.Now()
	r.parking.rest(max(r.parking.after-r.waited, 0), r)
	err := w.flush()
	r.parking.wake()
	r.waited += time.Since(began)
	return err
}
