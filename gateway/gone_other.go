//go:build unix && !linux

package gateway

import "golang.org/x/sys/unix"

// hungUp reports whether the other end of a connection is closed and everything that it sent was read.
func hungUp(fd int) bool {
	n, _, err := unix.Recvfrom(fd, make([]byte, 1), unix.MSG_PEEK|unix.MSG_DONTWAIT)
	return err == nil && n == 0
}
