// Package upkeep brings something up to date that takes a while to build, beside those who use what was built before.
package upkeep

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"
)

// State says what something was built of. It is immutable.
type State[S any] interface {
	// Covers reports whether what was built of the receiver is all that want asks for.
	Covers(want S) bool
	// Serves reports whether it may be used while want is built.
	Serves(want S) bool
}

// patience is how long somebody waits for a build that he could do without: most end before.
const patience = 200 * time.Millisecond

// ErrClosed is the error of those who ask after Close.
var ErrClosed = errors.New("closed")

// Kept is what was built last, and the build that runs. It is safe for concurrent use, and nothing is locked during a build.
type Kept[S State[S]] struct {
	begin func(want S) func(ctx context.Context) error
	last  atomic.Pointer[S]

	mu      sync.Mutex
	running *build // nil: none; guarded by mu
	closed  bool   // guarded by mu
}

type build struct {
	stop context.CancelCauseFunc
	done chan struct{}
	err  error // once done is closed
}

// New gives what has not been built yet. begin is called by whoever asks, and gives what is then done beside him.
func New[S State[S]](begin func(want S) func(ctx context.Context) error) *Kept[S] {
	return &Kept[S]{begin: begin}
}

// Ask returns when what want says is built, or is being built and what is there may be used meanwhile. want is asked again
// after each build: it may have grown.
func (k *Kept[S]) Ask(ctx context.Context, want func() S) error {
	return k.ask(ctx, want, patience)
}

// Build returns when what want says is built, whatever may be used meanwhile.
func (k *Kept[S]) Build(ctx context.Context, want func() S) error {
	return k.ask(ctx, want, 0)
}

// ask waits, for no longer than the time given, if it is not 0, for what it could do without.
func (k *Kept[S]) ask(ctx context.Context, want func() S, atMost time.Duration) error {
	var leave <-chan time.Time
	for {
		b, serves, err := k.start(ctx, want)
		if b == nil || err != nil {
			return err
		}
		if serves && atMost > 0 && leave == nil {
			leave = time.After(atMost)
		} else if !serves {
			leave = nil
		}
		select {
		case <-b.done:
			if b.err != nil {
				return b.err
			}
		case <-leave:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// start gives the build that runs, perhaps of what another one wants, or begins one; nil: what is wanted is there. serves
// reports whether what is there may be used meanwhile.
func (k *Kept[S]) start(ctx context.Context, want func() S) (b *build, serves bool, err error) {
	if last := k.last.Load(); last != nil && (*last).Covers(want()) {
		return nil, true, nil
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	wanted := want() // now: of two builds, the later one is never of something older
	last := k.last.Load()
	switch {
	case last != nil && (*last).Covers(wanted):
		return nil, true, nil
	case k.closed:
		return nil, false, ErrClosed
	}
	serves = last != nil && (*last).Serves(wanted)
	if k.running != nil {
		return k.running, serves, nil
	}
	ctx, stop := context.WithCancelCause(context.WithoutCancel(ctx)) // it outlives whoever begins it
	b = &build{stop: stop, done: make(chan struct{})}
	k.running = b
	work := k.begin(wanted)
	go func() {
		defer close(b.done)
		defer stop(nil)
		b.err = safely(ctx, work)
		k.mu.Lock()
		defer k.mu.Unlock()
		if b.err == nil {
			k.last.Store(&wanted)
		}
		k.running = nil
	}()
	return b, serves, nil
}

// safely makes a panic an error: no session would catch it here.
func safely(ctx context.Context, work func(ctx context.Context) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
		}
	}()
	return work(ctx)
}

// Close ends the build that runs, waits for its end, and begins no other.
func (k *Kept[S]) Close() error {
	k.mu.Lock()
	k.closed = true
	b := k.running
	k.mu.Unlock()
	if b != nil {
		b.stop(ErrClosed)
		<-b.done
	}
	return nil
}
