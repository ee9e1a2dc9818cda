package sqlite

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"time"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// migrate applies the migrations that the file does not have yet; PRAGMA user_version counts them.
func (s *Store) migrate(ctx context.Context) error {
	if err := s.enableWAL(ctx); err != nil {
		return err
	}
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return err
	}
	return s.write(ctx, "migrate", func(w *writer) error {
		var version int
		if err := w.row(`PRAGMA user_version`).Scan(&version); err != nil {
			return err
		}
		if version > len(names) {
			return fmt.Errorf("its schema is version %d and this program knows up to %d; use the newer program",
				version, len(names))
		}
		for i := version; i < len(names); i++ {
			text, err := migrations.ReadFile(names[i])
			if err != nil {
				return err
			}
			if err := w.exec(string(text)); err != nil {
				return fmt.Errorf("%s: %w", names[i], err)
			}
		}
		return w.exec(fmt.Sprintf(`PRAGMA user_version = %d`, len(names)))
	})
}

// enableWAL switches the file to write-ahead logging, which stays. SQLite's busy timeout does not cover this one
// statement, so two processes that make the file together need a retry.
func (s *Store) enableWAL(ctx context.Context) error {
	deadline := time.Now().Add(busyTimeout)
	for {
		var mode string
		err := s.db.QueryRowContext(ctx, `PRAGMA journal_mode = WAL`).Scan(&mode)
		if err == nil && mode != "wal" {
			return fmt.Errorf("the file system has no shared memory: journal mode stays %s", mode)
		}
		if e, ok := errors.AsType[*driver.Error](err); !ok || e.Code()&0xff != sqlite3.SQLITE_BUSY || time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
