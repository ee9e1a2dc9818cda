package gateway

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"tidegate/gateway/auth"
)

// FuzzOptions reads any options, and words that were escaped as a client escapes them.
func FuzzOptions(f *testing.F) {
	f.Add(`-c a=b --c-d=e\ f`)
	f.Add(`\`)
	f.Add("-c\t-c")
	f.Fuzz(func(t *testing.T, text string) {
		_, _ = parseOptions(text) // must not panic
		words := strings.FieldsFunc(text, func(r rune) bool { return r == 'x' })
		var escaped strings.Builder
		for _, w := range words {
			for i := range len(w) {
				if strings.IndexByte(" \t\n\v\f\r\\", w[i]) >= 0 {
					escaped.WriteByte('\\')
				}
				escaped.WriteByte(w[i])
			}
			escaped.WriteByte(' ')
		}
		if got := splitOptions(escaped.String()); !slices.Equal(got, words) {
			t.Errorf("%q is read as %q, want %q", escaped.String(), got, words)
		}
	})
}

// FuzzLogin answers a login with any bytes: it must not panic, not hang, and not let in.
func FuzzLogin(f *testing.F) {
	f.Add(byte(0), saslFirst("SCRAM-SHA-256", "n,,"+firstBare))
	f.Add(byte(0), join(saslFirst("SCRAM-SHA-256", "n,,"+firstBare), typed('p', "c=biws,r=x,p=AAAA")))
	f.Add(byte(1), typed('p', "md5\x00"))
	f.Add(byte(2), typed('p', "\xff\x00"))
	f.Add(byte(3), typed('p', "SCRAM-SHA-256\x00\xff\xff\xff\xff"))
	v, err := auth.NewVerifier("a password that nobody guesses")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, method byte, answers []byte) {
		m := []auth.Method{auth.SCRAM, auth.MD5, auth.Password}[method%3]
		r := &auth.Rules{Method: m, Users: map[string]*auth.User{
			"sue": {Verifiers: []auth.Verifier{v, auth.MD5Verifier("sue", "a password that nobody guesses")}},
		}}
		here, there := net.Pipe()
		defer there.Close()
		_ = there.SetDeadline(time.Now().Add(10 * time.Second)) // a pipe always takes one
		go func() {
			buf := make([]byte, 1000)
			for _, err := there.Read(buf); err == nil; {
				_, err = there.Read(buf)
			}
		}()
		go func() {
			_, _ = there.Write(answers) // it may have been turned away
			_ = there.Close()
		}()
		c := newSocket(here)
		defer c.Close()
		g := &guest{server: &Server{}, socket: c, wire: &wire{conn: c}, rules: r, said: &startup{user: "sue"}}
		if err := g.prove(m); err == nil {
			t.Errorf("%q let a client in by %s", answers, m)
		}
	})
}
