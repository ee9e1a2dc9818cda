package rawio_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"tidegate/internal/rawio"
)

// pair gives both ends of a connection, the first of them wrapped.
func pair(t *testing.T, network, address string) (a, b net.Conn) {
	t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	b, err = net.Dial(network, l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	accepted, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	a = rawio.Conn(accepted)
	t.Cleanup(func() {
		_ = a.Close() // a test may have closed it
		_ = b.Close()
	})
	return a, b
}

func TestBytes(t *testing.T) {
	t.Parallel()
	for _, network := range []struct{ name, address string }{{"tcp", "127.0.0.1:0"}, {"unix", t.TempDir() + "/s"}} {
		t.Run(network.name, func(t *testing.T) {
			t.Parallel()
			a, b := pair(t, network.name, network.address)
			go func() { _, _ = io.Copy(b, b) }() // it ends with the connection
			// Short ones, and longer ones than a socket takes at once.
			for _, size := range []int{1, 100, 16 << 10, 16<<10 + 1, 8 << 20} {
				sent := bytes.Repeat([]byte("0123456789abcdef"), size/16+1)[:size]
				written := make(chan error, 1)
				go func() {
					for part := sent; len(part) > 0; part = part[min(len(part), 10_000):] {
						if _, err := a.Write(part[:min(len(part), 10_000)]); err != nil {
							written <- err
							return
						}
					}
					written <- nil
				}()
				got := make([]byte, size)
				if _, err := io.ReadFull(a, got); err != nil || !bytes.Equal(got, sent) {
					t.Fatalf("%d bytes came back otherwise: %v", size, err)
				}
				if err := <-written; err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

func TestEnds(t *testing.T) {
	t.Parallel()
	t.Run("deadline", func(t *testing.T) {
		t.Parallel()
		a, _ := pair(t, "tcp", "127.0.0.1:0")
		time.AfterFunc(20*time.Millisecond, func() { _ = a.SetReadDeadline(time.Unix(1, 0)) })
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("read: %v", err)
		}
		if err := a.SetWriteDeadline(time.Now().Add(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		var err error
		for err == nil { // nobody reads
			_, err = a.Write(make([]byte, 10_000))
		}
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("write: %v", err)
		}
	})
	t.Run("other end closes", func(t *testing.T) {
		t.Parallel()
		a, b := pair(t, "tcp", "127.0.0.1:0")
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
		if n, err := a.Read(make([]byte, 1)); n != 0 || !errors.Is(err, io.EOF) {
			t.Errorf("read: %d, %v", n, err)
		}
		var err error
		for err == nil { // the first one may be taken
			_, err = a.Write([]byte("x"))
		}
		if !errors.Is(err, syscall.EPIPE) && !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("write: %v", err)
		}
	})
	t.Run("closed meanwhile", func(t *testing.T) {
		t.Parallel()
		a, _ := pair(t, "tcp", "127.0.0.1:0")
		time.AfterFunc(20*time.Millisecond, func() { _ = a.Close() })
		if _, err := a.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if _, err := a.Write([]byte("x")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: %v", err)
		}
	})
	t.Run("nothing to do", func(t *testing.T) {
		t.Parallel()
		a, _ := pair(t, "tcp", "127.0.0.1:0")
		if n, err := a.Read(nil); n != 0 || err != nil {
			t.Errorf("read: %d, %v", n, err)
		}
		if n, err := a.Write(nil); n != 0 || err != nil {
			t.Errorf("write: %d, %v", n, err)
		}
	})
}

// TestNoAllocations shows that a call makes no garbage.
func TestNoAllocations(t *testing.T) { //nolint:paralleltest // other tests would allocate meanwhile
	a, b := pair(t, "tcp", "127.0.0.1:0")
	p := make([]byte, 100)
	n := testing.AllocsPerRun(100, func() {
		if _, err := a.Write(p); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(b, p); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Write(p); err != nil {
			t.Fatal(err)
		}
		if _, err := io.ReadFull(a, p); err != nil {
			t.Fatal(err)
		}
	})
	if n > 0 {
		t.Errorf("%.0f allocations", n)
	}
}
