package sqlite

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"
)

// walIndex looks at the header of SQLite's WAL index, the file beside the catalog whose name ends in -shm. Every commit
// of any process writes that header, as https://www.sqlite.org/walformat.html has it: while it is the same nothing was
// committed. PRAGMA data_version asks the same of SQLite and takes a hundred times as long.
type walIndex struct {
	// file stays open: closing it takes away the locks that this process has on it, SQLite's among them.
	file   *os.File // nil until SQLite has made it
	mapped []byte   // the header where every process sees and writes it; nil: there is none
	seen   [walHeaderBytes]byte
}

// walHeaderBytes are the two copies of the header, which a writer changes one after the other.
const walHeaderBytes = 2 * 48

// open maps the file, which a connection in WAL mode holds and nobody shortens then; where there is none, unchanged never
// says so.
func (w *walIndex) open(catalog string) error {
	f, err := os.Open(catalog + "-shm")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	w.file = f
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < walHeaderBytes {
		return nil
	}
	w.mapped, err = unix.Mmap(int(f.Fd()), 0, walHeaderBytes, unix.PROT_READ, unix.MAP_SHARED)
	if err != nil {
		return fmt.Errorf("map %s: %w", f.Name(), err)
	}
	return nil
}

func (w *walIndex) close() error {
	if w.file == nil {
		return nil
	}
	var err error
	if w.mapped != nil {
		err = unix.Munmap(w.mapped)
	}
	err = errors.Join(err, w.file.Close())
	w.file, w.mapped = nil, nil
	return err
}

// read gives the header as it is now, zero if there is none.
func (w *walIndex) read() (header [walHeaderBytes]byte) {
	copy(header[:], w.mapped)
	return header
}

// unchanged reports whether the header is certainly the one that was kept.
func (w *walIndex) unchanged() bool {
	header := w.read()
	return header == w.seen && header != [walHeaderBytes]byte{}
}
