package testkit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"time"
)

// readyTimeout bounds how long a server may take to start on a busy machine.
const readyTimeout = 60 * time.Second

// startHTTP starts a server on a free port of the loopback, waits until it answers, and stops it with the test. args
// gives the arguments for a port.
func startHTTP(tb testing.TB, program, path string, args func(port string) []string) (url string) {
	tb.Helper()
	// Between our looking for a free port and its listening another process may take the port.
	var errs []error
	for range 5 {
		port, err := freePort(tb.Context())
		if err != nil {
			tb.Fatal(err)
		}
		p, err := startProcess(tb, program, args(port)...)
		if err != nil {
			tb.Fatalf("start %s: %v", program, err)
		}
		url = "http://127.0.0.1:" + port
		if err = p.answers(tb.Context(), url+path); err == nil {
			return url
		}
		errs = append(errs, err)
	}
	tb.Fatalf("start %s: %v", program, errors.Join(errs...))
	return ""
}

func freePort(ctx context.Context) (string, error) {
	var lc net.ListenConfig
	l, err := lc.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	addr, ok := l.Addr().(*net.TCPAddr)
	if !ok {
		return "", fmt.Errorf("%s is no TCP address", l.Addr())
	}
	return strconv.Itoa(addr.Port), l.Close()
}

type process struct {
	cmd   *exec.Cmd
	out   logBuffer
	ended chan struct{} // closed when it ended
}

func startProcess(tb testing.TB, program string, args ...string) (*process, error) {
	tb.Helper()
	p := &process{ended: make(chan struct{})}
	// The server outlives the test's own context, so that Cleanup can stop it in order.
	p.cmd = exec.CommandContext(context.WithoutCancel(tb.Context()), program, args...)
	p.cmd.Dir, p.cmd.Env = tb.TempDir(), append(os.Environ(), "TZ=UTC")
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		_ = p.cmd.Wait() // its exit status after a signal tells nothing
		close(p.ended)
	}()
	tb.Cleanup(func() {
		_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) // the group: it may be a wrapper; it may have ended
		<-p.ended
	})
	return p, nil
}

// answers waits until the server says anything at all on HTTP.
func (p *process) answers(ctx context.Context, url string) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		err := get(ctx, url)
		if err == nil {
			return nil
		}
		select {
		case <-p.ended:
			return fmt.Errorf("it ended before it was ready:\n%s", p.out.String())
		case <-ctx.Done():
			return fmt.Errorf("it was not ready within %s: %w\n%s", readyTimeout, err, p.out.String())
		case <-again.C:
		}
	}
}

func get(ctx context.Context, url string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	return answer.Body.Close()
}

// logBuffer holds what a process wrote.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer // guarded by mu
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
