package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// writeMoments makes a file of the same moments, nanoseconds since 1970, as all writers write them.
func writeMoments(t *testing.T, path string, nanos []int64) {
	t.Helper()
	const required = parquet.Repetition(0)
	stamp := func(name string, utc bool, unit schema.TimeUnitType) schema.Node {
		return schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, required, schema.NewTimestampLogicalType(utc, unit), parquet.Types.Int64, 0, -1))
	}
	root := schema.MustGroup(schema.NewGroupNode("schema", required, schema.FieldList{
		schema.MustPrimitive(schema.NewPrimitiveNode("i96", required, parquet.Types.Int96, -1, -1)),
		stamp("ns", false, schema.TimeUnitNanos), stamp("ns_utc", true, schema.TimeUnitNanos),
		stamp("us_utc", true, schema.TimeUnitMicros), stamp("ms", false, schema.TimeUnitMillis),
		schema.MustPrimitive(schema.NewPrimitiveNodeConverted("old_us", required, parquet.Types.Int64, schema.ConvertedTypes.TimestampMicros, 0, 0, 0, -1)),
		schema.MustPrimitive(schema.NewPrimitiveNode("bare", required, parquet.Types.Int64, -1, -1)),
	}, -1))
	out, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	w := pqfile.NewParquetWriter(out, root)
	g, err := w.AppendRowGroupChecked()
	if err != nil {
		t.Fatal(err)
	}
	for i := range root.NumFields() {
		c, err := g.NextColumn()
		if err != nil {
			t.Fatal(err)
		}
		switch c := c.(type) {
		case *pqfile.Int96ColumnChunkWriter:
			values := make([]parquet.Int96, len(nanos))
			for k, n := range nanos {
				values[k] = int96(n)
			}
			_, err = c.WriteBatch(values, nil, nil)
		case *pqfile.Int64ColumnChunkWriter:
			values := make([]int64, len(nanos))
			for k, n := range nanos {
				values[k] = floorDiv(n, []int64{1, 1, 1, 1000, 1_000_000, 1000, 1}[i])
			}
			_, err = c.WriteBatch(values, nil, nil)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := g.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func floorDiv(n, d int64) int64 {
	if n%d < 0 {
		return n/d - 1
	}
	return n / d
}

// int96 is the nanosecond of the day, then the Julian day.
func int96(n int64) (v parquet.Int96) {
	const day = 86400 * 1e9
	v.SetNanoSeconds(n - floorDiv(n, day)*day)
	return withDay(v, uint32(floorDiv(n, day)+2_440_588))
}

func withDay(v parquet.Int96, julian uint32) parquet.Int96 {
	for i := range 4 {
		v[8+i] = byte(julian >> (8 * i))
	}
	return v
}

// TestAdoptMoments reads timestamps of old and new writers: what is finer than a microsecond is cut off alike in the answer, in
// conditions and in the bounds that prune.
func TestAdoptMoments(t *testing.T) {
	t.Parallel()
	p := newFolder(t)
	path := filepath.Join(p.scratch, "moments.parquet")
	for key, nanos := range map[string][]int64{
		"a.parquet": {1_518_652_800_000_000_999, 1_518_652_800_000_000_000, 1_518_652_800_999_999_999},
		"b.parquet": {-1, -1_000, -1_001, 0, 499, 500},
	} {
		writeMoments(t, path, nanos)
		p.put(t, key, path)
	}
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate.yml"), "hot: { kind: none }\n")
	writeFile(t, filepath.Join(dir, "pipelines/web/moments.yml"), fmt.Sprintf("table: web.moments\nadopt: { cold: %q }\n", p.location))
	mustRun(t, dir, "etl", "run")
	s := start(t, dir, "serve")
	c := s.connect(t)
	stored := []string{
		"1969-12-31 23:59:59.999998", "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999",
		"1970-01-01 00:00:00", "1970-01-01 00:00:00", "1970-01-01 00:00:00",
		"2018-02-15 00:00:00", "2018-02-15 00:00:00", "2018-02-15 00:00:00.999999",
	}
	for _, column := range []string{"i96", "ns", "ns_utc", "us_utc", "old_us"} {
		zone := ""
		if strings.HasSuffix(column, "utc") {
			zone = "+00"
		}
		var want []string
		for k, text := range stored {
			if strings.HasPrefix(column, "ns") && k < 3 { // towards 1970
				text = []string{stored[1], stored[2], stored[3]}[k]
			}
			want = append(want, text+zone)
		}
		checkMoments(t, c, column, want)
	}
	for query, want := range map[string]string{
		"select bare from web.moments where bare = 1518652800000000999":                          "1518652800000000999",
		"select count(*) from web.moments where ms = '2018-02-15 00:00:00.999'":                  "1",
		"select pg_typeof(i96) || ' ' || pg_typeof(ns_utc) from web.moments limit 1":             "timestamp without time zone timestamp with time zone",
		"select count(distinct ns) || ' ' || count(distinct i96) from web.moments":               "4 5",
		"select count(*) from web.moments a join web.moments b on a.ns = b.i96 and a.bare > 1e9": "5",
	} {
		if got := one(t, c, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	table(t, c, "set timezone = 'Asia/Kolkata'")
	if got := one(t, c, "select ns_utc::text || ' ' || i96 from web.moments where ns_utc = '2018-02-15 05:30:00.999999'"); got != "2018-02-15 05:30:00.999999+05:30 2018-02-15 00:00:00.999999" {
		t.Error(got)
	}
	s.interrupt(t)
}

// checkMoments wants the moments in their order, and conditions on each to find what is there.
func checkMoments(t *testing.T, c *pgx.Conn, column string, moments []string) {
	t.Helper()
	if d := cmp.Diff(moments, table(t, c, "select "+column+" from web.moments order by 1")); d != "" {
		t.Errorf("%s (-want +got):\n%s", column, d)
	}
	for _, text := range slices.Compact(slices.Clone(moments)) {
		first := slices.Index(moments, text)
		behind := first
		for behind < len(moments) && moments[behind] == text {
			behind++
		}
		for condition, want := range map[string]int{"<": first, "=": behind - first, ">": len(moments) - behind, ">=": len(moments) - first} {
			query := fmt.Sprintf("select count(*) from web.moments where %s %s '%s'", column, condition, text)
			if got := one(t, c, query); got != strconv.Itoa(want) {
				t.Errorf("%s: %s rows, want %d", query, got, want)
			}
		}
	}
	last := moments[len(moments)-1]
	if got := one(t, c, "select max("+column+")::text || ' ' || min("+column+") from web.moments"); got != last+" "+moments[0] {
		t.Errorf("%s: from %s", column, got)
	}
}
