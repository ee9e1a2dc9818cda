package hotload

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
)

func keptStore(t *testing.T) catalog.Store {
	t.Helper()
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "catalog.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestOneKeeper: another data folder is refused as long as the keeper lives, the same one takes over at once from who was
// killed.
func TestOneKeeper(t *testing.T) {
	t.Parallel()
	s := keptStore(t)
	quiet := slog.New(slog.DiscardHandler)
	first, err := Keep(t.Context(), s, "a", quiet)
	if err != nil {
		t.Fatal(err)
	}
	_, err = Keep(t.Context(), s, "b", quiet)
	if kept, ok := errors.AsType[*KeptError](err); !ok || !errors.Is(err, ErrOwned) || !strings.HasSuffix(kept.Keeper, "/a") {
		t.Fatalf("beside another keeper: %v", err)
	}
	next, err := Keep(t.Context(), s, "a", quiet) // the folder's lock says that the first one is dead
	if err != nil {
		t.Fatal(err)
	}
	if err := first.Held(t.Context()); !errors.Is(err, catalog.ErrLeaseLost) {
		t.Errorf("the one before: %v", err)
	}
	if err := errors.Join(next.Held(t.Context()), next.Release(), first.Release()); err != nil {
		t.Error(err)
	}
	other, err := Keep(t.Context(), s, "b", quiet)
	if err != nil {
		t.Fatalf("after it was released: %v", err)
	}
	if err := other.Release(); err != nil {
		t.Error(err)
	}
}

// TestKeeperThatStoodStill: it hears that another one took over, and changes no coverage any more.
func TestKeeperThatStoodStill(t *testing.T) {
	t.Parallel()
	s := keptStore(t)
	quiet := slog.New(slog.DiscardHandler)
	const lasts = 300 * time.Millisecond
	still, err := keep(t.Context(), &deaf{Store: s}, "a", lasts, quiet)
	if err != nil {
		t.Fatal(err)
	}
	var taken *Keeper
	for taken == nil {
		if taken, err = keep(t.Context(), s, "b", time.Minute, quiet); err != nil && !errors.Is(err, ErrOwned) {
			t.Fatal(err)
		}
	}
	select {
	case <-still.Lost():
	case <-time.After(time.Minute):
		t.Fatal("it did not hear of it")
	}
	table := catalog.Name{Schema: "web", Table: "events"}
	if _, err := s.Cover(t.Context(), catalog.Cover{Table: table}, still.Lease()); !errors.Is(err, catalog.ErrLeaseLost) {
		t.Errorf("coverage under the lost lease: %v", err)
	}
	if _, err := s.Cover(t.Context(), catalog.Cover{Table: table}, taken.Lease()); err != nil {
		t.Errorf("coverage of the keeper: %v", err)
	}
	if err := errors.Join(taken.Release(), still.Release()); err != nil {
		t.Error(err)
	}
}

// deaf is a catalog whose leases nobody renews: they are found lost as soon as they are.
type deaf struct{ catalog.Store }

func (d *deaf) RenewLeases(ctx context.Context, owner string, _ time.Time) ([]int64, error) {
	leases, err := d.Leases(ctx, keptTable())
	var held []int64
	for _, l := range leases {
		if l.Owner == owner {
			held = append(held, l.Token)
		}
	}
	return held, err
}
