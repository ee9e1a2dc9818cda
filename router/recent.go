package router

import (
	"slices"
	"sync"

	"tidegate/catalog"
	"tidegate/internal/pgerr"
)

// recentViews is how many generations a session can go back to. Views share what did not change.
const recentViews = 64

// recent keeps the newest generations that the router has seen, for repeatable transactions and for
// SET tidegate.generation.
type recent struct {
	mu    sync.Mutex
	views []*catalog.View // guarded by mu; ascending by generation
}

func (r *recent) keep(v *catalog.View) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.views); n > 0 && r.views[n-1].Generation >= v.Generation {
		return
	}
	r.views = append(r.views, v)
	if len(r.views) > recentViews {
		r.views = slices.Delete(r.views, 0, len(r.views)-recentViews)
	}
}

func (r *recent) newest() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.views) == 0 {
		return 0
	}
	return r.views[len(r.views)-1].Generation
}

func (r *recent) find(generation int64) (*catalog.View, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, v := range r.views {
		if v.Generation == generation {
			return v, nil
		}
	}
	err := pgerr.New(pgerr.ObjectNotInState, "generation %d is not kept", generation)
	if n := len(r.views); n > 0 {
		err = err.WithHint("kept are %d to %d; SET tidegate.generation = 0 reads the newest",
			r.views[0].Generation, r.views[n-1].Generation)
	}
	return nil, err
}
