package warehouse

import (
	"context"
	"sync"

	"tidegate/internal/pgerr"
)

// SQLSTATEs that only this package raises.
const (
	codeSerialization pgerr.Code = "40001"
	codeDeadlock      pgerr.Code = "40P01"
	codeLoad          pgerr.Code = "XX000" // Redshift's own errors all have it
	codeNotNull       pgerr.Code = "23502"
)

// lockMode is how strongly a statement holds a table, to the end of its transaction.
type lockMode uint8

// Redshift's three kinds of table locks: readers meet writers, writers wait for writers, and LOCK or DDL is alone.
const (
	accessShare lockMode = iota + 1
	shareRowExclusive
	accessExclusive
)

func conflict(a, b lockMode) bool {
	return a == accessExclusive || b == accessExclusive || a == shareRowExclusive && b == shareRowExclusive
}

// owner is who holds locks: one session.
type owner struct {
	waiting *wanted // guarded by locks.mu
}

type wanted struct {
	key  string
	mode lockMode
}

// locks are the table locks of a warehouse. It is safe for concurrent use.
type locks struct {
	mu      sync.Mutex
	held    map[string]map[*owner]lockMode // guarded by mu
	changed chan struct{}                  // guarded by mu; closed and made anew when a lock is given back
}

func newLocks() *locks {
	return &locks{held: map[string]map[*owner]lockMode{}, changed: make(chan struct{})}
}

// acquire waits until o may hold key in mode. Two owners that wait for one another are 40P01 for the later one.
func (l *locks) acquire(ctx context.Context, o *owner, key string, mode lockMode) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer func() { o.waiting = nil }()
	for l.blocked(o, key, mode) {
		o.waiting = &wanted{key, mode}
		if l.cycle(o) {
			return pgerr.New(codeDeadlock, "deadlock detected").WithHint("take locks in the same order everywhere")
		}
		changed := l.changed
		l.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		}
		l.mu.Lock()
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	owners := l.held[key]
	if owners == nil {
		owners = map[*owner]lockMode{}
		l.held[key] = owners
	}
	owners[o] = max(owners[o], mode)
	return nil
}

// blocked reports whether another owner stands in the way. mu is held.
func (l *locks) blocked(o *owner, key string, mode lockMode) bool {
	for other, m := range l.held[key] {
		if other != o && conflict(mode, m) {
			return true
		}
	}
	return false
}

// cycle reports whether o waits for itself through others. mu is held.
func (l *locks) cycle(o *owner) bool {
	seen := map[*owner]bool{}
	var reaches func(from *owner) bool
	reaches = func(from *owner) bool {
		w := from.waiting
		if w == nil || seen[from] {
			return false
		}
		seen[from] = true
		for other, m := range l.held[w.key] {
			if other != from && conflict(w.mode, m) && (other == o || reaches(other)) {
				return true
			}
		}
		return false
	}
	return reaches(o)
}

// release gives back everything that o holds.
func (l *locks) release(o *owner) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, owners := range l.held {
		delete(owners, o)
		if len(owners) == 0 {
			delete(l.held, key)
		}
	}
	close(l.changed)
	l.changed = make(chan struct{})
}
