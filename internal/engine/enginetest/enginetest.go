// Package enginetest is the suite that every engine.Engine passes: streaming, failure in mid-stream, cancel, NULLs,
// types, several results at once. It knows only the contract and SQL that PostgreSQL and DuckDB both speak.
package enginetest

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Config is what the suite needs of an implementation.
type Config struct {
	Engine engine.Engine
	// Series writes the FROM item t of the integers i from 1 to n so that its rows stream; nil is what DuckDB
	// streams. PostgreSQL puts a function in FROM on disk first.
	Series func(n string) string
	// Text is the type of texts; 0 is text.
	Text pgtypes.OID
	// Lacks are the values and statements of the suite that the other end has not.
	Lacks []string
}

// text is the type of texts.
func (c Config) text() pgtypes.OID {
	if c.Text != 0 {
		return c.Text
	}
	return pgtypes.Text
}

func (c Config) lacks(sql string) bool { return slices.Contains(c.Lacks, sql) }

// endless is a statement of very many rows of which where lets through some.
func (c Config) endless(n, where string) engine.Statement {
	series := "generate_series(1, " + n + ") as t(i)"
	if c.Series != nil {
		series = c.Series(n)
	}
	return engine.Statement{SQL: "select i from " + series + " where " + where}
}

// Run runs the suite. The engine stays open until all of it is over.
func Run(t *testing.T, c Config) {
	t.Helper()
	for _, test := range []struct {
		name string
		run  func(t *testing.T, e engine.Engine)
	}{
		{"values", func(t *testing.T, _ engine.Engine) { t.Helper(); testValues(t, c) }},
		{"nulls", func(t *testing.T, _ engine.Engine) { t.Helper(); testNulls(t, c) }},
		{"describe", func(t *testing.T, _ engine.Engine) { t.Helper(); testDescribe(t, c) }},
		{"columns", testColumns},
		{"time zone", testTimeZone},
		{"empty result", testEmpty},
		{"streaming", testStreaming},
		{"error in mid-stream", testErrorMidStream},
		{"error at start", func(t *testing.T, _ engine.Engine) { t.Helper(); testErrorAtStart(t, c) }},
		{"cancel while blocked", testCancelBlocked},
		{"cancel between chunks", func(t *testing.T, _ engine.Engine) { t.Helper(); testCancelBetween(t, c) }},
		{"cancel by the context of Next", func(t *testing.T, _ engine.Engine) { t.Helper(); testCancelNext(t, c) }},
		{"already canceled", testAlreadyCanceled},
		{"two open rows", testTwoRows},
		{"close early", func(t *testing.T, _ engine.Engine) { t.Helper(); testCloseEarly(t, c) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.run(t, c.Engine)
		})
	}
}

// numbers is a statement of n rows 0 to n-1.
func numbers(n string) string {
	return "select i from generate_series(0, " + n + " - 1) as t(i)"
}

func query(t *testing.T, e engine.Engine, s engine.Statement) engine.Rows {
	t.Helper()
	rows, err := e.Query(t.Context(), s)
	if err != nil {
		t.Fatalf("query %s: %v", s.SQL, err)
	}
	t.Cleanup(func() {
		if err := rows.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return rows
}

// drain reads to the end and gives the number of rows and the error that is not io.EOF.
func drain(ctx context.Context, rows engine.Rows) (int, error) {
	n := 0
	for {
		chunk, err := rows.Next(ctx)
		if errors.Is(err, io.EOF) {
			return n, nil
		}
		if err != nil {
			return n, err
		}
		n += chunk.Rows
	}
}

func testDescribe(t *testing.T, c Config) {
	t.Helper()
	e := c.Engine
	s := engine.Statement{SQL: "select 1 as a, 'x' || 'y' as b, true as c, cast(1 as numeric(12,2)) as d"}
	want := []engine.Column{
		{Name: "a", Type: pgtypes.Of(pgtypes.Int4)},
		{Name: "b", Type: pgtypes.Of(c.text())},
		{Name: "c", Type: pgtypes.Of(pgtypes.Bool)},
		{Name: "d", Type: pgtypes.NumericOf(12, 2)},
	}
	got, err := e.Describe(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("describe (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(query(t, e, s).Columns(), want); diff != "" {
		t.Errorf("columns (-got +want):\n%s", diff)
	}
}

func testColumns(t *testing.T, e engine.Engine) {
	t.Helper()
	want := []engine.Column{
		{Name: "?column?", Type: pgtypes.Of(pgtypes.Int8)},
		{Name: "count", Type: pgtypes.Of(pgtypes.Text)},
		{Name: "count", Type: pgtypes.NumericOf(10, 3)},
	}
	s := engine.Statement{SQL: "select cast(1 as int), 2, cast(3 as bigint)", Columns: want}
	rows := query(t, e, s)
	if diff := cmp.Diff(rows.Columns(), want); diff != "" {
		t.Errorf("columns (-got +want):\n%s", diff)
	}
	if got := table(t, rows); !cmp.Equal(got, [][]string{{"1", "2", "3.000"}}) {
		t.Errorf("got %q", got)
	}
	described, err := e.Describe(t.Context(), s)
	if diff := cmp.Diff(described, want); diff != "" || err != nil {
		t.Errorf("describe: %v (-got +want):\n%s", err, diff)
	}
}

func testTimeZone(t *testing.T, e engine.Engine) {
	t.Helper()
	const text = "select cast(timestamptz '2018-02-15 00:00:00+00' as text)"
	for zone, want := range map[string]string{
		"":           "2018-02-15 00:00:00+00",
		"UTC":        "2018-02-15 00:00:00+00",
		"Asia/Tokyo": "2018-02-15 09:00:00+09",
	} {
		rows := query(t, e, engine.Statement{SQL: text, TimeZone: zone})
		if got := table(t, rows); !cmp.Equal(got, [][]string{{want}}) {
			t.Errorf("zone %q: got %q, want %q", zone, got, want)
		}
	}
	_, err := e.Query(t.Context(), engine.Statement{SQL: text, TimeZone: "Nowhere/Land"})
	if got := pgerr.CodeOf(err); got != pgerr.InvalidParameterValue {
		t.Errorf("unknown zone: %v", err)
	}
}

func testEmpty(t *testing.T, e engine.Engine) {
	t.Helper()
	rows := query(t, e, engine.Statement{SQL: "select 1 as a where false"})
	for range 2 { // io.EOF stays
		if _, err := rows.Next(t.Context()); !errors.Is(err, io.EOF) {
			t.Fatalf("got %v, want io.EOF", err)
		}
	}
}

func testStreaming(t *testing.T, e engine.Engine) {
	t.Helper()
	rows := query(t, e, engine.Statement{SQL: numbers("1000000")})
	chunks, next := 0, int64(0)
	for {
		chunk, err := rows.Next(t.Context())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		chunks++
		for i := range chunk.Rows {
			if got := Int(&chunk.Vectors[0], i); got != next {
				t.Fatalf("row %d is %d", next, got)
			}
			next++
		}
	}
	if next != 1000000 || chunks < 10 {
		t.Errorf("%d rows in %d chunks", next, chunks)
	}
}

func testErrorMidStream(t *testing.T, e engine.Engine) {
	t.Helper()
	rows := query(t, e, engine.Statement{
		SQL: "select case when i < 900000 then i else cast('x' || i as bigint) end from generate_series(0, 999999) as t(i)",
	})
	n, err := drain(t.Context(), rows)
	if pgerr.CodeOf(err) != pgerr.InvalidTextRepresentation || n == 0 || n > 900000 {
		t.Errorf("%d rows, then %v", n, err)
	}
	if _, again := rows.Next(t.Context()); !errors.Is(again, err) {
		t.Errorf("the error does not stay: %v", again)
	}
}

func testErrorAtStart(t *testing.T, c Config) {
	t.Helper()
	for sql, want := range map[string]pgerr.Code{
		"selec 1":                             pgerr.SyntaxError,
		"select nope from (select 1 as a) t":  pgerr.UndefinedColumn,
		"select * from no_such_table":         pgerr.UndefinedTable,
		"select no_such_function(1)":          pgerr.UndefinedFunction,
		"select cast('x' || 'y' as integer)":  pgerr.InvalidTextRepresentation,
		"select cast(2147483647 as int) + 1":  pgerr.NumericOutOfRange,
		"select 1; select 2":                  pgerr.SyntaxError,
		"create table enginetest_no (a text)": pgerr.FeatureNotSupported,
	} {
		if c.lacks(sql) {
			continue
		}
		rows, err := c.Engine.Query(t.Context(), engine.Statement{SQL: sql})
		if err == nil {
			_, err = drain(t.Context(), rows)
			rows.Close()
		}
		if got := pgerr.CodeOf(err); got != want {
			t.Errorf("%s: got %s (%v), want %s", sql, got, err, want)
		}
	}
}
