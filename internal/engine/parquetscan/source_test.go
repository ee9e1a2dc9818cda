package parquetscan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/engine/parquetscan"
	"tidegate/internal/pgerr"
)

type (
	file   = parquetscan.ParquetFile
	column = parquetscan.SourceColumn
)

// lake is a folder of Parquet files behind the fence.
type lake struct {
	db  *duck.DB
	dir string
}

func newLake(tb testing.TB, dir string) *lake {
	tb.Helper()
	db, err := duck.Open(tb.Context(), duck.Options{AllowedDirs: []string{dir}, Fence: true})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return &lake{db: db, dir: dir}
}

// write makes a file below its partition's folder from a SELECT.
func (l *lake) write(tb testing.TB, partition, name, sql string) file {
	tb.Helper()
	dir := filepath.Join(l.dir, filepath.FromSlash(partition), "run=20180215T0300Z-0123456789ab.r1.0001")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		tb.Fatal(err)
	}
	path := filepath.Join(dir, name)
	s, err := l.db.Session(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Exec(tb.Context(), "copy ("+sql+") to '"+strings.ReplaceAll(path, "'", "''")+"' (format parquet)"); err != nil {
		tb.Fatal(err)
	}
	return file{Path: path, Partition: partition}
}

func (l *lake) table(t *testing.T, sql string) [][]string {
	t.Helper()
	rows, err := l.db.Query(t.Context(), engine.Statement{SQL: sql})
	if err != nil {
		t.Fatalf("%.2000s: %v", sql, err)
	}
	defer rows.Close()
	return enginetest.Table(t, rows)
}

func TestText(t *testing.T) {
	t.Parallel()
	columns := []column{{Name: "ts", DuckDBType: "TIMESTAMPTZ"}, {Name: "dt", DuckDBType: "DATE", Partition: true}}
	one := []file{{"/l/dt=2018-02-15/run=x/0.parquet", "dt=2018-02-15"}}
	two := slices.Concat(one, []file{{"/l/dt=2018-02-16/run=y/0.parquet", "dt=2018-02-16"}})
	moved := slices.Concat(one, []file{{"/cache/0a1b.parquet", "dt=2018-02-16"}})
	const ts = `schema=map{'ts':{name:'ts',type:'TIMESTAMPTZ',default_value:NULL}}, hive_partitioning=false)`
	for _, test := range []struct {
		name    string
		files   []file
		columns []column
		want    string
	}{
		{"no files", nil, columns, `(SELECT CAST(NULL AS TIMESTAMPTZ) AS "ts", CAST(NULL AS DATE) AS "dt" WHERE false)`},
		{"nothing", nil, nil, `(SELECT 1 AS "_tg_none" WHERE false)`},
		{"no columns", one, nil, `(SELECT 1 AS "_tg_none" FROM read_parquet(['/l/dt=2018-02-15/run=x/0.parquet'], ` +
			`schema=map{'_tg_none':{name:'_tg_none',type:'BOOLEAN',default_value:NULL}}, hive_partitioning=false))`},
		{"one value", one, columns, `(SELECT "ts", CAST('2018-02-15' AS DATE) AS "dt" FROM read_parquet(` +
			`['/l/dt=2018-02-15/run=x/0.parquet'], ` + ts + `)`},
		{"from the path", two, columns, `(SELECT "ts", CAST(regexp_extract(filename, '.*/dt=([^/]*)/', 1) AS DATE) AS "dt" ` +
			`FROM read_parquet(['/l/dt=2018-02-15/run=x/0.parquet','/l/dt=2018-02-16/run=y/0.parquet'], ` + ts + `)`},
		{"not in the path", moved, columns, `(SELECT "ts", CAST(list_extract(CAST(['2018-02-15','2018-02-16'] AS DATE[]), ` +
			`CAST(file_index AS BIGINT) + 1) AS DATE) AS "dt" FROM read_parquet(['/l/dt=2018-02-15/run=x/0.parquet',` +
			`'/cache/0a1b.parquet'], ` + ts + `)`},
		{
			"quotes",
			[]file{{"/it's/[1].parquet", ""}},
			[]column{{Name: `a"b'c`, DuckDBType: "JSON"}},
			`(SELECT CAST("a""b'c" AS JSON) AS "a""b'c" FROM read_parquet(['/it''s/[1].parquet'], ` +
				`schema=map{'a"b''c':{name:'a"b''c',type:'VARCHAR',default_value:NULL}}, hive_partitioning=false))`,
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(parquetscan.ParquetSource(test.files, test.columns), test.want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
		})
	}
}

// TestSchemaVersions reads files of several versions of one table through the newest one.
func TestSchemaVersions(t *testing.T) {
	t.Parallel()
	l := newLake(t, t.TempDir())
	files := []file{
		l.write(t, "dt=2018-02-15", "0000.parquet", "select 1::int as id, 'a' as path, 1.5::float as ms"),
		l.write(t, "dt=2018-02-16", "0000.parquet", "select 'gone' as old, 2.5::double as ms, 'b' as path, 2::bigint as id"),
		l.write(t, "dt=2018-02-17", "0000.parquet", `select 3::bigint as id, 'c' as path, 'x' as added, '{"k": [1]}'::json as query`),
	}
	got := l.table(t, "select * from "+parquetscan.ParquetSource(files, []column{
		{Name: "path", DuckDBType: "VARCHAR"},
		{Name: "id", DuckDBType: "BIGINT"},
		{Name: "dt", DuckDBType: "DATE", Partition: true},
		{Name: "added", DuckDBType: "VARCHAR"},
		{Name: "ms", DuckDBType: "DOUBLE"},
		{Name: "query", DuckDBType: "JSON"},
	})+" t order by id")
	want := [][]string{
		{"a", "1", "2018-02-15", "NULL", "1.5", "NULL"},
		{"b", "2", "2018-02-16", "NULL", "2.5", "NULL"},
		{"c", "3", "2018-02-17", "x", "NULL", `{"k": [1]}`},
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}

// TestTypes writes every type that a table can have and reads it back by its catalog type.
func TestTypes(t *testing.T) {
	t.Parallel()
	l := newLake(t, t.TempDir())
	for typ, value := range map[string]string{
		"BOOLEAN": "true", "SMALLINT": "-1", "INTEGER": "-1", "BIGINT": "-1", "FLOAT": "1.5", "DOUBLE": "1.5",
		"DECIMAL(4,2)": "-1.25", "DECIMAL(38,9)": "1.250000000", "VARCHAR": "it's", "BLOB": "61",
		"DATE": "2018-02-15", "TIME": "10:00:00.5", "TIMESTAMP": "2018-02-15 10:00:00.5",
		"TIMESTAMPTZ": "2018-02-15 10:00:00.5", "UUID": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "JSON": `{"a": 1}`,
	} {
		literal := "'" + strings.ReplaceAll(value, "'", "''") + "'"
		if typ == "BLOB" {
			literal = "'a'"
		}
		name := strings.NewReplacer("(", "", ")", "", ",", "").Replace(typ) + ".parquet"
		f := l.write(t, "dt=2018-02-15", name, "select "+literal+"::"+typ+" as v, null::"+typ+" as n")
		got := l.table(t, "select * from "+parquetscan.ParquetSource([]file{f}, []column{
			{Name: "v", DuckDBType: typ}, {Name: "n", DuckDBType: typ}, {Name: "missing", DuckDBType: typ},
		})+" t")
		if want := [][]string{{value, "NULL", "NULL"}}; !cmp.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", typ, got, want)
		}
		empty := parquetscan.ParquetSource(nil, []column{{Name: "v", DuckDBType: typ}})
		if got := l.table(t, "select typeof(v), count(*) over () from (select 1) left join "+empty+" t on true"); got[0][0] != strings.NewReplacer("TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE").Replace(typ) && got[0][0] != `"NULL"` {
			t.Errorf("%s: type without files is %s", typ, got[0][0])
		}
	}
}

// TestPartitions has the values that are hard in a path; each set is read by the way that it needs.
func TestPartitions(t *testing.T) {
	t.Parallel()
	for name, values := range map[string][]string{
		"same":     {"2018-02-15", "2018-02-15"},
		"plain":    {"2018-02-15", "2018-02-16", "2018-02-17T03", "日本", "a b", "it's", "x+y", ""},
		"null":     {"2018-02-15", "NULL", "2018-02-16"},
		"all null": {"NULL", "NULL"},
		"encoded":  {"a/b", "a=b", "100%", "%41", "[x]*?", `\`, "NULL", "plain"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			// The folder has what looks like a partition and like a pattern.
			l := newLake(t, filepath.Join(t.TempDir(), "dt=no", "lake[1]*"))
			var files []file
			var want [][]string
			for i, v := range values {
				partition := "dt=" + escape(v) + "/site_id=" + strconv.Itoa(i%2)
				files = append(files, l.write(t, partition, "0000.parquet", fmt.Sprintf("select %d as i", i)))
				want = append(want, []string{strconv.Itoa(i), v, strconv.Itoa(i % 2)})
			}
			slices.SortFunc(want, func(a, b []string) int { return strings.Compare(a[0], b[0]) })
			columns := []column{
				{Name: "i", DuckDBType: "INTEGER"},
				{Name: "dt", DuckDBType: "VARCHAR", Partition: true},
				{Name: "site_id", DuckDBType: "INTEGER", Partition: true},
			}
			got := l.table(t, "select * from "+parquetscan.ParquetSource(files, columns)+" t order by i")
			if diff := cmp.Diff(got, want); diff != "" {
				t.Errorf("(-got +want):\n%s", diff)
			}
			got = l.table(t, "select i, dt, site_id from "+parquetscan.ParquetSource(files, columns)+" t where i = 1 and site_id = 1")
			if diff := cmp.Diff(got, want[1:2]); diff != "" {
				t.Errorf("filtered (-got +want):\n%s", diff)
			}
			only := parquetscan.ParquetSource(files, columns[1:2])
			if got := l.table(t, "select count(*), count(distinct dt) from "+only+" t"); got[0][0] != strconv.Itoa(len(files)) {
				t.Errorf("partition column alone: %q", got)
			}
			if got := l.table(t, "select count(*) from "+parquetscan.ParquetSource(files, nil)+" t"); got[0][0] != strconv.Itoa(len(files)) {
				t.Errorf("no columns: %q", got)
			}
		})
	}
}

// escape is Hive's percent-encoding of what these tests use; NULL is the default partition.
func escape(s string) string {
	if s == "NULL" {
		return "__HIVE_DEFAULT_PARTITION__"
	}
	var b strings.Builder
	for i := range len(s) {
		if strings.IndexByte("\"#%'*/:=?\\{}[]^", s[i]) >= 0 && s[i] != '\'' {
			fmt.Fprintf(&b, "%%%02X", s[i])
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// TestFilePruning: the place of a file in the list stays what it was when DuckDB leaves files out.
func TestFilePruning(t *testing.T) {
	t.Parallel()
	l := newLake(t, t.TempDir())
	var files []file
	for i := range 12 {
		f := l.write(t, "", fmt.Sprintf("%d.parquet", i), fmt.Sprintf("select %d + i as i from range(10) t(i)", i*10))
		f.Partition = fmt.Sprintf("dt=2018-02-%02d", i+1)
		files = append(files, f)
	}
	source := parquetscan.ParquetSource(files, []column{
		{Name: "i", DuckDBType: "INTEGER"}, {Name: "dt", DuckDBType: "DATE", Partition: true},
	})
	for where, want := range map[string][][]string{
		"i = 75":                             {{"75", "2018-02-08"}},
		"dt = '2018-02-08' and i % 10 = 5":   {{"75", "2018-02-08"}},
		"dt > '2018-02-11' and i % 10 = 0":   {{"110", "2018-02-12"}},
		"dt in ('2018-02-01') and i in (3)":  {{"3", "2018-02-01"}},
		"dt is null":                         nil,
		"i in (select 75 union select 1000)": {{"75", "2018-02-08"}},
	} {
		if got := l.table(t, "select * from "+source+" t where "+where); !cmp.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", where, got, want)
		}
	}
	got := l.table(t, "select * from "+source+" t order by i desc limit 1")
	if want := [][]string{{"119", "2018-02-12"}}; !cmp.Equal(got, want) {
		t.Errorf("top: got %q, want %q", got, want)
	}
}

// TestNoFileOpenedAtPrepare describes a scan of files that would not be readable. They must be there, though: DuckDB
// looks for each.
func TestNoFileOpenedAtPrepare(t *testing.T) {
	t.Parallel()
	l := newLake(t, t.TempDir())
	var files []file
	for _, name := range []string{"a.parquet", "b.parquet"} {
		path := filepath.Join(l.dir, name)
		if err := os.WriteFile(path, []byte("no Parquet"), 0o644); err != nil {
			t.Fatal(err)
		}
		files = append(files, file{path, "dt=" + name})
	}
	for _, columns := range [][]column{nil, {{Name: "i", DuckDBType: "INTEGER"}, {Name: "dt", DuckDBType: "VARCHAR", Partition: true}}} {
		s := engine.Statement{SQL: "select * from " + parquetscan.ParquetSource(files, columns) + " t"}
		if _, err := l.db.Describe(t.Context(), s); err != nil {
			t.Errorf("describe: %v", err)
		}
		rows, err := l.db.Query(t.Context(), s)
		if err == nil {
			rows.Close()
		}
		if pgerr.CodeOf(err) != pgerr.IOError {
			t.Errorf("query: %v", err)
		}
	}
}
