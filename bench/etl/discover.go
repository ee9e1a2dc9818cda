package etl

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/etl"
	"tidegate/etl/pipeline"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
)

// A source of two years, a batch a day: a million objects and more.
const knownDays, objectsPerDay = 651, 24 * objects

var errDiscovered = errors.New("discovered")

// discoverOne measures how long it takes to find one new object among all that were read before.
func (s *suite) discoverOne(ctx context.Context) error {
	dir := s.TB.TempDir()
	bucket, err := writeSource(dir)
	if err != nil {
		return err
	}
	all, err := pipeline.Load(filepath.Join(s.program.Dir, "pipelines"))
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
	if err != nil {
		return err
	}
	s.TB.Cleanup(func() { _ = store.Close() }) // it is read only by now
	if err := knowSource(ctx, store, bucket, all[0]); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, "source", dayName(knownDays-1), "zzzz.json"), nil, 0o600); err != nil {
		return err
	}
	medians, samples, err := s.Measure(ctx, func() (float64, error) { return timeDiscovery(ctx, store, bucket, dir, all[0]) })
	if err != nil {
		return err
	}
	return s.Report("discover_one_seconds", "seconds", medians[0], samples)
}

func dayName(n int) string { return day.AddDate(0, 0, n).Format("2006/01/02") }

// writeSource makes the objects, which are empty.
func writeSource(dir string) (*file.Bucket, error) {
	for n := range knownDays {
		folder := filepath.Join(dir, "source", dayName(n))
		if err := os.MkdirAll(folder, 0o755); err != nil {
			return nil, err
		}
		for i := range objectsPerDay {
			if err := os.WriteFile(filepath.Join(folder, fmt.Sprintf("%04d.json", i)), nil, 0o600); err != nil {
				return nil, err
			}
		}
	}
	return file.Open("file:" + filepath.Join(dir, "source"))
}

// knowSource publishes a batch for each day that read its objects and found no record in them.
func knowSource(ctx context.Context, store catalog.Store, bucket *file.Bucket, p *pipeline.Pipeline) error {
	columns, err := p.Output(nil)
	if err != nil {
		return err
	}
	table := catalog.Table{Name: p.Table, SchemaVersion: 1, Columns: columns}
	now := time.Now()
	for n := range knownDays {
		at := now.AddDate(0, 0, n-knownDays)
		r := &catalog.Record{
			Format: catalog.RecordFormat, Table: table, Batch: dayName(n), Revision: 1, Seq: int64(n + 1), Kind: catalog.RecordAppend,
			Checksum: "0000000000000000", StartedAt: at, CommittedAt: at,
		}
		for o, err := range bucket.List(ctx, dayName(n)+"/", "") {
			if err != nil {
				return err
			}
			r.Inputs = append(r.Inputs, catalog.Input{Key: o.Key, ETag: o.ETag})
		}
		if _, err := store.Publish(ctx, r); err != nil {
			return err
		}
	}
	return store.NoteListed(ctx, p.Table, catalog.Listing{At: now, Version: p.Version()})
}

// timeDiscovery runs the pipeline from its beginning to the moment when it knows what to read, and no further.
func timeDiscovery(ctx context.Context, store catalog.Store, bucket *file.Bucket, dir string, p *pipeline.Pipeline) (float64, error) {
	lake, err := file.Create("file:" + filepath.Join(dir, "lake"))
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	var began time.Time
	var took time.Duration
	runner, err := etl.New(etl.Options{
		Store: store, Lake: lake, WorkDir: filepath.Join(dir, "work"), Log: slog.New(slog.DiscardHandler),
		Source: func(string) (storage.Bucket, error) { return bucket, nil },
		Step: func(name string) {
			switch name {
			case "recovered":
				began = time.Now()
			case "discovered":
				took = time.Since(began)
				cancel(errDiscovered)
			}
		},
	})
	if err != nil {
		return 0, err
	}
	if _, err := runner.Run(ctx, []*pipeline.Pipeline{p}); !errors.Is(err, errDiscovered) && !errors.Is(err, context.Canceled) {
		return 0, fmt.Errorf("the run did not end when it was told: %w", err)
	}
	return took.Seconds(), nil
}
