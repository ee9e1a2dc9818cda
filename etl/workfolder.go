package etl

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// workFolder is a folder for the files that one run has in the making. The run holds the lock of a file in it, which the
// kernel frees when the process dies: others on this machine see at once that it is dead.
type workFolder struct {
	name string // unique among all runs of all machines
	path string
	lock *os.File
}

const (
	runFolders = "run-"
	lockName   = "lock"
)

// newWorkFolder makes one below Options.WorkDir.
func newWorkFolder(workDir string) (*workFolder, error) {
	host, err := os.Hostname()
	if err != nil {
		return nil, fmt.Errorf("name the run: %w", err)
	}
	var random [6]byte
	if _, err := rand.Read(random[:]); err != nil {
		return nil, fmt.Errorf("name the run: %w", err)
	}
	name := fmt.Sprintf("%s%s-%d-%s", runFolders, host, os.Getpid(), hex.EncodeToString(random[:]))
	path := filepath.Join(workDir, name)
	// Under another name until it is locked: whoever finds it without a lock takes it for that of a dead process.
	making := filepath.Join(workDir, "new-"+name)
	if err := os.MkdirAll(making, 0o755); err != nil {
		return nil, fmt.Errorf("make the work folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(making, lockName), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("lock the work folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("lock the work folder: %w", err), lock.Close())
	}
	if err := os.Rename(making, path); err != nil {
		return nil, errors.Join(fmt.Errorf("make the work folder: %w", err), lock.Close())
	}
	return &workFolder{name: name, path: path, lock: lock}, nil
}

func (f *workFolder) close() error {
	return errors.Join(os.RemoveAll(f.path), f.lock.Close())
}

// abandon leaves the folder as that of a run that died.
func (f *workFolder) abandon() error { return f.lock.Close() }

// buryDead removes the work folders of processes that died, after dead was told the name of each.
func buryDead(ctx context.Context, workDir string, dead func(ctx context.Context, name string) error) error {
	entries, err := os.ReadDir(workDir)
	if err != nil {
		return fmt.Errorf("look for work folders: %w", err)
	}
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), runFolders) {
			continue
		}
		if err := bury(ctx, filepath.Join(workDir, e.Name()), dead); err != nil {
			return fmt.Errorf("remove the work folder of a run that died: %w", err)
		}
	}
	return nil
}

func bury(ctx context.Context, path string, dead func(ctx context.Context, name string) error) error {
	lock, err := os.OpenFile(filepath.Join(path, lockName), os.O_RDWR, 0o644)
	if errors.Is(err, os.ErrNotExist) {
		return nil // its run ends just now, or another one buries it
	}
	if err != nil {
		return err
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return lock.Close()
	}
	if err == nil {
		err = dead(ctx, filepath.Base(path))
	}
	if err == nil {
		err = os.RemoveAll(path)
	}
	return errors.Join(err, lock.Close())
}
