package router

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"tidegate/catalog"
	"tidegate/internal/pgerr"
)

// held is a generation in the hands of a statement.
type held struct {
	view *catalog.View
	// newest is the newest generation after view was pinned. Hot rows that are covered in it stay until release: to be
	// purged they must be withdrawn first, by a later generation, which then waits for the pin.
	newest  *catalog.View
	release func() // may be called again
}

// pinTries bounds how often pin chases a catalog that changes under it.
const pinTries = 100

// pin holds a generation, 0 for the newest: then it is pinned only when it was still the newest afterwards. likely may be
// nil, or a generation that the newest is likely to be.
func (r *Router) pin(ctx context.Context, generation int64, likely *catalog.View) (held, error) {
	for try := range pinTries {
		v := likely
		if v == nil || try > 0 || generation != 0 && generation != v.Generation {
			var err error
			if v, err = r.viewAt(ctx, generation); err != nil {
				return held{}, err
			}
		}
		h, err := r.hold(ctx, v)
		if errors.Is(err, catalog.ErrNoGeneration) {
			if generation == 0 { // likely was too old
				continue
			}
			return held{}, noGeneration(generation)
		}
		if err != nil {
			return held{}, err
		}
		if generation != 0 || h.newest.Generation == v.Generation {
			return h, nil
		}
		h.release()
	}
	return held{}, pgerr.New(pgerr.CannotConnectNow, "the catalog changes faster than a statement can begin")
}

// Hold gives the newest generation. Its hot rows stay where they are until release.
func (r *Router) Hold(ctx context.Context) (v *catalog.View, release func(), err error) {
	h, err := r.pin(ctx, 0, nil)
	return h.view, h.release, err
}

// hold pins v first and then looks what the newest generation is.
func (r *Router) hold(ctx context.Context, v *catalog.View) (held, error) {
	unpin, err := r.o.Pins.Pin(v.Generation)
	if err != nil {
		return held{}, err
	}
	release := sync.OnceFunc(unpin)
	newest, err := r.newest(ctx)
	if err != nil {
		release()
		return held{}, err
	}
	return held{v, newest, release}, nil
}

func (r *Router) newest(ctx context.Context) (*catalog.View, error) {
	v, err := r.o.Views.View(ctx)
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	return v, nil
}
