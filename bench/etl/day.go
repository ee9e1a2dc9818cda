package etl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tidegate/bench/measure"
	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage/file"
)

var events = catalog.Name{Schema: "web", Table: "events"}

// layOut writes the pipeline of the demo and the data_dir that has its table.
func (s *suite) layOut(ctx context.Context) error {
	if err := s.writePipeline(); err != nil {
		return err
	}
	// The second record of the day makes the table.
	second := func(w io.Writer, _ int) { s.hour.write(w, 1-23*s.hour.records) }
	if err := measure.WriteObjects(filepath.Join(s.program.Dir, rawDir, "00"), 1, 1, second); err != nil {
		return err
	}
	if err := s.program.Run(ctx, "etl", "run"); err != nil {
		return err
	}
	return os.Rename(filepath.Join(s.program.Dir, workDir), filepath.Join(s.program.Dir, emptyDir))
}

// layOutDay makes the data_dir that has the 23 hours before.
func (s *suite) layOutDay(ctx context.Context) error {
	dir := filepath.Join(s.program.Dir, dayDir)
	if err := linkTree(filepath.Join(s.program.Dir, emptyDir), dir); err != nil {
		return err
	}
	began := time.Now()
	if err := s.registerHours(ctx, dir); err != nil {
		return fmt.Errorf("register the hours before: %w", err)
	}
	s.Logf("23 hours of %d records in %.0f s", s.hour.records, time.Since(began).Seconds())
	return nil
}

// writeRecords writes the last hour's records into so many objects.
func (s *suite) writeRecords(objects int) error {
	began := time.Now()
	if err := measure.WriteObjects(filepath.Join(s.program.Dir, rawDir, "23"), s.hour.records, objects, s.hour.write); err != nil {
		return err
	}
	s.Logf("%d records in %d objects in %.0f s", s.hour.records, objects, time.Since(began).Seconds())
	return nil
}

// objects is how many hold the records of the hour.
const objects = 64

// writePipeline writes the demo's pipeline of web.events, its source in our folder, and that a run may take 4 GiB.
func (s *suite) writePipeline() error {
	to := filepath.Join(s.program.Dir, "pipelines", "web")
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, name := range []string{"events.sql", "events.yml"} {
		text, err := os.ReadFile(filepath.Join("examples", "web", "pipelines", "web", name))
		if err != nil {
			return err
		}
		changed := strings.Replace(string(text), "file:./tidegate-data/raw/web/", "file:./"+rawDir+"/", 1)
		if err := os.WriteFile(filepath.Join(to, name), []byte(changed), 0o644); err != nil {
			return err
		}
	}
	return os.WriteFile(filepath.Join(s.program.Dir, "tidegate.yml"), []byte("limits: { etl_memory: 4GiB }\n"), 0o644)
}

// registerHours writes the first 23 hours of the day as one Parquet file each and commits them.
func (s *suite) registerHours(ctx context.Context, dir string) (err error) {
	db, err := duck.Open(ctx, duck.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	session, err := db.Session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	lake, err := file.Open("file:" + filepath.Join(dir, "lake"))
	if err != nil {
		return err
	}
	store, err := sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	for n := range 23 {
		path := fmt.Sprintf("%s/dt=2018-02-15/run=hour-%02d/0000.parquet", events, n)
		if err := writeParquet(ctx, session, s.hour, n, filepath.Join(dir, "lake", filepath.FromSlash(path))); err != nil {
			return err
		}
		object, err := lake.Stat(ctx, path)
		if err != nil {
			return err
		}
		record, err := s.hour.commit(ctx, store, n, catalog.FileRecord{Path: path, Bytes: object.Size, ETag: object.ETag})
		if err != nil {
			return err
		}
		if _, err := store.Publish(ctx, record); err != nil {
			return err
		}
	}
	return nil
}

func writeParquet(ctx context.Context, session engine.Session, h hour, n int, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	_, err := session.Exec(ctx, fmt.Sprintf("COPY (SELECT %s FROM range(%d, %d) AS r(i) ORDER BY site_id, ts) TO '%s' %s)",
		h.columns(), n*h.records, (n+1)*h.records, path, parquetOptions))
	return err
}

// commit is the record of an hour whose rows are in one file.
func (h hour) commit(ctx context.Context, store catalog.Store, n int, f catalog.FileRecord) (*catalog.Record, error) {
	view, err := store.View(ctx)
	if err != nil {
		return nil, err
	}
	seq, err := store.Reserve(ctx, events)
	if err != nil {
		return nil, err
	}
	at := func(i int) *pgtypes.Datum {
		return &pgtypes.Datum{Class: pgtypes.ClassTimestamptz, I: day.UnixMicro() + int64(i*ofHour/h.records)}
	}
	f.Partition, f.Rows = "dt=2018-02-15", int64(h.records)
	for _, c := range view.Tables[events].Table.Columns {
		if c.Partition {
			continue
		}
		stats := catalog.ColumnStats{Name: c.Name, Nulls: -1}
		if c.Name == "ts" {
			stats.Nulls, stats.Min, stats.Max, stats.Exact = 0, at(n*h.records), at((n+1)*h.records-1), true
		}
		f.Columns = append(f.Columns, stats)
	}
	end := day.Add(time.Duration(n+1) * time.Hour)
	return &catalog.Record{
		Format: catalog.RecordFormat, Table: *view.Tables[events].Table, Batch: fmt.Sprintf("hour-%02d", n), Revision: 1, Seq: seq,
		Kind: catalog.RecordAppend, Inputs: []catalog.Input{}, Counts: catalog.Counts{Read: f.Rows, Emitted: f.Rows}, Checksum: "0000000000000000",
		Files: []catalog.FileRecord{f}, StartedAt: end, CommittedAt: end,
	}, nil
}

// checkCounts says whether the program accounted for every record of the hour.
func (s *suite) checkCounts(ctx context.Context, dir string, duplicates int) (err error) {
	store, err := sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	batches, err := store.Batches(ctx)
	if err != nil {
		return err
	}
	n, d := int64(s.hour.records), int64(duplicates)
	want := catalog.Counts{Read: n, Deduplicated: d, Emitted: n - d}
	if got := batches[len(batches)-1].Counts; got != want {
		return fmt.Errorf("the hour's counts are %+v, not %+v", got, want)
	}
	return nil
}

// linkTree makes a folder with the same files: those of a lake are never changed and are linked, the others copied.
func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(from, path)
		if err != nil {
			return err
		}
		target := filepath.Join(to, relative)
		switch {
		case d.IsDir():
			return os.MkdirAll(target, 0o755)
		case filepath.Ext(path) == ".parquet":
			return os.Link(path, target)
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o644)
	})
}
