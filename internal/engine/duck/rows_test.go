package duck

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tidegate/internal/engine"
)

// TestCloseBesideNext closes results from other goroutines: one whose Next would run for hours, and ones whose Next
// has just ended.
func TestCloseBesideNext(t *testing.T) {
	t.Parallel()
	db, err := Open(t.Context(), Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	for name, c := range map[string]struct {
		condition string
		after     time.Duration
	}{
		"hours":      {"i < 1000000 or i % 7 > 7", 200 * time.Millisecond},
		"at once":    {"true", 0},
		"in between": {"true", time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rows, err := db.Query(t.Context(), engine.Statement{SQL: "select i from range(1000000000000) r(i) where " + c.condition})
			if err != nil {
				t.Fatal(err)
			}
			var closing sync.WaitGroup
			for range 2 {
				closing.Go(func() {
					time.Sleep(c.after)
					if err := rows.Close(); err != nil {
						t.Errorf("close: %v", err)
					}
				})
			}
			began := time.Now()
			for err == nil {
				_, err = rows.Next(t.Context())
			}
			if !errors.Is(err, errRowsClosed) || time.Since(began) > 10*time.Second {
				t.Errorf("%v after %v", err, time.Since(began))
			}
			closing.Wait()
		})
	}
}
