package hot_test

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/engine"
	"tidegate/internal/engine/hot"
	"tidegate/internal/pgerr"
	"tidegate/internal/testkit"
)

// TestPrepared runs statements with values apart, over one connection, and breaks what the server knows of them.
func TestPrepared(t *testing.T) { //nolint:tparallel // one connection, one after the other
	t.Parallel()
	pg := testkit.Postgres(t)
	admin, err := pgconn.Connect(t.Context(), pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	defer admin.Close(t.Context())
	exec := func(sql string) {
		t.Helper()
		if _, err := admin.Exec(t.Context(), sql).ReadAll(); err != nil {
			t.Fatal(err)
		}
	}
	exec("create table public.t as select i as id, 'row ' || i as name from generate_series(1, 1000) i")
	e := open(t, hot.Options{URL: pg.DSN(), Pool: 1})
	ask := func(literals bool, sql string, values ...string) (cells [][]string, err error) {
		s := engine.Statement{SQL: sql, Args: []engine.Arg{}, Literals: literals}
		for _, v := range values {
			s.Args = append(s.Args, engine.Arg{Text: v, Null: v == "NULL"})
		}
		r, err := e.Query(t.Context(), s)
		if err != nil {
			return nil, err
		}
		defer r.Close()
		var got messages
		if _, _, err := r.(engine.RawRows).CopyDataRows(t.Context(), &got, 1<<40); err != nil {
			return nil, err
		}
		return got.cells(t), nil
	}
	one := func(t *testing.T, want string, literals bool, sql string, values ...string) {
		t.Helper()
		cells, err := ask(literals, sql, values...)
		if got := fmt.Sprint(cells); err != nil || got != want {
			t.Fatalf("%s %v: %s, %v, want %s", sql, values, got, err, want)
		}
	}
	const byID = "select name from public.t where id = $1::int4"
	for _, literals := range []bool{true, false} {
		t.Run("literals "+strconv.FormatBool(literals), func(t *testing.T) {
			for i := range 20 {
				one(t, fmt.Sprintf("[[row %d]]", i+1), literals, byID, strconv.Itoa(i+1))
			}
		})
	}
	t.Run("NULL, quotes, none", func(t *testing.T) {
		one(t, "[]", true, byID, "NULL")
		one(t, "[[it's \\]]", false, "select $1::text from public.t where id = 1", `it's \`)
		one(t, "[[1000]]", true, "select count(*) from public.t")
	})
	t.Run("more than the server keeps", func(t *testing.T) {
		for round := range 2 {
			for i := range 150 {
				one(t, fmt.Sprintf("[[row 7 %d]]", i), false, fmt.Sprintf("select name || ' %d' from public.t where id = $1::int4", i), "7")
			}
			var n string
			for _, r := range must(ask(true, "select count(*) from pg_prepared_statements")) {
				n = r[0]
			}
			if kept, err := strconv.Atoi(n); err != nil || kept > 65 || kept < 60 {
				t.Errorf("round %d: the server keeps %s statements", round, n)
			}
		}
	})
	t.Run("a value that its type does not read", func(t *testing.T) {
		for range 3 {
			if _, err := ask(true, byID, "x"); pgerr.CodeOf(err) != pgerr.InvalidTextRepresentation {
				t.Errorf("got %v", err)
			}
			one(t, "[[row 3]]", true, byID, "3")
		}
	})
	t.Run("a text that the server refuses", func(t *testing.T) {
		for range 2 {
			if _, err := ask(true, "select nothing from public.t where id = $1::int4", "1"); err == nil {
				t.Error("it was run")
			}
			one(t, "[[row 3]]", true, byID, "3")
		}
	})
	t.Run("the table gets another type", func(t *testing.T) {
		const all = "select id from public.t where id <= $1::int4"
		one(t, "[[1]]", false, all, "1")
		one(t, "[[1]]", false, all, "1")
		exec("alter table public.t alter id type numeric using id + 0.5")
		one(t, "[[1.5]]", false, all, "2")
	})
	t.Run("another zone", func(t *testing.T) {
		// The server reads a literal's time when it prepares the statement.
		const moment = "select extract(epoch from timestamptz '1970-01-02 00:00')::int where $1::int4 = 1"
		for _, zone := range []string{"UTC", "Asia/Tokyo", "UTC"} {
			want := map[string]string{"UTC": "[[86400]]", "Asia/Tokyo": "[[54000]]"}[zone]
			r, err := e.Query(t.Context(), engine.Statement{SQL: moment, Args: []engine.Arg{{Text: "1"}}, TimeZone: zone})
			if err != nil {
				t.Fatal(err)
			}
			var got messages
			if _, _, err := r.(engine.RawRows).CopyDataRows(t.Context(), &got, 1<<40); err != nil {
				t.Fatal(err)
			}
			if cells := fmt.Sprint(got.cells(t)); cells != want {
				t.Errorf("in %s: %s, want %s", zone, cells, want)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
		}
	})
	t.Run("the server forgets", func(t *testing.T) {
		one(t, "[[row 3]]", false, "select name from public.t where id = $1::numeric", "3.5")
		exec("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tidegate'")
		one(t, "[[row 4]]", false, "select name from public.t where id = $1::numeric", "4.5")
	})
}

func must(cells [][]string, err error) [][]string {
	if err != nil {
		panic(err)
	}
	return cells
}
