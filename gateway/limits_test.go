package gateway

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/auth"
	"tidegate/internal/testkit"
)

// TestIdleTimeouts waits in sessions of PostgreSQL 15 and of Tidegate until they end.
func TestIdleTimeouts(t *testing.T) {
	t.Parallel()
	cluster := testkit.PostgresTCP(t)
	d := serve(t, nil)
	query := func(text string) []byte { return typed('Q', text+"\x00") }
	const both = "-c idle_session_timeout=2s -c idle_in_transaction_session_timeout=2000"
	for _, c := range []struct {
		name string
		talk func(d *dialogue)
		want string
	}{
		{"at once", func(*dialogue) {}, "57P05"},
		{"after a query", func(d *dialogue) { d.send(query("select 1")); d.listen() }, "57P05"},
		{"in a transaction", func(d *dialogue) { d.send(query("begin")); d.listen() }, "25P03"},
		{"in a failed one", func(d *dialogue) { d.send(query("begin"), query("select nope")); d.listen(); d.listen() }, "25P03"},
		{"behind one", func(d *dialogue) { d.send(query("begin"), query("commit")); d.listen(); d.listen() }, "57P05"},
		{"a message that comes slowly", func(d *dialogue) {
			m := query("select 1")
			d.send(m[:3])
			time.Sleep(4 * time.Second)
			d.send(m[3:])
			d.listen()
		}, "57P05"},
		{"before Sync", func(d *dialogue) {
			d.send(typed('P', "\x00select 1\x00\x00\x00"), typed('H', ""))
			time.Sleep(4 * time.Second)
			d.send(typed('S', ""))
			d.listen()
		}, "57P05"},
		{"lifted", func(d *dialogue) {
			d.send(query("set idle_session_timeout = 0"))
			d.listen()
			time.Sleep(4 * time.Second)
			d.send(typed('X', ""))
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			run := func(addr, user, database string) []string {
				return (&dialogue{t: t}).run("tcp", addr, func(d *dialogue) {
					d.send(packet(v30, startupBody("user", user, "database", database, "options", both)))
					d.listen()
					c.talk(d)
					d.listen()
				})
			}
			want := run("127.0.0.1:"+cluster.Port, "postgres", "postgres")
			got := run(d.addr, "ann", "tidegate")
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
			if text := strings.Join(got, "\n"); c.want != "" && !strings.Contains(text, c.want) {
				t.Errorf("no %s in %s", c.want, text)
			}
		})
	}
}

// TestPlaces fills a server: what is reserved, what a role may have, and all of it.
func TestPlaces(t *testing.T) {
	t.Parallel()
	r := &auth.Rules{Method: auth.Trust, Users: map[string]*auth.User{
		"ann": {Role: "bi", RoleConnections: 2}, "bob": {Role: "bi", RoleConnections: 2}, "carl": {Role: "etl"}, "ops": {Role: "ops", Reserved: true},
	}}
	d := serve(t, nil, func(o *Options) {
		o.MaxConnections, o.Reserved, o.Rules = 5, 2, func() *auth.Rules { return r }
	})
	open := map[string]net.Conn{}
	enter := func(session, user string) string {
		t.Helper()
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		open[session] = c
		t.Cleanup(func() { c.Close() })
		x := &dialogue{t: t, conn: c}
		x.send(hello(user))
		x.listen()
		for _, line := range x.said {
			if strings.HasPrefix(line, "ErrorResponse") {
				return strings.TrimPrefix(line, "ErrorResponse FATAL ")
			}
		}
		return ""
	}
	for _, c := range []struct{ session, user, want string }{
		{"1", "ann", ""},
		{"2", "bob", ""},
		{"3", "ann", `53300 too many connections for role "bi" HINT: roles.bi.connections is 2.`},
		{"4", "carl", ""},
		{"5", "carl", "53300 remaining connection slots are reserved for non-replication superuser connections" +
			" HINT: limits.connections is 5, of which limits.reserved_connections, 2, are for users that monitor."},
		{"6", "ops", ""},
		{"7", "ops", ""},
		{"8", "ops", "53300 sorry, too many clients already HINT: limits.connections is 5."},
	} {
		if got := enter(c.session, c.user); got != c.want {
			t.Errorf("%s as %s: %q, want %q", c.session, c.user, got, c.want)
		}
	}
	open["7"].Close()
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if got := enter("9", "ops"); got == "" {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("a place that was left is not free: %s", got)
		}
	}
}

// TestSilentConnections opens more connections than may be silent, and costs them the same as others.
func TestSilentConnections(t *testing.T) {
	t.Parallel()
	d := serve(t, nil, func(o *Options) { o.MaxConnections = 2 })
	for range 2*2 + spareSockets {
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
	}
	got := (&dialogue{t: t}).run("tcp", d.addr, func(d *dialogue) { d.listen() })
	if diff := cmp.Diff([]string{"ErrorResponse FATAL 53300 sorry, too many clients already", "closed"}, got); diff != "" {
		t.Error(diff)
	}
}

// TestLongMessage is more than a client may send.
func TestLongMessage(t *testing.T) {
	t.Parallel()
	d := serve(t, nil, func(o *Options) { o.MaxMessage = 1000 })
	c, f := d.raw(t)
	f.Send(&pgproto3.Query{String: "select '" + strings.Repeat("x", 900) + "'"})
	if err := f.Flush(); err != nil {
		t.Fatal(err)
	}
	x := &dialogue{t: t, conn: c}
	x.listen()
	x.send(typed('Q', "select '"+strings.Repeat("x", 1000)+"'\x00"))
	x.listen()
	last := x.said[len(x.said)-2:]
	if diff := cmp.Diff([]string{"ErrorResponse FATAL 08P01 message of 1010 bytes is longer than 1000", "closed"}, last); diff != "" {
		t.Error(diff)
	}
}
