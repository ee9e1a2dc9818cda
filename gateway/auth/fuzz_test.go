package auth

import "testing"

// FuzzVerifier reads any text as a verifier; what is one reads back as it was written.
func FuzzVerifier(f *testing.F) {
	f.Add("SCRAM-SHA-256$4096:c2FsdHNhbHRzYWx0c2Fs$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
	f.Add("md5aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseVerifier(text)
		if err != nil {
			return
		}
		again, err := ParseVerifier(v.String())
		if err != nil || again.String() != v.String() {
			t.Errorf("%q is written as %q, which reads as %q, %v", text, v, again, err)
		}
	})
}

// FuzzExchange sends any two messages: no panic, and nobody comes in.
func FuzzExchange(f *testing.F) {
	f.Add("SCRAM-SHA-256", "n,,n=,r=abcdefgh", "c=biws,r=abcdefgh,p=AAAA")
	f.Add("SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=a", "")
	f.Fuzz(func(t *testing.T, mechanism, first, final string) {
		x, err := (&Rules{}).SCRAM("ann", nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.First(mechanism, []byte(first)); err != nil {
			return
		}
		if _, err := x.Final([]byte(final)); err == nil {
			t.Errorf("%q and %q let a client in", first, final)
		}
	})
}
