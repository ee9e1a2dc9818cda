package router

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// lookBack bounds how many generations are looked at for one that is hot-complete. Each step goes behind the oldest
// batch that was not hot in the one before, so a few are enough unless loading has been behind all the time.
const lookBack = 16

// tableSets bounds how many sets of tables are remembered.
const tableSets = 256

// hotComplete remembers, for the newest generation, the newest hot-complete ones.
type hotComplete struct {
	mu     sync.Mutex
	newest int64               // that found is for; guarded by mu
	found  map[string]complete // by the tables' names; guarded by mu
}

// complete is the newest generation that is hot-complete for some tables.
type complete struct {
	view *catalog.View // nil: none was found
	// since is when the tables' live files first changed after it; zero if they did not.
	since time.Time
}

// completeOf gives the newest generation up to newest that is hot-complete for all of the tables.
func (r *Router) completeOf(ctx context.Context, newest *catalog.View, tables []catalog.Name) (complete, error) {
	var b strings.Builder
	for _, t := range tables {
		b.WriteString(t.String() + "\x00")
	}
	key := b.String()
	r.complete.mu.Lock()
	defer r.complete.mu.Unlock()
	if r.complete.newest != newest.Generation || len(r.complete.found) >= tableSets {
		r.complete.newest, r.complete.found = newest.Generation, map[string]complete{}
	}
	if c, ok := r.complete.found[key]; ok {
		return c, nil
	}
	c, err := r.findComplete(ctx, newest, tables)
	if err == nil {
		r.complete.found[key] = c
	}
	return c, err
}

// HotComplete gives the newest generation, up to that of v, at which everything of a table that should be hot is, and
// how far behind it is; ok is false if there is none.
func (r *Router) HotComplete(ctx context.Context, v *catalog.View, table catalog.Name) (generation int64, behind time.Duration, ok bool, err error) {
	c, err := r.completeOf(ctx, v, []catalog.Name{table})
	if err != nil || c.view == nil {
		return 0, 0, false, err
	}
	return c.view.Generation, staleness(c.since), true, nil
}

func (r *Router) findComplete(ctx context.Context, newest *catalog.View, tables []catalog.Name) (complete, error) {
	v := newest
	for range lookBack {
		first, ok := firstPending(v, newest, tables)
		if !ok {
			return complete{}, nil
		}
		if first == 0 {
			_, since, err := r.o.Views.Changed(ctx, v.Generation, tables...)
			if err != nil {
				return complete{}, fmt.Errorf("read catalog: %w", err)
			}
			return complete{v, since}, nil
		}
		var err error
		if v, err = r.older(ctx, first-1); err != nil {
			return complete{}, err
		}
	}
	return complete{}, nil
}

// firstPending gives the oldest generation whose files keep v from being hot-complete, 0 if it is. ok is false if one
// of the tables is never hot or not what a statement of the newest generation was bound to.
func firstPending(v, newest *catalog.View, tables []catalog.Name) (first int64, ok bool) {
	for _, name := range tables {
		tv, now := v.Tables[name], newest.Tables[name]
		if tv == nil || now.Table.Hot == nil || tv.Table.SchemaVersion != now.Table.SchemaVersion {
			return 0, false
		}
		if g := tv.FirstPending(now); g != 0 && (first == 0 || g < first) {
			first = g
		}
	}
	return first, true
}

// fresher answers an interactive statement, whose newest data is not hot yet, at the newest hot-complete generation.
// Then d has become the decision about that one. A nil plan says that there is no such way, and hot says why.
func (d *decision) fresher(ctx context.Context, hot *candidate) (*engine.Plan, error) {
	limit := d.maxStaleness()
	if !hot.pending || d.latency != Interactive || d.req.Generation != 0 || limit <= 0 ||
		d.req.Statement.Hints.Engine == string(engine.RouteCold) {
		return nil, nil //nolint:nilnil // no plan is an answer
	}
	found, err := d.r.completeOf(ctx, d.view, d.names())
	if err != nil || found.view == nil {
		return nil, err
	}
	behind := staleness(found.since)
	if behind > limit {
		hot.why = fmt.Sprintf("%s, and generation %d, the newest that is hot-complete, is %s behind (max_staleness is %s)",
			hot.why, found.view.Generation, formatSpan(behind), limit)
		if d.hotOnly() == nil {
			hot.bar(hot.why)
		}
		return nil, nil //nolint:nilnil // as above
	}
	h, err := d.r.hold(ctx, found.view)
	if err != nil {
		return nil, err
	}
	o := d.r.decide(d.req, h)
	o.freshness = fmt.Sprintf("generation %d is hot-complete; the newest is %d, %s behind",
		h.view.Generation, h.newest.Generation, formatSpan(behind))
	p, err := o.planHot()
	if err != nil || p == nil {
		o.release()
		return nil, err
	}
	d.release()
	*d = *o
	return p, nil
}

// planHot makes the plan if it is a hot one, else none.
func (d *decision) planHot() (*engine.Plan, error) {
	if err := d.scanAll(); err != nil {
		return nil, err
	}
	d.preview()
	p, err := d.settle(d.candidates())
	if _, refused := errors.AsType[*pgerr.Error](err); refused || err == nil && p.Route != engine.RouteHot {
		return nil, nil //nolint:nilnil // the newest generation is the better answer
	}
	return p, err
}

// maxStaleness is the session's, else the strictest of the tables'.
func (d *decision) maxStaleness() time.Duration {
	if d.req.MaxStaleness >= 0 {
		return d.req.MaxStaleness
	}
	limit := catalog.DefaultMaxStaleness
	for i, s := range d.scans {
		if t := s.table.Table.Staleness(); i == 0 || t < limit {
			limit = t
		}
	}
	return limit
}

// staleness is how far behind a generation is whose successor changed the tables at since.
func staleness(since time.Time) time.Duration {
	if since.IsZero() {
		return 0
	}
	return max(0, time.Since(since))
}

// names are the statement's tables, each once.
func (d *decision) names() []catalog.Name {
	names := make([]catalog.Name, len(d.scans))
	for i, s := range d.scans {
		names[i] = s.table.Table.Name
	}
	slices.SortFunc(names, catalog.Name.Compare)
	return slices.Compact(names)
}

// formatSpan writes how far something is behind, in the unit that people would say.
func formatSpan(d time.Duration) string {
	switch d = d.Truncate(time.Second); {
	case d < 2*time.Minute:
		return fmt.Sprintf("%d s", int(d.Seconds()))
	case d < 2*time.Hour:
		return fmt.Sprintf("%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("%d h", int(d.Hours()))
}
