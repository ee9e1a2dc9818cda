package hotload_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"testing"

	"tidegate/catalog"
)

// TestServerIsKeptByAnother has a loader find out behind the ledger's lock that it is no longer the keeper: nothing is
// loaded and nothing purged.
func TestServerIsKeptByAnother(t *testing.T) {
	t.Parallel()
	eachServer(t, keptByAnother)
}

func keptByAnother(t *testing.T, l *serverLab) {
	t.Helper()
	dir, st := l.worldDir(t), l.store("kept")
	dirtyServer(t, dir, st)
	w := reopen(t, dir)
	name := events().Name
	hot := w.serverHot(t, st)
	before, err := hot.Counts(t.Context(), name)
	if err != nil || len(before) == 0 {
		t.Fatalf("nothing is hot: %v, %v", before, err)
	}
	hot.Held = func(context.Context) error { return fmt.Errorf("%w: by another", catalog.ErrLeaseLost) }
	if _, err := w.serverLoader(hot, nil).LoadPending(t.Context()); !errors.Is(err, catalog.ErrLeaseLost) {
		t.Errorf("the load: %v", err)
	}
	for seq := range before {
		if err := hot.Purge(t.Context(), name, []int64{seq}); !errors.Is(err, catalog.ErrLeaseLost) {
			t.Errorf("the purge: %v", err)
		}
	}
	after, err := hot.Counts(t.Context(), name)
	if err != nil || !maps.Equal(before, after) {
		t.Errorf("hot rows %v became %v, %v", before, after, err)
	}
	hot.Held = func(context.Context) error { return nil }
	if _, err := w.serverLoader(hot, nil).LoadPending(t.Context()); err != nil {
		t.Fatal(err)
	}
	checkServer(t, w, st, true)
}
