// Package e2e runs the program as a user does: the built binary, real clients, files on disk.
package e2e

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tidegate/test/program"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) {
	var err error
	if binary, err = program.Build(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// run runs the program in dir to its end and gives its exit code and what it printed.
func run(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runWith(t, dir, program.Environment(), args...)
}

// runWith is run with variables that replace those of the process.
func runWith(t *testing.T, dir string, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return program.Run(t, binary, dir, env, args...)
}

// mustRun is run that has to exit 0.
func mustRun(t *testing.T, dir string, args ...string) string {
	t.Helper()
	code, out, errs := run(t, dir, args...)
	if code != 0 {
		t.Fatalf("tidegate %v: exit %d\n%s%s", args, code, out, errs)
	}
	return out
}

// server is a running serve or demo.
type server struct{ *program.Server }

// start starts serve or demo and waits until clients can connect.
func start(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	return &server{program.Start(t, binary, dir, args...)}
}

// interrupt is Ctrl-C: the process must drain and exit 0.
func (s *server) interrupt(t *testing.T) {
	t.Helper()
	s.Interrupt(t)
}

func (s *server) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.URL)
	if err != nil {
		t.Fatalf("connect: %v\n%s", err, s.Logs)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// table runs a query in the simple protocol and gives every row as its text, columns separated by "|".
func table(t *testing.T, c *pgx.Conn, query string) []string {
	t.Helper()
	results, err := c.PgConn().Exec(t.Context(), query).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var rows []string
	for _, r := range results {
		for _, row := range r.Rows {
			cells := make([]string, len(row))
			for i, v := range row {
				if cells[i] = string(v); v == nil {
					cells[i] = "NULL"
				}
			}
			rows = append(rows, strings.Join(cells, "|"))
		}
	}
	return rows
}

// one runs a query that gives one row.
func one(t *testing.T, c *pgx.Conn, query string) string {
	t.Helper()
	rows := table(t, c, query)
	if len(rows) != 1 {
		t.Fatalf("%s: want one row, got %d", query, len(rows))
	}
	return rows[0]
}

// route gives the first line of EXPLAIN (ROUTE).
func route(t *testing.T, c *pgx.Conn, query string) string {
	t.Helper()
	return strings.TrimPrefix(table(t, c, "explain (route) "+query)[0], "Route: ")
}
