package etl

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/catalog/postgres"
	"tidegate/catalog/sqlite"
	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/sql"
)

// lab is a whole ETL in a folder: real files, a real catalog, a real DuckDB.
type lab struct {
	dir    string
	lake   *file.Bucket
	raw    *file.Bucket
	store  catalog.Store
	db     *duck.DB
	runner *Runner
	clock  time.Time // LastModified of the objects that are put
}

// memoryVariable, in the environment of a child process, is the lab's Options.Memory.
const memoryVariable = "TIDEGATE_TEST_ETL_MEMORY"

// littleMemory has rows in a scratch database, and few of them sorted at a time; with leastMemory that is so of a hundred
// records.
const littleMemory, leastMemory = 64 << 10, 16 << 10

// openLab opens the lab in a folder, which it makes if it is not there. It is used by child processes too.
func openLab(ctx context.Context, dir string, options func(*Options)) (*lab, error) {
	l := &lab{dir: dir, clock: time.Date(2018, 2, 15, 4, 0, 0, 0, time.UTC)}
	var err error
	if l.lake, err = file.Create("file:" + filepath.Join(dir, "lake")); err != nil {
		return nil, err
	}
	if l.raw, err = file.Create("file:" + filepath.Join(dir, "raw")); err != nil {
		return nil, err
	}
	if l.store, err = openCatalog(ctx, dir); err != nil {
		return nil, err
	}
	if l.db, err = duck.Open(ctx, duck.Options{Threads: 2, MemoryLimit: "1GB", TempDir: filepath.Join(dir, "spill")}); err != nil {
		return nil, err
	}
	o := Options{
		Store: l.store, Lake: l.lake, Engine: l.db, WorkDir: filepath.Join(dir, "work"), Log: slog.New(slog.DiscardHandler),
		Source: func(location string) (storage.Bucket, error) { return file.Open(location) },
	}
	if text := os.Getenv(memoryVariable); text != "" {
		if o.Memory, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, err
		}
	}
	if options != nil {
		options(&o)
	}
	l.runner, err = New(o)
	return l, err
}

// catalogURL is the name of a file in a lab's folder that tells where in PostgreSQL its catalog is.
const catalogURL = "catalog.url"

func openCatalog(ctx context.Context, dir string) (catalog.Store, error) {
	url, err := os.ReadFile(filepath.Join(dir, catalogURL))
	if errors.Is(err, fs.ErrNotExist) {
		return sqlite.Open(ctx, filepath.Join(dir, "catalog.db"))
	}
	if err != nil {
		return nil, err
	}
	return postgres.Open(ctx, string(url))
}

func newLab(t *testing.T, options func(*Options)) *lab {
	t.Helper()
	return newLabIn(t, t.TempDir(), options)
}

func newLabIn(t *testing.T, dir string, options func(*Options)) *lab {
	t.Helper()
	l, err := openLab(t.Context(), dir, options)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.close(t) })
	return l
}

func (l *lab) close(t *testing.T) {
	t.Helper()
	if err := l.db.Close(); err != nil {
		t.Error(err)
	}
	if err := l.store.Close(); err != nil {
		t.Error(err)
	}
}

// put makes a gzip object of lines, with its own LastModified.
func (l *lab) put(t *testing.T, key string, lines ...string) {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(strings.Join(lines, "\n") + "\n")); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.raw.Put(t.Context(), key, &b); err != nil {
		t.Fatal(err)
	}
	l.clock = l.clock.Add(time.Hour)
	if err := os.Chtimes(l.raw.LocalPath(key), l.clock, l.clock); err != nil {
		t.Fatal(err)
	}
}

// events is a first-stage pipeline over the lab's raw folder.
func (l *lab) events() *pipeline.Pipeline {
	p := &pipeline.Pipeline{
		Name: "web/events", SQLFile: "web/events.sql", YMLFile: "web/events.yml",
		SQL: `select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, path::text as path,
			load_ms::int as load_ms from source where user_agent is null or user_agent <> 'probe'`,
		Table: catalog.Name{Schema: "web", Table: "events"},
		Source: &pipeline.Source{
			Location: l.raw.Location(), Format: "json", Required: []string{"event_id", "ts"},
			Fields: []pipeline.Field{
				{Name: "event_id", Type: pgtypes.Of(pgtypes.Text)},
				{Name: "ts", Type: pgtypes.Of(pgtypes.Timestamptz)},
				{Name: "site_id", Type: pgtypes.Of(pgtypes.Int4)},
				{Name: "path", Type: pgtypes.Of(pgtypes.Text)},
				{Name: "load_ms", Type: pgtypes.Of(pgtypes.Int4)},
				{Name: "user_agent", Type: pgtypes.Of(pgtypes.Text)},
			},
		},
		Time:        &catalog.TimeSpec{Column: "ts", Zone: "Asia/Tokyo", Grain: "day"},
		PartitionBy: []string{"dt"}, ClusterBy: []string{"site_id", "ts"}, UniqueKey: []string{"event_id"},
		Hot:    &catalog.HotSpec{Columns: []string{"ts", "site_id", "load_ms"}, Sort: []string{"ts"}},
		Checks: pipeline.Checks{MaxRejectRatio: 1}, MaxBytes: 1 << 30, MaxObjects: 1000,
	}
	return p
}

// daily is a second-stage pipeline over web.events.
func daily() *pipeline.Pipeline {
	return &pipeline.Pipeline{
		Name: "web/daily", SQLFile: "web/daily.sql", YMLFile: "web/daily.yml",
		SQL: `select dt, site_id, count(*)::bigint as pv, sum(load_ms)::bigint as load_ms
			from web.events group by dt, site_id`,
		Table:       catalog.Name{Schema: "web", Table: "daily"},
		Upstream:    []catalog.Name{{Schema: "web", Table: "events"}},
		PartitionBy: []string{"dt"}, ClusterBy: []string{"site_id"},
		Hot:    &catalog.HotSpec{Columns: []string{"site_id", "pv", "load_ms"}},
		Checks: pipeline.Checks{MaxRejectRatio: 1}, MaxBytes: 1 << 30, MaxObjects: 1000,
	}
}

// seal parses a pipeline's SELECT and gives it its version.
func seal(p *pipeline.Pipeline) (*pipeline.Pipeline, error) {
	statements, err := sql.Parse(p.SQL)
	if err != nil {
		return nil, err
	}
	p.Statement = statements[0]
	sum := sha256.Sum256([]byte(p.SQL))
	p.SHA256 = hex.EncodeToString(sum[:])
	return p, nil
}

func (l *lab) run(t *testing.T, pipelines ...*pipeline.Pipeline) (Report, error) {
	t.Helper()
	for _, p := range pipelines {
		if _, err := seal(p); err != nil {
			t.Fatal(err)
		}
	}
	return l.runner.Run(t.Context(), pipelines)
}

func (l *lab) mustRun(t *testing.T, pipelines ...*pipeline.Pipeline) Report {
	t.Helper()
	report, err := l.run(t, pipelines...)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func (l *lab) table(t *testing.T, name string) *catalog.TableView {
	t.Helper()
	view, err := l.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	n, _ := catalog.ParseName(name)
	table, ok := view.Tables[n]
	if !ok {
		t.Fatalf("no table %s", name)
	}
	return table
}

// query runs a SELECT over the live files of a table, FROM t, and gives its rows as text.
func (l *lab) query(t *testing.T, table, selected string) []string {
	t.Helper()
	live := l.table(t, table)
	var files []parquetscan.ParquetFile
	for _, f := range live.Files {
		files = append(files, parquetscan.ParquetFile{Path: l.lake.LocalPath(f.Path), Partition: f.Partition})
	}
	var columns []parquetscan.SourceColumn
	for _, c := range live.Table.Columns {
		columns = append(columns, parquetscan.SourceColumn{Name: c.Name, DuckDBType: c.Type.DuckDB(), Partition: c.Partition})
	}
	return l.rows(t, "WITH t AS (SELECT * FROM "+parquetscan.ParquetSource(files, columns)+") "+selected)
}

// rows gives the rows of a query whose columns are joined with "|", NULL as "-".
func (l *lab) rows(t *testing.T, query string) []string {
	t.Helper()
	s := l.session(t)
	var got []string
	err := each(t.Context(), s, "SELECT concat_ws('|', *COLUMNS(lambda c: true)) FROM (SELECT coalesce(CAST(COLUMNS(*) AS VARCHAR), '-') FROM ("+query+"))", func(row []cell) error {
		got = append(got, row[0].s)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return got
}

func (l *lab) session(t *testing.T) engine.Session {
	t.Helper()
	s, err := l.db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (l *lab) record(t *testing.T, batch catalog.Batch) *catalog.Record {
	t.Helper()
	data, err := os.ReadFile(l.lake.LocalPath(catalog.RecordPath(batch.Table, batch.ID, batch.Revision)))
	if err != nil {
		t.Fatal(err)
	}
	record := &catalog.Record{}
	if err := json.Unmarshal(data, record); err != nil {
		t.Fatal(err)
	}
	return record
}

func (l *lab) batches(t *testing.T) []catalog.Batch {
	t.Helper()
	batches, err := l.store.Batches(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return batches
}

// event is one good raw record.
func event(id, ts string, site int, more string) string {
	return fmt.Sprintf(`{"event_id":%q,"ts":%q,"site_id":%d%s}`, id, ts, site, more)
}
