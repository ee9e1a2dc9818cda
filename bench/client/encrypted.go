package client

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
)

// sslRequest is the message that asks for TLS.
var sslRequest = [...]byte{0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f}

// Encrypted gives a connection over TLS.
func Encrypted(c net.Conn, config *tls.Config) (net.Conn, error) {
	if _, err := c.Write(sslRequest[:]); err != nil {
		return nil, err
	}
	var answer [1]byte
	if _, err := io.ReadFull(c, answer[:]); err != nil {
		return nil, err
	}
	if answer[0] != 'S' {
		return nil, errors.New("the server has no TLS")
	}
	return tls.Client(c, config), nil
}
