package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"tidegate/catalog"
	"tidegate/internal/logkey"
)

// lockPoll is how often a waiting run looks whether the table is free. flock(2) itself cannot be interrupted.
const lockPoll = 50 * time.Millisecond

// lockTable waits until this process is the only writer of the table among all processes with the same work
// folder, and gives the function that ends that. The kernel frees the lock of a process that dies.
func lockTable(ctx context.Context, workDir string, table catalog.Name, log *slog.Logger) (release func() error, err error) {
	path := filepath.Join(workDir, "locks", table.String()+".lock")
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of table locks: %w", err)
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open the lock of %s: %w", table, err)
	}
	told := false
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return f.Close, nil
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(fmt.Errorf("lock %s: %w", path, err), f.Close())
		}
		if !told {
			log.InfoContext(ctx, "waiting for another run of this table", logkey.Table, table.String(), logkey.File, path)
			told = true
		}
		select {
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), f.Close())
		case <-time.After(lockPoll):
		}
	}
}
