package auth

import (
	"net/netip"
	"sync"
	"time"
)

// What guessing costs: the first failures of an address are free, each further one doubles the wait before the next
// attempt, and a minute without one forgets one.
const (
	freeFailures = 5
	firstWait    = 100 * time.Millisecond
	longestWait  = 3200 * time.Millisecond
	worst        = freeFailures + 6 // from here the wait is the longest
	forgets      = time.Minute
	// addresses is how many are remembered. Who has more of them than this makes us forget others.
	addresses = 4096
)

// Backoff makes addresses wait that have guessed passwords wrongly. The attempts of one address wait in a row, so
// that many at once are no faster. The zero value is ready.
type Backoff struct {
	mu   sync.Mutex
	seen map[netip.Addr]*guesses // guarded by mu
}

type guesses struct {
	failures int
	since    time.Time // of the failures' count
	free     time.Time // the next attempt may begin then
}

// Wait gives how long an attempt from an address has to wait, and keeps the place in the row.
func (b *Backoff) Wait(from netip.Addr, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	g := b.seen[network(from)]
	if g == nil || g.forget(now) < freeFailures {
		return 0
	}
	if g.free.Before(now) {
		g.free = now
	}
	g.free = g.free.Add(min(firstWait<<(g.failures-freeFailures), longestWait))
	return g.free.Sub(now)
}

// Failed counts a wrong password.
func (b *Backoff) Failed(from netip.Addr, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	from = network(from)
	g := b.seen[from]
	if g == nil {
		b.makeRoom(now)
		g = &guesses{since: now}
		b.seen[from] = g
	}
	g.failures = min(g.forget(now)+1, worst)
}

// makeRoom forgets addresses that have not failed for long, else the one that is longest ago.
func (b *Backoff) makeRoom(now time.Time) {
	if b.seen == nil {
		b.seen = map[netip.Addr]*guesses{}
	}
	if len(b.seen) < addresses {
		return
	}
	var oldest netip.Addr
	for a, g := range b.seen {
		if g.forget(now) == 0 {
			delete(b.seen, a)
		} else if o := b.seen[oldest]; o == nil || g.since.Before(o.since) {
			oldest = a
		}
	}
	if len(b.seen) >= addresses {
		delete(b.seen, oldest)
	}
}

// forget takes time off the count and gives what is left.
func (g *guesses) forget(now time.Time) int {
	if n := int(now.Sub(g.since) / forgets); n > 0 {
		g.failures = max(g.failures-n, 0)
		g.since = g.since.Add(time.Duration(n) * forgets)
	}
	return g.failures
}

// network is what counts as one address: of IPv6 the 64 bits that one customer gets.
func network(a netip.Addr) netip.Addr {
	a = a.Unmap()
	if a.Is6() {
		if p, err := a.Prefix(64); err == nil {
			return p.Addr()
		}
	}
	return a
}
