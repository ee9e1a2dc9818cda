package hot

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"tidegate/internal/pgerr"
)

const (
	// A connection made with temporary credentials must not outlive them by much, and load balancers forget idle ones.
	maxAge  = 45 * time.Minute
	maxIdle = 10 * time.Minute
	// busyWait is how long a statement waits for a connection before it is answered elsewhere.
	busyWait = 3 * time.Second
)

var errClosed = errors.New("the hot engine is closed")

// pool keeps connections for one statement at a time, and lends them to sessions for longer.
type pool struct {
	dial  func(ctx context.Context, use use) (*conn, error)
	late  func(err error) // told of a dial that failed after its statement had gone elsewhere
	slots chan struct{}   // one per connection that may be open
	kept  chan struct{}   // one per connection that sessions may keep: one less, so that others are answered

	work    sync.WaitGroup // statements and dials that were left and are brought to their end
	closing chan struct{}  // closed by close

	mu     sync.Mutex
	idle   []*conn // guarded by mu; the last used is last
	closed bool    // guarded by mu
}

func newPool(size int, dial func(ctx context.Context, use use) (*conn, error), late func(error)) *pool {
	p := &pool{
		dial: dial, late: late, closing: make(chan struct{}),
		slots: make(chan struct{}, size), kept: make(chan struct{}, size-1),
	}
	for range size {
		p.slots <- struct{}{}
	}
	for range size - 1 {
		p.kept <- struct{}{}
	}
	return p
}

// keep counts a connection that a session keeps.
func (p *pool) keep() error {
	select {
	case <-p.kept:
		return nil
	default:
		return pgerr.New(pgerr.TooManyConnections, "all %d connections to the hot store that sessions may keep are taken", cap(p.kept)).
			WithHint("raise hot.pool, which is %d: one connection is left for everybody else", cap(p.slots))
	}
}

func (p *pool) unkeep() { p.kept <- struct{}{} }

// acquire gives a connection; fresh asks for a new one. reused tells that the server may have closed it meanwhile. An
// impatient statement has somewhere else to go.
func (p *pool) acquire(ctx context.Context, use use, fresh, impatient bool) (c *conn, reused bool, err error) {
	wait := busyWait
	if impatient {
		wait = connectPatience
	}
	busy := time.NewTimer(wait)
	defer busy.Stop()
	select {
	case <-p.slots:
	case <-ctx.Done():
		return nil, false, context.Cause(ctx)
	case <-busy.C:
		return nil, false, pgerr.New(pgerr.TooManyConnections, "all %d connections to the hot store are busy", cap(p.slots)).
			WithHint("raise hot.pool, or close cursors that are not read")
	}
	c, err = p.take(use, fresh)
	if c != nil || err != nil {
		return c, c != nil, err
	}
	if c, err = p.open(ctx, use, impatient); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, false, err
	}
	return c, false, nil
}

// take gives an idle connection, or nil. Idle ones of another use are in the way of a new one: one is closed.
func (p *pool) take(use use, fresh bool) (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.slots <- struct{}{}
		return nil, errClosed
	}
	for i, c := range slices.Backward(p.idle) {
		if c.use != use {
			continue
		}
		p.idle = slices.Delete(p.idle, i, i+1)
		if !fresh && time.Since(c.made) < maxAge && time.Since(c.idle) < maxIdle {
			return c, nil
		}
		c.close()
	}
	if inUse := cap(p.slots) - len(p.slots); len(p.idle) > 0 && len(p.idle)+inUse > cap(p.slots) {
		p.idle[0].close()
		p.idle = slices.Delete(p.idle, 0, 1)
	}
	return nil, nil
}

// put takes back a connection whose last answer was read to its end.
func (p *pool) put(c *conn) {
	c.in.shrink()
	c.idle = time.Now()
	p.mu.Lock()
	if p.closed || time.Since(c.made) > maxAge {
		c.close()
	} else {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	p.slots <- struct{}{}
}

// drop takes back a connection that is of no use any more.
func (p *pool) drop(c *conn) {
	c.close()
	p.slots <- struct{}{}
}

// abandon ends the statement that c works at, without waiting for it, and takes c back.
func (p *pool) abandon(ctx context.Context, c *conn) {
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), cancelTimeout)
	p.work.Go(func() {
		defer stop()
		deadline, _ := ctx.Deadline()
		err := c.link.SetDeadline(deadline)
		if err == nil {
			// The request has arrived when this returns: it cannot hit the connection's next statement.
			err = c.cancel(ctx)
		}
		if err == nil {
			_, err = c.settle()
		}
		if err == nil {
			err = c.link.SetDeadline(time.Time{})
		}
		if err != nil {
			p.drop(c)
			return
		}
		p.put(c)
	})
}

// close closes what is idle now and the rest when it is given back.
func (p *pool) close() {
	p.mu.Lock()
	if !p.closed {
		p.closed = true
		close(p.closing)
	}
	for _, c := range p.idle {
		c.close()
	}
	p.idle = nil
	p.mu.Unlock()
	p.work.Wait()
}
