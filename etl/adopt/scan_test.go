package adopt

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/pgtypes"
)

func TestScanUnites(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.write(t, "dt=2018-02-15/site=1/a.parquet", "SELECT 1::INTEGER AS n, 'x' AS s, TIMESTAMP '2018-02-15 01:00:00' AS ts, [1] AS tags, TIMETZ '10:00:00+00' AS tz")
	l.write(t, "dt=2018-02-16/site=01/b.parquet", "SELECT 2::BIGINT AS \"N\", TIMESTAMP '2018-02-16 01:00:00' AS ts, 1.5::DECIMAL(9,2) AS d, 7 AS site")
	l.write(t, "dt=__HIVE_DEFAULT_PARTITION__/site=a%2Fb/c.parquet", "SELECT 3::SMALLINT AS n, NULL::TIMESTAMP AS ts")
	for _, other := range []string{"dt=2018-02-15/site=1/_SUCCESS", "_temporary/0/x.parquet", "readme.txt", "dt=2018-02-15/site=1/.a.parquet.crc"} {
		if err := errors.Join(os.MkdirAll(l.path("_temporary/0"), 0o755), os.WriteFile(l.path(other), []byte("not parquet"), 0o644)); err != nil {
			t.Fatal(err)
		}
	}
	l.yml.Time = &catalog.TimeSpec{Column: "ts", Zone: "UTC", Grain: "day"}
	l.yml.Columns = []pipeline.Column{{Name: "n", Description: "a number"}}
	c := l.mustScan(t, nil)
	want := "n bigint, s text, ts timestamp without time zone, tags integer[], tz time with time zone, d numeric(9,2), dt date in the path, site text in the path"
	if got := columns(c.Table); got != want {
		t.Errorf("columns\n%s, want\n%s", got, want)
	}
	if len(c.Added) != 3 || c.Known+c.Gone+len(c.Drops) > 0 || c.Ignored != 4 || c.Rows() != 3 {
		t.Errorf("%d added, %d known, %d gone, %d ignored", len(c.Added), c.Known, c.Gone, c.Ignored)
	}
	if n, _ := c.Table.Column("n"); n.Description != "a number" {
		t.Errorf("n is described as %q", n.Description)
	}
	if got := strings.Join(c.Notes, "\n"); got != "column site is in the files and in their folders' names: the folders' count" {
		t.Errorf("notes:\n%s", got)
	}
	partitions := map[string]string{}
	for _, f := range c.Added {
		partitions[strings.TrimPrefix(f.Path, l.url(""))] = f.Partition
		if len(f.Columns) != 6 {
			t.Errorf("%s has statistics of %d columns", f.Path, len(f.Columns))
		}
	}
	if got := partitions["/dt=__HIVE_DEFAULT_PARTITION__/site=a%2Fb/c.parquet"]; got != "dt=__HIVE_DEFAULT_PARTITION__/site=a%2Fb" {
		t.Errorf("partition %q of %v", got, partitions)
	}
	if s, _ := (&catalog.File{Stats: c.Added[0].Columns}).Stat("d"); s == nil || s.Nulls != 1 {
		t.Errorf("a column that the file does not have: %+v", s)
	}
}

func TestScanIsIncremental(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.write(t, "a.parquet", "SELECT 1 AS n")
	l.write(t, "sub/b", "SELECT 2 AS n")
	first := l.mustScan(t, nil)
	have := after(nil, first)
	if again := l.mustScan(t, have); !again.Empty(have) || again.Known != 2 {
		t.Errorf("nothing changed: %+v", again)
	}
	// A known object is not read again: it may even be no Parquet any more, under the same ETag.
	info, err := os.Stat(l.path("a.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	junk := strings.Repeat("x", int(info.Size()))
	if err := errors.Join(os.WriteFile(l.path("a.parquet"), []byte(junk), 0o644), os.Chtimes(l.path("a.parquet"), time.Time{}, info.ModTime())); err != nil {
		t.Fatal(err)
	}
	if again := l.mustScan(t, have); !again.Empty(have) {
		t.Errorf("a known object was read: %+v", again)
	}
	// Replaced, gone, new with a column and a wider type.
	l.write(t, "a.parquet", "SELECT 10 AS n, 'new' AS s")
	l.write(t, "c.parquet", "SELECT 3::BIGINT AS n")
	if err := os.Remove(l.path("sub/b")); err != nil {
		t.Fatal(err)
	}
	c := l.mustScan(t, have)
	if c.Empty(have) || len(c.Added) != 2 || c.Gone != 1 || !slices.Equal(c.Drops, []string{l.url("a.parquet"), l.url("sub/b")}) {
		t.Errorf("change %+v", c)
	}
	if got := columns(c.Table); got != "n bigint, s text" || c.Table.SchemaVersion != 2 {
		t.Errorf("version %d: %s", c.Table.SchemaVersion, got)
	}
	have = after(have, c)
	for _, name := range []string{"a.parquet", "c.parquet"} {
		if err := os.Remove(l.path(name)); err != nil {
			t.Fatal(err)
		}
	}
	if c = l.mustScan(t, have); len(c.Drops) != 2 || c.Gone != 2 || c.Table.SchemaVersion != 2 {
		t.Errorf("everything is gone: %+v", c)
	}
	// Only the yml changed.
	l.yml.Description = "other words"
	l.write(t, "a.parquet", "SELECT 10 AS n, 'new' AS s")
	have = after(nil, l.mustScan(t, nil))
	l.yml.Description = "better words"
	if c = l.mustScan(t, have); c.Empty(have) || len(c.Added)+len(c.Drops) > 0 {
		t.Errorf("the description changed: %+v", c)
	}
}

func TestScanRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		files map[string]string // SELECT, "=" and bytes, or columns that only others write
		yml   func(*pipeline.Pipeline)
		want  []string // all of them are in the error
	}{
		{"nothing there", map[string]string{"a.csv": "=1,2"}, nil, []string{"web/events.yml:2: there is no Parquet below", "(1 other objects)"}},
		{"no Parquet", map[string]string{"a.parquet": "=text text text", "b.parquet": "SELECT 1 AS n"}, nil, []string{"a.parquet: not a sound Parquet file"}},
		{
			"types that do not unite",
			map[string]string{"a.parquet": "SELECT 1 AS n, 'x' AS s", "b.parquet": "SELECT 'one' AS n, 2 AS s", "c.parquet": "SELECT 1.5::DOUBLE AS n"},
			nil,
			[]string{"b.parquet: column n is text, and integer in", "b.parquet: column s is integer, and text in", "c.parquet: column n is double precision", "a.parquet; neither"},
		},
		{
			"list and number",
			map[string]string{"a.parquet": "SELECT 1 AS n", "b.parquet": "SELECT [1] AS n"},
			nil,
			[]string{"b.parquet: column n is integer[], and integer in", "a.parquet; neither holds the other's values"},
		},
		{
			"two structs",
			map[string]string{"a.parquet": "SELECT {'a': 1} AS n", "b.parquet": "SELECT {'a': 1, 'b': 2} AS n"},
			nil,
			[]string{`b.parquet: column n is STRUCT("a" INTEGER, "b" INTEGER), and STRUCT("a" INTEGER) in`, "its values must be nested alike"},
		},
		{
			"json and struct",
			map[string]string{"a.parquet": "SELECT '{}'::JSON AS n", "b.parquet": "SELECT {'a': 1} AS n"},
			nil,
			[]string{`b.parquet: column n is STRUCT("a" INTEGER), and json in`},
		},
		{
			"what cannot be read",
			map[string]string{"a.parquet": "SELECT 1 AS n", "b.parquet": "n decimal(39)"},
			nil,
			[]string{"b.parquet: column n: a decimal of 39 digits has more than 38; it is integer in"},
		},
		{
			"what could not be read",
			map[string]string{"a.parquet": "n decimal(39), m integer", "b.parquet": "SELECT 1 AS n"},
			nil,
			[]string{"b.parquet: column n is integer; in another file: a decimal of 39 digits"},
		},
		{
			"keys differ",
			map[string]string{"dt=1/a.parquet": "SELECT 1 AS n", "b.parquet": "SELECT 1 AS n"},
			nil,
			[]string{"the folders of", "have the keys [dt], those of", "b.parquet []"},
		},
		{"nothing to read", map[string]string{"a.parquet": "n decimal(39)"}, nil, []string{"no column that can be read"}},
		{"what DuckDB does not read", map[string]string{"a.parquet": "n bson"}, nil, []string{"a.parquet: column n is BSON: DuckDB reads no file with such a column"}},
		{
			"no such split_on",
			map[string]string{"a.parquet": "SELECT DATE '2018-02-15' AS day"},
			func(p *pipeline.Pipeline) { p.Time = &catalog.TimeSpec{Column: "dayy", Zone: "UTC", Grain: "day"} },
			[]string{"web/events.yml:3: split_on: there is no column dayy (did you mean day?); the files have day"},
		},
		{
			"split_on a number",
			map[string]string{"a.parquet": "SELECT 1 AS day"},
			func(p *pipeline.Pipeline) { p.Time = &catalog.TimeSpec{Column: "day", Zone: "UTC", Grain: "day"} },
			[]string{"web/events.yml:3: split_on: column day is integer; it must be timestamptz, timestamp or date"},
		},
		{
			"no such column",
			map[string]string{"a.parquet": "SELECT 1 AS day"},
			func(p *pipeline.Pipeline) { p.Columns = []pipeline.Column{{Name: "days", Line: 9}} },
			[]string{"web/events.yml:9: there is no column days (did you mean day?)"},
		},
		{
			"type of a column in the files",
			map[string]string{"a.parquet": "SELECT 1 AS day"},
			func(p *pipeline.Pipeline) {
				bigint := pgtypes.Of(pgtypes.Int8)
				p.Columns = []pipeline.Column{{Name: "day", Line: 9, Type: &bigint}}
			},
			[]string{"web/events.yml:9: column day is in the files, which say that it is integer"},
		},
		{
			"type that a key does not have",
			map[string]string{"m=01/a.parquet": "SELECT 1 AS n"},
			func(p *pipeline.Pipeline) {
				bigint := pgtypes.Of(pgtypes.Int8)
				p.Columns = []pipeline.Column{{Name: "m", Line: 9, Type: &bigint}}
			},
			[]string{"the key m=01 is no bigint"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			for key, content := range c.files {
				if text, ok := strings.CutPrefix(content, "="); ok {
					if err := os.WriteFile(l.path(key), []byte(text), 0o644); err != nil {
						t.Fatal(err)
					}
					continue
				}
				if strings.HasPrefix(content, "n ") {
					l.writeOthers(t, key, content)
					continue
				}
				l.write(t, key, content)
			}
			if c.yml != nil {
				c.yml(l.yml)
			}
			_, err := l.scan(t, nil)
			if err == nil {
				t.Fatal("it was adopted")
			}
			for _, want := range c.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error\n%v\nlacks %q", err, want)
				}
			}
		})
	}
}

func TestKeyTypes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []string
		want   pgtypes.OID
	}{
		{[]string{"1", "20", "-3", "0"}, pgtypes.Int8},
		{[]string{"1", "02"}, pgtypes.Text},
		{[]string{"1", "9223372036854775808"}, pgtypes.Text},
		{[]string{"2018-02-15", "2018-02-16"}, pgtypes.Date},
		{[]string{"2018-02-15", "2018-02-30"}, pgtypes.Text},
		{[]string{"2018-02-15", "1"}, pgtypes.Text},
		{[]string{"2018-02-15", ""}, pgtypes.Date}, // "" stands for NULL here
		{[]string{""}, pgtypes.Text},
	} {
		var objects []found
		for _, v := range c.values {
			objects = append(objects, found{keys: []key{{name: "k", value: v, null: v == ""}}})
		}
		if got := narrowest(objects, 0); got != pgtypes.Of(c.want) {
			t.Errorf("%q: %s", c.values, got)
		}
	}
}

// writeOthers writes one row of columns that DuckDB does not write: n decimal(39), n bson, m integer.
func (l *lab) writeOthers(t *testing.T, key, columns string) {
	t.Helper()
	required := parquet.Repetitions.Required
	var fields schema.FieldList
	for c := range strings.SplitSeq(columns, ", ") {
		var node *schema.PrimitiveNode
		switch c {
		case "n decimal(39)":
			node = must(schema.NewPrimitiveNodeLogical("n", required, schema.NewDecimalLogicalType(39, 0), parquet.Types.ByteArray, 0, -1))
		case "n bson":
			node = must(schema.NewPrimitiveNodeLogical("n", required, schema.BSONLogicalType{}, parquet.Types.ByteArray, 0, -1))
		default:
			node = must(schema.NewPrimitiveNode("m", required, parquet.Types.Int32, -1, -1))
		}
		fields = append(fields, node)
	}
	l.writeArrow(t, key, fields, nil, func(g pqfile.SerialRowGroupWriter) {
		must(column[*pqfile.ByteArrayColumnChunkWriter](g).WriteBatch([]parquet.ByteArray{{1}}, nil, nil))
		if len(fields) > 1 {
			must(column[*pqfile.Int32ColumnChunkWriter](g).WriteBatch([]int32{1}, nil, nil))
		}
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	})
}
