package pgcatalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
	"github.com/google/go-cmp/cmp"

	"tidegate/gateway/pgcatalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// sessionEnv is a session of user demo.
func sessionEnv() sql.Env {
	now := time.Date(2018, 2, 15, 3, 0, 0, 0, time.UTC)
	return sql.Env{
		SearchPath: []string{"$user", "public"}, Database: "tidegate", User: "demo", BackendPID: 1, Version: "PostgreSQL 15.20",
		Settings: func(string) (string, bool) { return "", false }, Now: now, Statement: now, Zone: time.UTC,
	}
}

// ask takes a statement of user demo through the language and our DuckDB, as a session does.
func ask(ctx context.Context, db engine.Engine, c *pgcatalog.Catalog, text string, args ...sql.Arg) (*result, error) {
	return askAs(ctx, db, c, c, sessionEnv(), text, args...)
}

func askAs(ctx context.Context, db engine.Engine, c *pgcatalog.Catalog, names sql.Catalog, env sql.Env, text string, args ...sql.Arg) (*result, error) {
	statements, err := sql.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	q, err := sql.Bind(statements[0], names, env)
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	if q, err = q.WithArgs(args); err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	rendered, err := q.Render(func(u *sql.Use) (string, error) { return c.Source(u, engine.Asker{}) })
	if err != nil {
		return nil, fmt.Errorf("render: %w", err)
	}
	columns := make([]engine.Column, len(q.Names))
	for i := range columns {
		columns[i] = engine.Column{Name: q.Names[i], Type: q.Types[i]}
	}
	r, err := db.Query(ctx, engine.Statement{SQL: rendered, Columns: columns})
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", rendered, err)
	}
	rows, err := readAll(ctx, r)
	if err != nil {
		return nil, fmt.Errorf("run %s: %w", rendered, err)
	}
	out := &result{rows: rows}
	for i, c := range r.Columns() {
		out.columns = append(out.columns, header(c.Name, c.Type))
		for _, row := range rows {
			if _, name, ok := strings.Cut(row[i], " "); ok && pgtypes.IsObject(c.Type.OID) {
				row[i] = name
			}
		}
	}
	return out, nil
}

func ourNumbers(t *testing.T, db engine.Engine) numbers {
	t.Helper()
	rows, err := query(t.Context(), db, strings.ReplaceAll(numbersQuery, "pg_catalog.", "pgc."))
	if err != nil {
		t.Fatal(err)
	}
	return numbersOf(rows)
}

// TestGolden runs the statements of psql and of drivers.
func TestGolden(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	n := ourNumbers(t, db)
	for _, file := range goldens {
		datadriven.RunTest(t, file, func(t *testing.T, d *datadriven.TestData) string {
			t.Helper()
			r, err := ask(t.Context(), db, c, n.into(d.Input), arguments(n.values(d))...)
			if err != nil {
				return "error: " + err.Error() + "\n"
			}
			return n.out(d, r).text()
		})
	}
}

func arguments(texts []string) []sql.Arg {
	out := make([]sql.Arg, len(texts))
	for i, s := range texts {
		out[i] = sql.Arg{Text: s}
	}
	return out
}

// TestSystemFunctions looks for every function that the language sends here.
func TestSystemFunctions(t *testing.T) {
	t.Parallel()
	db, _ := openCatalog(t)
	rows, err := query(t.Context(), db, "SELECT DISTINCT function_name FROM duckdb_functions() WHERE schema_name = 'pgc'")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, row := range rows {
		have[row[0]] = true
	}
	for _, name := range append(sql.SystemFunctions(), "regclass", "regclass_oid", "regtype", "regtype_oid", "regproc", "regproc_oid",
		"regnamespace", "regnamespace_oid", "regrole", "regrole_oid", "array_out", "vector_out") {
		if !have[name] {
			t.Errorf("schema pgc has no function %s", name)
		}
	}
}

// TestSessions asks what depends on the session: the search path, and when the server started.
func TestSessions(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	before := time.Now()
	r, err := ask(t.Context(), db, c, "SELECT pg_postmaster_start_time() <= '"+before.UTC().Format(time.RFC3339Nano)+"'::timestamptz, pg_my_temp_schema(), current_schemas(true)")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([][]string{{"t", "0", "{pg_catalog}"}}, r.rows); diff != "" {
		t.Error(diff)
	}
}

// schemas is a catalog that also has schema web, as a gateway with tables there.
type schemas struct{ *pgcatalog.Catalog }

func (s schemas) HasSchema(name string) bool { return name == "web" || s.Catalog.HasSchema(name) }

// TestSearchPath sees the relations of a schema of the search path without its name.
func TestSearchPath(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	env := sessionEnv()
	env.SearchPath = []string{"$user", "web"}
	r, err := askAs(t.Context(), db, c, schemas{c}, env, `
		SELECT c.oid::regclass, pg_table_is_visible(c.oid), c.oid = 'events'::regclass, to_regclass('site_daily'), pg_catalog.pg_type_is_visible(c.reltype)
		FROM pg_class c WHERE c.relnamespace = 'web'::regnamespace ORDER BY c.relname`)
	if err != nil {
		t.Fatal(err)
	}
	want := [][]string{{"events", "t", "t", "site_daily", "t"}, {"site_daily", "t", "f", "site_daily", "t"}}
	if diff := cmp.Diff(want, r.rows); diff != "" {
		t.Error(diff)
	}
}
