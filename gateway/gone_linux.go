package gateway

import "golang.org/x/sys/unix"

// hungUp reports whether the other end of a connection is closed, also if bytes from before that were not read yet.
func hungUp(fd int) bool {
	fds := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}
	n, err := unix.Poll(fds, 0)
	return err == nil && n > 0
}
