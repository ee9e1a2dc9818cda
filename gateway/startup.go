package gateway

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// The codes that stand where a startup message has its version, from PostgreSQL's libpq/pqcomm.h.
const (
	cancelCode = 80877102
	sslCode    = 80877103
	gssCode    = 80877104

	protocolMajor = 3

	maxStartupBytes = 10_000 // as in PostgreSQL
)

// startup is what a client says first.
type startup struct {
	minor    int
	settings []pair // in the client's order
	unknown  []string
	redshift bool

	user, database, options, replication string
}

type pair struct{ name, value string }

// readStartup reads up to the startup message, declines encryption as often as it is asked for, and serves a cancel
// request. With ok false the connection has had its answer.
func (s *Server) readStartup(c *socket) (m *startup, ok bool, err error) {
	for {
		code, body, err := readPacket(c)
		if err != nil {
			return nil, false, err
		}
		switch {
		case code == sslCode || code == gssCode:
			if _, err := c.Write([]byte{'N'}); err != nil {
				return nil, false, fmt.Errorf("%w: %w", errGone, err)
			}
		case code == cancelCode && len(body) == 8:
			s.cancelRequest(binary.BigEndian.Uint32(body), body[4:])
			return nil, false, nil
		case code == cancelCode:
			return nil, false, nil
		case code>>16 != protocolMajor:
			return nil, false, pgerr.New(pgerr.FeatureNotSupported,
				"unsupported frontend protocol %d.%d: server supports 3.0 to 3.0", code>>16, code&0xffff)
		default:
			m, err := parseStartup(int(code&0xffff), body)
			return m, err == nil, err
		}
	}
}

func readPacket(r io.Reader) (code uint32, body []byte, err error) {
	var head [8]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errGone, err)
	}
	size := binary.BigEndian.Uint32(head[:])
	if size < 8 || size > maxStartupBytes {
		return 0, nil, pgerr.New(pgerr.ProtocolViolation, "invalid length of startup packet")
	}
	body = make([]byte, size-8)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errGone, err)
	}
	return binary.BigEndian.Uint32(head[4:]), body, nil
}

// parseStartup reads the names and values of a startup message. Names that mean nothing to us are taken and
// forgotten: drivers of other databases send theirs.
func parseStartup(minor int, body []byte) (*startup, error) {
	m := &startup{minor: minor}
	text, ok := strings.CutSuffix(string(body), "\x00")
	if !ok || text != "" && !strings.HasSuffix(text, "\x00") {
		return nil, pgerr.New(pgerr.ProtocolViolation, "invalid startup packet layout: expected terminator as last byte")
	}
	fields := strings.Split(text, "\x00")
	for i := 0; i+1 < len(fields) && fields[i] != ""; i += 2 {
		name, value := fields[i], fields[i+1]
		switch {
		case name == "user":
			m.user = value
		case name == "database":
			m.database = value
		case name == "options":
			m.options = value
		case name == "replication":
			m.replication = value
		case strings.HasPrefix(name, "_pq_."):
			m.unknown = append(m.unknown, name)
		case name == "driver_version" || name == "client_protocol_version":
			m.redshift = true
		default:
			m.settings = append(m.settings, pair{strings.ToLower(name), value})
		}
	}
	if m.database == "" {
		m.database = m.user
	}
	fromOptions, err := parseOptions(m.options)
	// What the message names itself is stronger than its options.
	m.settings = append(fromOptions, m.settings...)
	return m, err
}

// parseOptions reads command-line options: -c name=value, -cname=value, --name=value; a backslash takes the next
// character as it is.
func parseOptions(options string) ([]pair, error) {
	words := splitOptions(options)
	var list []pair
	for i := 0; i < len(words); i++ {
		word := words[i]
		switch {
		case word == "-c" && i+1 < len(words):
			i++
			word = words[i]
		case strings.HasPrefix(word, "-c"):
			word = word[2:]
		case strings.HasPrefix(word, "--"):
			word = word[2:]
		default:
			return nil, pgerr.New(pgerr.SyntaxError, "invalid command-line argument for server process: %s", word)
		}
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return nil, pgerr.New(pgerr.SyntaxError, "-c %s requires a value", name)
		}
		list = append(list, pair{strings.ToLower(strings.ReplaceAll(name, "-", "_")), value})
	}
	return list, nil
}

func splitOptions(options string) []string {
	var words []string
	var word strings.Builder
	inside := false
	for i := 0; i < len(options); i++ {
		switch c := options[i]; {
		case c == '\\' && i+1 < len(options):
			i++
			word.WriteByte(options[i])
			inside = true
		case strings.IndexByte(" \t\n\v\f\r", c) >= 0:
			if inside {
				words = append(words, word.String())
				word.Reset()
			}
			inside = false
		default:
			word.WriteByte(c)
			inside = true
		}
	}
	if inside {
		words = append(words, word.String())
	}
	return words
}

// check refuses a client that asks for what is not there.
func (s *Server) check(m *startup) error {
	switch {
	case m.replication != "" && m.replication != "off" && m.replication != "false":
		return pgerr.New(pgerr.FeatureNotSupported, "replication connections are not supported")
	case m.user == "":
		return pgerr.New(pgerr.InvalidAuthorization, "no PostgreSQL user name specified in startup packet")
	case m.database != s.options.Database:
		return pgerr.New(pgerr.InvalidCatalogName, "database %q does not exist", m.database)
	}
	return nil
}

// startupValues are the settings that the session begins with.
func startupValues(m *startup) (values, error) {
	v := values{"session_authorization": m.user}
	for _, p := range m.settings {
		t := findSetting(p.name)
		if t == nil && (!strings.Contains(p.name, ".") || strings.HasPrefix(p.name, "tidegate.")) {
			continue
		}
		list := []string{p.value}
		if t != nil && t.list {
			list = splitIdentifiers(p.value)
		}
		value, err := canonical(p.name, list)
		if err != nil {
			return nil, err
		}
		v[p.name] = value
	}
	if m.redshift {
		v["server_version"], v["server_version_num"] = redshiftServerVersion, "80002"
	}
	return v, nil
}

// greet tells the client that it is in: negotiated version, authentication, settings, cancel key.
func (s *session) greet(m *startup) error {
	if m.minor > 0 || len(m.unknown) > 0 {
		// The options of the protocol that we do not know; the newest minor version that we do is 0.
		slices.Sort(m.unknown)
		s.wire.send(&pgproto3.NegotiateProtocolVersion{NewestMinorProtocol: protocolMajor << 16, UnrecognizedOptions: m.unknown})
	}
	s.wire.send(&pgproto3.AuthenticationOk{})
	s.reported = values{}
	s.refresh()
	s.report()
	s.wire.send(&pgproto3.BackendKeyData{ProcessID: uint32(s.pid), SecretKey: s.secret[:]})
	return s.ready()
}

// newSession makes a session of a checked startup message.
func (s *Server) newSession(ctx context.Context, c *socket, m *startup) (*session, error) {
	start, err := startupValues(m)
	if err != nil {
		return nil, err
	}
	server, err := s.ownValues(ctx, m.user)
	if err != nil {
		return nil, err
	}
	x := &session{
		server:     s,
		socket:     c,
		in:         pgproto3.NewBackend(c, nil),
		wire:       &wire{conn: c},
		settings:   &settings{server: server, startup: maps.Clone(start), version: 1},
		statements: map[string]*prepared{},
		portals:    map[string]*portal{},
	}
	x.in.SetMaxBodyLen(maxMessageBytes)
	if value, said := start[conformingStrings]; said {
		if err := x.allowEscapes(conformingStrings, value); err != nil {
			return nil, err
		}
	}
	x.state = State{User: m.user, Database: m.database, Version: s.options.Version, settings: x.settings}
	if m.redshift {
		x.state.Version = redshiftVersionText
	}
	return x, nil
}

// ownValues are the settings that begin otherwise here than in PostgreSQL.
func (s *Server) ownValues(ctx context.Context, user string) (values, error) {
	v := values{}
	if s.options.Dialect == sql.Redshift {
		v[conformingStrings] = "off"
	}
	if s.options.SearchPath == nil {
		return v, nil
	}
	schemas, err := s.options.SearchPath(ctx, user)
	if err != nil {
		return nil, fmt.Errorf("find the search path: %w", err)
	}
	path, err := canonical("search_path", schemas)
	return v.with("search_path", path), err
}

// redshiftVersionText is what version() answers to Redshift's drivers, which look for the words at its ends.
const redshiftVersionText = "PostgreSQL 8.0.2 on i686-pc-linux-gnu, compiled by GCC gcc (GCC) 3.4.2 20041017 (Red Hat 3.4.2-6.fc3), Redshift 1.0.0"
