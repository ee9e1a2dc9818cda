package hot

import (
	"context"
	"errors"
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

// pool keeps connections for one statement at a time.
type pool struct {
	dial  func(ctx context.Context) (*conn, error)
	late  func(err error) // told of a dial that failed after its statement had gone elsewhere
	slots chan struct{}   // one per connection that may be open

	work    sync.WaitGroup // statements and dials that were left and are brought to their end
	closing chan struct{}  // closed by close

	mu     sync.Mutex
	idle   []*conn // guarded by mu; the last used is last
	closed bool    // guarded by mu
}

func newPool(size int, dial func(ctx context.Context) (*conn, error), late func(error)) *pool {
	p := &pool{dial: dial, late: late, closing: make(chan struct{}), slots: make(chan struct{}, size)}
	for range size {
		p.slots <- struct{}{}
	}
	return p
}

// acquire gives a connection; fresh asks for a new one. reused tells that the server may have closed it meanwhile. An
// impatient statement has somewhere else to go.
func (p *pool) acquire(ctx context.Context, fresh, impatient bool) (c *conn, reused bool, err error) {
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
	c, err = p.take(fresh)
	if c != nil || err != nil {
		return c, c != nil, err
	}
	if c, err = p.open(ctx, impatient); err != nil {
		if ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		return nil, false, err
	}
	return c, false, nil
}

// take gives an idle connection, or nil.
func (p *pool) take(fresh bool) (*conn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		p.slots <- struct{}{}
		return nil, errClosed
	}
	for len(p.idle) > 0 {
		c := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		if !fresh && time.Since(c.made) < maxAge && time.Since(c.idle) < maxIdle {
			return c, nil
		}
		c.close()
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
