package pgencoding

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"

	"tidegate/internal/pgerr"
	"tidegate/internal/testkit"
)

// convert are functions that give what a conversion gives, and its error as a text.
const convert = `
create function decoded(b bytea, e text) returns text language plpgsql as
	$$ begin return encode(convert_to(convert_from(b, e), 'UTF8'), 'hex'); exception when others then return sqlstate || ' ' || sqlerrm; end $$;
create function encoded(t text, e text) returns text language plpgsql as
	$$ begin return encode(convert_to(t, e), 'hex'); exception when others then return sqlstate || ' ' || sqlerrm; end $$;`

// ibm are how many of the bytes and characters of EUC_JP are missing: IBM's.
const ibm = 200

// TestAsPostgreSQL converts every byte, every two bytes, and every character of Unicode's first plane, there and back,
// as PostgreSQL does.
func TestAsPostgreSQL(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t).Connect(t)
	if _, err := pg.Exec(t.Context(), convert); err != nil {
		t.Fatal(err)
	}
	for line := range strings.SplitSeq(strings.TrimSpace(spellings), "\n") {
		name := strings.Fields(line)[0]
		e, err := Open(name)
		if err != nil || e == nil {
			continue // refused, or nothing to convert
		}
		bytes := "select set_byte('\\x00', 0, i) b from generate_series(1, 255) i"
		if e.pairs != nil {
			bytes += " union all select set_byte(set_byte('\\x0000', 0, i), 1, j) from generate_series(128, 255) i, generate_series(1, 255) j"
		}
		if e.triples != nil {
			bytes += " union all select set_byte(set_byte('\\x8f0000', 1, i), 2, j) from generate_series(161, 254) i, generate_series(160, 255) j"
		}
		wrong := 0
		each(t, pg, fmt.Sprintf("select encode(b, 'hex'), decoded(b, '%s') from (%s) x", name, bytes), func(b, want string) {
			raw, _ := hex.DecodeString(b)
			text, err := e.AppendUTF8(nil, raw)
			wrong += differs(t, name+" bytes "+b, outcome(text, err), want)
		})
		each(t, pg, fmt.Sprintf("select to_hex(i), encoded(chr(i), '%s') from generate_series(1, 65535) i where i not between 55296 and 57343", name), func(n, want string) {
			var r rune
			if _, err := fmt.Sscanf(n, "%x", &r); err != nil {
				t.Fatal(err)
			}
			code, err := e.AppendEncoded(nil, utf8.AppendRune(nil, r))
			wrong += differs(t, name+" character "+n, outcome(code, err), want)
		})
		if missing := map[string]int{"EUC_JP": ibm}[name]; wrong != missing {
			t.Errorf("%s: %d differ, want %d", name, wrong, missing)
		}
	}
}

// each gives all rows of two texts.
func each(t *testing.T, pg *pgx.Conn, query string, take func(first, second string)) {
	t.Helper()
	rows, err := pg.Query(t.Context(), query)
	if err != nil {
		t.Fatal(err)
	}
	var first, second string
	if _, err := pgx.ForEachRow(rows, []any{&first, &second}, func() error { take(first, second); return nil }); err != nil {
		t.Fatal(err)
	}
}

// differs counts what we refuse and PostgreSQL does not; anything else that differs is an error.
func differs(t *testing.T, what, got, want string) int {
	t.Helper()
	if got == want {
		return 0
	}
	if !strings.HasPrefix(got, string(pgerr.UntranslatableCharacter)) || strings.Contains(want, " ") {
		t.Errorf("%s: got %s, want %s", what, got, want)
	}
	return 1
}

func outcome(b []byte, err error) string {
	if e, ok := errors.AsType[*pgerr.Error](err); ok {
		return string(e.Code) + " " + e.Message
	}
	return hex.EncodeToString(b)
}
