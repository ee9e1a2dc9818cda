// Package program builds the program and runs it as a user does: the binary, its log, Ctrl-C.
package program

import (
	"bufio"
	"context"
	"errors"
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
)

// startTimeout bounds how long the program may load its data before it serves.
const startTimeout = 5 * time.Minute

// Build builds the program into bin/ of the module and gives its path, with the race detector if TIDEGATE_TEST_RACE is set.
// What has not changed is not linked again, and test binaries that build it at the same time wait for one another.
func Build(ctx context.Context) (path string, err error) {
	module, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("find the module: %w", err)
	}
	dir := filepath.Join(filepath.Dir(strings.TrimSpace(string(module))), "bin", "test")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return "", fmt.Errorf("lock %s: %w", lock.Name(), err)
	}
	path = filepath.Join(dir, "tidegate")
	args := []string{"build"}
	if os.Getenv("TIDEGATE_TEST_RACE") != "" {
		path += "-race"
		args = append(args, "-race")
	}
	args = append(args, "-o", path, "tidegate/cmd/tidegate")
	if out, err := exec.CommandContext(ctx, "go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("build tidegate: %w\n%s", err, out)
	}
	return path, nil
}

// Environment is the process's, with a free port for whatever listens.
func Environment() []string {
	return append(os.Environ(), "TIDEGATE_LISTEN=127.0.0.1:0", "TIDEGATE_ADMIN=127.0.0.1:0")
}

// Run runs the program in dir to its end, with variables beside those of the process, and gives its exit code and
// what it printed.
func Run(tb testing.TB, binary, dir string, env []string, args ...string) (code int, stdout, stderr string) {
	tb.Helper()
	var out, errs strings.Builder
	c := exec.CommandContext(context.WithoutCancel(tb.Context()), binary, args...)
	c.Dir, c.Env, c.Stdout, c.Stderr = dir, append(os.Environ(), env...), &out, &errs
	err := c.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		tb.Fatalf("run tidegate %v: %v", args, err)
	}
	return c.ProcessState.ExitCode(), out.String(), errs.String()
}

// Server is a running serve or demo.
type Server struct {
	URL  string // for clients, as user demo
	Cmd  *exec.Cmd
	Logs *Output
}

// Output collects what a process prints.
type Output struct {
	mu   sync.Mutex
	text strings.Builder // guarded by mu
}

func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// ReadyLine finds the address in the line of the log that says that clients can connect.
var ReadyLine = regexp.MustCompile(`"msg":"ready","address":"([^"]+)"`)

// Start starts serve or demo and waits until clients can connect. The process ends with the test.
func Start(tb testing.TB, binary, dir string, args ...string) *Server {
	tb.Helper()
	// It outlives the test's own context, so that Interrupt can end it in order.
	s := &Server{Cmd: exec.CommandContext(context.WithoutCancel(tb.Context()), binary, args...), Logs: new(Output)}
	s.Cmd.Dir, s.Cmd.Env, s.Cmd.Stdout = dir, Environment(), s.Logs
	pipe, err := s.Cmd.StderrPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := s.Cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = s.Cmd.Process.Kill(); _ = s.Cmd.Wait() })
	ready := make(chan string, 1)
	go s.follow(pipe, ready)
	select {
	case address, ok := <-ready:
		if !ok {
			tb.Fatalf("tidegate %v ended before it served:\n%s", args, s.Logs)
		}
		s.URL = "postgres://demo@" + address + "/tidegate"
	case <-time.After(startTimeout):
		tb.Fatalf("tidegate %v does not serve:\n%s", args, s.Logs)
	}
	return s
}

// ServeOver starts serve, without a pipeline, over a PostgreSQL as its hot store.
func ServeOver(tb testing.TB, binary, dsn string) *Server {
	tb.Helper()
	dir := tb.TempDir()
	config := fmt.Sprintf("data_dir: ./data\npipelines: ./pipelines\nhot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }\n", dsn)
	if err := os.WriteFile(filepath.Join(dir, "tidegate.yml"), []byte(config), 0o644); err != nil {
		tb.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "pipelines"), 0o755); err != nil {
		tb.Fatal(err)
	}
	return Start(tb, binary, dir, "serve")
}

// follow copies the log to its end, and tells the address when it is there.
func (s *Server) follow(pipe io.Reader, ready chan<- string) {
	lines := bufio.NewReader(io.TeeReader(pipe, s.Logs))
	for {
		line, err := lines.ReadString('\n')
		if m := ReadyLine.FindStringSubmatch(line); m != nil {
			ready <- m[1]
		}
		if err != nil {
			close(ready)
			return
		}
	}
}

// Interrupt is Ctrl-C: the process must drain and exit 0.
func (s *Server) Interrupt(tb testing.TB) {
	tb.Helper()
	if err := s.Cmd.Process.Signal(syscall.SIGINT); err != nil {
		tb.Fatal(err)
	}
	if err := s.Cmd.Wait(); err != nil {
		tb.Fatalf("after Ctrl-C: %v\n%s", err, s.Logs)
	}
}
