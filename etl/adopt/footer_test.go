package adopt

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/parquet"
	pqfile "github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"

	"tidegate/catalog"
	"tidegate/internal/parquetfooter"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit/parquettypes"
)

// footer reads the footer of one object.
func (l *lab) footer(t *testing.T, key string) (*footer, error) {
	t.Helper()
	o, err := l.bucket.Stat(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	return readFooter(t.Context(), l.bucket, o)
}

// checkAgainstDuckDB wants the types that DuckDB sees, and bounds that hold for the values that DuckDB reads.
func (l *lab) checkAgainstDuckDB(t *testing.T, key string, f *footer) {
	t.Helper()
	seen := map[string]string{}
	for _, row := range l.query(t, fmt.Sprintf("SELECT lower(column_name), column_type FROM (DESCRIBE FROM '%s')", l.path(key))) {
		seen[row[0]] = row[1]
	}
	for _, c := range f.columns {
		if c.why != nil {
			continue
		}
		// A type of DuckDB that PostgreSQL does not have is one that holds its values.
		want := map[string]string{
			"UTINYINT": "SMALLINT", "TINYINT": "SMALLINT", "USMALLINT": "INTEGER", "UINTEGER": "BIGINT", "UBIGINT": "DECIMAL(20,0)",
			"TIMESTAMP_NS": "TIMESTAMP", "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ",
			"TIME WITH TIME ZONE": "TIMETZ", "TIME_NS": "TIME",
		}[seen[c.name]]
		if want == "" {
			want = strings.ReplaceAll(seen[c.name], "TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ")
		}
		want, got := strings.ReplaceAll(want, `"`, ""), strings.ReplaceAll(cmp.Or(c.fileType, c.typ.DuckDB()), `"`, "")
		if got != want {
			t.Errorf("%s: column %s is %s, for DuckDB %s", key, c.name, got, seen[c.name])
		}
	}
	for _, s := range f.stats {
		if s.Nulls >= 0 {
			got := l.query(t, fmt.Sprintf(`SELECT count(*) - count("%s") FROM '%s'`, s.Name, l.path(key)))[0][0]
			if got != strconv.FormatInt(s.Nulls, 10) {
				t.Errorf("%s: column %s has %s nulls, the footer says %d", key, s.Name, got, s.Nulls)
			}
		}
		if s.Min == nil {
			continue
		}
		within := fmt.Sprintf(`SELECT coalesce(bool_and("%[1]s" >= %[2]s AND "%[1]s" <= %[3]s), true) FROM '%[4]s'`,
			s.Name, constant(*s.Min), constant(*s.Max), l.path(key))
		if got := l.query(t, within)[0][0]; got != "true" && got != "t" {
			t.Errorf("%s: column %s is not within %v and %v", key, s.Name, *s.Min, *s.Max)
		}
	}
}

func constant(d pgtypes.Datum) string {
	switch d.Class {
	case pgtypes.ClassBool:
		return strconv.FormatBool(d.I != 0)
	case pgtypes.ClassInt:
		return strconv.FormatInt(d.I, 10)
	case pgtypes.ClassFloat:
		return fmt.Sprintf("%g::DOUBLE", d.F)
	case pgtypes.ClassNumeric:
		return d.S
	case pgtypes.ClassText:
		return "'" + strings.ReplaceAll(d.S, "'", "''") + "'"
	case pgtypes.ClassDate:
		return fmt.Sprintf("(DATE '1970-01-01' + %d)", d.I)
	case pgtypes.ClassTimestamp:
		return fmt.Sprintf("make_timestamp(%d)", d.I)
	default:
		return fmt.Sprintf("make_timestamptz(%d)", d.I)
	}
}

func stat(f *footer, name string) catalog.ColumnStats {
	for _, s := range f.stats {
		if s.Name == name {
			return s
		}
	}
	return catalog.ColumnStats{Name: "none"}
}

func TestFooterOfDuckDB(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.write(t, "all.parquet", `SELECT (i % 100)::TINYINT AS i1, (i % 200)::UTINYINT AS u1, (i * 3 % 30000)::SMALLINT AS i2,
		(i % 65000)::USMALLINT AS u2, (i - 5)::INTEGER AS "I4", (i + 4000000000)::UINTEGER AS u4, (i * 1000000007)::BIGINT AS i8,
		(i::UBIGINT + 18446744073709000000) AS u8, i % 2 = 0 AS b, (i / 7)::FLOAT AS f4, (i / -7) AS f8,
		CASE WHEN i = 3 THEN 'NaN'::DOUBLE ELSE i END AS nan, (i / 100)::DECIMAL(9,2) AS d9, (-i / 1000)::DECIMAL(18,3) AS d18,
		(i * 1e15)::DECIMAL(38,4) AS d38, 'é' || i AS t, repeat('x', 300) || i AS long, DATE '1969-12-01' + i::INTEGER AS d,
		TIMESTAMP '1969-12-31 23:59:59.5' + to_seconds(i) AS ts, (TIMESTAMP '2018-02-15' + to_seconds(i))::TIMESTAMPTZ AS tz,
		make_timestamp_ns(i * 1001 - 500500) AS ns, TIME '12:00:00' + to_seconds(i) AS tm, uuid() AS id, '\x01'::BLOB AS bin,
		'{"a": 1}'::JSON AS j, CASE WHEN i % 3 = 0 THEN i END AS some, NULL::INTEGER AS none, [i] AS list, {'a': i} AS struct,
		INTERVAL 1 DAY AS iv,
		[i / 100]::DECIMAL(9,2)[] AS decimals, [{'x': i, 'y': [DATE '2018-02-15']}] AS structs, map {'a': i, 'b': NULL} AS m, [[i]] AS lists,
		{'a b': {'ts': TIMESTAMP '2018-02-15', 'tz': TIMESTAMPTZ '2018-02-15 00:00:00+00'}, 'j': '[1]'::JSON, 'u': uuid()} AS deep FROM range(1000) r(i)`)
	f, err := l.footer(t, "all.parquet")
	if err != nil {
		t.Fatal(err)
	}
	l.checkAgainstDuckDB(t, "all.parquet", f)
	if f.rows != 1000 || len(f.columns) != 35 {
		t.Errorf("%d rows, %d columns", f.rows, len(f.columns))
	}
	var left []string
	for _, c := range f.columns {
		if c.why != nil {
			left = append(left, c.name)
		}
	}
	if len(left) > 0 {
		t.Errorf("left out: %s", left)
	}
	for _, name := range []string{"list", "struct", "structs", "m", "deep"} {
		if s := stat(f, name); s.Min != nil || s.Nulls >= 0 || s.Bytes == 0 {
			t.Errorf("statistics of parts are not those of column %s: %+v", name, s)
		}
	}
	for _, name := range []string{"i1", "u1", "u4", "u8", "b", "f4", "d9", "d18", "d38", "t", "d", "ts", "tz", "ns", "some"} {
		if s := stat(f, name); s.Min == nil || s.Max == nil || s.Bytes == 0 {
			t.Errorf("column %s has no bounds or bytes: %+v", name, s)
		}
	}
	if s := stat(f, "u8"); s.Max != nil && s.Max.S != "18446744073709000999" {
		t.Errorf("the largest unsigned: %v", *s.Max)
	}
	if s := stat(f, "ns"); s.Exact {
		t.Errorf("a bound of nanoseconds is no value: %+v", s)
	}
	if s := stat(f, "none"); s.Nulls != 1000 || s.Min != nil {
		t.Errorf("a column of nulls: %+v", s)
	}
}

// writeArrow makes an object with arrow-go's own writer, which can write what DuckDB does not.
func (l *lab) writeArrow(t *testing.T, key string, fields schema.FieldList, properties []parquet.WriterProperty, write func(pqfile.SerialRowGroupWriter)) {
	t.Helper()
	out, err := os.Create(l.path(key))
	if err != nil {
		t.Fatal(err)
	}
	root := schema.MustGroup(schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1))
	w := pqfile.NewParquetWriter(out, root, pqfile.WithWriterProps(parquet.NewWriterProperties(properties...)))
	write(must(w.AppendRowGroupChecked()))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func column[W pqfile.ColumnChunkWriter](g pqfile.SerialRowGroupWriter) W {
	return must(g.NextColumn()).(W)
}

// TestFooterOfOthers reads what old writers write: INT96, converted types alone, unsigned, no statistics.
func TestFooterOfOthers(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	required := parquet.Repetitions.Required
	fields := schema.FieldList{
		schema.MustPrimitive(schema.NewPrimitiveNode("i96", required, parquet.Types.Int96, -1, -1)),
		schema.MustPrimitive(schema.NewPrimitiveNodeConverted("old_ms", required, parquet.Types.Int64, schema.ConvertedTypes.TimestampMillis, 0, 0, 0, -1)),
		schema.MustPrimitive(schema.NewPrimitiveNodeLogical("ms", required, schema.NewTimestampLogicalType(true, schema.TimeUnitMillis), parquet.Types.Int64, 0, -1)),
		schema.MustPrimitive(schema.NewPrimitiveNodeConverted("u32", required, parquet.Types.Int32, schema.ConvertedTypes.Uint32, 0, 0, 0, -1)),
		schema.MustPrimitive(schema.NewPrimitiveNodeConverted("dec", required, parquet.Types.ByteArray, schema.ConvertedTypes.Decimal, 0, 20, 3, -1)),
		schema.MustPrimitive(schema.NewPrimitiveNodeConverted("s", required, parquet.Types.ByteArray, schema.ConvertedTypes.UTF8, 0, 0, 0, -1)),
	}
	moment := func(s int64) parquet.Int96 { // nanoseconds of the day, then the Julian day
		var v parquet.Int96
		v.SetNanoSeconds(s * 1e9)
		return v
	}
	write := func(g pqfile.SerialRowGroupWriter) {
		must(column[*pqfile.Int96ColumnChunkWriter](g).WriteBatch([]parquet.Int96{moment(1_518_652_800), moment(1_518_652_801)}, nil, nil))
		must(column[*pqfile.Int64ColumnChunkWriter](g).WriteBatch([]int64{-1, 1_518_652_800_000}, nil, nil))
		must(column[*pqfile.Int64ColumnChunkWriter](g).WriteBatch([]int64{0, 1_518_652_800_123}, nil, nil))
		must(column[*pqfile.Int32ColumnChunkWriter](g).WriteBatch([]int32{1, -1}, nil, nil))
		must(column[*pqfile.ByteArrayColumnChunkWriter](g).WriteBatch([]parquet.ByteArray{{0xff, 0x00}, {0x01, 0x00, 0x00}}, nil, nil))
		must(column[*pqfile.ByteArrayColumnChunkWriter](g).WriteBatch([]parquet.ByteArray{[]byte("b"), []byte("aé")}, nil, nil))
		if err := g.Close(); err != nil {
			t.Error(err)
		}
	}
	for key, properties := range map[string][]parquet.WriterProperty{
		"with.parquet": nil, "without.parquet": {parquet.WithStats(false)},
		"old.parquet": {parquet.WithVersion(parquet.V1_0)}, "pages.parquet": {parquet.WithDataPageVersion(parquet.DataPageV2)},
	} {
		l.writeArrow(t, key, fields, properties, write)
		f, err := l.footer(t, key)
		if err != nil {
			t.Fatal(err)
		}
		l.checkAgainstDuckDB(t, key, f)
		if s := stat(f, "i96"); s.Min != nil || s.Max != nil {
			t.Errorf("%s: INT96 has bounds %v and %v, in no order that is defined", key, s.Min, s.Max)
		}
		for _, name := range []string{"old_ms", "ms", "u32", "s"} {
			if s := stat(f, name); (s.Min == nil) != (key == "without.parquet") {
				t.Errorf("%s: bounds of %s: %+v", key, name, s)
			}
		}
		if s := stat(f, "u32"); s.Max != nil && s.Max.I != 1<<32-1 {
			t.Errorf("%s: the largest unsigned is %d", key, s.Max.I)
		}
		if key == "without.parquet" && stat(f, "s").Nulls != -1 {
			t.Errorf("%s: nulls of s: %d", key, stat(f, "s").Nulls)
		}
	}
}

// TestFooterOfEveryType reads a column of every type of the format, and its values.
func TestFooterOfEveryType(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	var out bytes.Buffer
	if err := errors.Join(parquettypes.Write(&out, 300, 100), os.WriteFile(l.path("types.parquet"), out.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	f, err := l.footer(t, "types.parquet")
	if err != nil {
		t.Fatal(err)
	}
	l.checkAgainstDuckDB(t, "types.parquet", f)
	var got []string
	for _, c := range f.columns {
		if c.why != nil {
			t.Errorf("column %s is left out: %v", c.name, c.why)
		}
		got = append(got, c.name+" "+c.typ.String())
	}
	want := "i32 integer, i64 bigint, i96 timestamp without time zone, f4 real, f8 double precision, b boolean, bin bytea, s text, en text, js json, " +
		"u uuid, iv interval, f2 real, d date, int8 smallint, uint8 smallint, int16 smallint, uint16 integer, int32 integer, uint32 bigint, " +
		"int64 bigint, uint64 numeric(20,0), time_ms time without time zone, time_us time without time zone, time_ns time without time zone, " +
		"ts_ms timestamp without time zone, ts_us timestamp without time zone, ts_ns timestamp without time zone, " +
		"time_msz time with time zone, time_usz time with time zone, time_nsz time with time zone, ts_msz timestamp with time zone, " +
		"ts_usz timestamp with time zone, ts_nsz timestamp with time zone, dec32 numeric(9,2), dec64 numeric(18,4), decfixed numeric(38,3), decbytes numeric(20,3)"
	if all := strings.Join(got, ", "); all != want {
		t.Errorf("got  %s\nwant %s", all, want)
	}
	for _, name := range []string{"i96", "iv", "f2", "u", "time_usz"} {
		if s := stat(f, name); s.Min != nil || s.Max != nil {
			t.Errorf("%s has bounds that have no order here: %v, %v", name, s.Min, s.Max)
		}
	}
}

// TestBounds tests what no writer at hand writes.
func TestBounds(t *testing.T) {
	t.Parallel()
	integer := fileColumn{name: "n", typ: pgtypes.Of(pgtypes.Int4), physical: parquet.Types.Int32}
	text := fileColumn{name: "s", typ: pgtypes.Of(pgtypes.Text), physical: parquet.Types.ByteArray}
	le := func(v byte) []byte { return []byte{v, 0, 0, 0} }
	zero, three, ten := int64(0), int64(3), int64(10)
	for _, c := range []struct {
		name      string
		column    fileColumn
		chunks    []chunkStats
		low, high any // int64, string or nil
		nulls     int64
		exact     bool
	}{
		{"two groups", integer, []chunkStats{
			{rows: 10, nulls: &zero, low: le(3), high: le(7), exact: true}, {rows: 10, nulls: &three, low: le(1), high: le(5), exact: true},
		}, int64(1), int64(7), 3, true},
		{"deprecated pair", integer, []chunkStats{{rows: 10, nulls: &zero, oldLow: le(3), oldHigh: le(7), exact: true}}, int64(3), int64(7), 0, false},
		{"deprecated pair of text", text, []chunkStats{{rows: 10, nulls: &zero, oldLow: []byte("a"), oldHigh: []byte("b")}}, nil, nil, 0, false},
		{"one group is silent", integer, []chunkStats{{rows: 10, nulls: &zero, low: le(3), high: le(7)}, {rows: 10, nulls: &zero}}, nil, nil, 0, false},
		{"one group is null", integer, []chunkStats{{rows: 10, nulls: &zero, low: le(3), high: le(7)}, {rows: 10, nulls: &ten}}, int64(3), int64(7), 10, false},
		{"nulls unknown", integer, []chunkStats{{rows: 10, low: le(3), high: le(7)}}, int64(3), int64(7), -1, false},
		{"more nulls than rows", integer, []chunkStats{{rows: 3, nulls: &ten, low: le(3), high: le(7)}}, int64(3), int64(7), -1, false},
		{"upside down", integer, []chunkStats{{rows: 10, nulls: &zero, low: le(7), high: le(3)}}, nil, nil, 0, false},
		{"wrong length", integer, []chunkStats{{rows: 10, nulls: &zero, low: le(3), high: []byte{1}}}, nil, nil, 0, false},
		{"cut text", text, []chunkStats{{rows: 10, nulls: &zero, low: []byte("a"), high: []byte("b\xc3")}}, nil, nil, 0, false},
		{"no rows", integer, []chunkStats{{rows: 0}}, nil, nil, 0, false},
	} {
		f := newFold(c.column)
		for _, s := range c.chunks {
			f.add(s)
		}
		got := f.result()
		value := func(d *pgtypes.Datum) any {
			switch {
			case d == nil:
				return nil
			case d.Class == pgtypes.ClassText:
				return d.S
			}
			return d.I
		}
		if value(got.Min) != c.low || value(got.Max) != c.high || got.Nulls != c.nulls || got.Exact != c.exact {
			t.Errorf("%s: %v to %v, %d nulls, exact %v", c.name, value(got.Min), value(got.Max), got.Nulls, got.Exact)
		}
	}
	for _, c := range []struct {
		v, unit   int64
		low, high int64
		ok        bool
	}{
		{1500, 1000, 1, 2, true},
		{-1500, 1000, -2, -1, true},
		{2000, 1000, 2, 2, true},
		{5, -1000, 5000, 5000, true},
		{1 << 62, -1000, 0, 0, false},
	} {
		low, ok1 := micros(c.v, c.unit, false)
		high, ok2 := micros(c.v, c.unit, true)
		if ok1 != c.ok || ok2 != c.ok || c.ok && (low != c.low || high != c.high) {
			t.Errorf("%d in units of %d: %d to %d", c.v, c.unit, low, high)
		}
	}
}

func TestBrokenFooters(t *testing.T) {
	t.Parallel()
	l := newLab(t)
	l.write(t, "good.parquet", "SELECT i, 'x' || i AS s FROM range(100000) r(i)")
	good, err := os.ReadFile(l.path("good.parquet"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"short": "PAR1", "text": strings.Repeat("no parquet", 100), "cut": string(good[:len(good)-20]),
		"encrypted": string(good[:len(good)-4]) + "PARE", "long": "PAR1" + "\xff\xff\xff\x7fPAR1",
		"garbage": "PAR1" + strings.Repeat("\xfe", 200) + "\xc8\x00\x00\x00PAR1",
	} {
		if err := os.WriteFile(l.path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := l.footer(t, name); err == nil {
			t.Errorf("%s was read", name)
		}
	}
	// A footer that is larger than the first guess.
	l.write(t, "wide.parquet", "SELECT "+strings.Join(func() (c []string) {
		for i := range 1500 {
			c = append(c, fmt.Sprintf("%d AS a_rather_long_name_of_a_column_%d", i, i))
		}
		return c
	}(), ", "))
	f, err := l.footer(t, "wide.parquet")
	if err != nil || f.sizeBytes < tailGuess || len(f.columns) != 1500 {
		t.Errorf("a wide file: %v", err)
	}
	o, err := l.bucket.Stat(t.Context(), "good.parquet")
	if err != nil {
		t.Fatal(err)
	}
	o.ETag = "another"
	if _, err := readFooter(t.Context(), l.bucket, o); err == nil {
		t.Error("the footer of an object that was replaced is read")
	}
}

func FuzzFooter(f *testing.F) {
	f.Add([]byte{0x15, 0x02, 0x19, 0x2c})
	f.Fuzz(func(t *testing.T, metadata []byte) {
		md, err := parquetfooter.Decode(metadata)
		if err != nil {
			return
		}
		_ = (&footer{rows: md.NumRows}).read(md)
	})
}
