package client

import (
	"net"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Blocking gives a TCP connection whose reads and writes are calls of the system that block, as those of libpq do. Go's own
// ask the poller of the process twice before they wait: whether the server, on the same processor, goes on meanwhile with
// what it does behind an answer is then chance. Nothing else of this process may have to go on during a read.
func Blocking(c net.Conn) (net.Conn, error) {
	f, err := c.(*net.TCPConn).File()
	if err != nil {
		return nil, err
	}
	if err := c.Close(); err != nil {
		return nil, err
	}
	return &blocking{Conn: c, file: f, fd: f.Fd()}, nil // Fd makes it block
}

type blocking struct {
	net.Conn // closed
	file     *os.File
	fd       uintptr
}

func (b *blocking) Read(p []byte) (int, error)  { return b.call(unix.SYS_READ, p) }
func (b *blocking) Write(p []byte) (int, error) { return b.call(unix.SYS_WRITE, p) }
func (b *blocking) Close() error                { return b.file.Close() }

// call is one that the scheduler does not hear of: telling it wakes a thread.
func (b *blocking) call(number uintptr, p []byte) (int, error) {
	for {
		n, _, errno := unix.RawSyscall(number, b.fd, uintptr(unsafe.Pointer(unsafe.SliceData(p))), uintptr(len(p)))
		switch errno {
		case 0:
			return int(n), nil
		case unix.EINTR:
		default:
			return 0, errno
		}
	}
}
