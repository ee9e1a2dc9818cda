package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/etl/hotload"
	"tidegate/internal/demo"
)

// TestRunTogether runs etl run three times at once: all end well, and the rows are there once, in both tiers.
func TestRunTogether(t *testing.T) {
	t.Parallel()
	source := filepath.Join(t.TempDir(), "web")
	if _, err := demo.Generate(t.Context(), source, demo.Options{Seed: 7, Days: 2, Sites: 5, Records: 2000}); err != nil {
		t.Fatal(err)
	}
	alone, together := newCrashSite(t, source), newCrashSite(t, source)
	alone.etl(t, 0)
	var runs [3]*exec.Cmd
	for i := range runs {
		c := exec.Command(os.Args[0])
		c.Dir, c.Stdout, c.Stderr = together.dir, t.Output(), t.Output()
		c.Env = append(os.Environ(), dieAt+"=0")
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		runs[i] = c
	}
	for _, c := range runs {
		if err := c.Wait(); err != nil {
			t.Errorf("etl run beside others: %v", err)
		}
	}
	if d := cmp.Diff(alone.answers(t), together.answers(t)); d != "" {
		t.Errorf("run together it is not what it is alone: %s", d)
	}
}

// sign is a writer that closes seen when a text was written.
type sign struct {
	text string
	once sync.Once
	seen chan struct{}
}

func (s *sign) Write(b []byte) (int, error) {
	if strings.Contains(string(b), s.text) {
		s.once.Do(func() { close(s.seen) })
	}
	return len(b), nil
}

// TestServeWaitsForLoad starts serve while another process loads, and a second serve beside it.
func TestServeWaitsForLoad(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "tg") //nolint:usetesting // t.TempDir has the test's name in it, and a socket's path at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	c := defaults()
	c.Listen, c.Admin, c.DataDir = "127.0.0.1:0", "", dir
	c.Catalog, c.Lake.Location = "sqlite:"+filepath.Join(dir, "catalog.db"), "file:"+filepath.Join(dir, "lake")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	waiting := &sign{text: "waiting for the owner", seen: make(chan struct{})}
	p := &program{out: t.Output(), err: waiting}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		t.Fatal(err)
	}
	lock, err := hotload.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	ready, done := make(chan struct{}), make(chan error, 1)
	go func() {
		done <- parts.serve(ctx, p, func(string) error { close(ready); return nil })
	}()
	select {
	case <-waiting.seen:
	case err := <-done:
		t.Fatalf("serve beside a load: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	select {
	case <-ready:
	case err := <-done:
		t.Fatalf("serve after the load: %v", err)
	}
	for !hotload.Listening(ctx, hotload.SocketPath(dir)) {
		runtime.Gosched() // it is ready for clients just before
	}
	second := parts.serve(ctx, p, func(string) error { return errors.New("two of them serve") })
	if !errors.Is(second, hotload.ErrOwned) {
		t.Errorf("a second serve: %v", second)
	}
	stop()
	if err := errors.Join(<-done, parts.close()); err != nil {
		t.Error(err)
	}
}
