package temporary

import (
	"context"
	"time"

	"tidegate/internal/pgerr"
)

// usedBytes is what all tables of the engine's memory have, also of it on the disk.
const usedBytes = "SELECT CAST(coalesce(sum(memory_usage_bytes + temporary_storage_bytes), 0) AS BIGINT) FROM duckdb_memory() WHERE tag = 'IN_MEMORY_TABLE'"

// lookEvery is how often a statement that fills a table is looked at.
const lookEvery = 100 * time.Millisecond

// fits refuses to fill tables beyond the limit.
func (s *Store) fits(ctx context.Context) error {
	used, err := s.count(ctx, usedBytes)
	if err != nil || used <= s.maxBytes {
		return err
	}
	return s.full()
}

func (s *Store) full() error {
	return pgerr.New(pgerr.ConfigurationLimit, "temporary tables exceed limits.temporary (%d MiB)", s.maxBytes>>20).
		WithHint("Drop temporary tables that nobody needs, or raise the limit.")
}

// watch ends the context of a statement that fills a table when the limit is reached.
func (s *Store) watch(ctx context.Context) (watched context.Context, stop func()) {
	watched, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		t := time.NewTicker(lookEvery)
		defer t.Stop()
		for {
			select {
			case <-watched.Done():
				return
			case <-t.C:
			}
			// An error of counting is met by the statement too, or by the count after it.
			if used, err := s.count(watched, usedBytes); err == nil && used > s.maxBytes {
				cancel(s.full())
			}
		}
	}()
	return watched, func() {
		cancel(nil)
		<-done
	}
}
