package pgregex

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/testkit"
)

var (
	seed  = flag.Uint64("seed", 1, "of the random patterns")
	cases = flag.Int("cases", 4000, "how many patterns are compared with PostgreSQL")
)

// generator makes patterns and texts that they have a chance to match.
type generator struct{ *rand.Rand }

func (g generator) pick(list ...string) string { return list[g.IntN(len(list))] }

func (g generator) pattern(depth int) string {
	var b strings.Builder
	for i := range 1 + g.IntN(3) {
		if i > 0 && g.IntN(5) == 0 {
			b.WriteByte('|')
		}
		b.WriteString(g.atom(depth))
		if g.IntN(2) == 0 {
			b.WriteString(g.pick("*", "+", "?", "*?", "+?", "??", "{2}", "{1,2}", "{0,2}?", "{2,}", "{1}", "{0}", "{1,1}?", "{,2}"))
		}
	}
	return b.String()
}

func (g generator) atom(depth int) string {
	if depth > 0 && g.IntN(3) == 0 {
		open := g.pick("(", "(", "(", "(?:", "(?=", "(?!", "(?<=", "(?<!")
		return open + g.pattern(depth-1) + ")"
	}
	switch g.IntN(12) {
	case 0:
		return g.pick(`^`, `$`, `\m`, `\M`, `\y`, `\Y`, `\A`, `\Z`, `[[:<:]]`, `[[:>:]]`)
	case 1:
		return g.pick(`\1`, `\1`, `\2`, `(?#x)`, `\12`, `\0`, `\x41`, `\u00e9`, `\q`, `[`, `(`, `)`, `\`, `{`, `{1`, `*`, `[a`, `[[:foo:]]`, `[b-a]`, `[[.a.]]`, `[[=a=]]`, `\cA`, `\e`)
	case 2:
		return g.pick(`\d`, `\w`, `\s`, `\D`, `\W`, `\S`, `[\w-]`, `[^\s]`, `[[:alpha:]]`, `[^[:upper:]a]`, `[a-c]`, `[^b]`, `[]a]`, `[^]a]`, `[a-]`, `[\D]`, `[^\W]`, `\.`, `é`)
	case 3:
		return "."
	}
	return g.pick("a", "b", "c", "ab", "B", "-", "\n", "é")
}

func (g generator) text() string {
	var b strings.Builder
	for range g.IntN(9) {
		b.WriteString(g.pick("a", "b", "c", "a", "b", "A", "B", "-", " ", "\n", "é", "É", "1", "_"))
	}
	return b.String()
}

func (g generator) prefix() string {
	return g.pick("", "", "", "", "", "", "", "(?i)", "(?n)", "(?x)", "(?q)", "(?e)", "(?p)", "(?w)", "***=", "***:", "(?z)", "***")
}

// show writes groups, as the query below does.
func show(list []*string) string {
	parts := make([]string, len(list))
	for i, s := range list {
		if parts[i] = "NULL"; s != nil {
			parts[i] = "<" + *s + ">"
		}
	}
	return strings.Join(parts, ",")
}

// ours is what we make of one case, as text.
func ours(pattern, flags, text string) string {
	f, _, err := ParseFlags(flags)
	if err != nil {
		return string(pgerr.CodeOf(err))
	}
	r, err := Compile(pattern, f)
	if err != nil {
		return string(pgerr.CodeOf(err))
	}
	all, err := r.All(text, true)
	if err != nil {
		return string(pgerr.CodeOf(err))
	}
	var shown []string
	for _, m := range all {
		shown = append(shown, show(m))
	}
	replaced, err1 := r.Replace(text, `[\1|\&]`, 0, 0)
	split, err2 := r.Split(text)
	matches, err3 := r.Matches(text)
	if err1 != nil || err2 != nil || err3 != nil {
		return fmt.Sprint(err1, err2, err3)
	}
	return fmt.Sprintf("%s; %s; %s; %v", strings.Join(shown, "; "), replaced, strings.Join(split, "~"), matches)
}

const theirs = `select coalesce((select string_agg(array_to_string(array(select coalesce('<'||x||'>', 'NULL') from unnest(m) with ordinality u(x, o) order by o), ','), '; ' order by n)
	from regexp_matches($2, $1, 'g'||$3) with ordinality r(m, n)), '') || '; ' || regexp_replace($2, $1, '[\1|\&]', 'g'||$3) || '; ' ||
	array_to_string(regexp_split_to_array($2, $1, $3), '~') || '; ' || (regexp_count($2, $1, 1, $3) > 0)::text`

// TestAgainstPostgreSQL compares random patterns: all matches and their groups, replacements, pieces, errors.
func TestAgainstPostgreSQL(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	g := generator{rand.New(rand.NewPCG(*seed, 0))}
	wrong, failed := 0, 0
	for range *cases {
		pattern, flags := g.prefix()+g.pattern(3), g.pick("", "", "", "", "i", "n", "x", "p", "w", "q")
		for range 3 {
			text := g.text()
			want := ""
			if err := c.QueryRow(t.Context(), theirs, pattern, text, flags).Scan(&want); err != nil {
				p, ok := errors.AsType[*pgconn.PgError](err)
				if !ok {
					t.Fatal(err)
				}
				want = p.Code
				failed++
			}
			if got := ours(pattern, flags, text); got != want {
				if wrong++; wrong < 40 {
					t.Errorf("pattern %q, flags %q, text %q:\n got %q\nwant %q", pattern, flags, text, got, want)
				}
			}
		}
	}
	t.Logf("%d patterns, %d texts of them with an error, %d differ", *cases, failed, wrong)
}
