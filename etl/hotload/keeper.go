package hotload

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// KeepTime is how long a keeper that is silent is waited for by those of other machines.
const KeepTime = time.Minute

// keptTable is what a keeper leases. No table has such a name.
func keptTable() catalog.Name { return catalog.Name{Schema: "tidegate", Table: "hot store"} }

// Keeper is the right to change the hot store of a catalog, which several machines may share; one process has it at a time.
// Lock says the same of the processes of one data folder.
type Keeper struct {
	store catalog.Store
	lease catalog.Lease
	log   *slog.Logger

	beats sync.WaitGroup
	stop  context.CancelFunc
	lost  chan struct{} // closed when another process has taken it
}

// KeptError says that a process with another data folder keeps the hot store of the catalog. It is ErrOwned.
type KeptError struct{ Keeper string }

func (e *KeptError) Error() string {
	return fmt.Sprintf("the hot store of this catalog is kept by %s; end that, or set hot.kind to none here", e.Keeper)
}

// Is makes it an ErrOwned.
func (*KeptError) Is(target error) bool { return target == ErrOwned }

// Keep takes the right and holds it until Release. The caller has the Lock of the data folder: whoever kept the hot store
// from there before is dead.
func Keep(ctx context.Context, store catalog.Store, dataDir string, log *slog.Logger) (*Keeper, error) {
	return keep(ctx, store, dataDir, KeepTime, log)
}

func keep(ctx context.Context, store catalog.Store, dataDir string, lasts time.Duration, log *slog.Logger) (*Keeper, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("name this keeper of the hot store: %w", err)
	}
	folder, err := filepath.Abs(dataDir)
	if err != nil {
		return nil, err
	}
	place := host + ":" + folder
	others, err := store.Leases(ctx, keptTable())
	if err != nil {
		return nil, err
	}
	for _, l := range others {
		if l.Owner[:max(0, strings.LastIndexByte(l.Owner, ' '))] != place {
			continue
		}
		if err := store.ExpireLeases(ctx, l.Owner); err != nil {
			return nil, err
		}
	}
	k := &Keeper{store: store, log: log, lost: make(chan struct{})}
	now := time.Now()
	k.lease = catalog.Lease{Table: keptTable(), Owner: place + " " + rand.Text()[:8], Until: now.Add(lasts)}
	if k.lease, err = store.Lease(ctx, k.lease, now); errors.Is(err, catalog.ErrLeased) {
		keeper := "another process"
		if len(others) > 0 {
			keeper = others[0].Owner[:max(0, strings.LastIndexByte(others[0].Owner, ' '))]
		}
		return nil, &KeptError{keeper}
	}
	if err != nil {
		return nil, fmt.Errorf("keep the hot store: %w", err)
	}
	beating, stop := context.WithCancel(context.WithoutCancel(ctx))
	k.stop = stop
	k.beats.Go(func() { k.beat(beating, lasts) })
	return k, nil
}

// beat renews the lease until ctx ends or it is lost.
func (k *Keeper) beat(ctx context.Context, lasts time.Duration) {
	ticks := time.NewTicker(lasts / 6)
	defer ticks.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticks.C:
		}
		held, err := k.store.RenewLeases(ctx, k.lease.Owner, time.Now().Add(lasts))
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			k.log.WarnContext(ctx, "renew the lease of the hot store", logkey.Error, err)
		case !slices.Contains(held, k.lease.Token):
			close(k.lost)
			return
		}
	}
}

// Lost is closed when another process keeps the hot store, because this one stood still for KeepTime.
func (k *Keeper) Lost() <-chan struct{} { return k.lost }

// Lease is what changes of the coverage are made under.
func (k *Keeper) Lease() catalog.Lease { return k.lease }

// Held asks the catalog whether this is still the keeper: else it is catalog.ErrLeaseLost.
func (k *Keeper) Held(ctx context.Context) error {
	leases, err := k.store.Leases(ctx, keptTable())
	if err == nil && !slices.ContainsFunc(leases, func(l catalog.Lease) bool { return l.Token == k.lease.Token }) {
		err = fmt.Errorf("%w: another process keeps the hot store", catalog.ErrLeaseLost)
	}
	return err
}

// Release gives the right back.
func (k *Keeper) Release() error {
	k.stop()
	k.beats.Wait()
	if err := k.store.ReleaseLease(context.Background(), k.lease); err != nil {
		return fmt.Errorf("release the hot store: %w", err)
	}
	return nil
}
