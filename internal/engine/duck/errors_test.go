package duck

import (
	"strings"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// TestErrors runs statements that fail, so that a new DuckDB with other texts is noticed here.
func TestErrors(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := open(t, Options{AllowedDirs: []string{dir}, Fence: true})
	for _, test := range []struct {
		sql, code, message string
	}{
		{"select cast('abc' as int)", "22P02", `invalid input syntax for type integer: "abc"`},
		{"select cast('x' as bigint)", "22P02", `invalid input syntax for type bigint: "x"`},
		{"select cast('99999999999' as int)", "22003", `value "99999999999" is out of range for type integer`},
		{"select cast('x' as double)", "22P02", `invalid input syntax for type double precision: "x"`},
		{"select cast('x' as decimal(5,2))", "22P02", `invalid input syntax for type numeric: "x"`},
		{"select cast('x' as boolean)", "22P02", `invalid input syntax for type boolean: "x"`},
		{"select cast('x' as uuid)", "22P02", `invalid input syntax for type uuid: "x"`},
		{"select cast(99999999999 as int)", "22003", "integer out of range"},
		{"select 99999.5::decimal(8,2)::decimal(3,1)", "22003", "numeric field overflow"},
		{"select cast('1999-13-01' as date)", "22008", `date/time field value out of range: "1999-13-01"`},
		{"select cast('x' as date)", "22007", `invalid input syntax for type date: "x"`},
		{"select cast('x' as timestamp)", "22007", `invalid input syntax for type timestamp: "x"`},
		{"select date '2024-01-01' + interval '10000000 years'", "22008", "date/time value out of range"},
		{"select cast(1 as date)", "42846", "cannot cast type integer to date"},
		{"select cast(i as decimal(4,2)) from (select 100 + range as i from range(1))", "22003", "numeric field overflow"},
		{"select cast('{' as json)", "22P02", "invalid input syntax for type json"},
		{"select 2147483647::int + 1::int", "22003", "integer out of range"},
		{"select 9223372036854775807 + 1::bigint", "22003", "bigint out of range"},
		{"select sqrt(-1)", "2201F", "cannot take square root of a negative number"},
		{"select ln(0)", "2201E", "cannot take logarithm of zero"},
		{"select error('division by zero')", "22012", "division by zero"},
		{"select (select i from range(3) t(i))", "21000", "more than one row returned by a subquery used as an expression"},
		{"select regexp_matches('a', '(')", "2201B", "invalid regular expression: missing ): ("},
		{"select x from (select 1 as y) t", "42703", `column "x" does not exist`},
		{"select t.x from (select 1 as y) t", "42703", "column t.x does not exist"},
		{"select u.x from (select 1 as y) t", "42P01", `missing FROM-clause entry for table "u"`},
		{"select * from nope", "42P01", `relation "nope" does not exist`},
		{"select * from nosch.nope", "42P01", `relation "nosch.nope" does not exist`},
		{"select nofunc(1)", "42883", "function nofunc does not exist"},
		{"select lower(1, 2)", "42883", "function lower(INTEGER_LITERAL, INTEGER_LITERAL) does not exist"},
		{"select [1] > 1", "42883", "values of type INTEGER[] and INTEGER_LITERAL cannot be compared"},
		{"select 1::foo", "42704", `type "foo" does not exist`},
		{"select a from (select 1 a) t, (select 2 a) u", "42702", `column reference "a" is ambiguous`},
		{
			"select a, count(*) from (select 1 a) t", "42803",
			`column "a" must appear in the GROUP BY clause or be used in an aggregate function`,
		},
		{"select 1 +", "42601", "syntax error at end of input"},
		{"selec 1", "42601", `syntax error at or near "selec"`},
		{"select * from read_csv('/etc/passwd')", "42501", "access to this file is not allowed"},
		{"select * from read_parquet('" + dir + "/none.parquet')", "58030", "could not read or write a data file"},
	} {
		_, err := drainQuery(t, db, test.sql)
		e, ok := err.(*pgerr.Error) //nolint:errorlint // the client's error must be the outermost
		if !ok {
			t.Errorf("%s: %v", test.sql, err)
			continue
		}
		if string(e.Code) != test.code || e.Message != test.message {
			t.Errorf("%s: got %s %q, want %s %q", test.sql, e.Code, e.Message, test.code, test.message)
		}
		if e.Err == nil {
			t.Errorf("%s: the engine's own text is lost", test.sql)
		}
	}
}

// drainQuery gives the number of rows before the error.
func drainQuery(t *testing.T, db *DB, sql string) (n int, err error) {
	t.Helper()
	rows, err := db.Query(t.Context(), engine.Statement{SQL: sql})
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for {
		chunk, err := rows.Next(t.Context())
		if err != nil {
			return n, err
		}
		n += chunk.Rows
	}
}

func TestTranslate(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text, code, message string
	}{
		{"mid-stream", "Invalid Input Error: " + closedResult + "\nError: Conversion Error: Could not convert string 'user_0' to INT32\n\nLINE 1: …", "22P02", `invalid input syntax for type integer: "user_0"`},
		{"mid-stream, the user's", "Invalid Input Error: " + closedResult + "\nError: Invalid Input Error: division by zero", "22012", "division by zero"},
		{"ended", "Invalid Input Error: " + closedResult, "55000", "the result was ended by a later statement"},
		{"value with a line", "Conversion Error: Could not convert string 'a\nb' to INT32\n\nLINE 1: x", "22P02", "invalid input syntax for type integer: \"a\nb\""},
		{"value that looks like an error", "Conversion Error: Could not convert string 'IO Error: x' to INT32", "22P02", `invalid input syntax for type integer: "IO Error: x"`},
		{"memory", "Out of Memory Error: failed to pin block of size 256.0 KiB (47.5 MiB/47.6 MiB used)\n\nPossible solutions:\n* …", "53200", "out of memory"},
		{"interrupt", "INTERRUPT Error: Interrupted!", "57014", "canceling statement due to user request"},
		{"disk", `IO Error: Could not write file "/data/x.tmp": No space left on device`, "53100", "no space left on the disk"},
		{"torn file", "Invalid Error: TProtocolException: Invalid data", "58030", "could not read or write a data file"},
		{"no Parquet", "Invalid Input Error: No magic bytes found at end of file '/data/lake/a.parquet'", "58030", "could not read or write a data file"},
		{"conversion in a file", `Conversion Error: In file "/data/lake/web.events/a.parquet" the column is wrong`, "22P02", `in file "a.parquet" the column is wrong`},
		{"fatal", "FATAL Error: Failed: database has been invalidated because of a previous fatal error in /data/x", "XX000", "internal error of the engine"},
		{"internal", "INTERNAL Error: Assertion triggered", "XX000", "internal error of the engine"},
		{"no class", "something else", "XX000", "internal error of the engine"},
		{"empty", "", "XX000", "internal error of the engine"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := translate(test.text)
			if string(e.Code) != test.code || e.Message != test.message {
				t.Errorf("got %s %q, want %s %q", e.Code, e.Message, test.code, test.message)
			}
		})
	}
}

func FuzzTranslate(f *testing.F) {
	f.Add("Conversion Error: Could not convert string 'abc' to INT32\n\nLINE 1: select cast('abc' as int)\n               ^")
	f.Add("Invalid Input Error: " + closedResult + "\nError: Out of Range Error: Overflow in addition of INT32 (1 + 2)!")
	f.Add("Binder Error: Referenced column \"x\" not found in FROM clause!\nCandidate bindings: \"y\"")
	f.Add(`IO Error: Cannot open file "/home/me/lake/a.parquet": No such file or directory`)
	f.Fuzz(func(t *testing.T, text string) {
		e := translate(text)
		if len(e.Code) != 5 {
			t.Errorf("code %q", e.Code)
		}
		if strings.Contains(e.Message, "LINE 1:") && !strings.Contains(text, "'") && !strings.Contains(text, `"`) {
			t.Errorf("the statement's text is in %q", e.Message)
		}
	})
}
