//go:build !linux

package rawio

import (
	"net"
	"os"
)

func wrap(c net.Conn) net.Conn { return c }

func readAt(f *os.File, p []byte, offset int64) (int, error) { return f.ReadAt(p, offset) }
