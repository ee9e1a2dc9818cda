// Package admission decides which statements may run now, so that together they need no more memory and computing than
// there is: one statement that runs out of memory takes others with it.
//
// A Gate counts; an Engine is another engine behind a gate. What must wait does so in a queue of its role, and the roles
// take turns.
package admission

import (
	"context"
	"slices"
	"sync"
	"time"

	"tidegate/internal/pgerr"
)

// Options are the limits of a Gate.
type Options struct {
	// Memory is how many bytes the statements behind the gate may be expected to need together.
	Memory int64
	// Running is how many of them compute at a time. A large one, which needs more than Memory/16, is let in only while
	// that leaves a quarter of these places to small ones.
	Running int
	// Queue is how many statements of a role may wait, and Wait how long each.
	Queue int
	Wait  time.Duration
}

// Asker is for whom a statement runs.
type Asker struct {
	Role string // whose turn it is
	PID  int32  // of the session
}

// overtaken is how many statements may go before one that came earlier and does not fit yet; then nobody does.
const overtaken = 32

// Gate lets statements in. It is safe for concurrent use.
type Gate struct {
	o Options

	mu       sync.Mutex
	running  int     // guarded by mu
	large    int     // of running; guarded by mu
	reserved int64   // guarded by mu
	resuming []*wait // had begun before; guarded by mu
	roles    []*role // that have somebody waiting, whose turn it is first; guarded by mu
	stats    Stats   // but for what is counted above; guarded by mu
}

type role struct {
	name  string
	queue []*wait // never empty
}

// wait is a statement that waits.
type wait struct {
	claim     *Claim
	memory    int64 // to reserve beside what it has
	admitted  chan struct{}
	began     time.Time
	overtaken int
}

// Stats are what a gate has counted.
type Stats struct {
	Running, Waiting int
	Reserved         int64 // bytes
	Admitted         int64
	Refused          int64         // the queue was full, or the wait too long
	Waited           time.Duration // all together
}

// NewGate makes a gate.
func NewGate(o Options) *Gate { return &Gate{o: o} }

// Claim is what a statement has behind the gate, from Enter to Leave. It belongs to one goroutine at a time.
type Claim struct {
	g       *Gate
	asker   Asker
	memory  int64 // what it needs while it runs
	held    int64 // reserved now; guarded by g.mu
	running bool  // guarded by g.mu
}

func (c *Claim) large() bool { return c.memory > c.g.o.Memory/16 }

// Enter waits until a statement that needs memory may run. It gives 53300 when too many wait or it has waited too long.
// More memory than there is means all of it: the engine has to do with that.
func (g *Gate) Enter(ctx context.Context, a Asker, memory int64) (*Claim, error) {
	c := &Claim{g: g, asker: a, memory: min(memory, g.o.Memory)}
	return c, g.let(ctx, c, c.memory, false)
}

// Pause says that the statement does not compute for now and keeps kept bytes.
func (c *Claim) Pause(kept int64) {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	c.giveBack(min(kept, c.held))
}

// Resume waits until the statement may compute again, before all that have not begun.
func (c *Claim) Resume(ctx context.Context) error {
	c.g.mu.Lock()
	more, running := c.memory-c.held, c.running
	c.g.mu.Unlock()
	if running {
		return nil
	}
	return c.g.let(ctx, c, more, true)
}

// Leave gives everything back. It may be called more than once.
func (c *Claim) Leave() {
	c.g.mu.Lock()
	defer c.g.mu.Unlock()
	c.giveBack(0)
}

// giveBack is for the holder of the lock.
func (c *Claim) giveBack(kept int64) {
	g := c.g
	if c.running {
		c.running = false
		g.running--
		if c.large() {
			g.large--
		}
	}
	g.reserved -= c.held - kept
	c.held = kept
	g.admit()
}

// let waits until c may run with more memory.
func (g *Gate) let(ctx context.Context, c *Claim, more int64, begun bool) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w := &wait{claim: c, memory: more, admitted: make(chan struct{})}
	g.mu.Lock()
	if len(g.roles) == 0 && len(g.resuming) == 0 && g.fits(w) {
		g.take(w)
		g.mu.Unlock()
		return nil
	}
	if !g.enqueue(w, begun) {
		g.stats.Refused++
		g.mu.Unlock()
		return refusal("too many statements are waiting for memory and processors").
			WithDetail("%d statements of %q wait.", g.o.Queue, c.asker.Role)
	}
	g.mu.Unlock()
	return g.await(ctx, w)
}

func refusal(message string) *pgerr.Error {
	return pgerr.New(pgerr.TooManyConnections, "%s", message).
		WithHint("Ask again later, narrow the statement by time, or raise limits.memory, limits.queries or limits.queue.")
}

// enqueue is for the holder of the lock. It is false if the queue is full.
func (g *Gate) enqueue(w *wait, begun bool) bool {
	w.began = time.Now()
	if begun {
		g.resuming = append(g.resuming, w)
	} else {
		i := slices.IndexFunc(g.roles, func(r *role) bool { return r.name == w.claim.asker.Role })
		switch {
		case i >= 0 && len(g.roles[i].queue) >= g.o.Queue, g.o.Queue == 0:
			return false
		case i < 0:
			i = len(g.roles)
			g.roles = append(g.roles, &role{name: w.claim.asker.Role})
		}
		g.roles[i].queue = append(g.roles[i].queue, w)
	}
	g.stats.Waiting++
	g.admit() // it may be small enough to go before others
	return true
}

// await waits for an enqueued statement's turn.
func (g *Gate) await(ctx context.Context, w *wait) error {
	patience := time.NewTimer(g.o.Wait)
	defer patience.Stop()
	var err error
	select {
	case <-w.admitted:
		return nil
	case <-ctx.Done():
		err = context.Cause(ctx)
	case <-patience.C:
		err = refusal("a statement waited too long for memory and processors").WithDetail("It waited %v.", g.o.Wait)
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	select {
	case <-w.admitted: // at the same moment
		return nil
	default:
	}
	if ctx.Err() == nil {
		g.stats.Refused++
	}
	g.forget(w)
	g.admit() // it may have been in the way
	return err
}

// forget is for the holder of the lock: w does not wait any more.
func (g *Gate) forget(w *wait) {
	g.stats.Waiting--
	g.stats.Waited += time.Since(w.began)
	if i := slices.Index(g.resuming, w); i >= 0 {
		g.resuming = slices.Delete(g.resuming, i, i+1)
		return
	}
	for i, r := range g.roles {
		if k := slices.Index(r.queue, w); k >= 0 {
			if r.queue = slices.Delete(r.queue, k, k+1); len(r.queue) == 0 {
				g.roles = slices.Delete(g.roles, i, i+1)
			}
			return
		}
	}
}

// admit is for the holder of the lock: it lets in who may come now.
func (g *Gate) admit() {
	for {
		w := g.next()
		if w == nil {
			return
		}
		g.forget(w)
		g.take(w)
		close(w.admitted)
	}
}

// next chooses who comes in now, nil for nobody. The role that is chosen goes behind the others.
func (g *Gate) next() *wait {
	if len(g.resuming) > 0 {
		if w := g.resuming[0]; g.fits(w) {
			return w
		}
		return nil // what has begun shall end before others begin
	}
	var passed []*wait
	for i, r := range g.roles {
		for _, w := range r.queue {
			if g.fits(w) {
				for _, p := range passed {
					p.overtaken++
				}
				g.roles = append(slices.Delete(g.roles, i, i+1), r)
				return w
			}
			if w.overtaken >= overtaken {
				return nil
			}
			passed = append(passed, w)
		}
	}
	return nil
}

// fits reports whether w may run now. Something always may, or what waits in paused results could stop everything.
func (g *Gate) fits(w *wait) bool {
	switch {
	case g.running == 0:
		return true
	case g.running >= g.o.Running:
		return false
	case w.claim.large() && g.large >= max(1, g.o.Running-max(1, g.o.Running/4)):
		return false
	}
	return g.reserved+w.memory <= g.o.Memory
}

// take is for the holder of the lock.
func (g *Gate) take(w *wait) {
	c := w.claim
	c.running = true
	c.held += w.memory
	g.running++
	if c.large() {
		g.large++
	}
	g.reserved += w.memory
	g.stats.Admitted++
}

// Stats gives what was counted.
func (g *Gate) Stats() Stats {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.stats
	s.Running, s.Reserved = g.running, g.reserved
	return s
}

// Waits reports whether a statement of a session waits.
func (g *Gate) Waits(pid int32) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	is := func(w *wait) bool { return w.claim.asker.PID == pid }
	return slices.ContainsFunc(g.resuming, is) || slices.ContainsFunc(g.roles, func(r *role) bool { return slices.ContainsFunc(r.queue, is) })
}
