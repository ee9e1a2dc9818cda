// Package e2e runs the program as a user does: the built binary, real clients, files on disk.
package e2e

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// binary is the program under test, built once.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "tidegate-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "tidegate")
	build := exec.Command("go", "build", "-o", binary, "tidegate/cmd/tidegate")
	build.Stdout, build.Stderr = os.Stderr, os.Stderr
	if err := build.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "build tidegate:", err)
		return 1
	}
	return m.Run()
}

// environment is the process's, with a free port for whatever listens.
func environment() []string {
	return append(os.Environ(), "TIDEGATE_LISTEN=127.0.0.1:0", "TIDEGATE_ADMIN=127.0.0.1:0")
}

// run runs the program in dir to its end and gives its exit code and what it printed.
func run(t *testing.T, dir string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	return runWith(t, dir, environment(), args...)
}

// runWith is run with variables that replace those of the process.
func runWith(t *testing.T, dir string, env []string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs strings.Builder
	c := exec.Command(binary, args...)
	c.Dir, c.Env, c.Stdout, c.Stderr = dir, append(os.Environ(), env...), &out, &errs
	err := c.Run()
	if _, exited := err.(*exec.ExitError); err != nil && !exited { //nolint:errorlint // Run gives it bare
		t.Fatalf("run tidegate %v: %v", args, err)
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
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
type server struct {
	url  string
	cmd  *exec.Cmd
	logs *output
}

// output collects what a process prints.
type output struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

var readyLine = regexp.MustCompile(`"msg":"ready","address":"([^"]+)"`)

// start starts serve or demo and waits until clients can connect.
func start(t *testing.T, dir string, args ...string) *server {
	t.Helper()
	s := &server{cmd: exec.Command(binary, args...), logs: new(output)}
	s.cmd.Dir, s.cmd.Env, s.cmd.Stdout = dir, environment(), s.logs
	pipe, err := s.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.cmd.Process.Kill(); _ = s.cmd.Wait() })
	ready := make(chan string, 1)
	go func() {
		lines := bufio.NewReader(io.TeeReader(pipe, s.logs))
		for {
			line, err := lines.ReadString('\n')
			if m := readyLine.FindStringSubmatch(line); m != nil {
				ready <- m[1]
			}
			if err != nil {
				close(ready)
				return
			}
		}
	}()
	select {
	case address, ok := <-ready:
		if !ok {
			t.Fatalf("tidegate %v ended before it served:\n%s", args, s.logs)
		}
		s.url = "postgres://demo@" + address + "/tidegate"
	case <-time.After(5 * time.Minute):
		t.Fatalf("tidegate %v does not serve:\n%s", args, s.logs)
	}
	return s
}

// interrupt is Ctrl-C: the process must drain and exit 0.
func (s *server) interrupt(t *testing.T) {
	t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	if err := s.cmd.Wait(); err != nil {
		t.Fatalf("after Ctrl-C: %v\n%s", err, s.logs)
	}
}

func (s *server) connect(t *testing.T) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), s.url)
	if err != nil {
		t.Fatalf("connect: %v\n%s", err, s.logs)
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
