package e2e

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/storage"
	"tidegate/internal/storage/file"
	"tidegate/internal/storage/s3"
	"tidegate/internal/testkit"
)

// place is where others keep their Parquet: a folder or a bucket.
type place struct {
	location string
	bucket   storage.Bucket
	writer   *duck.DB
	scratch  string
}

func newFolder(t *testing.T) *place {
	t.Helper()
	writer, err := duck.Open(t.Context(), duck.Options{Threads: 2})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = writer.Close() })
	p := &place{location: "file:" + t.TempDir(), writer: writer, scratch: t.TempDir()}
	if p.bucket, err = file.Open(p.location); err != nil {
		t.Fatal(err)
	}
	return p
}

func newPlaces(t *testing.T) map[string]*place {
	t.Helper()
	folder := newFolder(t)
	server := testkit.S3(t)
	bucket := &place{location: "s3://" + server.Bucket(t) + "/events/", writer: folder.writer, scratch: folder.scratch}
	for _, variable := range append(server.Environment(), "TIDEGATE_LAKE_S3_ENDPOINT="+server.Endpoint, "TIDEGATE_LAKE_S3_PATH_STYLE=true") {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	var err error
	bucket.bucket, err = s3.Open(t.Context(), bucket.location, s3.Options{Endpoint: server.Endpoint, PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]*place{"folder": folder, "bucket": bucket}
}

// write makes an object of a SELECT.
func (p *place) write(t *testing.T, key, query string) {
	t.Helper()
	path := filepath.Join(p.scratch, "written.parquet")
	p.exec(t, "COPY ("+query+") TO '"+path+"' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
	p.put(t, key, path)
}

func (p *place) exec(t *testing.T, statement string) {
	t.Helper()
	s, err := p.writer.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = s.Close() }()
	if _, err := s.Exec(t.Context(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (p *place) put(t *testing.T, key, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if _, err := p.bucket.Put(t.Context(), key, f); err != nil {
		t.Fatal(err)
	}
}

// views is a SELECT of page views of one day, which DuckDB and PostgreSQL both understand.
func views(day string, from, to int) string {
	return fmt.Sprintf(`SELECT i AS id, TIMESTAMP WITH TIME ZONE '%s 00:00:00+00' + i * INTERVAL '17 seconds' AS ts,
		i %% 7 AS site_id, '/p/' || (i %% 13) AS path, CAST((i %% 100) / 4.0 AS numeric(9,2)) AS price,
		CASE WHEN i %% 5 <> 0 THEN i * 1.5 END AS load FROM generate_series(%d, %d) AS g(i)`, day, from, to)
}

// TestAdoptParquet adopts Parquet in folders and buckets without a warehouse, also by a server that was there before.
func TestAdoptParquet(t *testing.T) {
	for name, p := range newPlaces(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeFile(t, filepath.Join(dir, "tidegate.yml"), "hot: { kind: none }\n")
			s := start(t, dir, "serve")
			c := s.connect(t)
			p.write(t, "dt=2018-02-15/site=1/a.parquet", views("2018-02-15", 0, 4999))
			p.write(t, "dt=2018-02-16/site=2/a.parquet", views("2018-02-16", 0, 999))
			writeFile(t, filepath.Join(dir, "pipelines/web/events.yml"), fmt.Sprintf(
				"table: web.events\ndescription: what others collect\nadopt: { cold: %q, split_on: ts }\n", p.location))
			out := mustRun(t, dir, "etl", "run")
			if !strings.Contains(out, "web.events  2        2    0      0     6000") {
				t.Errorf("the report:\n%s", out)
			}
			answers := func(want map[string]string) {
				t.Helper()
				for query, answer := range want {
					if d := cmp.Diff(answer, strings.Join(table(t, c, query), "; ")); d != "" {
						t.Errorf("%s (-want +got):\n%s", query, d)
					}
				}
			}
			answers(map[string]string{
				"select count(*), sum(id), min(ts) from web.events":                               "6000|12997000|2018-02-15 00:00:00+00",
				"select dt, site, count(*), count(load) from web.events group by 1, 2 order by 1": "2018-02-15|1|5000|4000; 2018-02-16|2|1000|800",
				"select count(*) from web.events where dt = date '2018-02-16'":                    "1000",
				"select path, site from web.events order by ts desc limit 1":                      "/p/11|2",
				"select sum(price) from web.events where ts < '2018-02-15 01:00:00+00'":           "2491.50",
			})
			if got := explained(t, c, "select sum(id) from web.events where dt = date '2018-02-16'", "Files"); got != "1 kept, 1 pruned" {
				t.Errorf("files: %s", got)
			}
			// Replaced, new with a column more, gone; the running server sees it.
			p.write(t, "dt=2018-02-16/site=2/a.parquet", views("2018-02-16", 0, 9))
			p.write(t, "dt=2018-02-17/site=2/b.parquet", views("2018-02-17", 0, 4)+", LATERAL (SELECT 'x' AS more) m")
			if err := p.bucket.Delete(t.Context(), "dt=2018-02-15/site=1/a.parquet"); err != nil {
				t.Fatal(err)
			}
			if out = mustRun(t, dir, "etl", "run"); !strings.Contains(out, "web.events  2        2    0      1     15") {
				t.Errorf("the report:\n%s", out)
			}
			answers(map[string]string{
				"select count(*) from web.events":                            "15",
				"select dt, sum(id) from web.events group by dt order by dt": "2018-02-16|45; 2018-02-17|10",
			})
			s.interrupt(t)
			s = start(t, dir, "serve")
			c = s.connect(t)
			if name == "bucket" {
				checkStaleObjects(t, p, c)
				mustRun(t, dir, "etl", "run")
			}
			answers(map[string]string{
				"select dt, sum(id) from web.events group by dt order by dt": "2018-02-16|45; 2018-02-17|10",
				"select count(distinct path) from web.events":                "10",
			})
			s.interrupt(t)
		})
	}
}

// checkStaleObjects replaces an object and takes another one away, and wants queries to name them; then it puts both
// back.
func checkStaleObjects(t *testing.T, p *place, c *pgx.Conn) {
	t.Helper()
	p.write(t, "dt=2018-02-16/site=2/a.parquet", views("2018-02-16", 5, 9))
	if err := p.bucket.Delete(t.Context(), "dt=2018-02-17/site=2/b.parquet"); err != nil {
		t.Fatal(err)
	}
	for query, want := range map[string][]string{
		"select sum(price) from web.events where dt = '2018-02-16'": {"dt=2018-02-16/site=2/a.parquet in the lake was replaced", "55000", "tidegate etl run reads it anew"},
		"select sum(price) from web.events where dt = '2018-02-17'": {"dt=2018-02-17/site=2/b.parquet is missing", "58P01", "tidegate etl run takes it out of the table"},
	} {
		_, err := c.PgConn().Exec(t.Context(), query).ReadAll()
		var told *pgconn.PgError
		if !errors.As(err, &told) {
			t.Errorf("%s: %v", query, err)
			continue
		}
		for _, part := range want {
			if !strings.Contains(told.Message+" "+told.Code+" "+told.Hint, part) {
				t.Errorf("%s: %s (%s, %s), want %q", query, told.Message, told.Code, told.Hint, part)
			}
		}
	}
	p.write(t, "dt=2018-02-16/site=2/a.parquet", views("2018-02-16", 0, 9))
	p.write(t, "dt=2018-02-17/site=2/b.parquet", views("2018-02-17", 0, 4)+", LATERAL (SELECT 'x' AS more) m")
}

// explained gives one line of EXPLAIN (ROUTE).
func explained(t *testing.T, c *pgx.Conn, query, label string) string {
	t.Helper()
	for _, line := range table(t, c, "explain (route) "+query) {
		if value, ok := strings.CutPrefix(line, label+": "); ok {
			return value
		}
	}
	t.Fatalf("no line %s", label)
	return ""
}

// query asks DuckDB for texts.
func (p *place) query(t *testing.T, query string) []string {
	t.Helper()
	rows, err := p.writer.Query(t.Context(), engine.Statement{SQL: query})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var all []string
	for _, row := range enginetest.Table(t, rows) {
		all = append(all, row[0])
	}
	return all
}
