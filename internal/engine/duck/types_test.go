package duck

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// TestTypes has what only DuckDB has; the types of PostgreSQL are in enginetest.
func TestTypes(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	for _, test := range []struct {
		sql  string
		typ  string // PostgreSQL's
		want string
	}{
		{"(-8)::TINYINT", "smallint", "-8"},
		{"200::UTINYINT", "smallint", "200"},
		{"60000::USMALLINT", "integer", "60000"},
		{"4000000000::UINTEGER", "bigint", "4000000000"},
		{"18446744073709551615::UBIGINT", "numeric(20,0)", "18446744073709551615"},
		{"(-170141183460469231731687303715884105727)::HUGEINT", "numeric", "-170141183460469231731687303715884105727"},
		{"7::UHUGEINT", "numeric", "7"},
		{"(SELECT sum(i) FROM range(10) t(i))", "numeric", "45"},
		{"9.99::DECIMAL(3,2)", "numeric(3,2)", "9.99"},
		{`'{"a": 1}'::JSON`, "json", `{"a": 1}`},
		{`'\xAA\x00b'::BLOB`, "bytea", "aa0062"},
		{"NULL", "integer", "NULL"},
		{"'b'::ENUM('a', 'b')", "text", "b"},
		{"'2018-02-15 10:00:00'::TIMESTAMP_S", "timestamp without time zone", "2018-02-15 10:00:00"},
		{"'2018-02-15 10:00:00.5'::TIMESTAMP_MS", "timestamp without time zone", "2018-02-15 10:00:00.5"},
		{"'1969-12-31 23:59:59.123456789'::TIMESTAMP_NS", "timestamp without time zone", "1969-12-31 23:59:59.123456"},
		{"'10:00:00.123456789'::TIME_NS", "time without time zone", "10:00:00.123457"},
		{"'00000000-0000-0000-0000-000000000000'::UUID", "uuid", "00000000-0000-0000-0000-000000000000"},
		{"'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "uuid", "ffffffff-ffff-ffff-ffff-ffffffffffff"},
		{"'0101'::BIT", "text", "0101"},
		{"{a: 1, b: [1, 2]}", "json", `{"a":1,"b":[1,2]}`},
		{"map{'a': 1}", "json", `{"a":1}`},
		{"{z: 1, a: 2, m: 3}", "json", `{"z":1,"a":2,"m":3}`},
		{"map{'z': 1, 'a': 2, 'm': 3}", "json", `{"z":1,"a":2,"m":3}`},
		{"'null'::JSON", "json", "null"},
		{"'1.50'::JSON", "json", "1.50"},
		{`'"1"'::JSON`, "json", `"1"`},
		{"[[1], [2, NULL]]", "json", `[[1],[2,null]]`},
		{"[{a: 1}]", "json", `[{"a":1}]`},
		{"[1, NULL, -3]", "integer[]", "{1,NULL,-3}"},
		{"[]::INTEGER[]", "integer[]", "{}"},
		{"[1::TINYINT, -2::TINYINT]", "smallint[]", "{1,-2}"},
		{"[4000000000::UINTEGER]", "bigint[]", "{4000000000}"},
		{"[true, false]", "boolean[]", "{true,false}"},
		{"[18446744073709551615::UBIGINT]", "numeric[]", "{18446744073709551615}"},
		{"[(-1)::HUGEINT]", "numeric[]", "{-1}"},
		{"[1.50, -2.25]", "numeric[]", "{1.50,-2.25}"},
		{"[12345678901234567890123.5::DECIMAL(38,2)]", "numeric[]", "{12345678901234567890123.50}"},
		{"[1.0::DOUBLE, 1e20, 'NaN']", "double precision[]", "{1,1e+20,NaN}"},
		{"[0.1::FLOAT]", "real[]", "{0.1}"},
		{"['a'::BLOB]", "bytea[]", "{61}"},
		{"[date '2018-02-15', date '0045-03-15 (BC)']", "date[]", `{2018-02-15,-0044-03-15}`},
		{"[time '10:00:00.5']", "time without time zone[]", `{10:00:00.5}`},
		{"[timestamp '2018-02-15 10:00:00.5', NULL]", "timestamp without time zone[]", `{"2018-02-15 10:00:00.5",NULL}`},
		{"['2018-02-15 10:00:00'::TIMESTAMP_S]", "timestamp without time zone[]", `{"2018-02-15 10:00:00"}`},
		{"[timestamptz '2018-02-15 10:00:00+01']", "timestamp with time zone[]", `{"2018-02-15 09:00:00"}`},
		{"[interval 1 day]", "interval[]", `{"1 day"}`},
		{"['ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID]", "uuid[]", "{ffffffff-ffff-ffff-ffff-ffffffffffff}"},
		{"['0101'::BIT]", "text[]", "{0101}"},
		{"['b'::ENUM('a', 'b')]", "text[]", "{b}"},
		{"[1, 2]::INTEGER[2]", "integer[]", "{1,2}"},
		{
			`['a', 'b c', '', 'null', 'Nullable', 'q"\', '{}', 'x,y', NULL]`, "text[]",
			`{a,"b c","","null",Nullable,"q\"\\","{}","x,y",NULL}`,
		},
	} {
		rows, err := db.Query(t.Context(), engine.Statement{SQL: "select " + test.sql})
		if err != nil {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		if got := typeText(rows.Columns()[0].Type); got != test.typ {
			t.Errorf("%s: type %s, want %s", test.sql, got, test.typ)
		}
		if got := enginetest.Table(t, rows); !cmp.Equal(got, [][]string{{test.want}}) {
			t.Errorf("%s: got %q, want %q", test.sql, got, test.want)
		}
		rows.Close()
	}
}

// typeText is format_type's, arrays included.
func typeText(t pgtypes.Type) string {
	if element, ok := pgtypes.ElementOf(t.OID); ok {
		return pgtypes.Of(element).String() + "[]"
	}
	return t.String()
}

// TestManyRows reads types that are copied, or have a child vector, over several chunks with NULLs among them.
func TestManyRows(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	for expr, want := range map[string]func(i int) string{
		"[i, NULL, i + 1]":          func(i int) string { return fmt.Sprintf("{%d,NULL,%d}", i, i+1) },
		"['same', 'list']":          func(int) string { return "{same,list}" },
		"string_split('a b c',' ')": func(int) string { return "{a,b,c}" },
		"[x for x in [i, i + 1, i + 2] if x % 2 = 0]": func(i int) string {
			if i%2 == 0 {
				return fmt.Sprintf("{%d,%d}", i, i+2)
			}
			return fmt.Sprintf("{%d}", i+1)
		},
		"(i % 3)::VARCHAR::ENUM('0', '1', '2')": func(i int) string { return strconv.Itoa(i % 3) },
		"make_timestamp_ns(i * 1000)":           nil,
	} {
		got := table(t, db, "select i, case when i % 5 <> 0 then "+expr+" end as v from range(7000) t(i) order by i")
		for i, row := range got {
			switch {
			case row[0] != strconv.Itoa(i):
				t.Fatalf("%s: row %d is %s", expr, i, row[0])
			case i%5 == 0 && row[1] != "NULL", i%5 != 0 && want != nil && row[1] != want(i):
				t.Fatalf("%s: row %d is %q", expr, i, row[1])
			}
		}
		if len(got) != 7000 {
			t.Errorf("%s: %d rows", expr, len(got))
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	for sql, want := range map[string]pgerr.Code{
		"select '10:00:00+02'::TIMETZ as x":                        "",
		"select ['10:00:00+02'::TIMETZ] as x":                      "",
		"select 1 as a, 12::BIGNUM as x":                           pgerr.FeatureNotSupported,
		"select 340282366920938463463374607431768211455::UHUGEINT": pgerr.NumericOutOfRange,
		"select '290000-01-01'::TIMESTAMP_S":                       "",
		"select $1::int":                                           pgerr.UndefinedParameter,
		"set threads=1":                                            pgerr.FeatureNotSupported,
		"begin":                                                    pgerr.FeatureNotSupported,
		"copy (select 1) to '/tmp/x.csv'":                          pgerr.FeatureNotSupported,
		"attach ':memory:' as y":                                   pgerr.FeatureNotSupported,
		"create table x as select 1 as a":                          pgerr.FeatureNotSupported,
		"explain select 1":                                         "",
		"with a as (select 1) select * from a -- end":              "",
	} {
		rows, err := db.Query(t.Context(), engine.Statement{SQL: sql})
		if err == nil {
			_, err = rows.Next(t.Context())
			rows.Close()
		}
		if got := pgerr.CodeOf(err); got != want {
			t.Errorf("%s: got %q (%v), want %q", sql, got, err, want)
		}
	}
}

func TestMicros(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		convert  func(int64) (int64, bool)
		in, want int64
		ok       bool
	}{
		{"seconds", fromSeconds, -3, -3000000, true},
		{"seconds, largest", fromSeconds, 9223372036854, 9223372036854000000, true},
		{"seconds, too large", fromSeconds, 9223372036855, 0, false},
		{"seconds, too small", fromSeconds, -9223372036855, 0, false},
		{"milliseconds", fromMillis, -3, -3000, true},
		{"milliseconds, too large", fromMillis, 9223372036854776, 0, false},
		{"nanoseconds round down", fromNanos, -1, -1, true},
		{"nanoseconds", fromNanos, 1999, 1, true},
		{"nanoseconds, smallest", fromNanos, -9223372036854775806, -9223372036854776, true},
	} {
		if got, ok := test.convert(test.in); ok != test.ok || ok && got != test.want {
			t.Errorf("%s: got %d %v, want %d %v", test.name, got, ok, test.want, test.ok)
		}
	}
}

func TestColumnConversion(t *testing.T) {
	t.Parallel()
	db := open(t, Options{})
	numeric := pgtypes.Of(pgtypes.Numeric)
	for _, test := range []struct {
		sql  string
		want pgtypes.Type
		text string
		code pgerr.Code
	}{
		{sql: "sum(i) from range(10) t(i)", want: pgtypes.Of(pgtypes.Int8), text: "45"},
		{sql: "sum(i) from range(10) t(i)", want: numeric, text: "45"},
		{sql: "9223372036854775808::HUGEINT", want: pgtypes.Of(pgtypes.Int8), code: pgerr.NumericOutOfRange},
		{sql: "1.5::DECIMAL(10,3)", want: numeric, text: "1.500"},
		{sql: "1.5::DECIMAL(10,3)", want: pgtypes.NumericOf(12, 3), text: "1.500"},
		{sql: "1.55::DECIMAL(10,2)", want: pgtypes.NumericOf(12, 1), text: "1.6"},
		{sql: "123.5::DECIMAL(10,1)", want: pgtypes.NumericOf(3, 1), code: pgerr.NumericOutOfRange},
		{sql: "5::BIGINT", want: pgtypes.Of(pgtypes.Float8), text: "5"},
		{sql: "5::BIGINT", want: pgtypes.Of(pgtypes.OIDType), text: "5"},
		{sql: "5::UINTEGER", want: pgtypes.Of(pgtypes.OIDType), text: "5"},
		{sql: "'x'", want: pgtypes.VarcharOf(3), text: "x"},
		{sql: "'x'", want: pgtypes.Of(pgtypes.Name), text: "x"},
		{sql: "['a','b']", want: pgtypes.Of(1009), text: "{a,b}"},
		{sql: "{a: 1}", want: pgtypes.Of(pgtypes.Text), text: `{"a":1}`},
		{sql: "NULL", want: pgtypes.Of(pgtypes.Timestamptz), text: "NULL"},
		{sql: "'2018-02-15'", want: pgtypes.Of(pgtypes.Date), text: "2018-02-15"},
		{sql: "'10:00:00+02'::TIMETZ", want: pgtypes.Of(pgtypes.Text), text: "10:00:00+02"},
		{sql: "[1.5::DOUBLE]", want: pgtypes.Of(1022), text: "{1.5}"},
		{sql: "['10:00:00+02'::TIMETZ, NULL]", want: pgtypes.Of(1270), text: "{10:00:00+02,NULL}"},
		{sql: "1 -- a comment at the end", want: pgtypes.Of(pgtypes.Int8), text: "1"},
		{sql: "7;", want: pgtypes.Of(pgtypes.Int8), text: "7"},
	} {
		columns := []engine.Column{{Name: "n", Type: test.want}}
		rows, err := db.Query(t.Context(), engine.Statement{SQL: "select " + test.sql, Columns: columns})
		if test.code != "" {
			if err == nil {
				_, err = rows.Next(t.Context())
				rows.Close()
			}
			if pgerr.CodeOf(err) != test.code {
				t.Errorf("%s as %s: got %v, want %s", test.sql, test.want, err, test.code)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s as %s: %v", test.sql, test.want, err)
			continue
		}
		if diff := cmp.Diff(rows.Columns(), columns); diff != "" {
			t.Errorf("%s: columns (-got +want):\n%s", test.sql, diff)
		}
		if got := enginetest.Table(t, rows); !cmp.Equal(got, [][]string{{test.text}}) {
			t.Errorf("%s as %s: got %q, want %q", test.sql, test.want, got, test.text)
		}
		rows.Close()
	}
}

// TestConversionKeepsOrder proves that a subquery with ORDER BY under the converting projection gives its rows in
// order, when several threads make them.
func TestConversionKeepsOrder(t *testing.T) {
	t.Parallel()
	db := open(t, Options{Threads: 4})
	exec(t, db, "create table shuffled as select (i * 7919) % 1000003 as i, 'text ' || i as s from range(1000003) t(i)")
	for _, sql := range []string{
		"select i, s from shuffled order by i",
		"select i, s from (select * from shuffled order by i) where i >= 0",
		"select i, s from shuffled order by i limit 900000",
	} {
		rows, err := db.Query(t.Context(), engine.Statement{SQL: sql, Columns: []engine.Column{
			{Name: "i", Type: pgtypes.Of(pgtypes.Int4)}, {Name: "s", Type: pgtypes.Of(pgtypes.Text)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		next := int32(0)
		for {
			chunk, err := rows.Next(t.Context())
			if err != nil {
				break
			}
			for _, v := range chunk.Vectors[0].I32 {
				if v != next {
					t.Fatalf("%s: %d after %d rows", sql, v, next)
				}
				next++
			}
		}
		rows.Close()
		if next < 900000 {
			t.Errorf("%s: %d rows", sql, next)
		}
	}
}
