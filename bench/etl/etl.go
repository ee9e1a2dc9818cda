// Package etl measures what an hour of raw records costs: read, checked, deduplicated, written in both forms and
// committed, beside DuckDB alone, which does none of the checks.
package etl

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"tidegate/bench/measure"
)

// An hour of ten billion records a month.
const hourRecords, quickHourRecords = 13_900_000, 1_390_000

// Run measures an hour.
func Run(ctx context.Context, b *measure.Bench) error {
	s, err := newSuite(ctx, b, 1)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx, objects, s.layOutDay); err != nil {
		return err
	}
	return measure.Parts(ctx,
		measure.Part{Name: "into an empty day", Measure: s.intoEmptyDay},
		measure.Part{Name: "as hour 24", Measure: s.asHour24},
		measure.Part{Name: "one new object", Measure: s.discoverOne},
	)
}

// RunLarge measures the records of ten hours in one batch, once: whether memory holds.
func RunLarge(ctx context.Context, b *measure.Bench) error {
	const hours = 10
	s, err := newSuite(ctx, b, hours)
	if err != nil {
		return err
	}
	if err := s.prepare(ctx, hours*objects); err != nil {
		return err
	}
	seconds, err := s.run(ctx, emptyDir, 0)
	if err != nil {
		return err
	}
	return errors.Join(s.Report("ten_hours", "seconds", seconds, 1), s.Report("ten_hours_rss_bytes", "bytes", float64(s.peak), 1))
}

// prepare lays out what the runs begin from, and the records in so many objects.
func (s *suite) prepare(ctx context.Context, objects int, more ...func(context.Context) error) error {
	for _, step := range append([]func(context.Context) error{s.layOut}, more...) {
		if err := step(ctx); err != nil {
			return fmt.Errorf("lay out the day: %w", err)
		}
	}
	return s.writeRecords(objects)
}

func newSuite(ctx context.Context, b *measure.Bench, hours int) (*suite, error) {
	p, err := measure.Build(ctx, b.TB, "TIDEGATE_HOT_KIND=none", "TIDEGATE_PIPELINES=pipelines", "TIDEGATE_DATA_DIR="+workDir)
	if err != nil {
		return nil, err
	}
	s := &suite{Bench: b, program: p, hour: hour{records: hours * hourRecords}}
	if b.Quick {
		s.hour.records = hours * quickHourRecords
	}
	return s, nil
}

// suite is what the measurements share.
type suite struct {
	*measure.Bench
	program *measure.Program
	hour    hour
	peak    int64 // most memory that a run of the program had, bytes
}

// The folders below the program's.
const (
	rawDir   = "raw"   // the objects of the hour
	emptyDir = "empty" // data_dir with the tables and hardly a row
	dayDir   = "day"   // data_dir with the 23 hours before
	workDir  = "work"  // data_dir of the run that is measured
	aloneDir = "alone" // what DuckDB alone writes
)

func (s *suite) intoEmptyDay(ctx context.Context) error {
	return s.compare(ctx, "hour_empty", emptyDir, 0)
}

func (s *suite) asHour24(ctx context.Context) error {
	if err := s.compare(ctx, "hour_24", dayDir, s.hour.redelivered()); err != nil {
		return err
	}
	return s.Report("rss_bytes", "bytes", float64(s.peak), s.Samples())
}

// compare measures the program on a copy of a data_dir beside DuckDB alone.
func (s *suite) compare(ctx context.Context, metric, from string, duplicates int) error {
	medians, samples, err := s.Measure(ctx,
		func() (float64, error) { return s.run(ctx, from, duplicates) },
		func() (float64, error) { return s.alone(ctx) },
	)
	if err != nil {
		return err
	}
	return s.Compare(metric, "seconds", medians[0], "duckdb", medians[1], samples)
}

// run runs the pipeline on a copy of a data_dir, and checks that it found the duplicates that are there.
func (s *suite) run(ctx context.Context, from string, duplicates int) (float64, error) {
	work := filepath.Join(s.program.Dir, workDir)
	if err := os.RemoveAll(work); err != nil {
		return 0, err
	}
	if err := linkTree(filepath.Join(s.program.Dir, from), work); err != nil {
		return 0, err
	}
	cost, err := s.program.Cost(ctx, "etl", "run")
	if err != nil {
		return 0, err
	}
	s.peak = max(s.peak, cost.PeakBytes)
	return cost.Elapsed.Seconds(), s.checkCounts(ctx, work, duplicates)
}
