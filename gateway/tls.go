package gateway

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"

	"tidegate/gateway/auth"
	"tidegate/internal/pgerr"
)

// handshakeByte begins every TLS connection, and would be a startup packet of 360 MB.
const handshakeByte = 0x16

// encrypted reports whether TLS stands.
func (c *socket) encrypted() bool { return c.stream != c.Conn }

// directTLS begins TLS if the client's first byte does.
func directTLS(ctx context.Context, c *socket, r *auth.Rules) error {
	first, err := c.peek(1)
	if err != nil || first[0] != handshakeByte || r.TLS == nil {
		return err
	}
	if err := c.handshake(ctx, r); err != nil {
		return err
	}
	if c.tls().NegotiatedProtocol != auth.ALPN {
		// It may be a client of another protocol, into which somebody led this connection.
		return fmt.Errorf("%w: direct TLS without ALPN %s", errGone, auth.ALPN)
	}
	return nil
}

// requestTLS answers an SSLRequest.
func requestTLS(ctx context.Context, c *socket, r *auth.Rules) error {
	if r.TLS == nil {
		return decline(c, "SSL")
	}
	// What came with the request was not encrypted, and somebody in between may have put it there (CVE-2021-23222). It is
	// not part of the handshake, and is refused when the client can be told without others hearing.
	injected := len(c.ahead) > 0
	c.ahead = nil
	if _, err := c.Write([]byte{'S'}); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	if err := c.handshake(ctx, r); err != nil {
		return err
	}
	if injected {
		return unencrypted("SSL")
	}
	return nil
}

// decline answers a request for encryption that there is not.
func decline(c *socket, what string) error {
	injected := len(c.ahead) > 0
	if _, err := c.Write([]byte{'N'}); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	if injected {
		return unencrypted(what)
	}
	return nil
}

func unencrypted(what string) error {
	return pgerr.New(pgerr.ProtocolViolation, "received unencrypted data after %s request", what).
		WithDetail("This could be either a client-software bug or evidence of an attempted man-in-the-middle attack.")
}

// handshake makes TLS the stream.
func (c *socket) handshake(ctx context.Context, r *auth.Rules) error {
	server := tls.Server(&socket{Conn: c.Conn, stream: c.Conn, ahead: c.ahead}, r.TLS)
	c.ahead = nil
	if err := server.HandshakeContext(ctx); err != nil {
		return fmt.Errorf("%w: TLS handshake: %w", errGone, err)
	}
	c.stream = server
	return nil
}

// tls gives the state of an encrypted connection.
func (c *socket) tls() tls.ConnectionState {
	if t, ok := c.stream.(*tls.Conn); ok {
		return t.ConnectionState()
	}
	return tls.ConnectionState{}
}

// certificate gives the client's certificate, checked; nil: it showed none.
func (c *socket) certificate() *x509.Certificate {
	if list := c.tls().PeerCertificates; len(list) > 0 {
		return list[0]
	}
	return nil
}

// shown gives the server's own certificate that the client has seen; nil: TLS does not stand.
func (c *socket) shown(r *auth.Rules) *x509.Certificate {
	if !c.encrypted() {
		return nil
	}
	return r.TLS.Certificates[0].Leaf
}
