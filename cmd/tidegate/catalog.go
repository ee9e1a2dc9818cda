package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"text/tabwriter"

	"tidegate/catalog"
	"tidegate/etl"
	"tidegate/etl/hotload"
)

type catalogCmd struct {
	Rebuild catalogRebuildCmd `cmd:"" help:"Make the catalog anew from the commit records in the lake."`
	GC      catalogGCCmd      `cmd:"" name:"gc" help:"Remove from the lake what no query reads any more: files of replaced batches, and what dead attempts left."`
}

type catalogRebuildCmd struct{}

// Run makes a catalog beside its place and puts it there when it is whole.
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
	place := c.catalogPlace()
	if err := place.free(ctx); err != nil {
		return err
	}
	if err := c.makeCatalog(ctx, place, p.out); err != nil {
		return errors.Join(err, place.discard(context.WithoutCancel(ctx)))
	}
	return place.settle(ctx)
}

// makeCatalog fills a new catalog from the lake's commit records and prints what was found.
func (c config) makeCatalog(ctx context.Context, place catalogPlace, out io.Writer) error {
	lake, err := openLake(ctx, c)
	if err != nil {
		return err
	}
	if err := place.discard(ctx); err != nil {
		return err
	}
	store, err := place.open(ctx)
	if err != nil {
		return err
	}
	records := map[catalog.Name]int{}
	err = etl.Rebuild(ctx, store, lake, func(r *catalog.Record) { records[r.Table.Name]++ })
	if err == nil && len(records) == 0 {
		err = fmt.Errorf("there is no commit record in %s", lake.Location())
	}
	if err == nil {
		err = printRebuilt(ctx, store, records, out)
	}
	return errors.Join(err, store.Close())
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
