package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"text/tabwriter"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/etl"
	"tidegate/etl/hotload"
)

type catalogCmd struct {
	Rebuild catalogRebuildCmd `cmd:"" help:"Make the catalog anew from the commit records in the lake."`
	GC      catalogGCCmd      `cmd:"" name:"gc" help:"Remove from the lake what no query reads any more: files of replaced batches, and what dead attempts left."`
}

type catalogRebuildCmd struct{}

// Run makes a catalog in a file beside and puts it in its place when it is whole.
func (catalogRebuildCmd) Run(ctx context.Context, p *program) (err error) {
	c, err := loadConfig(p.config)
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.DataDir, 0o755); err != nil {
		return fmt.Errorf("make folder: %w (set data_dir to a place that can be written)", err)
	}
	lock, err := hotload.Acquire(c.DataDir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, lock.Release()) }()
	file := c.catalogFile()
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, wrong{fmt.Errorf("%s is there: end every tidegate that uses it and move it away, then rebuild", file)})
	}
	made, err := c.makeCatalog(ctx, file+".rebuilding", p.out)
	if err != nil {
		return err
	}
	return replaceCatalog(made, file)
}

// makeCatalog fills a new catalog in the file from the lake's commit records and prints what was found.
func (c config) makeCatalog(ctx context.Context, file string, out io.Writer) (made string, err error) {
	lake, err := openLake(ctx, c)
	if err != nil {
		return "", err
	}
	if err := errors.Join(removeCatalog(file), os.MkdirAll(filepath.Dir(file), 0o755)); err != nil {
		return "", err
	}
	store, err := sqlite.Open(ctx, file)
	if err != nil {
		return "", err
	}
	records := map[catalog.Name]int{}
	err = etl.Rebuild(ctx, store, lake, func(r *catalog.Record) { records[r.Table.Name]++ })
	if err == nil && len(records) == 0 {
		err = fmt.Errorf("there is no commit record in %s", lake.Location())
	}
	if err == nil {
		err = printRebuilt(ctx, store, records, out)
	}
	if err := errors.Join(err, store.Close()); err != nil {
		return "", errors.Join(err, removeCatalog(file))
	}
	return file, nil
}

func printRebuilt(ctx context.Context, store catalog.Store, records map[catalog.Name]int, out io.Writer) error {
	view, err := store.View(ctx)
	if err != nil {
		return err
	}
	w := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "TABLE\tRECORDS\tFILES\tROWS")
	names := slices.SortedFunc(maps.Keys(records), catalog.Name.Compare)
	for _, name := range names {
		var rows int64
		files := view.Tables[name].Files
		for _, f := range files {
			rows += f.Rows
		}
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\n", name, records[name], len(files), rows)
	}
	return w.Flush()
}

// catalogSuffixes end the names of the files that SQLite has of one database. A log without its database would be
// played into the next one of that name.
func catalogSuffixes() []string { return []string{"-wal", "-shm", ""} }

func removeCatalog(file string) error {
	var errs []error
	for _, suffix := range catalogSuffixes() {
		if err := os.Remove(file + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// replaceCatalog makes a closed catalog the one of a name that has none.
func replaceCatalog(made, file string) error {
	if err := removeCatalog(file); err != nil {
		return err
	}
	return os.Rename(made, file)
}
