package gateway

import (
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/testkit"
)

// packet is a startup packet: its length, a code, and a body.
func packet(code uint32, body string) []byte {
	b := binary.BigEndian.AppendUint32(nil, uint32(8+len(body)))
	return append(binary.BigEndian.AppendUint32(b, code), body...)
}

func startupBody(pairs ...string) string { return strings.Join(pairs, "\x00") + "\x00\x00" }

// begin sends raw bytes and gives everything up to ReadyForQuery or the end.
func beginSession(t *testing.T, addr string, requests ...[]byte) (single string, messages []string) {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var answers []byte
	for _, r := range requests[:len(requests)-1] {
		if _, err := c.Write(r); err != nil {
			t.Fatal(err)
		}
		var b [1]byte
		if _, err := io.ReadFull(c, b[:]); err != nil {
			t.Fatal(err)
		}
		answers = append(answers, b[0])
	}
	if _, err := c.Write(requests[len(requests)-1]); err != nil {
		t.Fatal(err)
	}
	f := pgproto3.NewFrontend(c, c)
	for {
		m, err := f.Receive()
		if err != nil {
			return string(answers), append(messages, "closed")
		}
		switch m := m.(type) {
		case *pgproto3.BackendKeyData:
			messages = append(messages, fmt.Sprintf("BackendKeyData %d", len(m.SecretKey)))
		case *pgproto3.NegotiateProtocolVersion:
			messages = append(messages, fmt.Sprintf("NegotiateProtocolVersion %d %v", m.NewestMinorProtocol, m.UnrecognizedOptions))
		default:
			messages = append(messages, describeMessage(m))
		}
		if _, ok := m.(*pgproto3.ReadyForQuery); ok {
			return string(answers), messages
		}
	}
}

func TestStartup(t *testing.T) {
	t.Parallel()
	d := serve(t, nil)
	const v3 = 3 << 16
	ann := startupBody("user", "ann", "database", "tidegate")
	for _, c := range []struct {
		name     string
		requests [][]byte
		single   string
		want     []string // messages that must be there; the last one must be last
		not      string   // the beginning of a message that must not
	}{
		{name: "plain", requests: [][]byte{packet(v3, ann)}, want: []string{"AuthenticationOk", "BackendKeyData 4", "ReadyForQuery I"}, not: "Negotiate"},
		{name: "encryption is declined in any order", requests: [][]byte{packet(sslCode, ""), packet(gssCode, ""), packet(v3, ann)}, single: "NN", want: []string{"ReadyForQuery I"}},
		{name: "and in the other", requests: [][]byte{packet(gssCode, ""), packet(sslCode, ""), packet(v3, ann)}, single: "NN", want: []string{"ReadyForQuery I"}},
		{
			name: "newer minor version and options", requests: [][]byte{packet(v3|9999, startupBody("user", "ann", "database", "tidegate", "_pq_.test_protocol_negotiation", "", "_pq_.a", "1"))},
			want: []string{"NegotiateProtocolVersion 196610 [_pq_.test_protocol_negotiation _pq_.a]", "BackendKeyData 32", "AuthenticationOk", "ReadyForQuery I"},
		},
		{name: "another database", requests: [][]byte{packet(v3, startupBody("user", "ann", "database", "other"))}, want: []string{`ErrorResponse FATAL 3D000 database "other" does not exist`, "closed"}},
		{name: "database by user", requests: [][]byte{packet(v3, startupBody("user", "tidegate"))}, want: []string{"ReadyForQuery I"}},
		{name: "no user", requests: [][]byte{packet(v3, startupBody("database", "tidegate"))}, want: []string{"ErrorResponse FATAL 28000 no PostgreSQL user name specified in startup packet", "closed"}},
		{name: "replication", requests: [][]byte{packet(v3, startupBody("user", "ann", "database", "tidegate", "replication", "database"))}, want: []string{"ErrorResponse FATAL 0A000 replication connections are not supported", "closed"}},
		{name: "no terminator", requests: [][]byte{packet(v3, "user\x00ann\x00")}, want: []string{"ErrorResponse FATAL 08P01 invalid startup packet layout: expected terminator as last byte", "closed"}},
		{name: "any key", requests: [][]byte{packet(v3, startupBody("user", "ann", "database", "tidegate", "os_version", "x", "plugin_name", "y", "client_encoding", "'utf-8'"))}, want: []string{"ParameterStatus client_encoding=UTF8", "ReadyForQuery I"}},
		{name: "a bad value", requests: [][]byte{packet(v3, startupBody("user", "ann", "database", "tidegate", "TimeZone", "Nowhere"))}, want: []string{`ErrorResponse FATAL 22023 invalid value for parameter "TimeZone": "Nowhere"`, "closed"}},
		{name: "redshift driver", requests: [][]byte{packet(v3, startupBody("user", "ann", "database", "tidegate", "driver_version", "2.1"))}, want: []string{"ParameterStatus server_version=8.0.2", "ParameterStatus show_discovery=4", "ReadyForQuery I"}},
		{
			name: "options", requests: [][]byte{packet(v3, startupBody("user", "ann", "database", "tidegate", "options", `-c TimeZone=Asia/Tokyo --application-name=a\ b -cdatestyle=dmy`))},
			want: []string{"ParameterStatus application_name=a b", "ParameterStatus DateStyle=ISO, DMY", "ParameterStatus TimeZone=Asia/Tokyo", "ReadyForQuery I"},
		},
		{name: "bad options", requests: [][]byte{packet(v3, startupBody("user", "ann", "database", "tidegate", "options", "-x"))}, want: []string{`ErrorResponse FATAL 42601 invalid command-line argument for server process: -x HINT: Try "postgres --help" for more information.`, "closed"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			single, got := beginSession(t, d.addr, c.requests...)
			if single != c.single {
				t.Errorf("single bytes %q, want %q", single, c.single)
			}
			for _, w := range c.want {
				if !slices.Contains(got, w) {
					t.Errorf("no %q in %q", w, got)
				}
			}
			if last := c.want[len(c.want)-1]; got[len(got)-1] != last {
				t.Errorf("last message %q, want %q", got[len(got)-1], last)
			}
			if c.not != "" && slices.ContainsFunc(got, func(m string) bool { return strings.HasPrefix(m, c.not) }) {
				t.Errorf("%q in %q", c.not, got)
			}
		})
	}
}

// TestReportedSettings compares what a session is told at its start with PostgreSQL 15.
func TestReportedSettings(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	d := serve(t, nil, func(o *Options) { o.Database = "postgres" })
	start := packet(3<<16, startupBody("user", "postgres", "database", "postgres"))
	told := func(network, addr string) map[string]string {
		c, err := net.Dial(network, addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := c.Write(start); err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		f := pgproto3.NewFrontend(c, c)
		for {
			m, err := f.Receive()
			if err != nil {
				t.Fatal(err)
			}
			switch m := m.(type) {
			case *pgproto3.ParameterStatus:
				got[m.Name] = m.Value
			case *pgproto3.ReadyForQuery:
				return got
			case *pgproto3.ErrorResponse:
				t.Fatal(m.Message)
			}
		}
	}
	want := told("unix", cluster.Dir+"/.s.PGSQL.5432")
	want["server_version"], want["is_superuser"] = serverVersion, "off"
	if diff := cmp.Diff(want, told("tcp", d.addr)); diff != "" {
		t.Error(diff)
	}
}

func TestConnectionLimit(t *testing.T) {
	t.Parallel()
	d := serve(t, nil, func(o *Options) { o.MaxConnections = 1 })
	first := d.connect(t)
	_, got := beginSession(t, d.addr, packet(3<<16, startupBody("user", "ann", "database", "tidegate")))
	if diff := cmp.Diff([]string{"ErrorResponse FATAL 53300 sorry, too many clients already HINT: limits.connections is 1.", "closed"}, got); diff != "" {
		t.Error(diff)
	}
	if err := first.Exec(t.Context(), "show timezone").Close(); err != nil {
		t.Error(err)
	}
}

func TestOnlyLoopback(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	err = New(Options{}, nil, nil, slog.New(slog.DiscardHandler)).Serve(t.Context(), l)
	if err == nil || !strings.Contains(err.Error(), "must be a loopback address") {
		t.Errorf("got %v", err)
	}
}

func FuzzParseStartup(f *testing.F) {
	f.Add([]byte(startupBody("user", "ann", "options", `-c a=b\ c --d-e=f`)))
	f.Add([]byte("\x00"))
	f.Add([]byte("user\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := parseStartup(0, body)
		if err == nil {
			_, _ = startupValues(m) // must not panic, whatever it says
		}
	})
}
