package hotload_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"tidegate/catalog"
	"tidegate/etl/hotload"
)

func TestLockHasOneOwner(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	lock, err := hotload.Acquire(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = hotload.Acquire(dir)
	if !errors.Is(err, hotload.ErrOwned) || !strings.Contains(err.Error(), fmt.Sprintf("process %d", os.Getpid())) {
		t.Errorf("second owner: %v", err)
	}
	if err := lock.Release(); err != nil {
		t.Fatal(err)
	}
	again, err := hotload.Acquire(dir)
	if err != nil {
		t.Fatalf("after Release: %v", err)
	}
	if err := again.Release(); err != nil {
		t.Error(err)
	}
	if _, err := hotload.Acquire(filepath.Join(dir, "missing")); err == nil || errors.Is(err, hotload.ErrOwned) {
		t.Errorf("missing folder: %v", err)
	}
}

// serve runs an owner until the test ends.
func serve(t *testing.T, socket string, load func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error)
	go func() { ended <- hotload.Serve(ctx, socket, load) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	var d net.Dialer
	for { // until it listens; the test's deadline bounds it
		conn, err := d.DialContext(t.Context(), "unix", socket)
		if err == nil {
			conn.Close()
			return
		}
		runtime.Gosched()
	}
}

// socketDir is a folder whose path fits a socket's.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "tg") //nolint:usetesting // t.TempDir has the test's name in it, and a socket's path at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func TestWake(t *testing.T) {
	t.Parallel()
	socket := hotload.SocketPath(socketDir(t))
	// What a killed owner leaves.
	var lc net.ListenConfig
	stale, err := lc.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	stale.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := stale.Close(); err != nil {
		t.Fatal(err)
	}
	if err := hotload.Wake(t.Context(), socket, 1); err == nil {
		t.Error("a stale socket answered")
	}
	var calls atomic.Int64
	fail := errors.New("disk is full")
	serve(t, socket, func(context.Context) error {
		if calls.Add(1) > 4 {
			return fail
		}
		return nil
	})
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			if err := hotload.Wake(t.Context(), socket, 7); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := calls.Load(); got != 4 {
		t.Errorf("%d loads for 4 clients", got)
	}
	if err := hotload.Wake(t.Context(), socket, 1); err == nil || !strings.Contains(err.Error(), fail.Error()) {
		t.Errorf("Wake of a load that fails: %v", err)
	}
	info, err := os.Stat(socket)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("socket: %v, %v", info.Mode(), err)
	}
}

func TestSocketAnswersNonsense(t *testing.T) {
	t.Parallel()
	socket := hotload.SocketPath(socketDir(t))
	serve(t, socket, func(context.Context) error { return errors.New("not asked for") })
	var d net.Dialer
	conn, err := d.DialContext(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintln(conn, "SELECT 1")
	line, err := bufio.NewReader(conn).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	var answer struct{ Error string }
	if err := json.Unmarshal(line, &answer); err != nil || !strings.Contains(answer.Error, "request is not") {
		t.Errorf("answer %s, %v", line, err)
	}
}

func TestWakeNobody(t *testing.T) {
	t.Parallel()
	socket := hotload.SocketPath(socketDir(t))
	err := hotload.Wake(t.Context(), socket, 1)
	if err == nil || !strings.Contains(err.Error(), socket) || strings.Contains(err.Error(), "\n") {
		t.Errorf("Wake: %v, want one line that names the socket", err)
	}
}

func TestFileInPlaceOfSocket(t *testing.T) {
	t.Parallel()
	socket := hotload.SocketPath(socketDir(t))
	if err := os.WriteFile(socket, []byte("precious"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := hotload.Serve(t.Context(), socket, nil); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("Serve: %v", err)
	}
	if b, err := os.ReadFile(socket); err != nil || string(b) != "precious" {
		t.Errorf("the file: %q, %v", b, err)
	}
}

func pinned(t *testing.T, p *hotload.Pins, generation int64) (release func()) {
	t.Helper()
	release, err := p.Pin(generation)
	if err != nil {
		t.Fatal(err)
	}
	return release
}

// TestPinsHorizon: what is retired is not pinned, and what was pinned before is told.
func TestPinsHorizon(t *testing.T) {
	t.Parallel()
	var p hotload.Pins
	if got := p.Oldest(2, 9); got != 9 {
		t.Errorf("nothing is pinned, the oldest is %d", got)
	}
	release := pinned(t, &p, 4)
	if got := p.Oldest(6, 9); got != 4 {
		t.Errorf("4 is pinned, the oldest is %d", got)
	}
	if _, err := p.Pin(5); !errors.Is(err, catalog.ErrNoGeneration) {
		t.Errorf("a pin below the horizon: %v", err)
	}
	pinned(t, &p, 6)
	release()
	if got := p.Oldest(1, 9); got != 6 {
		t.Errorf("6 is pinned, the oldest is %d", got)
	}
	if _, err := p.Pin(5); !errors.Is(err, catalog.ErrNoGeneration) {
		t.Errorf("a pin below a horizon that somebody wanted to lower: %v", err)
	}
}

func TestPins(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var p hotload.Pins
		five, again, seven := pinned(t, &p, 5), pinned(t, &p, 5), pinned(t, &p, 7)
		wait := func(generation int64) *atomic.Bool {
			var done atomic.Bool
			go func() {
				if err := p.Wait(t.Context(), generation); err != nil {
					t.Error(err)
				}
				done.Store(true)
			}()
			synctest.Wait()
			return &done
		}
		expect := func(what string, done *atomic.Bool, want bool) {
			t.Helper()
			synctest.Wait()
			if done.Load() != want {
				t.Errorf("%s: waited to the end = %t, want %t", what, done.Load(), want)
			}
		}
		expect("for what all readers have", wait(5), true)
		six, eight := wait(6), wait(8)
		five()
		five() // a second release is no release of the other reader
		expect("6 while one reader has 5", six, false)
		again()
		expect("6 when 5 is gone", six, true)
		expect("8 while a reader has 7", eight, false)
		nine := pinned(t, &p, 9)
		defer nine()
		seven()
		expect("8 when 7 is gone", eight, true)

		ctx, cancel := context.WithCancelCause(t.Context())
		gone := errors.New("shutting down")
		cancel(gone)
		if err := p.Wait(ctx, 10); !errors.Is(err, gone) {
			t.Errorf("Wait with an ended context: %v", err)
		}
	})
}
