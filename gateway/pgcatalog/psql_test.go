package pgcatalog_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"tidegate/gateway/pgcatalog"
	"tidegate/internal/engine"
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

// ask takes a statement through the language and our DuckDB, as a session does.
func ask(ctx context.Context, db engine.Engine, c *pgcatalog.Catalog, text string, args ...sql.Arg) (*result, error) {
	statements, err := sql.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("parse: %w", err)
	}
	q, err := sql.Bind(statements[0], c, sessionEnv())
	if err != nil {
		return nil, fmt.Errorf("bind: %w", err)
	}
	if q, err = q.WithArgs(args); err != nil {
		return nil, fmt.Errorf("arguments: %w", err)
	}
	rendered, err := q.Render(c.Source)
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
	for _, c := range r.Columns() {
		out.columns = append(out.columns, c.Name)
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
