package sql_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	pg_query "github.com/pganalyze/pg_query_go/v6"

	"tidegate/sql"
)

// lambda is what DuckDB's text has and PostgreSQL's grammar has not.
var lambda = regexp.MustCompile(`lambda "\?each"(, "\?i")?: `)

// FuzzBind feeds texts through Parse, Bind and Render: nothing may panic, no marker may be left, and what comes out
// must parse again.
func FuzzBind(f *testing.F) {
	corpus(f, func(query string, _ *time.Location) { f.Add(query) })
	for _, text := range []string{"select '\x01s0\x01'", "select \"\x01u0\x01\" from x", "select E'\\x01' from web.events", "explain (route) select 1"} {
		f.Add(text)
	}
	catalog := newTables("public.v "+valueColumns, "public.w id int, name text", "web.events "+eventColumns)
	f.Fuzz(func(t *testing.T, text string) {
		statements, err := sql.Parse(text)
		if err != nil {
			return
		}
		for _, s := range statements {
			_, _ = s.Fingerprint(), s.Normalized()
			if s.Kind != sql.KindSelect {
				continue
			}
			q, err := sql.Bind(s, catalog, testEnv())
			if err != nil || q.System {
				continue
			}
			out, err := q.Render(func(u *sql.Use) (string, error) { return "lake." + u.Relation.Name.Table, nil })
			if err != nil || strings.Contains(out, "\x00") {
				t.Fatalf("%s\nrenders %q: %v", text, out, err)
			}
			if _, err := pg_query.Parse(lambda.ReplaceAllString(out, "")); err != nil {
				t.Fatalf("%s\nrenders %q: %v", text, out, err)
			}
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, text := range []string{"select 1; select 2 /*+ tidegate max_scan('1 GB') x(()) */", "prepare p as select 1", "declare c cursor for select 1", "explain (route, format json) (select 1)", "set a.b = 1, c"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		statements, err := sql.Parse(text)
		if err == nil && len(statements) == 0 {
			t.Fatalf("%q gives neither a statement nor an error", text)
		}
		for _, s := range statements {
			if s.Offset < 0 || s.Offset+len(s.Text) > len(text) || text[s.Offset:s.Offset+len(s.Text)] != s.Text {
				t.Fatalf("%q: statement %q is not at %d", text, s.Text, s.Offset)
			}
		}
	})
}

func BenchmarkBind(b *testing.B) {
	const text = "select domain, count(*), sum(amount) from web.events where ts >= '2018-02-01' and ts < '2018-02-08' and site_id in (1, 2, 3) group by 1 order by 2 desc limit 10"
	catalog, env := testTables(), testEnv()
	for b.Loop() {
		s, err := sql.Parse(text)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := sql.Bind(s[0], catalog, env); err != nil {
			b.Fatal(err)
		}
	}
}
