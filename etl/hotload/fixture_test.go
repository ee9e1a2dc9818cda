package hotload_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/catalog/sqlite"
	"tidegate/etl/hotload"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/hive"
	"tidegate/internal/pgtypes"
	"tidegate/internal/storage/file"
)

// world is a data folder with everything that a load needs.
type world struct {
	dir   string
	store catalog.Store
	lake  *file.Bucket
	db    *duck.DB
	log   *bytes.Buffer
}

// openWorld opens the folder as the owner of its hot store would.
func openWorld(ctx context.Context, dir string) (*world, error) {
	w := &world{dir: dir, log: new(bytes.Buffer)}
	var err error
	if w.lake, err = file.Create("file:" + filepath.Join(dir, "lake")); err != nil {
		return nil, err
	}
	if w.store, err = sqlite.Open(ctx, filepath.Join(dir, "catalog.db")); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(filepath.Join(dir, "work"), 0o755); err != nil {
		return nil, err
	}
	w.db, err = duck.Open(ctx, duck.Options{
		Threads: 2, Fence: true, AllowedDirs: []string{filepath.Join(dir, "lake"), filepath.Join(dir, "work")},
		Attach: []duck.Attachment{{Name: hotload.Database, Path: filepath.Join(dir, "hot.duckdb")}},
	})
	return w, err
}

func (w *world) close() error { return errors.Join(w.db.Close(), w.store.Close()) }

func (w *world) loader() *hotload.Loader {
	return &hotload.Loader{
		Store: w.store, Lake: w.lake, Hot: &hotload.Embedded{DB: w.db}, Log: slog.New(slog.NewTextHandler(w.log, nil)),
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return reopen(t, t.TempDir())
}

func reopen(t *testing.T, dir string) *world {
	t.Helper()
	w, err := openWorld(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// events is the table of the tests: site_id 3 has a NULL partition key beside it in some batches.
func events() *catalog.Table {
	return &catalog.Table{
		Name: catalog.Name{Schema: "web", Table: "events"}, SchemaVersion: 1,
		Columns: []catalog.Column{
			{Name: "event_id", Type: pgtypes.Of(pgtypes.Text)},
			{Name: "ts", Type: pgtypes.Of(pgtypes.Timestamptz)},
			{Name: "load_ms", Type: pgtypes.Of(pgtypes.Int4)},
			{Name: "price", Type: pgtypes.NumericOf(10, 2)},
			{Name: "dt", Type: pgtypes.Of(pgtypes.Date), Partition: true},
			{Name: "kind", Type: pgtypes.Of(pgtypes.Text), Partition: true},
		},
		PartitionBy: []string{"dt", "kind"},
		Time:        &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"},
		Hot:         &catalog.HotSpec{Columns: []string{"ts", "load_ms", "dt", "kind"}, Sort: []string{"event_id", "load_ms"}},
	}
}

// part is a partition of a test batch: a day of February 2018 and rows; the kind is that of kinds.
type part struct {
	day  int
	kind string // "" is NULL
	rows int
}

func (p part) partition() string {
	kind := hive.Null
	if p.kind != "" {
		kind = hive.Escape(p.kind)
	}
	return fmt.Sprintf("dt=2018-02-%02d/kind=%s", p.day, kind)
}

// rows is the SELECT of a part's rows: load_ms tells batch and row, so that sums tell what is missing or double.
func (p part) selectRows(seq int64) string {
	kind := "CAST(NULL AS VARCHAR)"
	if p.kind != "" {
		kind = quote(p.kind)
	}
	return fmt.Sprintf(`SELECT 'e%d-' || i AS event_id, TIMESTAMPTZ '2018-02-%02d 01:02:03+00' + i * INTERVAL 1 SECOND AS ts,
		CAST(%d * 1000 + i AS INTEGER) AS load_ms, CAST(i AS DECIMAL(10,2)) / 4 AS price,
		DATE '2018-02-%02d' AS dt, %s AS kind FROM range(%d) r(i)`, seq, p.day, seq, p.day, kind, p.rows)
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// commit writes a batch's files and record and publishes it.
func (w *world) commit(t *testing.T, table *catalog.Table, name string, replaces []catalog.Replaced, parts ...part) {
	t.Helper()
	r := w.record(t, table, name, replaces, parts...)
	w.publish(t, r)
}

func (w *world) record(t *testing.T, table *catalog.Table, name string, replaces []catalog.Replaced, parts ...part) *catalog.Record {
	t.Helper()
	seq, err := w.store.Reserve(t.Context(), table.Name)
	if err != nil {
		t.Fatal(err)
	}
	r := &catalog.Record{
		Format: catalog.RecordFormat, Table: *table, Batch: name, Revision: 1, Seq: seq, Kind: catalog.RecordAppend,
		Replaces: replaces, StartedAt: time.Now(), CommittedAt: time.Now(), Files: []catalog.FileRecord{},
		Inputs: []catalog.Input{{Key: name, ETag: name}},
	}
	if replaces != nil {
		r.Kind = catalog.RecordReplace
	}
	var all []string
	for _, p := range parts {
		key := fmt.Sprintf("%s/%s/run=%s.r1.00aa/0000.parquet", table.Name, p.partition(), name)
		w.copyTo(t, key, "SELECT * EXCLUDE (dt, kind) FROM ("+p.selectRows(seq)+")")
		r.Files = append(r.Files, catalog.FileRecord{Path: key, Partition: p.partition(), Rows: int64(p.rows), Bytes: 100})
		r.Counts.Emitted += int64(p.rows)
		all = append(all, p.selectRows(seq))
	}
	r.Counts.Read = r.Counts.Emitted
	if table.Hot != nil && len(table.Hot.Columns) > 0 {
		key := fmt.Sprintf("_hot/%s/run=%s.r1.00aa/0000.parquet", table.Name, name)
		r.Subset = &catalog.Subset{Columns: table.Hot.Columns, Paths: []string{}, Rows: r.Counts.Emitted}
		if len(all) > 0 {
			var columns []string
			for _, name := range table.Hot.Columns {
				if c, ok := table.Column(name); ok {
					columns = append(columns, "CAST("+name+" AS "+c.Type.DuckDB()+") AS "+name)
				}
			}
			w.copyTo(t, key, "SELECT "+strings.Join(columns, ", ")+" FROM ("+strings.Join(all, " UNION ALL ")+")")
			r.Subset.Paths = append(r.Subset.Paths, key)
		}
	}
	return r
}

func (w *world) copyTo(t *testing.T, key, query string) {
	t.Helper()
	path := w.lake.LocalPath(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	w.exec(t, "COPY ("+query+") TO "+quote(path)+" (FORMAT parquet)")
}

func (w *world) publish(t *testing.T, r *catalog.Record) {
	t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.lake.PutIfAbsent(t.Context(), catalog.RecordPath(r.Table.Name, r.Batch, r.Revision), text); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.Publish(t.Context(), r); err != nil {
		t.Fatal(err)
	}
}

func (w *world) exec(t *testing.T, statement string) {
	t.Helper()
	s, err := w.db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Exec(t.Context(), statement)
	if err := errors.Join(err, s.Close()); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// query gives the rows of a query as text, columns joined by spaces; every column must be text.
func (w *world) query(t *testing.T, query string) []string {
	t.Helper()
	rows, err := w.db.Query(t.Context(), engine.Statement{SQL: query})
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []string
	for {
		c, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		for i := range c.Rows {
			values := make([]string, len(c.Vectors))
			for j := range c.Vectors {
				values[j] = cell(t, &c.Vectors[j], i)
			}
			out = append(out, strings.Join(values, " "))
		}
	}
}

func cell(t *testing.T, v *engine.Vector, i int) string {
	t.Helper()
	switch {
	case !v.Valid(i):
		return "NULL"
	case v.Physical == engine.PhysicalString:
		return string(v.Str[i].Bytes())
	case v.Physical == engine.PhysicalText:
		return v.Text[i]
	case v.Physical == engine.PhysicalI32:
		return strconv.FormatInt(int64(v.I32[i]), 10)
	case v.Physical == engine.PhysicalI64:
		return strconv.FormatInt(v.I64[i], 10)
	}
	t.Fatalf("a value of layout %d", v.Physical)
	return ""
}

const summary = `SELECT CAST(dt AS VARCHAR), kind, count(*), CAST(count(DISTINCT load_ms) AS BIGINT),
	CAST(sum(load_ms) AS BIGINT) FROM (%s) GROUP BY dt, kind ORDER BY 1, 2`

// hot gives the summary of the hot rows that a reader of the view sees.
func (w *world) hot(t *testing.T, v *catalog.View, table catalog.Name) []string {
	t.Helper()
	h := v.Tables[table].Hot
	withdrawn := []string{"-1"}
	for _, seq := range h.Withdrawn {
		withdrawn = append(withdrawn, strconv.FormatInt(seq, 10))
	}
	where := fmt.Sprintf(" WHERE %[1]s <= %[2]d AND %[1]s NOT IN (%[3]s)", hotload.SeqColumn, h.MaxLoadSeq, strings.Join(withdrawn, ","))
	if len(w.query(t, "SELECT table_name FROM duckdb_tables() WHERE database_name = 'hot' AND table_name = '"+
		table.Schema+"__"+table.Table+"'")) == 0 {
		return nil
	}
	return w.query(t, fmt.Sprintf(summary, "SELECT * FROM "+hotload.TableRef(table)+where))
}

// want gives the summary of the covered pairs (all live ones with all) from the full-field files.
func (w *world) want(t *testing.T, v *catalog.View, table catalog.Name, all bool) []string {
	t.Helper()
	tv := v.Tables[table]
	var parts []string
	for _, f := range tv.Files {
		if _, ok := tv.Hot.Covered[catalog.Pair{Batch: f.Batch, Partition: f.Partition}]; !ok && !all {
			continue
		}
		dt, _, _ := catalog.PartitionValue(f.Partition, "dt")
		kind, null, _ := catalog.PartitionValue(f.Partition, "kind")
		kind = quote(kind)
		if null {
			kind = "CAST(NULL AS VARCHAR)"
		}
		parts = append(parts, fmt.Sprintf("SELECT load_ms, DATE '%s' AS dt, %s AS kind FROM read_parquet(%s, hive_partitioning=false)",
			dt, kind, quote(w.lake.LocalPath(f.Path))))
	}
	if len(parts) == 0 {
		return nil
	}
	return w.query(t, fmt.Sprintf(summary, strings.Join(parts, " UNION ALL ")))
}

func (w *world) view(t *testing.T) *catalog.View {
	t.Helper()
	v, err := w.store.View(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func (w *world) load(t *testing.T) hotload.Report {
	t.Helper()
	r, err := w.loader().LoadPending(t.Context())
	if err != nil {
		t.Fatalf("load: %v\n%s", err, w.log)
	}
	return r
}

// seqs gives the load sequences in the hot table.
func (w *world) seqs(t *testing.T, table catalog.Name) map[int64]int64 {
	t.Helper()
	counts, err := (&hotload.Embedded{DB: w.db}).Counts(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	return counts
}
