package measure

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sync/errgroup"
)

// recordsPerObject is how many records an object of raw/ holds.
const recordsPerObject = 250_000

// WriteFolder fills the folder in which a program runs: texts by their paths, and n records in gzip objects below raw/.
// record writes the line of one record.
func WriteFolder(dir string, texts map[string]string, n int, record func(w io.Writer, id int)) error {
	for path, text := range texts {
		path = filepath.Join(dir, path)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
			return err
		}
	}
	return WriteObjects(filepath.Join(dir, "raw"), n, (n+recordsPerObject-1)/recordsPerObject, record)
}

// WriteObjects writes n records in so many gzip objects of about one size into a new folder, several at a time.
func WriteObjects(dir string, n, objects int, record func(w io.Writer, id int)) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range objects {
		from, to := i*n/objects, (i+1)*n/objects
		g.Go(func() error {
			return writeObject(filepath.Join(dir, fmt.Sprintf("%08d.json.gz", from)), from, to, record)
		})
	}
	return g.Wait()
}

// writeObject writes the records from one id up to another.
func writeObject(path string, from, to int, record func(w io.Writer, id int)) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	z, err := gzip.NewWriterLevel(f, gzip.BestSpeed)
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(z, 1<<20)
	for id := from; id < to; id++ {
		record(w, id)
	}
	return errors.Join(w.Flush(), z.Close())
}
