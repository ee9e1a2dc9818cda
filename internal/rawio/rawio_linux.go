package rawio

import (
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"unsafe"
)

func wrap(c net.Conn) net.Conn {
	switch c.(type) {
	case *net.TCPConn, *net.UnixConn:
	default:
		return c
	}
	raw, err := c.(syscall.Conn).SyscallConn()
	if err != nil {
		return c // it is closed, and says so itself
	}
	w := &conn{Conn: c, raw: raw}
	w.reading.step, w.writing.step = w.reading.read, w.writing.write
	return w
}

type conn struct {
	net.Conn
	raw              syscall.RawConn
	reading, writing transfer
}

// SyscallConn makes it a syscall.Conn, as what is wrapped is.
func (c *conn) SyscallConn() (syscall.RawConn, error) { return c.raw, nil }

// transfer is a call under way.
type transfer struct {
	mu    sync.Mutex
	rest  []byte        // to be filled or written
	n     int           // so far
	errno syscall.Errno // of the call that failed
	step  func(fd uintptr) (done bool)
}

// Read waits for the first bytes.
func (c *conn) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	n, err := c.reading.run(c.raw.Read, p)
	if err == nil && n == 0 {
		err = io.EOF
	}
	return n, c.told("read", err)
}

// Write waits until all of p is taken.
func (c *conn) Write(p []byte) (int, error) {
	if len(p) == 0 || len(p) > longWrite {
		return c.Conn.Write(p)
	}
	n, err := c.writing.run(c.raw.Write, p)
	return n, c.told("write", err)
}

// run takes steps until one is the last, which may wait between them.
func (t *transfer) run(steps func(func(fd uintptr) bool) error, p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.rest, t.n, t.errno = p, 0, 0
	err := steps(t.step)
	t.rest = nil
	if err == nil && t.errno != 0 {
		err = t.errno
	}
	return t.n, err
}

func (t *transfer) read(fd uintptr) (done bool) {
	for {
		n, _, errno := syscall.RawSyscall(syscall.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.rest))), uintptr(min(len(t.rest), longRead)))
		switch errno {
		case 0:
			t.n = int(n)
			return true
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.errno = errno
			return true
		}
	}
}

func (t *transfer) write(fd uintptr) (done bool) {
	for len(t.rest) > 0 {
		n, _, errno := syscall.RawSyscall(syscall.SYS_WRITE, fd, uintptr(unsafe.Pointer(unsafe.SliceData(t.rest))), uintptr(len(t.rest)))
		switch errno {
		case 0:
			t.n += int(n)
			t.rest = t.rest[n:]
		case syscall.EINTR:
		case syscall.EAGAIN:
			return false
		default:
			t.errno = errno
			return true
		}
	}
	return true
}

// told gives an error of the system as package net does.
func (c *conn) told(op string, err error) error {
	if errno, ok := err.(syscall.Errno); ok { //nolint:errorlint // it is run's own
		return &net.OpError{Op: op, Net: c.LocalAddr().Network(), Source: c.LocalAddr(), Addr: c.RemoteAddr(), Err: os.NewSyscallError(op, errno)}
	}
	return err
}
