package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"tidegate/catalog"
	"tidegate/internal/pgerr"
)

// recentViews is how many older generations are kept in memory. Views share what did not change, so one costs the
// tables that did.
const recentViews = 8

// recent holds the older generations that statements read last.
type recent struct {
	mu    sync.Mutex
	views []*catalog.View // guarded by mu; the last used is last
}

func (r *recent) find(generation int64) *catalog.View {
	r.mu.Lock()
	defer r.mu.Unlock()
	i := slices.IndexFunc(r.views, func(v *catalog.View) bool { return v.Generation == generation })
	if i < 0 {
		return nil
	}
	v := r.views[i]
	r.views = append(slices.Delete(r.views, i, i+1), v)
	return v
}

func (r *recent) keep(v *catalog.View) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if slices.ContainsFunc(r.views, func(old *catalog.View) bool { return old.Generation == v.Generation }) {
		return // another statement was faster
	}
	r.views = append(r.views, v)
	if len(r.views) > recentViews {
		r.views = slices.Delete(r.views, 0, 1)
	}
}

// viewAt gives a generation by its number, 0 for the newest.
func (r *Router) viewAt(ctx context.Context, generation int64) (*catalog.View, error) {
	newest, err := r.newest(ctx)
	if err != nil || generation == 0 || generation == newest.Generation {
		return newest, err
	}
	return r.older(ctx, generation)
}

func (r *Router) older(ctx context.Context, generation int64) (*catalog.View, error) {
	if v := r.recent.find(generation); v != nil {
		return v, nil
	}
	v, err := r.o.Views.ViewAt(ctx, generation)
	if errors.Is(err, catalog.ErrNoGeneration) {
		return nil, noGeneration(generation)
	}
	if err != nil {
		return nil, fmt.Errorf("read catalog: %w", err)
	}
	r.recent.keep(v)
	return v, nil
}

func noGeneration(generation int64) error {
	return pgerr.New(pgerr.ObjectNotInState, "there is no generation %d", generation).
		WithHint("SET tidegate.generation = 0 reads the newest; tidegate.tables has its number; old ones are collected as garbage")
}
