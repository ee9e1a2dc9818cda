package duck

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
)

// ErrInUse says that a database file is open already, in this process or another.
var ErrInUse = errors.New("database file is in use")

// lockFiles locks every database file of o.
//
// The lock lies beside the database file, not on it: DuckDB holds a POSIX lock on the file, and a process loses that
// as soon as it closes any other descriptor of the same file.
func (db *DB) lockFiles(o Options) error {
	paths := make([]string, 0, 1+len(o.Attach))
	if o.Path != "" {
		paths = append(paths, o.Path)
	}
	for _, a := range o.Attach {
		paths = append(paths, a.Path)
	}
	for _, p := range paths {
		f, err := lockFile(p)
		if err != nil {
			return fmt.Errorf("lock database %s: %w", p, err)
		}
		db.locks = append(db.locks, f)
	}
	return nil
}

func lockFile(path string) (*os.File, error) {
	path, err := realPath(path)
	if err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path+".lock", os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return nil, err
	}
	// A flock belongs to the open file, so it also keeps out the rest of this process.
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrInUse
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// realPath resolves links, so that two names of one file meet at one lock. The file need not exist.
func realPath(path string) (string, error) {
	if real, err := filepath.EvalSymlinks(path); err == nil {
		return filepath.Abs(real)
	}
	dir, err := filepath.EvalSymlinks(filepath.Dir(path))
	if err != nil {
		return "", err
	}
	return filepath.Abs(filepath.Join(dir, filepath.Base(path)))
}

func (db *DB) unlockFiles() {
	for _, f := range db.locks {
		// Closing gives the lock back; nothing was written that could be lost.
		if err := f.Close(); err != nil {
			db.log.Warn("unlock database file", "file", f.Name(), "error", err)
		}
	}
	db.locks = nil
}
