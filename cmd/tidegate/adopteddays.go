package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/etl/adopt"
	"tidegate/internal/engine/hot"
	"tidegate/internal/logkey"
)

// adoptedDays keeps the comparison of adopted tables with the warehouse true: of new files at once, after the warehouse
// was away, and every so often because others write into it.
type adoptedDays struct {
	comparer *adopt.Comparer
	store    adopt.Store
	engine   *hot.Engine
	log      *slog.Logger

	comparing sync.Mutex // held while a table is compared

	mu sync.Mutex
	// lost is hot.Engine.Lost when the newest comparison of a table began; guarded by mu.
	lost map[catalog.Name]int
	// complete are the tables as they were when nothing of them was pending; guarded by mu.
	complete map[catalog.Name]*catalog.TableView
	failed   map[catalog.Name]time.Time // guarded by mu
}

// The share of the cache that one statement of a comparison may need, and how long one that failed is left alone.
const (
	compareShare = 4
	compareAgain = 15 * time.Second
)

func (p *parts) newAdoptedDays(h *hotStore, e *hot.Engine) *adoptedDays {
	dialect := adopt.PostgreSQL
	if hot.Kind(p.Hot.Kind) == hot.Redshift {
		dialect = adopt.Redshift
	}
	return &adoptedDays{
		comparer: &adopt.Comparer{
			Store: p.store, Cold: h.cold, Path: h.cold.Path, Hot: e, Dialect: dialect, MaxBytes: p.cacheBytes() / compareShare, Log: p.log,
		},
		store: p.store, engine: e, log: p.log,
		lost: map[catalog.Name]int{}, complete: map[catalog.Name]*catalog.TableView{}, failed: map[catalog.Name]time.Time{},
	}
}

// distrust says why a table's days do not count now: the warehouse was away, or nobody has compared them for long.
// What an earlier process compared counts as if this one had.
func (a *adoptedDays) distrust(tv *catalog.TableView) string {
	a.mu.Lock()
	lost := a.lost[tv.Table.Name]
	a.mu.Unlock()
	if lost != a.engine.Lost() {
		return fmt.Sprintf("the warehouse was away since the days of %s were compared", tv.Table.Name)
	}
	if age := time.Since(tv.Hot.Days.Verified); age > 2*tv.Table.Adopt.Verify {
		return fmt.Sprintf("the days of %s were last compared %s ago", tv.Table.Name, age.Round(time.Second))
	}
	return ""
}

// tables gives the adopted tables that have a hot side, by name.
func (a *adoptedDays) tables(ctx context.Context) ([]*catalog.TableView, error) {
	v, err := a.store.View(ctx)
	if err != nil {
		return nil, err
	}
	return withHotSide(v), nil
}

func adoptedTables(v *catalog.View) []*catalog.TableView {
	all := slices.DeleteFunc(slices.Collect(maps.Values(v.Tables)), func(tv *catalog.TableView) bool { return tv.Table.Adopt == nil })
	slices.SortFunc(all, func(a, b *catalog.TableView) int {
		return a.Table.Name.Compare(b.Table.Name)
	})
	return all
}

// compareAll compares every table, whether it is time to or not.
func (a *adoptedDays) compareAll(ctx context.Context) error {
	tables, err := a.tables(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, tv := range tables {
		errs = append(errs, a.compare(ctx, tv.Table.Name))
	}
	return errors.Join(errs...)
}

func (a *adoptedDays) compare(ctx context.Context, name catalog.Name) error {
	a.comparing.Lock()
	defer a.comparing.Unlock()
	lost := a.engine.Lost()
	err := a.comparer.Compare(ctx, name)
	a.mu.Lock()
	defer a.mu.Unlock()
	if err != nil {
		a.failed[name] = time.Now()
		return err
	}
	delete(a.failed, name)
	a.lost[name] = lost
	return nil
}

// keep compares what is due, until ctx ends.
func (a *adoptedDays) keep(ctx context.Context) error {
	for {
		if err := a.compareDue(ctx); err != nil && ctx.Err() == nil {
			a.log.WarnContext(ctx, "compare adopted tables", logkey.Error, err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(probeInterval):
		}
	}
}

func (a *adoptedDays) compareDue(ctx context.Context) error {
	if a.engine.Down() != "" {
		return nil
	}
	tables, err := a.tables(ctx)
	if err != nil {
		return err
	}
	var errs []error
	for _, tv := range tables {
		if a.due(tv) {
			errs = append(errs, a.compare(ctx, tv.Table.Name))
		}
	}
	return errors.Join(errs...)
}

func (a *adoptedDays) due(tv *catalog.TableView) bool {
	name := tv.Table.Name
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case time.Since(a.failed[name]) < compareAgain:
		return false
	case tv.Hot.Days == nil, a.lost[name] != a.engine.Lost(), time.Since(tv.Hot.Days.Verified) >= tv.Table.Adopt.Verify:
		return true
	case a.complete[name] == tv:
		return false
	case adopt.Pending(tv):
		return true
	}
	a.complete[name] = tv
	return false
}
