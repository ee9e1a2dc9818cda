package sqlite

import (
	"errors"
	"io"
	"io/fs"
	"os"

	"tidegate/internal/rawio"
)

// walIndex looks at the header of SQLite's WAL index, the file beside the catalog whose name ends in -shm. Every commit
// of any process writes that header, as https://www.sqlite.org/walformat.html has it: while it is the same nothing was
// committed. That is one read of a few bytes; PRAGMA data_version asks the same of SQLite and takes twenty times as long.
type walIndex struct {
	file *os.File // nil until SQLite has made it
	seen [walHeaderBytes]byte
}

// walHeaderBytes are the two copies of the header, which a writer changes one after the other.
const walHeaderBytes = 2 * 48

// open opens the file, which a connection in WAL mode holds; where there is none, unchanged never says so.
func (w *walIndex) open(catalog string) error {
	f, err := os.Open(catalog + "-shm")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	w.file = f
	return err
}

func (w *walIndex) close() error {
	if w.file == nil {
		return nil
	}
	err := w.file.Close()
	w.file = nil
	return err
}

// read gives the header as it is now; ok is false if there is none.
func (w *walIndex) read() (header [walHeaderBytes]byte, ok bool) {
	if w.file == nil {
		return header, false
	}
	n, err := rawio.ReadAt(w.file, header[:], 0)
	return header, n == len(header) && (err == nil || errors.Is(err, io.EOF))
}

// unchanged reports whether the header is certainly the one that was kept.
func (w *walIndex) unchanged() bool {
	header, ok := w.read()
	return ok && header == w.seen && header != [walHeaderBytes]byte{}
}
