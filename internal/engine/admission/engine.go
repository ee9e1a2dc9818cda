package admission

import (
	"context"
	"errors"
	"sync"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// Engine is an engine whose statements are let in one by one. It is safe for concurrent use.
type Engine struct {
	inner engine.Engine
	gate  *Gate
}

var _ engine.Engine = (*Engine)(nil)

// New puts an engine behind a gate. Several may share one.
func New(inner engine.Engine, gate *Gate) *Engine { return &Engine{inner: inner, gate: gate} }

// leastMemory is what a statement is expected to need of which nothing is known, and largestShare the share of all
// memory that one is given at first: what sorts, groups and joins goes to the disk beyond that.
const (
	leastMemory  = 16 << 20
	largestShare = 4
)

// idleAfter is how long nobody reads a result before its place is given to others: it computes nothing then.
const idleAfter = 200 * time.Millisecond

// Describe gives the columns of a statement's result. It reads no data, so it need not wait.
func (e *Engine) Describe(ctx context.Context, s engine.Statement) ([]engine.Column, error) {
	return e.inner.Describe(ctx, s)
}

// Query starts a statement when there is room for it. If it runs out of memory before its first row has left, it is
// run once more, alone.
func (e *Engine) Query(ctx context.Context, s engine.Statement) (engine.Rows, error) {
	r := &rows{ctx: ctx, e: e, s: s}
	if err := r.start(e.reserves(s)); err != nil {
		return nil, err
	}
	return r, nil
}

// reserves is how much memory a statement is given at first.
func (e *Engine) reserves(s engine.Statement) int64 {
	return max(min(s.Memory.Peak, e.gate.o.Memory/largestShare), leastMemory)
}

// Forecast gives the bytes that a statement reserves before it starts, and how many statements run and wait now.
func (e *Engine) Forecast(s engine.Statement) (memory int64, running, waiting int) {
	stats := e.gate.Stats()
	return min(e.reserves(s), e.gate.o.Memory), stats.Running, stats.Waiting
}

// rows are inner's, with the claim of the statement.
type rows struct {
	ctx   context.Context //nolint:containedctx // the statement's: Next may have to start it again
	e     *Engine
	s     engine.Statement
	left  bool // a row has left: the statement cannot be run again
	again bool // it was run again
	end   error

	engine.Rows
	claim *Claim

	timer *time.Timer // nil before the first chunk
	mu    sync.Mutex
	busy  bool // the claim is its Next's or Close's; else the timer may pause it; guarded by mu
}

// start lets the statement in and starts it.
func (r *rows) start(memory int64) error {
	claim, err := r.e.gate.Enter(r.ctx, Asker{Role: r.s.Asker.Role, PID: r.s.Asker.PID}, memory)
	if err != nil {
		return err
	}
	inner, err := r.e.inner.Query(r.ctx, r.s)
	if err == nil {
		r.Rows, r.claim = inner, claim
		return nil
	}
	claim.Leave()
	if r.again || !outOfMemory(err) || r.ctx.Err() != nil {
		return err
	}
	r.again = true
	return r.start(r.e.gate.o.Memory)
}

func outOfMemory(err error) bool { return pgerr.CodeOf(err) == pgerr.OutOfMemory }

// Next gives the next chunk, or io.EOF after the last.
func (r *rows) Next(ctx context.Context) (*engine.Chunk, error) {
	if r.end != nil {
		return nil, r.end
	}
	r.enter()
	chunk, err := r.next(ctx)
	if err != nil {
		r.end = err
		r.claim.Leave()
		return nil, err
	}
	r.left = true
	r.leave()
	return chunk, nil
}

func (r *rows) next(ctx context.Context) (*engine.Chunk, error) {
	if err := r.claim.Resume(ctx); err != nil {
		return nil, err
	}
	chunk, err := r.Rows.Next(ctx)
	if !outOfMemory(err) || r.left || r.again || r.ctx.Err() != nil {
		return chunk, err
	}
	if err := r.restart(err); err != nil {
		return nil, err
	}
	return r.Rows.Next(ctx)
}

// restart runs the statement once more. failure is why.
func (r *rows) restart(failure error) error {
	r.again = true
	err := r.Rows.Close()
	r.claim.Leave()
	if err != nil {
		return errors.Join(failure, err)
	}
	return r.start(r.e.gate.o.Memory)
}

// enter takes the claim for whoever calls.
func (r *rows) enter() {
	if r.timer != nil {
		r.timer.Stop()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = true
}

// leave has the claim paused if nobody reads for a while.
func (r *rows) leave() {
	r.mu.Lock()
	r.busy = false
	r.mu.Unlock()
	if r.timer == nil {
		r.timer = time.AfterFunc(idleAfter, r.pause)
	} else {
		r.timer.Reset(idleAfter)
	}
}

func (r *rows) pause() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.busy {
		r.claim.Pause(r.s.Memory.Held)
	}
}

// Close ends the work and gives the claim back. It may be called more than once.
func (r *rows) Close() error {
	r.enter()
	err := r.Rows.Close()
	r.claim.Leave()
	return err
}
