package gateway

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// hostileValues are texts of each type whose values are at an end, or written in a way of their own. Some are no values.
var hostileValues = map[string][]string{
	"bool":   {"t", "OFF", " yes ", "2", "truth"},
	"int2":   {"-32768", "32767", "-0", "+7", " 12 ", "32768", "1.5", "0x10", ""},
	"int4":   {"-2147483648", "2147483647", "2147483648", "1e3"},
	"int8":   {"-9223372036854775808", "9223372036854775807", "9223372036854775808"},
	"float4": {"NaN", "Infinity", "-inf", "-0", "1e-45", "1.1754944e-38", "3.4028235e38", "16777217", "1e15", "123456.78", "0.1", "1e39", "1e-60"},
	"float8": {
		"NaN", "Infinity", "-Infinity", "-0", "5e-324", "2.2250738585072014e-308", "1.7976931348623157e308", "1e15", "999999999999999.9", "1e-5", "0.0001",
		"123456789012345678", "0.1", "1e309", "1e-400", "1_0", " 1 ",
	},
	"numeric": {
		"NaN", "0", "-0", "0.000", "1e10", "1.50", "-123456789012345678901234567890.12345678", "99999999999999999999999999999999999999", "1e-20", ".5", "5.", "1e-4000", "x",
	},
	"numeric(10,2)": {"NaN", "1.005", "-1.005", "99999999.99", "99999999.995", "0", "Infinity"},
	"numeric(5,0)":  {"0.5", "1.5", "99999.4", "99999.5"},
	"date": {
		"4713-01-01 BC", "4714-11-24 BC", "0001-01-01", "0001-12-31 BC", "infinity", "-infinity", "epoch", "2024-02-29", "2023-02-29", "5874897-12-31", "10000-01-01", "01/02/03",
	},
	"time":         {"00:00", "24:00:00", "23:59:59.999999", "23:59:60", "04:05:06.7 PM", "24:00:01", "allballs", "12:00:00.1234567"},
	"time(2)":      {"23:59:59.999", "12:00:00.125"},
	"timetz":       {"24:00:00-15:59", "00:00+15:59:59", "12:00:00.5+05:30", "12:00", "12:00 EST"},
	"timestamp":    {"4713-01-01 00:00:00 BC", "infinity", "-infinity", "epoch", "1999-12-31 23:59:59.9999995", "0001-01-01 00:00:00", "20000-01-01 00:00:00.000001", "2000-01-01 24:00:00"},
	"timestamp(0)": {"2000-01-01 00:00:00.5", "1999-12-31 23:59:59.5"},
	"timestamptz":  {"4713-01-01 00:00:00+00 BC", "infinity", "-infinity", "1880-01-01 12:00+00", "2018-03-25 02:30", "2018-10-28 02:30", "20000-01-01 00:00:00+00", "1937-01-01 12:00:00+00"},
	"interval": {
		"0", "1 year 2 mons -3 days 04:05:06.789", "-1 year -2 mons", "178000000 years", "-178000000 years", "1 day -00:00:01", "-00:00:00.000001", "2562047788:00:54.775807", "P1Y2M3DT4H5M6S", "1-2 3 4:05:06",
	},
	"text":       {"", "it's", `back\slash`, "ü😀", "\t\n", "NULL"},
	"varchar(3)": {"abc", "abc  ", "äöü", "abcd"},
	"char(4)":    {"", "ab", "abcd", "ab   "},
	"name":       {"x", "0123456789012345678901234567890123456789012345678901234567890123456789"},
	"bytea":      {`\x`, `\xDEADBEEF`, `a\\b\000'`, `\x0`, "é"},
	"uuid":       {"A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "{a0eebc999c0b4ef8bb6d6bb9bd380a11}", "x"},
	"json":       {` { "a" : 1.0 , "a":2 } `, "null", `"\u00fc"`, "{"},
	"jsonb":      {` { "b" : 1.0 , "a":2, "a":3 } `, "null", `"\u00fc"`, "1e5", "{", "[1,  -0.00]"},
	"int4[]":     {"{}", "{1,NULL,-2147483648}", "{ 1 , 2 }", "{1", "{{1,2},{3,4}}", "[0:1]={1,2}"},
	"int8[]":     {"{9223372036854775807}"},
	"bool[]":     {"{t,f,NULL}"},
	"text[]":     {`{}`, `{a,"b c","d\"e","",NULL,"NULL","\\","{","ü"}`, `{" a ", b }`, `{"a,b"}`},
	"float8[]":   {"{NaN,-0,1e-5,1e20,NULL}"},
	"numeric[]":  {"{1.50,NaN,-0.0,1e20}"},
	"date[]":     {`{infinity,"4713-01-01 BC",NULL}`},
	"timestamp[]": {
		`{"2000-01-01 00:00:00.5",infinity}`,
	},
	"timestamptz[]": {`{"1880-01-01 12:00:00+00",-infinity}`},
	"bytea[]":       {`{"\\x00ff",NULL}`},
	"uuid[]":        {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"},
	"interval[]":    {`{"1 mon -2 days",NULL}`},
	"varchar(2)[]":  {"{ab,c}"},
}

// sessionStyles are settings that change how values are read and written.
var sessionStyles = []string{
	"reset all",
	"set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'; set extra_float_digits = 0; set bytea_output = 'escape'; set timezone = 'Europe/Amsterdam'",
	"set datestyle = 'Postgres, MDY'; set intervalstyle = 'postgres_verbose'; set extra_float_digits = -3; set bytea_output = 'hex'; set timezone = 'America/New_York'",
	"set datestyle = 'German, YMD'; set intervalstyle = 'iso_8601'; set extra_float_digits = 3; set timezone = '<+05:30>-5:30'",
}

// refusedValues are those that Tidegate has no form of: it says so.
var refusedValues = map[string]string{
	"{{1,2},{3,4}}": "!0A000", "[0:1]={1,2}": "!0A000", // arrays of one dimension that begin at 1
	"1e-4000": "!22003", // decision 10: so many digits are out of range
}

// TestHostileValuesAsPostgres sends values of every type as parameters in both formats and as literals, and reads them in
// both formats, in sessions of every style.
func TestHostileValuesAsPostgres(t *testing.T) {
	t.Parallel()
	postgres := testkit.Dial(t, testkit.Postgres(t).DSN())
	gateway := testkit.Dial(t, "postgres://ann@"+serve(t, nil).addr+"/tidegate?sslmode=disable")
	for _, style := range sessionStyles {
		for _, c := range []*pgconn.PgConn{postgres, gateway} {
			if _, err := c.Exec(t.Context(), style).ReadAll(); err != nil {
				t.Fatal(err)
			}
		}
		for typ, texts := range hostileValues {
			for _, text := range append(slices.Clip(texts), `a"b\c`, "é\u00a0\x01") {
				compareValue(t, postgres, gateway, typ, text, style)
			}
		}
	}
}

func compareValue(t *testing.T, postgres, gateway *pgconn.PgConn, typ, text, style string) {
	t.Helper()
	query := "select $1::" + typ
	ask := func(c *pgconn.PgConn, value []byte, in, out int16) string {
		return valueAnswer(c.ExecParams(t.Context(), query, [][]byte{value}, nil, []int16{in}, []int16{out}).Read())
	}
	same := func(how string, of func(*pgconn.PgConn) string) string {
		want, got := of(postgres), of(gateway)
		if refusal := refusedValues[text]; refusal != "" {
			if !strings.HasPrefix(got, refusal) {
				t.Errorf("%s %q %s: %s, want %s", typ, text, how, got, refusal)
			}
			return want
		}
		if want != got {
			t.Errorf("%s %q %s (%s):\n  PostgreSQL %s\n  gateway    %s", typ, text, how, style, want, got)
		}
		return want
	}
	shown := same("as text to text", func(c *pgconn.PgConn) string { return ask(c, []byte(text), 0, 0) })
	if shown[0] == '!' {
		return
	}
	same("as text to binary", func(c *pgconn.PgConn) string { return ask(c, []byte(text), 0, 1) })
	same("as a literal", func(c *pgconn.PgConn) string {
		literal, err := c.EscapeString(text)
		if err != nil {
			t.Fatal(err)
		}
		results, err := c.Exec(t.Context(), "select '"+literal+"'::"+typ).ReadAll()
		if err != nil {
			return valueAnswer(&pgconn.Result{Err: err})
		}
		return valueAnswer(results[0])
	})
	binary := postgres.ExecParams(t.Context(), query, [][]byte{[]byte(text)}, nil, nil, []int16{1}).Read()
	same("as binary to text", func(c *pgconn.PgConn) string { return ask(c, binary.Rows[0][0], 1, 0) })
	same("as binary to binary", func(c *pgconn.PgConn) string { return ask(c, binary.Rows[0][0], 1, 1) })
}

// valueAnswer is the type and value of the one that comes, or the error behind a "!".
func valueAnswer(answer *pgconn.Result) string {
	if answer.Err != nil {
		if p, ok := answer.Err.(*pgconn.PgError); ok { //nolint:errorlint // pgconn gives it bare
			return "!" + p.Code + " " + p.Message
		}
		return "!" + answer.Err.Error()
	}
	f := answer.FieldDescriptions[0]
	value := answer.Rows[0][0]
	if f.Format == 1 {
		value = []byte(hex.EncodeToString(value))
	}
	return fmt.Sprintf("%d(%d) %s", f.DataTypeOID, f.TypeModifier, value)
}
