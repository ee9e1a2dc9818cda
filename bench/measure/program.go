package measure

import (
	"bufio"
	"bytes"
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
	"time"
)

// Program is tidegate, built for a bench, in a folder of its own.
type Program struct {
	Dir    string
	tb     TB
	binary string
	env    []string
	pid    int // of the newest Serve
}

// Build builds the program as users do. env is set whenever it runs; it listens on a free port of the loopback.
func Build(ctx context.Context, tb TB, env ...string) (*Program, error) {
	tb.Helper()
	p := &Program{Dir: tb.TempDir(), tb: tb}
	p.binary = filepath.Join(p.Dir, "tidegate")
	p.env = append(append(os.Environ(), "TIDEGATE_LISTEN=127.0.0.1:0", "TIDEGATE_ADMIN="), env...)
	out, err := exec.CommandContext(ctx, "go", "build", "-o", p.binary, "tidegate/cmd/tidegate").CombinedOutput()
	if err != nil {
		return nil, fmt.Errorf("build tidegate: %w\n%s", err, out)
	}
	return p, nil
}

// Run runs a verb to its end.
func (p *Program) Run(ctx context.Context, args ...string) error {
	_, err := p.Cost(ctx, args...)
	return err
}

// Cost is what a run of the program took.
type Cost struct {
	Elapsed   time.Duration
	PeakBytes int64 // of memory, resident
}

// Cost runs a verb to its end and measures it.
func (p *Program) Cost(ctx context.Context, args ...string) (Cost, error) {
	cmd := p.command(ctx, args)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return Cost{}, fmt.Errorf("tidegate %s: %w", strings.Join(args, " "), err)
	}
	peak := watchPeak(cmd.Process.Pid)
	err := cmd.Wait()
	c := Cost{Elapsed: time.Since(began)}
	c.PeakBytes = peak()
	if err != nil {
		return c, fmt.Errorf("tidegate %s: %w\n%s", strings.Join(args, " "), err, &out)
	}
	if c.PeakBytes == 0 {
		return c, errors.New("this system does not tell what a process uses")
	}
	return c, nil
}

func (p *Program) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, p.binary, args...)
	cmd.Dir, cmd.Env = p.Dir, p.env
	return cmd
}

// Serve runs serve or demo until the bench ends or stop is called, and gives the URL to connect to when clients can.
func (p *Program) Serve(ctx context.Context, args ...string) (url string, stop func(), err error) {
	cmd := p.command(context.WithoutCancel(ctx), args)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, err
	}
	p.pid = cmd.Process.Pid
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // it may have ended
		_ = cmd.Wait()                          // after a signal its status tells nothing
	})
	p.tb.Cleanup(stop)
	address, err := readyAddress(stderr)
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("tidegate %s: %w", strings.Join(args, " "), err)
	}
	return "postgres://bench@" + address + "/tidegate?sslmode=disable", stop, nil
}

// readyAddress reads the log until it says that clients can connect, and goes on reading so that the program never
// blocks.
func readyAddress(log io.Reader) (string, error) {
	ready := regexp.MustCompile(`"msg":"ready","address":"([^"]+)"`)
	lines := bufio.NewReader(log)
	var seen strings.Builder
	for {
		line, err := lines.ReadString('\n')
		if m := ready.FindStringSubmatch(line); m != nil {
			go func() { _, _ = io.Copy(io.Discard, lines) }()
			return m[1], nil
		}
		seen.WriteString(line)
		if errors.Is(err, io.EOF) {
			return "", errors.New("it ended before it served:\n" + seen.String())
		}
		if err != nil {
			return "", err
		}
	}
}
