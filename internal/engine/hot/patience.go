package hot

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// How long a statement that another engine could answer waits for signs of the server. Together they are less than a
// second: a server that hangs must not cost a query more.
const (
	// connectPatience is for a connection.
	connectPatience = 500 * time.Millisecond
	// silence is how long nothing may come before the server is asked whether it is there.
	silence = 200 * time.Millisecond
	// answerPatience is for its answer to that.
	answerPatience = 250 * time.Millisecond
	// silenceAgain is how long nothing may come after it has answered.
	silenceAgain = time.Second
)

var (
	// errNotYet says that a connection is still being made; whoever makes it will tell if it cannot be.
	errNotYet = errors.New("the connection is still being made")
	// errSilent says that the server took a statement and answers nobody.
	errSilent = errors.New("the hot store is silent")
)

// open dials for a statement that holds a slot, and gives that back with an error. A statement that is impatient does
// not wait for a slow server: the connection is the next one's.
func (p *pool) open(ctx context.Context, use use, impatient bool) (*conn, error) {
	if !impatient {
		c, err := p.dial(ctx, use)
		if err != nil {
			p.slots <- struct{}{}
		}
		return c, err
	}
	type dialled struct {
		conn *conn
		err  error
	}
	done, left := make(chan dialled), make(chan struct{})
	dialCtx, stop := context.WithCancel(context.WithoutCancel(ctx)) // dial has a limit of its own
	p.work.Go(func() {
		select {
		case <-p.closing:
			stop()
		case <-dialCtx.Done():
		}
	})
	p.work.Go(func() {
		defer stop()
		c, err := p.dial(dialCtx, use)
		select {
		case done <- dialled{c, err}:
			return
		case <-left:
		}
		if err != nil {
			p.slots <- struct{}{}
			p.late(err)
			return
		}
		p.put(c)
	})
	timer := time.NewTimer(connectPatience)
	defer timer.Stop()
	select {
	case d := <-done:
		if d.err != nil {
			p.slots <- struct{}{}
		}
		return d.conn, d.err
	case <-timer.C:
		close(left)
		e := pgerr.New(pgerr.ConnectionFailure, "no connection to the hot store within %s", connectPatience)
		e.Err = errNotYet
		return nil, e
	case <-ctx.Done():
		close(left)
		return nil, context.Cause(ctx)
	}
}

// attend watches over a statement that c was given, until end. If nothing comes for a while and the server does not
// answer a question over another connection either, c is closed, so that whoever reads it goes on, and end says so.
func (e *Engine) attend(ctx context.Context, c *conn) (end func() (silent bool)) {
	ctx, stop := context.WithCancel(ctx)
	a := &attention{}
	a.again(silence, func() (again bool) {
		if !e.answers(ctx) && ctx.Err() == nil && a.decided.CompareAndSwap(false, true) {
			c.close()
			return false
		}
		return ctx.Err() == nil
	})
	return func() bool {
		stop()
		a.stop()
		return !a.decided.CompareAndSwap(false, true)
	}
}

// attention is a timer and no goroutine: most statements end long before it fires.
type attention struct {
	decided atomic.Bool // that the statement ended, or that the server is silent: whoever is first

	mu    sync.Mutex
	timer *time.Timer // guarded by mu
}

// again calls look after some time, and then as long as it says so.
func (a *attention) again(after time.Duration, look func() (again bool)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer = time.AfterFunc(after, func() {
		if look() {
			a.again(silenceAgain, look)
		}
	})
}

func (a *attention) stop() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.timer.Stop()
}

// attended is start that gives up on a silent server if another engine could answer the statement.
func (e *Engine) attended(ctx context.Context, c *conn, s engine.Statement) (*rows, error) {
	if !s.Replaceable {
		return e.start(ctx, c, s)
	}
	end := e.attend(ctx, c)
	r, err := e.start(ctx, c, s)
	if !end() {
		return r, err
	}
	if err == nil {
		r.finish(ctx, errSilent)
	}
	return nil, errSilent // the other error is of the connection that was closed for it
}

// answers asks the server over the connection of Watch. Without a Watch there is nobody who could ask.
func (e *Engine) answers(ctx context.Context) bool {
	if !e.watched.Load() {
		return true
	}
	ctx, stop := context.WithTimeout(ctx, answerPatience)
	defer stop()
	answer := make(chan bool, 1)
	select {
	case e.asked <- answer:
	case <-ctx.Done():
		return false
	}
	select {
	case there := <-answer:
		return there
	case <-ctx.Done():
		return false
	}
}
