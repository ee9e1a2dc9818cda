package hotload

import (
	"context"
	"fmt"
	"sync"

	"tidegate/catalog"
)

// Pins are the generations that readers of this process hold. The zero value has none and is ready for use.
//
// A reader pins the generation of its view and then looks at the newest: it reads only what counts there, too. What a
// later generation withdraws is purged only after Wait, which sees the pin.
type Pins struct {
	mu      sync.Mutex
	held    map[int64]int // generation → readers
	horizon int64         // what is older is not held
	changed chan struct{} // closed when a generation loses its last reader and somebody waits
}

// Pin holds a generation until release, which may be called more than once. ErrNoGeneration if it is below the horizon.
func (p *Pins) Pin(generation int64) (release func(), err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if generation < p.horizon {
		return nil, fmt.Errorf("%w: %d, the oldest is %d", catalog.ErrNoGeneration, generation, p.horizon)
	}
	if p.held == nil {
		p.held = map[int64]int{}
	}
	p.held[generation]++
	return sync.OnceFunc(func() { p.release(generation) }), nil
}

// Oldest raises the horizon and gives the oldest generation that is held from then on: newest, if there is none older.
func (p *Pins) Oldest(horizon, newest int64) int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.horizon = max(p.horizon, horizon)
	for generation := range p.held {
		newest = min(newest, generation)
	}
	return newest
}

func (p *Pins) release(generation int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held[generation]--
	if p.held[generation] > 0 {
		return
	}
	delete(p.held, generation)
	if p.changed != nil {
		close(p.changed)
		p.changed = nil
	}
}

// Wait returns when no reader holds a generation older than this one, or ctx ends.
func (p *Pins) Wait(ctx context.Context, generation int64) error {
	for {
		changed := p.older(generation)
		if changed == nil {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// older gives nil if no older generation is held, else a channel that is closed with the next change.
func (p *Pins) older(generation int64) <-chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	for held := range p.held {
		if held < generation {
			if p.changed == nil {
				p.changed = make(chan struct{})
			}
			return p.changed
		}
	}
	return nil
}
