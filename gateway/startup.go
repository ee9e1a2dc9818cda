package gateway

import (
	"context"
	"encoding/binary"
	"fmt"
	"strings"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtext"
	"tidegate/internal/pgtypes"
)

// The codes that stand where a startup message has its version, from PostgreSQL's libpq/pqcomm.h.
const (
	cancelCode = 80877102
	sslCode    = 80877103
	gssCode    = 80877104
)

// The versions of the protocol. 3.1 was never released; 3.2 has longer cancel keys.
const (
	protocolMajor = 3
	newestMinor   = 2

	maxStartupBytes = 10_000 // as in PostgreSQL
)

// startup is what a client says first.
type startup struct {
	minor    int
	settings []pair // in the client's order
	unknown  []string
	redshift bool

	user, database, options string
	replication             bool
}

// cancelKeyBytes is how long the secret of a CancelRequest is.
func (m *startup) cancelKeyBytes() int {
	if m.minor >= 2 {
		return 32
	}
	return 4
}

type pair struct{ name, value string }

// readStartup reads up to the startup message, answers requests for encryption before it, and serves a cancel request.
// With ok false the connection has had its answer.
func (g *guest) readStartup(ctx context.Context) (m *startup, ok bool, err error) {
	c, r := g.socket, g.rules
	if err := directTLS(ctx, c, r); err != nil {
		return nil, false, err
	}
	// Each may be asked for once, in any order, and neither inside the other.
	askedTLS, askedGSS := c.encrypted(), c.encrypted()
	for {
		code, body, err := readPacket(c)
		if err != nil {
			return nil, false, err
		}
		switch {
		case code == cancelCode:
			if len(body) > 4 {
				g.server.cancelRequest(binary.BigEndian.Uint32(body), body[4:])
			}
			return nil, false, nil
		case code == sslCode && !askedTLS:
			if err := requestTLS(ctx, c, r); err != nil {
				return nil, false, err
			}
			askedTLS, askedGSS = true, askedGSS || c.encrypted()
		case code == gssCode && !askedGSS:
			if err := decline(c, "GSSAPI encryption"); err != nil {
				return nil, false, err
			}
			askedGSS = true
		case code>>16 != protocolMajor:
			return nil, false, unsupported(c, code)
		default:
			m, err := parseStartup(int(code&0xffff), body)
			return m, err == nil, err
		}
	}
}

// unsupported refuses a version of the protocol, in the words of the client's own version.
func unsupported(c *socket, code uint32) error {
	e := pgerr.New(pgerr.FeatureNotSupported, "unsupported frontend protocol %d.%d: server supports %d.0 to %d.%d",
		code>>16, code&0xffff, protocolMajor, protocolMajor, newestMinor)
	if code>>16 > protocolMajor {
		return e
	}
	// Before version 3 an error was a text without a length.
	if _, err := fmt.Fprintf(c, "EFATAL:  %s\n\x00", e.Message); err != nil {
		return fmt.Errorf("%w: %w", errGone, err)
	}
	return fmt.Errorf("%w: %w", errGone, e)
}

// readPacket reads a packet of the startup: a length, a code and a body. One of an impossible length has no answer, as
// in PostgreSQL: what sent it is no client.
func readPacket(c *socket) (code uint32, body []byte, err error) {
	head, err := c.peek(4)
	if err != nil {
		return 0, nil, err
	}
	size := binary.BigEndian.Uint32(head)
	if size < 8 || size > maxStartupBytes {
		return 0, nil, fmt.Errorf("%w: invalid length of startup packet", errGone)
	}
	packet, err := c.take(int(size))
	if err != nil {
		return 0, nil, err
	}
	return binary.BigEndian.Uint32(packet[4:]), packet[8:], nil
}

// parseStartup reads the names and values of a startup message. Names that mean nothing to us are taken and
// forgotten: drivers of other databases send theirs.
func parseStartup(minor int, body []byte) (*startup, error) {
	m := &startup{minor: minor}
	rest := string(body)
	for rest != "" && rest[0] != 0 {
		name, after, _ := strings.Cut(rest, "\x00")
		if after == "" {
			break // a name without a value
		}
		var value string
		value, rest, _ = strings.Cut(after, "\x00")
		if err := m.take(name, value); err != nil {
			return nil, err
		}
	}
	if rest != "\x00" {
		return nil, pgerr.New(pgerr.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte")
	}
	if m.database == "" {
		m.database = m.user
	}
	m.user, m.database = clipName(m.user), clipName(m.database)
	return m, nil
}

func (m *startup) take(name, value string) (err error) {
	switch {
	case name == "user":
		m.user = value
	case name == "database":
		m.database = value
	case name == "options":
		m.options = value
	case name == "replication":
		m.replication, err = parseReplication(value)
	case strings.HasPrefix(name, "_pq_."):
		m.unknown = append(m.unknown, name)
	case name == "driver_version" || name == "client_protocol_version":
		m.redshift = true
	default:
		m.settings = append(m.settings, pair{strings.ToLower(name), value})
	}
	return err
}

func parseReplication(value string) (bool, error) {
	if value == "database" {
		return true, nil
	}
	b, err := pgtypes.ParseBool(value)
	if err != nil {
		return false, invalidValue("replication", value).WithHint(`Valid values are: "false", 0, "true", 1, "database".`)
	}
	return b, nil
}

// clipName cuts a name to PostgreSQL's 63 bytes, as its startup does: bytes, not characters.
func clipName(name string) string { return name[:min(len(name), pgtext.MaxName)] }
