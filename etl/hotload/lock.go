package hotload

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// ErrOwned says that another process owns the hot store.
var ErrOwned = errors.New("hot store has an owner")

// Lock is the ownership of the hot store of a data folder. It ends with the process at the latest.
type Lock struct{ f *os.File }

// Acquire makes this process the owner of the hot store in dataDir, or returns ErrOwned with the owner's process id.
func Acquire(dataDir string) (*Lock, error) {
	path := filepath.Join(dataDir, "hot.lock")
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, fmt.Errorf("own hot store: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		owner, readErr := io.ReadAll(io.LimitReader(f, 32))
		return nil, errors.Join(fmt.Errorf("own hot store: %w: process %s holds %s; end it or wait until it has ended",
			ErrOwned, strings.TrimSpace(string(owner)), path), readErr, f.Close())
	}
	if err == nil {
		err = writeOwner(f)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("own hot store: lock %s: %w", path, err), f.Close())
	}
	return &Lock{f}, nil
}

// writeOwner leaves the process id for messages; the lock is what counts.
func writeOwner(f *os.File) error {
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err := fmt.Fprintf(io.NewOffsetWriter(f, 0), "%d\n", os.Getpid())
	return err
}

// Release gives the ownership back. The file stays: removing it would let two processes lock two files of one name.
func (l *Lock) Release() error { return l.f.Close() }
