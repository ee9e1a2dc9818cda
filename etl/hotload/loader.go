package hotload

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/catalog"
	"tidegate/internal/logkey"
	"tidegate/internal/storage"
)

// purgeWait bounds how long a pass waits for readers of withdrawn rows. What is still read then is purged by a
// later pass; until then it costs space only.
const purgeWait = 5 * time.Second

// conflicts bounds how often a pass starts a table again because the catalog changed under it.
const conflicts = 20

// Loader keeps the hot store at what the catalog says. Only the owner of the hot store may use one, and only one.
type Loader struct {
	Store catalog.Store
	// Lake holds the commit records and the files.
	Lake storage.Bucket
	// WorkDir is where files of a lake that is not a storage.LocalPather lie while they are loaded. Hot reads them there.
	WorkDir string
	Hot     Hot
	// Under are the leases without which the coverage must not be changed: of the Keeper, where processes of several
	// machines may share the catalog.
	Under []catalog.Lease
	// Readers are those of this process; nil if nobody reads here.
	Readers Readers
	Log     *slog.Logger
	// Step, if not nil, is called after each step of a load. Tests die in it.
	Step func(step string)

	altered alterations
	lost    atomic.Bool // Recheck found a table gone

	mu sync.Mutex
	// verified has the tables whose hot rows are exactly those that the catalog names, or withdrawn ones; guarded by mu.
	verified map[catalog.Name]bool
}

// Report says what a pass did.
type Report struct {
	Generation int64 // newest one that the pass saw
	Batches    int   // loaded
	Rows       int64 // loaded
	Withdrawn  int   // pairs whose rows left the hot store's window or were not what the catalog says
	Purged     int   // load sequences whose rows were removed
	Waiting    int   // load sequences that readers still hold; a later pass removes them
	Elapsed    time.Duration
}

// LoadPending loads every live pair of every table that should be hot and is not, oldest batch first, withdraws what
// should no longer be, and purges what is withdrawn. An error of one table does not stop the others. Without one,
// everything that was committed before the call is hot.
func (l *Loader) LoadPending(ctx context.Context) (Report, error) {
	return l.pass(ctx, func(catalog.Name) bool { return true })
}

// LoadTable is LoadPending for one table.
func (l *Loader) LoadTable(ctx context.Context, table catalog.Name) (Report, error) {
	return l.pass(ctx, func(name catalog.Name) bool { return name == table })
}

// pass loads the tables that which chooses.
func (l *Loader) pass(ctx context.Context, which func(catalog.Name) bool) (Report, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.lost.Swap(false) {
		clear(l.verified)
	}
	begin := time.Now()
	var r Report
	v, err := l.Store.View(ctx)
	if err != nil {
		return r, err
	}
	var errs []error
	for _, name := range slices.SortedFunc(maps.Keys(v.Tables), catalog.Name.Compare) {
		if !which(name) {
			continue
		}
		if err := l.table(ctx, name, &r); err != nil {
			errs = append(errs, fmt.Errorf("bring %s into the hot store: %w", name, err))
		}
	}
	r.Elapsed = time.Since(begin)
	if r.Batches+r.Withdrawn+r.Purged > 0 {
		l.Log.InfoContext(ctx, "hot load", logkey.Generation, r.Generation, "batches", r.Batches, logkey.Rows, r.Rows,
			"withdrawn", r.Withdrawn, "purged", r.Purged, "waiting", r.Waiting, logkey.Elapsed, r.Elapsed)
	}
	return r, errors.Join(errs...)
}

// Verify compares the rows of every hot table with the coverage: rows that no coverage names are removed, and pairs
// whose rows are missing lose their coverage. LoadPending does the same before it loads; serve calls Verify first,
// so that no client reads a hot store that was lost or cut off. A table that somebody else has changed is no error: it
// is Altered's to tell.
func (l *Loader) Verify(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	v, err := l.Store.View(ctx)
	if err != nil {
		return err
	}
	var r Report
	var errs []error
	for _, name := range slices.SortedFunc(maps.Keys(v.Tables), catalog.Name.Compare) {
		var err error
		if len(v.Tables[name].Hot.Covered) > 0 {
			err = l.noteLive(ctx, name)
		}
		if err == nil {
			err = l.verify(ctx, name, &r)
		}
		if _, altered := errors.AsType[*AlteredError](err); err != nil && !altered {
			errs = append(errs, fmt.Errorf("verify the hot store's %s: %w", name, err))
		}
	}
	return errors.Join(errs...)
}

// table does one table's pass. The catalog may change at any time, so every step begins with the newest view.
func (l *Loader) table(ctx context.Context, name catalog.Name, r *Report) error {
	if err := l.noteLive(ctx, name); err != nil {
		return err
	}
	for failed := 0; ; {
		if err := l.verify(ctx, name, r); err != nil {
			return err
		}
		v, tv, err := l.view(ctx, name)
		if err != nil {
			return err
		}
		r.Generation = v.Generation
		if out := leaving(tv); len(out) > 0 {
			if _, err := l.Store.Cover(ctx, catalog.Cover{Table: name, Withdraw: out}, l.Under...); err != nil {
				return err
			}
			l.step("withdrawn")
			r.Withdrawn += len(out)
			continue
		}
		next, ok := pending(tv)
		if !ok {
			return l.purge(ctx, name, v.Generation, tv.Hot.Withdrawn, r)
		}
		err = l.load(ctx, tv, next, r)
		if errors.Is(err, errGone) && failed < conflicts {
			failed++ // verify finds that its rows are lost, and they are loaded again
			l.verified[name] = false
			continue
		}
		if errors.Is(err, catalog.ErrConflict) && failed < conflicts {
			failed++ // the batch was replaced while it was loaded; its rows are verify's to remove
			continue
		}
		if err != nil {
			return err
		}
	}
}

func (l *Loader) view(ctx context.Context, name catalog.Name) (*catalog.View, *catalog.TableView, error) {
	v, err := l.Store.View(ctx)
	if err != nil {
		return nil, nil, err
	}
	tv, ok := v.Tables[name]
	if !ok {
		return nil, nil, fmt.Errorf("table %s is not in generation %d", name, v.Generation)
	}
	return v, tv, nil
}

func (l *Loader) step(name string) {
	if l.Step != nil {
		l.Step(name)
	}
}

// load brings one batch's pairs into the hot store and publishes their coverage.
func (l *Loader) load(ctx context.Context, tv *catalog.TableView, b batch, r *Report) (err error) {
	begin := time.Now()
	lake, err := l.localLake()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lake.remove()) }()
	load, err := l.source(ctx, tv, b, lake)
	if err != nil {
		return err
	}
	err = l.Hot.Ensure(ctx, tv.Table, loadedColumns(tv))
	l.altered.note(tv.Table.Name, err)
	if err != nil {
		return err
	}
	l.step("ensured")
	cover := catalog.Cover{Table: tv.Table.Name, Add: map[catalog.Pair]int64{}}
	if cover.HotColumns, err = l.fit(ctx, &load); err != nil {
		return err
	}
	first, err := l.Store.ReserveLoad(ctx, tv.Table.Name, len(load.Parts))
	if err != nil {
		return err
	}
	for i := range load.Parts {
		load.Parts[i].LoadSeq = first + int64(i)
		cover.Add[catalog.Pair{Batch: b.id, Partition: load.Parts[i].Partition}] = first + int64(i)
	}
	l.step("reserved")
	// From here to the coverage the table has rows that nobody may ever see.
	l.verified[tv.Table.Name] = false
	rows, err := l.Hot.Load(ctx, load)
	if err != nil {
		return err
	}
	l.step("loaded")
	generation, err := l.Store.Cover(ctx, cover, l.Under...)
	if err != nil {
		return err
	}
	l.verified[tv.Table.Name] = true
	l.step("covered")
	r.Batches++
	r.Rows += rows
	l.Log.InfoContext(ctx, "batch is hot", logkey.Table, tv.Table.Name.String(), logkey.Batch, b.id,
		logkey.Rows, rows, logkey.Generation, generation, logkey.Elapsed, time.Since(begin))
	return nil
}

// purge removes withdrawn rows that nobody reads any more. They were withdrawn in generation or before.
func (l *Loader) purge(ctx context.Context, name catalog.Name, generation int64, withdrawn []int64, r *Report) error {
	if len(withdrawn) == 0 {
		return nil
	}
	if l.Readers != nil {
		wait, cancel := context.WithTimeout(ctx, purgeWait)
		err := l.Readers.Wait(wait, generation)
		cancel()
		switch {
		case ctx.Err() != nil:
			return context.Cause(ctx)
		case errors.Is(err, context.DeadlineExceeded):
			r.Waiting += len(withdrawn)
			return nil // the rows stay for a later pass
		case err != nil:
			return err
		}
	}
	l.step("waited")
	if err := l.Hot.Purge(ctx, name, withdrawn); err != nil {
		return err
	}
	l.step("purged")
	if err := l.Store.Purged(ctx, name, withdrawn); err != nil {
		return err
	}
	l.step("noted")
	r.Purged += len(withdrawn)
	return nil
}

// slowest is the longest that Watch waits after passes that failed.
const slowest = time.Minute

// Watch runs a pass whenever the generation has moved, looking every interval, until ctx ends; then it returns nil.
// A pass that fails is logged and tried again, ever more slowly: meanwhile queries are answered cold.
func (l *Loader) Watch(ctx context.Context, interval time.Duration) error {
	done := int64(-1)
	wait := interval
	for {
		v, err := l.Store.View(ctx)
		if err == nil && (v.Generation != done || l.lost.Load()) {
			var r Report
			r, err = l.LoadPending(ctx)
			if err == nil && r.Waiting == 0 {
				// Not the generation after the pass: another writer's may be among those that the pass made.
				done = v.Generation
			}
		}
		if ctx.Err() != nil {
			return nil //nolint:nilerr // the pass failed because it was ended, as asked
		}
		if err != nil {
			l.Log.ErrorContext(ctx, "hot load", logkey.Error, err)
			wait = min(2*wait, max(slowest, interval))
		} else {
			wait = interval
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(wait):
		}
	}
}
