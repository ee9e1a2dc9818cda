package measure

import (
	"bufio"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
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
	if err := os.Mkdir(filepath.Join(dir, "raw"), 0o755); err != nil {
		return err
	}
	for from := 0; from < n; from += recordsPerObject {
		path := filepath.Join(dir, "raw", fmt.Sprintf("%08d.json.gz", from))
		if err := writeObject(path, from, min(from+recordsPerObject, n), record); err != nil {
			return err
		}
	}
	return nil
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
