package cold_test

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/storage/colcache"
	"tidegate/internal/testkit/parquettypes"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.open(t, colcache.Options{})
	enginetest.Run(t, enginetest.Config{Engine: l.engine})
}

// TestEveryKindOfFile asks queries of each column of files of several codecs and shapes, with nothing but that column
// in the cache.
func TestEveryKindOfFile(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.open(t, colcache.Options{})
	for i, options := range []string{
		"COMPRESSION uncompressed, ROW_GROUP_SIZE 10000", "COMPRESSION snappy, ROW_GROUP_SIZE 10000",
		"COMPRESSION zstd, ROW_GROUP_SIZE 10000, PARQUET_VERSION V2", "COMPRESSION gzip", "COMPRESSION lz4_raw, WRITE_BLOOM_FILTER false",
	} {
		f := l.write(t, fmt.Sprintf("t/run=%d/0000.parquet", i), events(1, 40_000), options)
		for column, value := range map[string]string{
			"id": "1000017", "site": "3", "url": "'url/7'", "ts": "TIMESTAMP '2024-01-01 00:00:05'", "r": "5.0", "x": "0.01", "nl": "3",
			"h": "'c4ca4238a0b923820dcc509a6f75849b'", "later": "1",
		} {
			l.bucket.Reset()
			for _, q := range []string{
				"SELECT count(*) FROM SOURCE", "SELECT count(COL), count(DISTINCT COL), min(COL), max(COL) FROM SOURCE",
				"SELECT md5(string_agg(COL::VARCHAR, ',' ORDER BY COL::VARCHAR)) FROM SOURCE",
				"SELECT COL FROM SOURCE ORDER BY COL DESC NULLS LAST LIMIT 5", "SELECT COL FROM SOURCE LIMIT 3 OFFSET 25001",
				"SELECT count(*) FROM SOURCE WHERE COL = VAL", "SELECT count(*) FROM SOURCE WHERE COL > VAL",
				"SELECT count(*) FROM SOURCE WHERE COL IS NULL", "SELECT count(*) FROM SOURCE WHERE COL IN (VAL, VAL)",
				"SELECT COL, count(*) FROM SOURCE GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 3",
				"SELECT count(*) FROM SOURCE a JOIN (SELECT VAL k) b ON a.COL = b.k",
			} {
				q = strings.NewReplacer("COL", column, "VAL", value).Replace(q)
				l.same(t, options+": "+q, q, []engine.ScanFile{f}, column)
			}
			if got := len(l.bucket.Requests()); got > 6 { // two for the footer, one for each row group
				t.Errorf("%s: %d requests for column %s", options, got, column)
			}
		}
	}
}

// TestEveryTypeOfFile asks queries of each column of a file with every type of the format, as it is and as adopted tables
// declare it, with nothing but that column in the cache.
func TestEveryTypeOfFile(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.open(t, colcache.Options{})
	var file bytes.Buffer
	const key = "types.parquet"
	if err := errors.Join(parquettypes.Write(&file, 3000, 1000), os.WriteFile(l.lake.LocalPath(key), file.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	f := l.adopt(t, key)
	described, err := answer(t.Context(), l.truth, engine.Statement{SQL: "SELECT column_name, column_type FROM (DESCRIBE FROM '" + l.lake.LocalPath(key) + "')"})
	if err != nil {
		t.Fatal(err)
	}
	wider := map[string]string{ // what PostgreSQL has not is declared as what holds its values
		"TINYINT": "SMALLINT", "UTINYINT": "SMALLINT", "USMALLINT": "INTEGER", "UINTEGER": "BIGINT", "UBIGINT": "DECIMAL(20,0)",
		"TIMESTAMP_NS": "TIMESTAMP", "TIME_NS": "TIME", "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ", "TIME WITH TIME ZONE": "TIMETZ",
	}
	lines := strings.Split(strings.TrimSpace(described), "\n")
	if len(lines) < 30 {
		t.Fatalf("%d columns: %q", len(lines), described)
	}
	for _, line := range lines {
		name, own, ok := strings.Cut(strings.TrimSuffix(line, "|"), "|")
		if !ok {
			t.Fatalf("a column is described as %q", line)
		}
		for _, as := range []string{own, cmp.Or(wider[own], own)} {
			columns := []parquetscan.SourceColumn{{Name: name, DuckDBType: as}}
			for _, q := range []string{
				"SELECT count(*), count(COL), count(DISTINCT COL) FROM SOURCE", "SELECT md5(string_agg(COL::VARCHAR, ',' ORDER BY COL::VARCHAR)) FROM SOURCE",
				"SELECT min(COL)::VARCHAR, max(COL)::VARCHAR FROM SOURCE", "SELECT COL::VARCHAR FROM SOURCE ORDER BY COL DESC LIMIT 5",
				"SELECT count(*) FROM SOURCE WHERE COL IS NULL", "SELECT COL::VARCHAR FROM SOURCE LIMIT 3 OFFSET 2100",
			} {
				q = strings.ReplaceAll(q, "COL", `"`+name+`"`)
				got, err := answer(t.Context(), l.engine, l.statement(q, []engine.ScanFile{f}, columns))
				if want := l.expected(t, q, []engine.ScanFile{f}, columns); err != nil || got != want {
					t.Errorf("%s as %s: %s: %v\ngot  %.200q\nwant %.200q", name, as, q, err, got, want)
				}
			}
		}
	}
}

// same compares the cache's answer with the lake's.
func (l *lab) same(t *testing.T, name, q string, files []engine.ScanFile, columns ...string) {
	t.Helper()
	got, err := answer(t.Context(), l.engine, l.statement(q, files, columnsOf(columns...)))
	if want := l.expected(t, q, files, columnsOf(columns...)); err != nil || got != want {
		t.Errorf("%s: %v\ngot  %.200q\nwant %.200q", name, err, got, want)
	}
}

func TestNestedColumns(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.open(t, colcache.Options{})
	f := l.write(t, "nested.parquet", `SELECT i::BIGINT AS id, {'a': i % 100, 'b': 's' || (i % 77)} AS st, [i % 5, i % 9] AS li,
		MAP {'m' || (i % 4): i} AS mp, 'x' || i AS other FROM range(50000) t(i)`, "COMPRESSION uncompressed, ROW_GROUP_SIZE 10000")
	for _, c := range []string{"st", "li", "mp"} {
		f.Columns = []string{c}
		q := "SELECT md5(string_agg(" + c + "::VARCHAR, ',' ORDER BY " + c + "::VARCHAR)) FROM read_parquet('%s')"
		want, err := answer(t.Context(), l.truth, engine.Statement{SQL: fmt.Sprintf(q, l.lake.LocalPath(f.Key))})
		if err != nil {
			t.Fatal(err)
		}
		got, err := answer(t.Context(), l.engine, engine.Statement{SQL: fmt.Sprintf(q, l.engine.Path(f)), Files: []engine.ScanFile{f}})
		if err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", c, got, err, want)
		}
	}
	if got, most := l.bucket.Bytes(), f.Size; got >= most {
		t.Errorf("%d bytes of %d were fetched for three of five columns", got, most)
	}
}

func TestDescribeMakesNoRequest(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.open(t, colcache.Options{})
	l.write(t, "a.parquet", events(1, 1000), "COMPRESSION zstd")
	l.write(t, "b.parquet", events(2, 1000), "COMPRESSION zstd")
	s := l.statement("SELECT url, sum(x) AS sum FROM SOURCE GROUP BY 1", l.files, columnsOf("url", "x"))
	columns, err := l.engine.Describe(t.Context(), s)
	if err != nil || len(columns) != 2 || columns[0].Name != "url" || columns[1].Name != "sum" {
		t.Errorf("columns %v, %v", columns, err)
	}
	if got := l.bucket.Requests(); len(got) != 0 {
		t.Errorf("Describe made the requests %v", got)
	}
}

// TestAbsentReadFetchesTheObject runs a statement that reads a column it did not name.
func TestAbsentReadFetchesTheObject(t *testing.T) {
	t.Parallel()
	for _, q := range []string{
		"SELECT sum(hash(h)), sum(site) FROM SOURCE", // fails at the start
		"SELECT h, site FROM SOURCE",                 // and when the first rows are asked for
	} {
		l := newLab(t, t.TempDir())
		l.open(t, colcache.Options{})
		f := l.write(t, "a.parquet", events(1, 30_000), "COMPRESSION zstd")
		s := l.statement(q, l.files, columnsOf("site", "h"))
		s.Files = with(s.Files, "site")
		got, err := answer(t.Context(), l.engine, s)
		if want := l.expected(t, q, l.files, columnsOf("site", "h")); err != nil || got != want {
			t.Errorf("%s: %v, %d bytes of text, want %d", q, err, len(got), len(want))
		}
		if got := l.bucket.Bytes(); got < f.Size/2 {
			t.Errorf("%s: %d bytes of %d were fetched; the object was not", q, got, f.Size)
		}
	}
}

func TestSameQueryAgainFetchesNothing(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.open(t, colcache.Options{})
	for i := range 10 {
		l.write(t, fmt.Sprintf("%d.parquet", i), events(i, 5000), "COMPRESSION zstd")
	}
	q := "SELECT site, count(*), sum(x) FROM SOURCE WHERE nl > 3 GROUP BY 1 ORDER BY 1"
	l.same(t, q, q, l.files, "site", "x", "nl")
	l.bucket.Reset()
	l.same(t, q, q, l.files, "site", "x", "nl")
	if got := l.bucket.Requests(); len(got) != 0 {
		t.Errorf("the same query made the requests %v", got)
	}
}

// TestReplacedDuringTheQuery replaces an object while a statement reads its cached file: the statement goes on with
// the bytes that it began with, and the object's new ETag is another file.
func TestReplacedDuringTheQuery(t *testing.T) {
	t.Parallel()
	l := newLab(t, t.TempDir())
	l.open(t, colcache.Options{})
	l.write(t, "a.parquet", events(1, 200_000), "COMPRESSION zstd")
	q := "SELECT id FROM SOURCE"
	want := l.expected(t, q, l.files, columnsOf("id"))
	s := l.statement(q, l.files, columnsOf("id"))
	rows, err := l.engine.Query(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	old := l.files
	l.files = nil
	l.write(t, "a.parquet", events(2, 1000), "COMPRESSION zstd")
	got := enginetest.Table(t, rows)
	if err := rows.Close(); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(want, "\n"); len(got) != n {
		t.Errorf("%d rows, want %d", len(got), n)
	}
	l.same(t, "new", "SELECT sum(id) FROM SOURCE", l.files, "id")
	if old[0].ETag == l.files[0].ETag || l.engine.Path(old[0]) == l.engine.Path(l.files[0]) {
		t.Error("both objects have one path")
	}
}
