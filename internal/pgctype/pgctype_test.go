package pgctype

import (
	"strings"
	"testing"
	"unicode"

	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// classes are PostgreSQL's names of them.
var classes = []struct {
	name string
	is   func(rune) bool
}{
	{"alpha", IsAlpha},
	{"alnum", IsAlnum},
	{"upper", IsUpper},
	{"lower", IsLower},
	{"punct", IsPunct},
	{"graph", IsGraph},
	{"print", IsPrint},
	{"space", IsSpace},
	{"word", IsWord},
	{"digit", IsDigit},
}

// TestAgainstPostgreSQL compares every character of Unicode.
func TestAgainstPostgreSQL(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	var query strings.Builder
	query.WriteString("select i, ascii(upper(chr(i))), ascii(lower(chr(i)))")
	for _, class := range classes {
		query.WriteString(", chr(i) ~ '[[:" + class.name + ":]]'")
	}
	rows, err := c.Query(t.Context(), query.String()+" from generate_series(1, 1114111) i where i not between 55296 and 57343")
	if err != nil {
		t.Fatal(err)
	}
	var r, upper, lower rune
	want := make([]bool, len(classes))
	targets := []any{&r, &upper, &lower}
	for i := range want {
		targets = append(targets, &want[i])
	}
	_, err = pgx.ForEachRow(rows, targets, func() error {
		var wrong []string
		for i, class := range classes {
			if class.is(r) != want[i] {
				wrong = append(wrong, class.name)
			}
		}
		if len(wrong) > 0 {
			t.Errorf("%U differs in %s", r, strings.Join(wrong, ", "))
		}
		if unicode.ToUpper(r) != upper || unicode.ToLower(r) != lower {
			t.Errorf("%U: upper case %U, want %U; lower case %U, want %U", r, unicode.ToUpper(r), upper, unicode.ToLower(r), lower)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
