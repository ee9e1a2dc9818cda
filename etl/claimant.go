package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// LeaseTime is how long others wait for a run that they hear nothing of, unless it died on the same machine: that they
// see at once.
const LeaseTime = time.Minute

// beatsPerLease is how often a lease is renewed before it would end.
const beatsPerLease = 6

// The names of leases besides those of pieces of work, which are batch ids.
const (
	wholeTable  = ""
	commitLease = "commit" // of a table with unique_key: from deduplication to the commit
	// compactLease is for one compaction: batches are made beside it.
	compactLease = "compact"
)

// claimant holds leases for one run among all that share a catalog, and renews them. The times of leases are those of the
// machines' clocks, not of Options.Now: a clock that is wrong costs work, never rows, since Store.Publish goes by tokens.
type claimant struct {
	store   catalog.Store
	workDir string
	folder  *workFolder
	lasts   time.Duration
	log     *slog.Logger

	beats sync.WaitGroup
	stop  context.CancelFunc

	mu         sync.Mutex
	held       map[int64]context.CancelCauseFunc
	unreleased bool // the catalog did not take that some lease is no longer needed
}

// newClaimant begins to renew what will be leased. What died on this machine before is buried.
func newClaimant(ctx context.Context, store catalog.Store, workDir string, lasts time.Duration, log *slog.Logger) (*claimant, error) {
	if lasts <= 0 {
		lasts = LeaseTime
	}
	folder, err := newWorkFolder(workDir)
	if err != nil {
		return nil, err
	}
	c := &claimant{store: store, workDir: workDir, folder: folder, lasts: lasts, log: log, held: map[int64]context.CancelCauseFunc{}}
	if err := c.buryDead(ctx); err != nil {
		return nil, errors.Join(err, folder.close())
	}
	// A run that was asked to stop still finishes what it has begun.
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	c.stop = stop
	c.beats.Go(func() { c.beat(beating) })
	return c, nil
}

func (c *claimant) close(ctx context.Context) error {
	c.stop()
	c.beats.Wait()
	if c.unreleased && c.store.ExpireLeases(context.WithoutCancel(ctx), c.folder.name) != nil {
		// Whoever finds the folder takes the run for dead, and need not wait until the leases end.
		return c.folder.abandon()
	}
	return c.folder.close()
}

func (c *claimant) buryDead(ctx context.Context) error {
	return buryDead(ctx, c.workDir, c.store.ExpireLeases)
}

// beat renews the leases until ctx ends. Work under one that is lost is cancelled.
func (c *claimant) beat(ctx context.Context) {
	ticks := time.NewTicker(c.lasts / beatsPerLease)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		before := c.tokens()
		if len(before) == 0 {
			continue
		}
		held, err := c.store.RenewLeases(ctx, c.folder.name, time.Now().Add(c.lasts))
		if err != nil {
			if ctx.Err() == nil {
				c.log.WarnContext(ctx, "renew leases", logkey.Error, err)
			}
			continue
		}
		for _, token := range before {
			if !slices.Contains(held, token) {
				c.lose(token)
			}
		}
	}
}

func (c *claimant) tokens() []int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	var all []int64
	for token := range c.held {
		all = append(all, token)
	}
	return all
}

func (c *claimant) lose(token int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel, ok := c.held[token]; ok {
		cancel(catalog.ErrLeaseLost)
	}
}

// take takes a lease if nothing excludes it. The context ends when it is lost; release ends both.
func (c *claimant) take(ctx context.Context, table catalog.Name, piece string, inputs []catalog.Input) (under context.Context, l catalog.Lease, release func() error, err error) {
	now := time.Now()
	l = catalog.Lease{Table: table, Piece: piece, Owner: c.folder.name, Until: now.Add(c.lasts), Inputs: inputs}
	if l, err = c.store.Lease(ctx, l, now); err != nil {
		return nil, l, nil, err
	}
	under, cancel := context.WithCancelCause(ctx)
	c.mu.Lock()
	c.held[l.Token] = cancel
	c.mu.Unlock()
	return under, l, func() error {
		c.mu.Lock()
		delete(c.held, l.Token)
		c.mu.Unlock()
		cancel(nil)
		if err := c.store.ReleaseLease(context.WithoutCancel(ctx), l); err != nil {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.unreleased = true
			return fmt.Errorf("release the lease of %s: %w", table, err)
		}
		return nil
	}, nil
}

// await takes a lease as soon as nothing excludes it and ready, which gets the table's leases, allows it.
func (c *claimant) await(ctx context.Context, table catalog.Name, piece string, ready func([]catalog.Lease) bool) (under context.Context, l catalog.Lease, release func() error, err error) {
	for wait := (patience{}); ; {
		leases, err := c.store.Leases(ctx, table)
		if err != nil {
			return nil, l, nil, err
		}
		if ready(leases) {
			taken, l, release, err := c.take(ctx, table, piece, nil)
			if !errors.Is(err, catalog.ErrLeased) {
				return taken, l, release, err
			}
		}
		if err := c.pause(ctx, &wait, table); err != nil {
			return nil, l, nil, err
		}
	}
}

// anyTime is for await.
func anyTime([]catalog.Lease) bool { return true }

// pause waits a little for other runs, and buries those that died meanwhile.
func (c *claimant) pause(ctx context.Context, wait *patience, table catalog.Name) error {
	if wait.told == 0 {
		c.log.InfoContext(ctx, "waiting for another run of this table", logkey.Table, table.String())
	}
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(wait.next()):
	}
	return c.buryDead(ctx)
}

// patience is how long to wait before the next look: longer each time.
type patience struct{ told time.Duration }

func (p *patience) next() time.Duration {
	p.told = min(max(2*p.told, 10*time.Millisecond), 500*time.Millisecond)
	return p.told
}

// lost reports whether work under ctx failed because its lease is lost.
func lost(ctx context.Context, err error) bool {
	return errors.Is(err, catalog.ErrLeaseLost) || errors.Is(context.Cause(ctx), catalog.ErrLeaseLost)
}
