package gateway

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/auth"
	"tidegate/internal/testkit"
)

// serveLocked serves with doorRules, changed.
func serveLocked(t *testing.T, scripts map[string]*script, change func(r *auth.Rules)) (*door, *testkit.Authority) {
	t.Helper()
	ca := testkit.NewAuthority(t)
	r := doorRules(t, ca)
	change(r)
	return serve(t, scripts, func(o *Options) { o.Rules = func() *auth.Rules { return r } }), ca
}

// TestDirectTLS begins with TLS, which PostgreSQL 15 does not know yet: the rules are those of PostgreSQL 17.
func TestDirectTLS(t *testing.T) {
	t.Parallel()
	d, _ := serveLocked(t, nil, func(r *auth.Rules) { r.Method, r.Stranger = auth.Trust, &auth.User{} })
	plain := serve(t, nil)
	for _, c := range []struct {
		name, addr string
		protocols  []string
		want       []string
	}{
		{"the protocol is named", d.addr, []string{"postgresql"}, []string{"AuthenticationOk", "BackendKeyData 4", "ReadyForQuery I"}},
		{"among others", d.addr, []string{"h2", "postgresql"}, []string{"AuthenticationOk", "BackendKeyData 4", "ReadyForQuery I"}},
		{"no protocol", d.addr, nil, []string{"closed"}},
		{"another protocol", d.addr, []string{"h2"}, []string{"no TLS"}},
		{"a server without TLS", plain.addr, []string{"postgresql"}, []string{"no TLS"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got := (&dialogue{t: t}).run("tcp", c.addr, func(d *dialogue) {
				d.handshake(&tls.Config{NextProtos: c.protocols})
				if len(d.said) > 0 {
					return
				}
				_, _ = d.conn.Write(hello("ann")) // the server may have closed already
				d.listen()
			})
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCancelKeys cancels with the keys of 3.0 and of 3.2, over TLS and not, and with wrong ones.
func TestCancelKeys(t *testing.T) {
	t.Parallel()
	x, begun, ended := blocking()
	d, _ := serveLocked(t, map[string]*script{"select wait": x}, func(r *auth.Rules) { r.Method, r.Stranger = auth.Trust, &auth.User{} })
	for _, minor := range []uint32{0, 2} {
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		f := pgproto3.NewFrontend(c, c)
		if _, err := c.Write(packet(v30|minor, startupBody("user", "ann", "database", "tidegate"))); err != nil {
			t.Fatal(err)
		}
		key := ""
		for key == "" {
			m, err := f.Receive()
			if err != nil {
				t.Fatal(err)
			}
			if k, ok := m.(*pgproto3.BackendKeyData); ok {
				key = string(binary.BigEndian.AppendUint32(nil, k.ProcessID)) + string(k.SecretKey)
			}
		}
		readUntilReady(t, f, func(string) {})
		cancel := func(key string, encrypted bool) {
			(&dialogue{t: t}).run("tcp", d.addr, func(d *dialogue) {
				if encrypted {
					d.send(packet(sslCode, ""))
					d.single()
					d.handshake(&tls.Config{})
				}
				d.send(packet(cancelCode, key))
				d.raw()
			})
		}
		for _, encrypted := range []bool{false, true} {
			f.Send(&pgproto3.Query{String: "select wait"})
			if err := f.Flush(); err != nil {
				t.Fatal(err)
			}
			await(t, "statement", begun)
			for _, wrong := range []string{key[:len(key)-1] + "\x00", key[:len(key)-1], key + "x", key[:4]} {
				if wrong != key {
					cancel(wrong, encrypted)
				}
			}
			select {
			case err := <-ended:
				t.Fatalf("a wrong key has cancelled: %v", err)
			default:
			}
			cancel(key, encrypted)
			await(t, "end of the statement", ended)
			said := ""
			readUntilReady(t, f, func(line string) { said += line + "\n" })
			if !strings.Contains(said, "57014") {
				t.Errorf("the client was told %q", said)
			}
		}
	}
}

// TestRedshiftMethod asks drivers of Redshift by a method of their own.
func TestRedshiftMethod(t *testing.T) {
	t.Parallel()
	const wrong = `ErrorResponse FATAL 28P01 password authentication failed for user "`
	for _, c := range []struct {
		name   string
		method auth.Method
		key    string
		user   string
		answer func(d *dialogue)
		want   []string
	}{
		{"md5", auth.MD5, "driver_version", "mia", func(d *dialogue) { d.md5("mia", "secret") }, []string{"AuthenticationMD5Password", "AuthenticationOk"}},
		{"md5 of a user without", auth.MD5, "client_protocol_version", "sue", func(d *dialogue) { d.md5("sue", "secret") }, []string{"AuthenticationMD5Password", wrong + `sue"`}},
		{"md5 of nobody", auth.MD5, "driver_version", "nobody", func(d *dialogue) { d.md5("nobody", "secret") }, []string{"AuthenticationMD5Password", wrong + `nobody"`}},
		{"not one of its drivers", auth.MD5, "os_version", "sue", func(d *dialogue) { d.login("secret", nil, nil) }, []string{"AuthenticationSASL [SCRAM-SHA-256-PLUS SCRAM-SHA-256]", "AuthenticationSASLContinue", "AuthenticationSASLFinal", "AuthenticationOk"}},
		{"password", auth.Password, "driver_version", "sue", func(d *dialogue) { d.send(typed('p', "secret\x00")); d.listen() }, []string{"AuthenticationCleartextPassword", "AuthenticationOk"}},
		{"none of its own", "", "driver_version", "sue", func(d *dialogue) { d.login("secret", nil, nil) }, []string{"AuthenticationSASL [SCRAM-SHA-256-PLUS SCRAM-SHA-256]", "AuthenticationSASLContinue", "AuthenticationSASLFinal", "AuthenticationOk"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			d, _ := serveLocked(t, nil, func(r *auth.Rules) { r.Redshift = c.method })
			got := (&dialogue{t: t}).run("tcp", d.addr, func(d *dialogue) {
				d.send(packet(sslCode, ""))
				d.single()
				d.handshake(&tls.Config{})
				d.send(hello(c.user, c.key, "2.1"))
				d.listen()
				c.answer(d)
			})
			if diff := cmp.Diff(c.want, got[1:1+len(c.want)]); diff != "" {
				t.Errorf("%s\n%q", diff, got)
			}
		})
	}
}

// TestGuessing guesses passwords until it has to wait, and is let in all the same with the right one.
func TestGuessing(t *testing.T) {
	t.Parallel()
	d, _ := serveLocked(t, nil, func(*auth.Rules) {})
	login := func(password string) (time.Duration, error) {
		began := time.Now()
		c, err := pgconn.Connect(t.Context(), d.dsn("user=sue", "password="+password))
		if err == nil {
			err = c.Close(t.Context())
		}
		return time.Since(began), err
	}
	for range 7 {
		_, err := login("other")
		if e := new(pgconn.PgError); !errors.As(err, &e) || e.Code != "28P01" {
			t.Fatalf("a wrong password: %v", err)
		}
	}
	if took, err := login("secret"); err != nil || took < 400*time.Millisecond {
		t.Errorf("after 7 wrong ones the right one took %v, %v", took, err)
	}
}

// TestRefusedAlike times wrong passwords and users that are not there, by the method whose check is dear.
func TestRefusedAlike(t *testing.T) {
	t.Parallel()
	r := doorRules(t, testkit.NewAuthority(t))
	// The machine is busy: the quickest of several tries is compared.
	best := func(user string) time.Duration {
		quickest := time.Hour
		for range 15 {
			began := time.Now()
			if r.Check(user, "other") {
				t.Fatal("a wrong password is right")
			}
			quickest = min(quickest, time.Since(began))
		}
		return quickest
	}
	known, unknown, without := best("sue"), best("nobody"), best("nopass")
	for what, d := range map[string]time.Duration{"a user that is not there": unknown, "one without a password": without} {
		if d > 2*known || known > 2*d {
			t.Errorf("%s takes %v, a wrong password %v", what, d, known)
		}
	}
}

// TestSlowStartups opens connections that announce much and send little.
func TestSlowStartups(t *testing.T) { //nolint:paralleltest // it measures the memory of the process
	d := serve(t, nil)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	const n = 500
	for range n {
		c, err := net.Dial("tcp", d.addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		if _, err := c.Write([]byte("\x00\x00\x27\x10\x00\x03\x00\x00user\x00ann\x00")); err != nil {
			t.Fatal(err)
		}
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		d.mu.Lock()
		there := len(d.sockets)
		d.mu.Unlock()
		if there == n {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d of %d connections were taken", there, n)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	// Both ends are in this process. What was announced would be 10 kB for each.
	if each := int64(after.HeapAlloc-before.HeapAlloc) / n; each > 5000 {
		t.Errorf("a connection that is slow costs %d bytes", each)
	}
}

// TestShutdownDuringLogin stops a server while a client has been asked for its password.
func TestShutdownDuringLogin(t *testing.T) {
	t.Parallel()
	d, _ := serveLocked(t, nil, func(*auth.Rules) {})
	c, err := net.Dial("tcp", d.addr)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	x := &dialogue{t: t, conn: c}
	x.send(hello("sue"))
	x.listen()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := d.Shutdown(ctx); err != nil {
		t.Errorf("shutdown: %v", err)
	}
}
