package cold_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tidegate/internal/engine"
	"tidegate/internal/engine/cold"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/storage"
	"tidegate/internal/storage/colcache"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/storagetest"
)

// lab is a lake behind a faulty bucket, the cache in front of it, and a DuckDB that scans the lake in place.
type lab struct {
	lake   *file.Bucket
	bucket *storagetest.Faulty
	remote storage.Bucket // if not nil, what the cache reads instead of bucket
	inner  *duck.DB       // sees the cache's folder only
	truth  *duck.DB
	dir    string
	cache  *colcache.Cache
	engine *cold.Engine
	files  []engine.ScanFile
}

func openDuck(t *testing.T, o duck.Options) *duck.DB {
	t.Helper()
	db, err := duck.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

func newLab(t *testing.T, dir string) *lab {
	t.Helper()
	l := &lab{dir: dir}
	var err error
	if l.lake, err = file.Create("file:" + filepath.Join(dir, "lake")); err != nil {
		t.Fatal(err)
	}
	l.bucket = &storagetest.Faulty{Bucket: l.lake}
	l.truth = openDuck(t, duck.Options{})
	return l
}

// open opens the cache, with what a test needs of o, and the engine.
func (l *lab) open(t *testing.T, o colcache.Options) {
	t.Helper()
	o.Dir, o.Bucket, o.Log = filepath.Join(l.dir, "cache"), l.bucket, slog.New(slog.DiscardHandler)
	if l.remote != nil {
		o.Bucket = l.remote
	}
	if o.MaxBytes == 0 {
		o.MaxBytes = 1 << 30
	}
	if o.Backoff == 0 {
		o.Backoff = time.Millisecond
	}
	cache, err := colcache.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := cache.Close(); err != nil {
			t.Error(err)
		}
	})
	l.cache = cache
	l.inner = openDuck(t, duck.Options{Fence: true, AllowedDirs: []string{cache.Dir()}})
	l.engine = cold.New(cold.Options{Inner: l.inner, Cache: func() (*colcache.Cache, error) { return cache, nil }, Log: o.Log})
}

// write makes an object from a SELECT and gives it as statements name it.
func (l *lab) write(t *testing.T, key, sql, options string) engine.ScanFile {
	t.Helper()
	path := l.lake.LocalPath(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	s, err := l.truth.Session(t.Context())
	if err == nil {
		_, err = s.Exec(t.Context(), fmt.Sprintf("COPY (%s) TO '%s' (FORMAT parquet, %s)", sql, path, options))
		err = errors.Join(err, s.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
	return l.adopt(t, key)
}

func (l *lab) adopt(t *testing.T, key string) engine.ScanFile {
	t.Helper()
	o, err := l.lake.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	f := engine.ScanFile{Key: key, ETag: o.ETag, Size: o.Size}
	l.files = append(l.files, f)
	return f
}

// with gives the files with columns.
func with(files []engine.ScanFile, columns ...string) []engine.ScanFile {
	all := make([]engine.ScanFile, len(files))
	for i, f := range files {
		all[i] = f
		all[i].Columns = columns
	}
	return all
}

// source gives the FROM item of files under the paths that path gives.
func source(files []engine.ScanFile, columns []parquetscan.SourceColumn, path func(engine.ScanFile) string) string {
	all := make([]parquetscan.ParquetFile, len(files))
	for i, f := range files {
		all[i] = parquetscan.ParquetFile{Path: path(f)}
	}
	return parquetscan.ParquetSource(all, columns)
}

// statement replaces SOURCE in sql by the files as the cache has them.
func (l *lab) statement(sql string, files []engine.ScanFile, columns []parquetscan.SourceColumn) engine.Statement {
	var names []string
	for _, c := range columns {
		names = append(names, c.Name)
	}
	return engine.Statement{
		SQL:   strings.ReplaceAll(sql, "SOURCE", source(files, columns, l.engine.Path)),
		Files: with(files, names...),
	}
}

// expected is what the lake itself answers.
func (l *lab) expected(t *testing.T, sql string, files []engine.ScanFile, columns []parquetscan.SourceColumn) string {
	t.Helper()
	inPlace := source(files, columns, func(f engine.ScanFile) string { return l.lake.LocalPath(f.Key) })
	got, err := answer(t.Context(), l.truth, engine.Statement{SQL: strings.ReplaceAll(sql, "SOURCE", inPlace)})
	if err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return got
}

// answer runs a statement and gives its rows as text.
func answer(ctx context.Context, e engine.Engine, s engine.Statement) (string, error) {
	rows, err := e.Query(ctx, s)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for {
		chunk, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return b.String(), rows.Close()
		}
		if err != nil {
			return b.String(), errors.Join(err, rows.Close())
		}
		for i := range chunk.Rows {
			for c := range chunk.Vectors {
				b.WriteString(enginetest.Text(&chunk.Vectors[c], rows.Columns()[c].Type, i) + "|")
			}
			b.WriteByte('\n')
		}
	}
}

// columnsOf are the columns that events has.
func columnsOf(names ...string) []parquetscan.SourceColumn {
	types := map[string]string{
		"id": "BIGINT", "site": "INTEGER", "url": "VARCHAR", "ts": "TIMESTAMP", "r": "DOUBLE", "x": "DECIMAL(10,2)", "nl": "BIGINT",
		"h": "VARCHAR", "later": "BIGINT",
	}
	var columns []parquetscan.SourceColumn
	for _, n := range names {
		columns = append(columns, parquetscan.SourceColumn{Name: n, DuckDBType: types[n]})
	}
	return columns
}

// events is a SELECT of rows with every kind of column; number tells files apart.
func events(number, rows int) string {
	return fmt.Sprintf(`SELECT (i + %[1]d * 1000000)::BIGINT AS id, (i %% 100 + %[1]d)::INTEGER AS site, 'url/' || (i %% 500) AS url,
		TIMESTAMP '2024-01-01' + INTERVAL (i) SECOND AS ts, (hash(i + %[1]d) / 1e15)::DOUBLE AS r,
		((i %% 10000) / 100.0)::DECIMAL(10,2) AS x, CASE WHEN i %% 7 = 0 THEN NULL ELSE i %% 13 END::BIGINT AS nl,
		md5((i * %[1]d)::VARCHAR) AS h FROM range(%[2]d) t(i)`, number, rows)
}
