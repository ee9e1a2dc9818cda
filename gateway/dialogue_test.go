package gateway

import (
	"crypto/tls"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/auth"
	"tidegate/internal/testkit"
)

// dialogue is what a client does from its first byte on. What the server says is kept, one line per message.
type dialogue struct {
	t         *testing.T
	database  string // that it knocks at
	reports   bool   // keep what the server tells of settings
	challenge string // the server's, of the last authentication message
	conn      net.Conn
	from      *pgproto3.Frontend // of conn; nil until messages are read
	said      []string
}

// send writes what belongs together at once, so that the server reads it at once.
func (d *dialogue) send(packets ...[]byte) {
	d.t.Helper()
	if _, err := d.conn.Write(join(packets...)); err != nil {
		d.t.Fatal(err)
	}
}

func join(packets ...[]byte) []byte {
	var all []byte
	for _, p := range packets {
		all = append(all, p...)
	}
	return all
}

// single reads the byte that answers a request for encryption.
func (d *dialogue) single() {
	d.t.Helper()
	var b [1]byte
	if _, err := io.ReadFull(d.conn, b[:]); err != nil {
		d.said = append(d.said, "closed")
		return
	}
	d.said = append(d.said, "byte "+string(b[:]))
}

// handshake begins TLS.
func (d *dialogue) handshake(c *tls.Config) {
	c.InsecureSkipVerify = true // the dialogue is what is tested
	encrypted := tls.Client(d.conn, c)
	if err := encrypted.HandshakeContext(d.t.Context()); err != nil {
		d.said = append(d.said, "no TLS")
		return
	}
	d.conn = encrypted
}

// listen reads messages up to the next that waits for an answer, or the end.
func (d *dialogue) listen() {
	if d.from == nil {
		d.from = pgproto3.NewFrontend(d.conn, d.conn)
	}
	for {
		m, err := d.from.Receive()
		if err != nil {
			d.said = append(d.said, "closed")
			return
		}
		if text := describeDoor(m); text != "" {
			d.said = append(d.said, text)
		}
		switch m := m.(type) {
		case *pgproto3.ParameterStatus:
			if d.reports {
				d.said = append(d.said, describeMessage(m))
			}
		case *pgproto3.AuthenticationMD5Password:
			d.challenge = string(m.Salt[:])
		case *pgproto3.AuthenticationSASLContinue:
			d.challenge = string(m.Data)
		}
		switch m.(type) {
		case *pgproto3.ReadyForQuery, *pgproto3.AuthenticationCleartextPassword, *pgproto3.AuthenticationMD5Password,
			*pgproto3.AuthenticationSASL, *pgproto3.AuthenticationSASLContinue:
			return
		}
	}
}

// raw reads everything until the end, as it is.
func (d *dialogue) raw() {
	b, _ := io.ReadAll(d.conn) // a reset connection ends it too
	d.said = append(d.said, fmt.Sprintf("%q closed", b))
}

// describeDoor leaves out what differs between any two servers.
func describeDoor(m pgproto3.BackendMessage) string {
	switch m := m.(type) {
	case *pgproto3.ParameterStatus:
		return ""
	case *pgproto3.BackendKeyData:
		return fmt.Sprintf("BackendKeyData %d", len(m.SecretKey))
	case *pgproto3.NegotiateProtocolVersion:
		return fmt.Sprintf("NegotiateProtocolVersion 3.%d %v", m.NewestMinorProtocol&0xffff, m.UnrecognizedOptions)
	case *pgproto3.AuthenticationSASL:
		return fmt.Sprint("AuthenticationSASL ", m.AuthMechanisms)
	}
	return describeMessage(m)
}

const v30 = 3 << 16

func hello(user string, more ...string) []byte {
	return packet(v30, startupBody(append([]string{"user", user, "database", "tidegate"}, more...)...))
}

// typed is one of the later ones: a type, a length, a body.
func typed(kind byte, body string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(4+len(body))), body...)
}

func saslFirst(mechanism, text string) []byte {
	return typed('p', mechanism+"\x00"+string(binary.BigEndian.AppendUint32(nil, uint32(len(text))))+text)
}

const firstBare = "n=,r=abcdefghijklmnop"

// noVersion is the refusal of a version.
func noVersion(version string, before ...string) []string {
	return append(before, "ErrorResponse FATAL 0A000 unsupported frontend protocol "+version+": server supports 3.0 to 3.2", "closed")
}

// startupCase is run against PostgreSQL 15 and against Tidegate.
type startupCase struct {
	name string
	talk func(d *dialogue)
	// unix: PostgreSQL is asked through its socket, where it declines encryption.
	unix bool
	// want is what Tidegate says where it is not what PostgreSQL 15 says, and why says why.
	want []string
	why  string
}

func startupCases() []startupCase {
	ssl, gss := packet(sslCode, ""), packet(gssCode, "")
	encrypt := func(d *dialogue) {
		d.send(ssl)
		d.single()
		d.handshake(&tls.Config{})
	}
	return []startupCase{
		{name: "plain", talk: func(d *dialogue) { d.send(hello("ann")); d.listen() }},
		{name: "GSSAPI, then plain", unix: true, talk: func(d *dialogue) { d.send(gss); d.single(); d.send(hello("ann")); d.listen() }},
		{name: "TLS, GSSAPI, then plain", unix: true, talk: func(d *dialogue) {
			for _, p := range [][]byte{ssl, gss} {
				d.send(p)
				d.single()
			}
			d.send(hello("ann"))
			d.listen()
		}},
		{name: "TLS, GSSAPI and TLS", unix: true, want: noVersion("1234.5679", "byte N", "byte N"), why: "3.2 is supported", talk: func(d *dialogue) {
			for _, p := range [][]byte{ssl, gss} {
				d.send(p)
				d.single()
			}
			d.send(ssl)
			d.listen()
		}},
		{name: "TLS declined twice", unix: true, talk: func(d *dialogue) { d.send(ssl); d.single(); d.send(ssl); d.listen() }, want: noVersion("1234.5679", "byte N"), why: "3.2 is supported"},
		{name: "GSSAPI twice", unix: true, want: noVersion("1234.5680", "byte N"), why: "3.2 is supported", talk: func(d *dialogue) { d.send(gss); d.single(); d.send(gss); d.listen() }},
		{name: "TLS", talk: func(d *dialogue) { encrypt(d); d.send(hello("ann")); d.listen() }},
		{name: "TLS twice", want: noVersion("1234.5679", "byte S"), why: "3.2 is supported", talk: func(d *dialogue) { encrypt(d); d.send(ssl); d.listen() }},
		{name: "GSSAPI inside TLS", want: noVersion("1234.5680", "byte S"), why: "3.2 is supported", talk: func(d *dialogue) { encrypt(d); d.send(gss); d.listen() }},
		{name: "bytes before TLS", talk: func(d *dialogue) {
			d.send(ssl, hello("ann"))
			d.single()
			d.handshake(&tls.Config{})
			d.listen()
		}},
		{name: "bytes behind GSSAPI", unix: true, talk: func(d *dialogue) { d.send(gss, hello("ann")); d.single(); d.listen() }},
		{name: "cancel of nobody", talk: func(d *dialogue) { d.send(packet(cancelCode, "\x00\x00\xff\xff1234")); d.raw() }},
		{name: "cancel inside TLS", talk: func(d *dialogue) { encrypt(d); d.send(packet(cancelCode, "\x00\x00\xff\xff1234")); d.raw() }},
		{name: "cancel that is too short", talk: func(d *dialogue) { d.send(packet(cancelCode, "\x00")); d.raw() }},
		{name: "cancel with nothing", talk: func(d *dialogue) { d.send(packet(cancelCode, "")); d.raw() }},
		{
			name: "protocol 2", talk: func(d *dialogue) { d.send(packet(2<<16, startupBody("user", "ann"))); d.raw() },
			want: []string{`"EFATAL:  unsupported frontend protocol 2.0: server supports 3.0 to 3.2\n\x00" closed`}, why: "3.2 is supported",
		},
		{
			name: "protocol 4", talk: func(d *dialogue) { d.send(packet(4<<16|1, startupBody("user", "ann"))); d.listen() },
			want: []string{"ErrorResponse FATAL 0A000 unsupported frontend protocol 4.1: server supports 3.0 to 3.2", "closed"}, why: "3.2 is supported",
		},
		{
			name: "protocol 0", talk: func(d *dialogue) { d.send(packet(0, startupBody("user", "ann"))); d.raw() },
			want: []string{`"EFATAL:  unsupported frontend protocol 0.0: server supports 3.0 to 3.2\n\x00" closed`}, why: "3.2 is supported",
		},
		{name: "an HTTP request", talk: func(d *dialogue) { d.send([]byte("GET / HTTP/1.1\r\n\r\n")); d.raw() }},
		{name: "a negative length", talk: func(d *dialogue) { d.send([]byte("\xff\xff\xff\xff\x00\x03\x00\x00")); d.raw() }},
		{name: "a length of 4", talk: func(d *dialogue) { d.send([]byte("\x00\x00\x00\x04\x00\x03\x00\x00")); d.raw() }},
		{name: "a length of 10001", talk: func(d *dialogue) { d.send([]byte("\x00\x00\x27\x11\x00\x03\x00\x00")); d.raw() }},
		{name: "the longest packet", talk: func(d *dialogue) {
			d.send(hello("ann", "my.setting", strings.Repeat("x", 10_000-8-len(startupBody("user", "ann", "database", "tidegate", "my.setting", "")))))
			d.listen()
		}},
		{
			name: "protocol 3.2", talk: func(d *dialogue) {
				d.send(packet(v30|2, startupBody("user", "ann", "database", "tidegate")))
				d.listen()
			},
			want: []string{"AuthenticationOk", "BackendKeyData 32", "ReadyForQuery I"}, why: "3.2 is supported",
		},
		{name: "a protocol option", talk: func(d *dialogue) {
			d.send(packet(v30, startupBody("user", "ann", "_pq_.b", "1", "database", "tidegate", "_pq_.a", "")))
			d.listen()
		}},
		{
			name: "protocol 3.9999", talk: func(d *dialogue) {
				d.send(packet(v30|9999, startupBody("user", "ann", "database", "tidegate", "_pq_.test_protocol_negotiation", "")))
				d.listen()
			},
			want: []string{"NegotiateProtocolVersion 3.2 [_pq_.test_protocol_negotiation]", "AuthenticationOk", "BackendKeyData 32", "ReadyForQuery I"},
			why:  "3.2 is supported",
		},
		{name: "no user", talk: func(d *dialogue) { d.send(packet(v30, startupBody("database", "tidegate"))); d.listen() }},
		{name: "an empty user", talk: func(d *dialogue) { d.send(packet(v30, startupBody("user", "", "database", "tidegate"))); d.listen() }},
		{name: "nothing said", talk: func(d *dialogue) { d.send(packet(v30, "\x00")); d.listen() }},
		{name: "an empty packet", talk: func(d *dialogue) { d.send(packet(v30, "")); d.listen() }},
		{name: "no terminator", talk: func(d *dialogue) { d.send(packet(v30, "user\x00ann\x00")); d.listen() }},
		{name: "a name alone", talk: func(d *dialogue) { d.send(packet(v30, "user\x00ann\x00database\x00")); d.listen() }},
		{name: "more behind the terminator", talk: func(d *dialogue) { d.send(packet(v30, "user\x00ann\x00\x00x")); d.listen() }},
		{name: "an unterminated value", talk: func(d *dialogue) { d.send(packet(v30, "user\x00ann")); d.listen() }},
		{name: "replication of nonsense", talk: func(d *dialogue) { d.send(hello("ann", "replication", "maybe")); d.listen() }},
		{name: "replication off", talk: func(d *dialogue) { d.send(hello("ann", "replication", "off")); d.listen() }},
		{name: "another database", talk: func(d *dialogue) { d.send(packet(v30, startupBody("user", "ann", "database", "other"))); d.listen() }},
		{name: "the user's database", talk: func(d *dialogue) { d.send(packet(v30, startupBody("user", "ann"))); d.listen() }},
		{name: "a stranger", talk: func(d *dialogue) { d.send(hello("nobody")); d.listen() }},
		{name: "a stranger to another database", talk: func(d *dialogue) { d.send(packet(v30, startupBody("user", "nobody", "database", "other"))); d.listen() }},
		{name: "a long name", talk: func(d *dialogue) { d.send(hello(strings.Repeat("n", 70))); d.listen() }},
		{name: "a bad zone", talk: func(d *dialogue) { d.send(hello("ann", "TimeZone", "Nowhere")); d.listen() }},
		{name: "an encoding with quotes", talk: func(d *dialogue) { d.send(hello("ann", "client_encoding", "'utf-8'")); d.listen() }},
		{name: "UNICODE", talk: func(d *dialogue) { d.send(hello("ann", "client_encoding", "UNICODE")); d.listen() }},
		{name: "SQL_ASCII", talk: func(d *dialogue) { d.send(hello("ann", "client_encoding", "sql ascii")); d.listen() }},
		{name: "another encoding", talk: func(d *dialogue) { d.send(hello("ann", "client_encoding", "latin-1")); d.listen() }},
		{
			name: "an encoding without tables", talk: func(d *dialogue) { d.send(hello("ann", "client_encoding", "big-5")); d.listen() }, why: "there is no conversion",
			want: []string{"AuthenticationOk", "ErrorResponse FATAL 0A000 conversion between BIG5 and UTF8 is not supported " +
				"HINT: Set client_encoding to UTF8. The library of tables has none of BIG5 that gives PostgreSQL's characters.", "closed"},
		},
		{name: "an encoding of nothing", talk: func(d *dialogue) { d.send(hello("ann", "client_encoding", "")); d.listen() }},
		{name: "a long name of an application", talk: func(d *dialogue) {
			d.send(hello("ann", "application_name", strings.Repeat("ä", 40)))
			d.listen()
			d.send(typed('Q', "set application_name = '"+strings.Repeat("x", 64)+"'\x00"), typed('Q', "show application_name\x00"))
			d.listen()
			d.listen()
		}},
		{name: "no such encoding", talk: func(d *dialogue) { d.send(hello("ann", "client_encoding", "utf99")); d.listen() }},
		{name: "options", talk: func(d *dialogue) {
			d.send(hello("ann", "options", `-c TimeZone=UTC --application-name=a\ b -cdatestyle=dmy`))
			d.listen()
		}},
		{name: "unknown option", talk: func(d *dialogue) { d.send(hello("ann", "options", "-Q")); d.listen() }},
		{name: "option without a value", talk: func(d *dialogue) { d.send(hello("ann", "options", "-c timezone")); d.listen() }},
		{name: "long option without a value", talk: func(d *dialogue) { d.send(hello("ann", "options", "--timezone")); d.listen() }},
		{name: "-c alone", talk: func(d *dialogue) { d.send(hello("ann", "options", "-c")); d.listen() }},
		{name: "an unknown setting in options", talk: func(d *dialogue) { d.send(hello("ann", "options", "-c nosuch=1")); d.listen() }},
		{name: "a search path in options", talk: func(d *dialogue) {
			d.send(hello("ann", "options", `-c search_path=a,"B\ c"`, "IntervalStyle", "iso_8601"), typed('Q', "show search_path\x00"))
			d.listen()
			d.listen()
		}},
		{name: "a search path that is no list", talk: func(d *dialogue) { d.send(hello("ann", "search_path", "a b")); d.listen() }},
		{name: "a search path with a name cut off", talk: func(d *dialogue) { d.send(hello("ann", "search_path", `a,"b`)); d.listen() }},
		{name: "a search path with an end missing", talk: func(d *dialogue) { d.send(hello("ann", "search_path", "a,")); d.listen() }},
		{name: "the user's own role", talk: func(d *dialogue) {
			d.send(hello("ann", "role", "none", "session_authorization", "ann"), typed('Q', "select current_user, session_user\x00"))
			d.listen()
			d.listen()
		}},
		{
			name: "the session of another", talk: func(d *dialogue) { d.send(hello("ann", "session_authorization", "nobody")); d.listen() }, why: "there are no other roles to change to",
			want: []string{"AuthenticationOk", `ErrorResponse FATAL 42501 permission denied to set session authorization "nobody"`, "closed"},
		},
		{
			name: "another role in options", talk: func(d *dialogue) { d.send(hello("ann", "options", "-c role=nobody")); d.listen() }, why: "there are no other roles to change to",
			want: []string{"AuthenticationOk", `ErrorResponse FATAL 42501 permission denied to set role "nobody"`, "closed"},
		},
		{name: "a word in options", talk: func(d *dialogue) { d.send(hello("ann", "options", "hello")); d.listen() }},
	}
}

func (d *dialogue) run(network, addr string, talk func(d *dialogue)) []string {
	d.t.Helper()
	c, err := net.Dial(network, addr)
	if err != nil {
		d.t.Fatal(err)
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		d.t.Fatal(err)
	}
	d.conn = c
	talk(d)
	return d.said
}

// TestDialogues compares startups with PostgreSQL 15, byte for byte but for its hints.
func TestDialogues(t *testing.T) {
	t.Parallel()
	a := testkit.NewAuthority(t)
	r := doorRules(t, a)
	r.Method, r.Users["ann"], r.Users["tidegate"] = auth.Trust, &auth.User{}, &auth.User{}
	postgres := lockedPostgres(t, a, r, "host all all 127.0.0.1/32 trust")
	d := serve(t, nil, func(o *Options) { o.Rules = func() *auth.Rules { return r } })
	without := *r
	without.TLS = nil
	plain := serve(t, nil, func(o *Options) { o.Rules = func() *auth.Rules { return &without } })
	for _, c := range startupCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			network, addr, server := "tcp", "127.0.0.1:"+postgres.Port, d
			if c.unix {
				network, addr, server = "unix", postgres.Dir+"/.s.PGSQL."+postgres.Port, plain
			}
			want := (&dialogue{t: t}).run(network, addr, c.talk)
			got := (&dialogue{t: t}).run("tcp", server.addr, c.talk)
			if c.want != nil {
				if cmp.Equal(want, got) {
					t.Errorf("both say %q: nothing differs", got)
				}
				want = c.want
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}
