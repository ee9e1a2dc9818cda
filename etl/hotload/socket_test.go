package hotload

import (
	"context"
	"errors"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// An owner that holds the connection and says nothing must not hold the client for ever.
func TestSilentOwner(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "tg") //nolint:usetesting // t.TempDir has the test's name in it, and a socket's path at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	var lc net.ListenConfig
	l, err := lc.Listen(t.Context(), "unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if !Listening(t.Context(), socket) || Listening(t.Context(), socket+"x") {
		t.Error("Listening does not know who listens")
	}
	err = wake(t.Context(), socket, 1, 50*time.Millisecond)
	if !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), socket) {
		t.Errorf("silent owner: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	gone := errors.New("interrupted")
	cancel(gone)
	if err := wake(ctx, socket, 1, time.Minute); !errors.Is(err, gone) {
		t.Errorf("interrupted client: %v", err)
	}
}

func TestNobodyListens(t *testing.T) {
	t.Parallel()
	dir, err := os.MkdirTemp("", "tg") //nolint:usetesting // as above
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "s")
	if err := Wake(t.Context(), socket, 1); !errors.Is(err, ErrNobodyListens) {
		t.Errorf("no socket: %v", err)
	}
	// What a killed owner leaves behind.
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if err := Wake(t.Context(), socket, 1); !errors.Is(err, ErrNobodyListens) {
		t.Errorf("a dead owner's socket: %v", err)
	}
}
