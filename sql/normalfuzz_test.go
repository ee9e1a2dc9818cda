package sql_test

import (
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/sql"
)

// FuzzNormalize holds the plan cache to what it stands on. A normal form with its literals put back is the text again:
// the same form, the same literals, the same tree. And a text of the same form with other literals means, filled into
// the template, what it means when it is bound.
func FuzzNormalize(f *testing.F) {
	catalog := newTables("public.v "+valueColumns, "public.w id int, name text", "web.events "+eventColumns)
	add := func(query string) { f.Add(query, "2018-02-15", uint64(len(query))) }
	corpus(f, func(query string, _ *time.Location) { add(query) })
	comparisons(add)
	for _, text := range []string{
		"select 1--'\r\n+ 2", "select a/* 'x' /* 1 */ */'b'", `select "a'1""b" , U from t1`, "select 1.e3 , .5, 1. from v;--", "select - -1 :: text",
		"select i::float(24), interval '1' day, time '1:2'::time(3), 'a' 'b' from v", "select id from v where t='a'and i in(1,2)or k>-9223372036854775808",
		"/*+ tidegate engine(cold) */ select $1=1 from v where i=$1", "select 'a'  -- x\n 'b'", "select 'é', é1.ü from v é1",
	} {
		add(text)
	}
	f.Fuzz(func(t *testing.T, text, value string, seed uint64) {
		n, ok := sql.Normalize(text)
		if !ok {
			return
		}
		sameTree(t, text, n)
		c := templateCheck{r: rand.New(rand.NewPCG(seed, 1)), dialect: sql.Dialect(seed % 2)}
		if len(value) < 100 && utf8.ValidString(value) && !strings.ContainsAny(value, "\\\x00") {
			c.value = "'" + strings.ReplaceAll(value, "'", "''") + "'"
		}
		c.check(t, catalog, testEnv(), text)
	})
}

// sameTree puts the literals of a text's normal form back.
func sameTree(t *testing.T, text string, n sql.Normal) {
	t.Helper()
	again := spelled(n)
	m, ok := sql.Normalize(again)
	values := func(n sql.Normal) (list []sql.Literal) {
		for _, l := range n.Literals {
			l.At = 0
			list = append(list, l)
		}
		return list
	}
	if !ok || m.Key != n.Key || !slices.Equal(values(m), values(n)) {
		t.Fatalf("%q is %q of %v\n%q is %q of %v", text, n.Key, n.Literals, again, m.Key, m.Literals)
	}
	want, wantErr := tree(text)
	got, err := tree(again)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%q: %v\n%q: %v", text, wantErr, again, err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Fatalf("%q\n%q\n%s", text, again, d)
	}
}

// spelled is the text that a normal form stands for.
func spelled(n sql.Normal) string {
	var b strings.Builder
	parts := strings.Split(n.Key, "\x00")
	b.WriteString(parts[0])
	for i, p := range parts[1:] {
		l := n.Literals[i]
		if l.Type == 0 {
			b.WriteString("'" + strings.ReplaceAll(l.Text, "'", "''") + "'")
		} else {
			b.WriteString(l.Text)
		}
		b.WriteString(p[1:])
	}
	return b.String()
}

var places = regexp.MustCompile(`"(location|stmt_location|stmt_len)":-?\d+,?`)

// tree is what the parser makes of a text, without the places where things stand.
func tree(text string) (string, error) {
	made, err := pg_query.ParseToJSON(text)
	return places.ReplaceAllString(made, ""), err
}
