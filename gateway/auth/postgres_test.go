package auth

import (
	"strings"
	"testing"

	"tidegate/internal/testkit"
)

// TestPostgresVerifiers reads what PostgreSQL 15 keeps of passwords, of those too that SASLprep changes or refuses.
func TestPostgresVerifiers(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	for _, password := range []string{
		"secret", " with blanks ", "pässwörd", "a\u0308", "\u00a0", "ｆｕｌｌ", "I\u00adX", "\u2168", "😀", "ｘ😀", "\u0627\u0031", "\u0627a",
		"a\u200bb", "ﬁne", "tab\there", "\u1e9e", strings.Repeat("long", 100),
	} {
		for _, encryption := range []string{"scram-sha-256", "md5"} {
			if _, err := c.Exec(t.Context(), "set password_encryption = '"+encryption+"'"); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Exec(t.Context(), "create role ann password '"+password+"'"); err != nil {
				t.Fatal(err)
			}
			var text string
			if err := c.QueryRow(t.Context(), "select rolpassword from pg_authid where rolname = 'ann'").Scan(&text); err != nil {
				t.Fatal(err)
			}
			if _, err := c.Exec(t.Context(), "drop role ann"); err != nil {
				t.Fatal(err)
			}
			v, err := ParseVerifier(text)
			if err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			if v.String() != text || !v.Matches("ann", password) || v.Matches("ann", password+"x") {
				t.Errorf("%q by %s: PostgreSQL keeps %s", password, encryption, text)
			}
		}
	}
}
