package e2e

import (
	stdsql "database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// nasty are columns of the table of values that barely fit a hot table, or do not: Parquet type, pipeline type, and
// DuckDB expressions that the seed chooses from.
var nasty = []struct {
	name, parquet, field string
	values               []string
}{
	{"name", "VARCHAR", "text", []string{
		"''", "' '", "'x  '", "'null'", `'\N'`, "'a|b,c\"d''e'", "repeat('x', 65535)", "repeat('x', 65536)", "repeat('é', 32767) || 'x'",
		"repeat('😀', 16383) || 'abc'", "repeat('😀', 16384)", "'a' || chr(0) || 'b'", "chr(0)", "'e' || chr(769)", "chr(65279) || 'bom'",
		"chr(65535)", "chr(1114111)", "chr(10) || chr(13) || chr(9) || chr(1) || chr(127)",
	}},
	{"tag", "VARCHAR", "text", []string{"'日本語'", "'abcdefg'", "'abcdefgh'", "'abcdef😀'", "'ab😀😀'", "'abcdefg' || chr(0)", "''"}},
	{"code", "VARCHAR", "text", []string{"'日本語訳'", "'日本語訳文'", "'e' || chr(769) || 'e' || chr(769) || 'x'", "'abcd   '", "''"}},
	{"doc", "VARCHAR", "json", []string{
		`'{"a": "\u0000"}'`, `'{"a":1, "a":2}'`, `'"\ud83d\ude00"'`, `'"\ud800"'`, `'null'`, `'1e400'`, `' [1 , 2] '`, `'12345678901234567890.123'`,
		`'"' || repeat('x', 65533) || '"'`, `'"' || repeat('x', 65534) || '"'`, `repeat('[', 900) || repeat(']', 900)`,
	}},
	{"day", "DATE", "date", []string{
		"DATE '4713-01-01 (BC)'", "DATE '4713-01-01 (BC)' - 1", "DATE '0001-01-01'", "DATE '0001-12-31 (BC)'", "DATE '9999-12-31'", "DATE '294276-12-31'",
		"DATE '294277-01-01'", "DATE 'infinity'", "DATE '-infinity'", "DATE '5881580-07-10'",
	}},
	{"moment", "TIMESTAMP", "timestamp", []string{
		"TIMESTAMP '4713-01-01 (BC) 00:00:00'", "TIMESTAMP '4713-01-01 (BC) 00:00:00' - INTERVAL 1 MICROSECOND", "TIMESTAMP '1969-12-31 23:59:59.999999'",
		"TIMESTAMP '294247-01-10 04:00:54.775806'", "TIMESTAMP 'infinity'", "TIMESTAMP '-infinity'", "TIMESTAMP '9999-12-31 23:59:59.999999'",
	}},
	{"instant", "TIMESTAMPTZ", "timestamptz", []string{
		"TIMESTAMPTZ '4713-01-01 (BC) 00:00:00+00'", "TIMESTAMPTZ '4714-12-31 (BC) 23:59:59+00'", "TIMESTAMPTZ '294247-01-10 04:00:54.775806+00'",
		"TIMESTAMPTZ 'infinity'", "TIMESTAMPTZ '-infinity'", "TIMESTAMPTZ '1883-11-18 12:00:00+00'",
	}},
	{"amount", "DECIMAL(38,10)", "numeric(38,10)", []string{
		"'9999999999999999999999999999.9999999999'", "'-9999999999999999999999999999.9999999999'", "'0.0000000001'", "0",
	}},
	{"small", "SMALLINT", "smallint", []string{"-32768", "32767"}},
	{"big", "BIGINT", "bigint", []string{"-9223372036854775808", "9223372036854775807"}},
	{"real4", "FLOAT", "real", []string{"'nan'", "'inf'", "'-inf'", "1e-45", "3.4028235e38", "'-0'"}},
	{"real8", "DOUBLE", "double precision", []string{"'nan'", "'inf'", "'-inf'", "5e-324", "1.7976931348623157e308", "'-0'"}},
	{"clock", "TIME", "time", []string{"TIME '00:00:00'", "TIME '23:59:59.999999'"}},
	{"id", "UUID", "uuid", []string{"'00000000-0000-0000-0000-000000000000'", "'ffffffff-ffff-ffff-ffff-ffffffffffff'"}},
	{"kind", "VARCHAR", "text", []string{"''", "'a/b=c%d'", "repeat('k', 250)", "repeat('k', 251)", "'日本 ' || chr(10)", "'.'"}},
}

// writeNasty writes a Parquet file of n rows, numbered from first, most of whose values are plain, and each nasty one in some row.
func writeNasty(t *testing.T, path string, r *rand.Rand, first, n int) {
	t.Helper()
	db, err := stdsql.Open("duckdb", "")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var queries []string
	for row := range n {
		line := []string{fmt.Sprintf("%d AS n", first+row)}
		for _, c := range nasty {
			value := "NULL"
			if r.IntN(12) == 0 {
				value = c.values[r.IntN(len(c.values))]
			}
			line = append(line, fmt.Sprintf("CAST(%s AS %s) AS %s", value, c.parquet, c.name))
		}
		queries = append(queries, "SELECT "+strings.Join(line, ", "))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("COPY (" + strings.Join(queries, " UNION ALL ") + ") TO '" + path + "' (FORMAT parquet)"); err != nil {
		t.Fatal(err)
	}
}

// nastyPipeline is a first stage whose every column is hot.
func nastyPipeline(t *testing.T, dir, format string) {
	t.Helper()
	fields, columns := []string{"n: int"}, []string{"n"}
	for _, c := range nasty {
		fields, columns = append(fields, c.name+": \""+c.field+"\""), append(columns, c.name)
	}
	writeFile(t, filepath.Join(dir, "pipelines/odd/values.yml"), fmt.Sprintf(`table: odd.values
source: { location: "file:./raw", format: parquet }
fields: { %s }
partition_by: [kind]
hot: { columns: [%s], sort: [n], format: %s }
columns:
  - { name: tag, max_bytes: 7, on_overflow: truncate }
  - { name: code, type: varchar(4) }
`, strings.Join(fields, ", "), strings.Join(columns, ", "), format))
	writeFile(t, filepath.Join(dir, "pipelines/odd/values.sql"), "select "+strings.Join(columns, ", ")+" from source\n")
}

// TestNastyValues: no value keeps a batch out of a hot store, and both tiers have the same rows.
func TestNastyValues(t *testing.T) {
	s3 := testkit.S3(t)
	for _, variable := range s3.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	redshift := func(t *testing.T) string {
		t.Helper()
		return fmt.Sprintf("lake: { location: 's3://%s/lake', s3: { endpoint: %q, path_style: true } }\n"+
			"hot: { kind: redshift, url: %q, iam_role: default }\n", s3.Bucket(t), s3.Endpoint, startWarehouse(t, s3).url())
	}
	for name, config := range map[string]func(*testing.T) string{
		"embedded": func(*testing.T) string { return "hot: { kind: embedded }\n" },
		"postgres": func(t *testing.T) string {
			t.Helper()
			return fmt.Sprintf("hot: { kind: postgres, url: %q }\n", testkit.Postgres(t).DSN())
		},
		"redshift":          redshift,
		"redshift, by name": redshift,
		"embedded, of avro": func(*testing.T) string { return "hot: { kind: embedded }\n" },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			format := "parquet"
			if strings.Contains(name, ", ") {
				format = "avro"
			}
			nastyPipeline(t, dir, format)
			writeFile(t, filepath.Join(dir, "t.yml"), config(t))
			r := rand.New(rand.NewPCG(1, 7))
			for i := range 3 {
				writeNasty(t, filepath.Join(dir, fmt.Sprintf("raw/%d.parquet", i)), r, 120*i, 120)
			}
			mustRun(t, dir, "etl", "run", "-c", "t.yml")
			s := start(t, dir, "serve", "-c", "t.yml")
			c := s.connect(t)
			got := one(t, c, `select count(*), sum(rows_read), count(hot_loaded_at), bool_and(rows_rejected > 50), bool_and(rows_truncated > 5),
				bool_and(rows_emitted > 100) from tidegate.batches`)
			if got != "1|360|1|t|t|t" {
				t.Errorf("batches, rows, hot batches, enough rejected, cut, emitted: %s", got)
			}
			reasons := table(t, c, "select split_part(reason, '(', 1), count(*) > 0 from tidegate.quarantine group by 1 order by 1")
			if d := cmp.Diff([]string{"bad_type|t", "nul_character|t", "out_of_range|t", "too_long|t"}, reasons); d != "" {
				t.Error(d)
			}
			const all = "select * from odd.values order by n"
			if at := route(t, c, strings.Replace(all, "select", "select /*+ tidegate latency(interactive) */", 1)); at != "hot" {
				t.Errorf("route %s", at)
			}
			hot := table(t, c, strings.Replace(all, "select", "select /*+ tidegate engine(hot) */", 1))
			cold := table(t, c, strings.Replace(all, "select", "select /*+ tidegate engine(cold) */", 1))
			if d := cmp.Diff(cold, hot); d != "" || len(hot) < 100 {
				t.Errorf("%d rows; -cold +hot:\n%s", len(hot), d)
			}
			s.interrupt(t)
		})
	}
}
