package auth

import (
	"net/netip"
	"strings"
	"testing"
	"time"
)

// TestVerifiers checks the texts of PostgreSQL 15 for the passwords that they were made of.
func TestVerifiers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ user, password string }{
		{"ann", "secret"}, {"ann", ""}, {"ann", "a,b=c"}, {"Ünïcode", "pässwörd"},
	} {
		scram, err := NewVerifier(c.password)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []Verifier{scram, MD5Verifier(c.user, c.password)} {
			read, err := ParseVerifier(v.String())
			if err != nil {
				t.Fatal(err)
			}
			if !read.Matches(c.user, c.password) {
				t.Errorf("%s: %q does not match", v, c.password)
			}
			if read.Matches(c.user, c.password+"x") || read.Matches(c.user+"x", c.password) != (v.md5 == "") {
				t.Errorf("%s: another password or user matches", v)
			}
		}
	}
}

func TestNoVerifiers(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "secret", "md5", "md5" + strings.Repeat("x", 32), "md5" + strings.Repeat("A", 32), "md5" + strings.Repeat("a", 33),
		"SCRAM-SHA-256$", "SCRAM-SHA-256$4096:c2FsdA==$a:b", "SCRAM-SHA-256$0:c2FsdA==$" + strings.Repeat("A", 43) + "=:" + strings.Repeat("A", 43) + "=",
		"SCRAM-SHA-256$4096:$" + strings.Repeat("A", 43) + "=:" + strings.Repeat("A", 43) + "=",
	} {
		if _, err := ParseVerifier(text); err == nil {
			t.Errorf("%q was read", text)
		} else if len(text) > 20 && strings.Contains(err.Error(), text) {
			t.Errorf("%q is in its error: %v", text, err)
		}
	}
}

// TestNobody asks for users that are not there: the same answer every time, another one for others and elsewhere.
func TestNobody(t *testing.T) {
	t.Parallel()
	a, b := &Rules{Secret: []byte("a")}, &Rules{Secret: []byte("b")}
	if first, again := a.kept("ann", scramKind).String(), a.kept("ann", scramKind).String(); first != again {
		t.Error("asking twice tells")
	}
	if string(a.salt("ann")) == string(a.salt("bob")) || string(a.salt("ann")) == string(b.salt("ann")) {
		t.Error("salts are the same")
	}
	if a.Check("ann", "") || a.CheckMD5("ann", []byte("salt"), "md5") || a.HasMD5("ann") {
		t.Error("nobody came in")
	}
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	now := time.Unix(1_000_000, 0)
	var b Backoff
	from, other := netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	fail := func(n int) {
		for range n {
			b.Failed(from, now)
		}
	}
	expect := func(what string, want time.Duration) {
		t.Helper()
		if got := b.Wait(from, now); got != want {
			t.Errorf("%s: waits %v, want %v", what, got, want)
		}
	}
	fail(freeFailures - 1)
	expect("free failures", 0)
	fail(1)
	expect("the first that is not free", firstWait)
	expect("another at the same time", 2*firstWait)
	now = now.Add(2 * firstWait)
	fail(1)
	expect("twice as long", 2*firstWait)
	fail(100)
	now = now.Add(time.Second)
	expect("never longer", longestWait)
	if b.Wait(other, now) != 0 {
		t.Error("another address waits")
	}
	now = now.Add(7 * forgets)
	expect("forgotten", 0)

	v6 := netip.MustParseAddr("2001:db8::1")
	for range freeFailures {
		b.Failed(v6, now)
	}
	if b.Wait(netip.MustParseAddr("2001:db8::ffff"), now) == 0 || b.Wait(netip.MustParseAddr("2001:db8:0:1::1"), now) != 0 {
		t.Error("IPv6 is not counted by 64 bits")
	}
	if b.Failed(netip.MustParseAddr("::ffff:192.0.2.9"), now); b.seen[netip.MustParseAddr("192.0.2.9")] == nil {
		t.Error("a mapped address is another one")
	}
}

// TestBackoffIsBounded fails from more addresses than are remembered.
func TestBackoffIsBounded(t *testing.T) {
	t.Parallel()
	var b Backoff
	now := time.Unix(1_000_000, 0)
	for i := range 2 * addresses {
		b.Failed(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), now)
		now = now.Add(time.Millisecond)
	}
	if len(b.seen) > addresses {
		t.Errorf("%d addresses are remembered", len(b.seen))
	}
}
