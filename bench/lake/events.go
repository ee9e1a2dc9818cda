package lake

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/bench/measure"
	"tidegate/internal/demo"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/storage/s3"
)

// events is the demo's table of page views in a bucket, served by the program with an empty cache, and its files in a
// folder for DuckDB alone.
type events struct {
	suite  *suite
	client *pgconn.PgConn
	duck   *duck.DB
	files  []string // local copies
}

const records, quickRecords = 4_000_000, 400_000

// newEvents runs the demo's pipelines into a bucket and serves it.
func newEvents(ctx context.Context, s *suite) (*events, error) {
	name := s.server.Bucket(s.TB)
	p, err := measure.Build(ctx, s.TB, append(s.server.Environment(),
		"TIDEGATE_LAKE_LOCATION=s3://"+name+"/lake", "TIDEGATE_LAKE_S3_ENDPOINT="+s.proxy.url,
		"TIDEGATE_LAKE_S3_PATH_STYLE=true", "TIDEGATE_HOT_KIND=none", "TIDEGATE_PIPELINES=pipelines")...)
	if err != nil {
		return nil, err
	}
	n := records
	if s.Quick {
		n = quickRecords
	}
	s.Logf("%d page views go into the lake", n)
	raw := filepath.Join(p.Dir, "tidegate-data", "raw", "web")
	if _, err := demo.Generate(ctx, raw, demo.Options{Seed: 1, Records: n}); err != nil {
		return nil, err
	}
	if err := os.CopyFS(filepath.Join(p.Dir, "pipelines"), os.DirFS(filepath.Join("examples", "web", "pipelines"))); err != nil {
		return nil, err
	}
	if err := p.Run(ctx, "etl", "run"); err != nil {
		return nil, err
	}
	url, _, err := p.Serve(ctx, "serve")
	if err != nil {
		return nil, err
	}
	e := &events{suite: s}
	if e.client, err = pgconn.Connect(ctx, url); err != nil {
		return nil, err
	}
	s.TB.Cleanup(func() { _ = e.client.Close(context.WithoutCancel(ctx)) })
	if e.files, err = s.download(ctx, name, "lake/web.events/"); err != nil {
		return nil, err
	}
	return e, e.openDuck(ctx, p.Dir)
}

// openDuck opens a DuckDB in this process as the program opens its own.
func (e *events) openDuck(ctx context.Context, dir string) (err error) {
	if e.duck, err = duck.Open(ctx, duck.Options{TempDir: filepath.Join(dir, "spill")}); err != nil {
		return err
	}
	e.suite.TB.Cleanup(func() {
		if err := e.duck.Close(); err != nil {
			e.suite.TB.Errorf("close DuckDB: %v", err)
		}
	})
	return nil
}

// download copies the objects of a prefix into a folder and gives their paths.
func (s *suite) download(ctx context.Context, name, prefix string) ([]string, error) {
	bucket, err := s.open(ctx, name)
	if err != nil {
		return nil, err
	}
	dir := s.TB.TempDir()
	var paths []string
	for o, err := range bucket.List(ctx, prefix, "") {
		if err != nil {
			return nil, err
		}
		path := filepath.Join(dir, filepath.FromSlash(o.Key))
		if err := save(ctx, bucket, o.Key, path); err != nil {
			return nil, err
		}
		paths = append(paths, path)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("nothing below %s in %s", prefix, name)
	}
	return paths, nil
}

func save(ctx context.Context, bucket *s3.Bucket, key, path string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	body, _, err := bucket.Get(ctx, key, "")
	if err != nil {
		return err
	}
	f, err := os.Create(path)
	if err != nil {
		return errors.Join(err, body.Close())
	}
	_, err = io.Copy(f, body)
	return errors.Join(err, f.Close(), body.Close())
}

// source is the FROM item for DuckDB.
func (e *events) source() string {
	return "read_parquet(['" + strings.Join(e.files, "','") + "'], hive_partitioning=true)"
}

// gateway runs a query through the program, every row received, and gives the seconds that it took.
func (e *events) gateway(ctx context.Context, query string) (float64, error) {
	started := time.Now()
	_, err := e.client.Exec(ctx, strings.Replace(query, "EVENTS", "web.events", 1)).ReadAll()
	return time.Since(started).Seconds(), err
}

// alone runs the same query on DuckDB alone.
func (e *events) alone(ctx context.Context, query string) (float64, error) {
	started := time.Now()
	err := e.run(ctx, strings.Replace(query, "EVENTS", e.source(), 1), nil)
	return time.Since(started).Seconds(), err
}

// needed is what a query must have of the files: the chunks of its columns, as DuckDB reads them from the metadata, and
// the footers.
func (e *events) needed(ctx context.Context, columns ...string) (int64, error) {
	var chunks int64
	query := fmt.Sprintf("SELECT sum(total_compressed_size)::BIGINT FROM parquet_metadata(['%s']) WHERE path_in_schema IN ('%s')",
		strings.Join(e.files, "','"), strings.Join(columns, "','"))
	if err := e.run(ctx, query, &chunks); err != nil {
		return 0, err
	}
	for _, path := range e.files {
		n, err := footerBytes(path)
		if err != nil {
			return 0, err
		}
		chunks += n
	}
	return chunks, nil
}

// run drains a query of DuckDB; first, if not nil, takes its first value.
func (e *events) run(ctx context.Context, query string, first *int64) (err error) {
	session, err := e.duck.Session(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, session.Close()) }()
	rows, err := session.Query(ctx, query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for chunk, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return err
		}
		if first != nil && chunk.Rows > 0 {
			*first = chunk.Vectors[0].I64[0]
			first = nil
		}
	}
	return nil
}

// footerBytes is the length of a Parquet file's metadata with the trailer.
func footerBytes(path string) (int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	var trailer [8]byte
	_, err = f.Seek(-int64(len(trailer)), io.SeekEnd)
	if err == nil {
		_, err = io.ReadFull(f, trailer[:])
	}
	return int64(binary.LittleEndian.Uint32(trailer[:])) + int64(len(trailer)), errors.Join(err, f.Close())
}
