package e2e

import (
	"bytes"
	"context"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

var campaign = flag.Int("campaign", 150, "random queries to compare with PostgreSQL 15")

// TestDifferential answers the queries of testdata/differential/*.sql and -campaign random ones over the demo's
// tables by the hot store, by the cold engine and as the router likes: every answer must be PostgreSQL's. A line of
// a file is a query; "=" before it: the rows come in its order; "?": only their number is told; "# zone Z": the
// session's time zone from here on.
func TestDifferential(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	s := start(t, t.TempDir(), "demo", "--records", "20000", "--sites", "20")
	d := &differential{gate: dialRaw(t, s.url), postgres: dialRaw(t, cluster.DSN())}
	d.copyTables(t)
	files, err := filepath.Glob("testdata/differential/*.sql")
	if err != nil || len(files) == 0 {
		t.Fatalf("no corpus: %v", err)
	}
	for _, f := range files {
		d.corpus(t, f)
	}
	d.random(t, *campaign)
	s.interrupt(t)
}

// differential is Tidegate and PostgreSQL with the same rows.
type differential struct{ gate, postgres *pgconn.PgConn }

func dialRaw(t *testing.T, url string) *pgconn.PgConn {
	t.Helper()
	c, err := pgconn.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

const demoTables = `create schema web;
create table web.events (event_id text, ts timestamptz, site_id int, domain text, path varchar, user_id text,
	referrer text, user_agent text, load_ms int, query text, experiment text, dt text);
create table web.site_daily (dt text, site_id int, pv bigint, uu bigint, timed bigint, load_ms_sum bigint);
set search_path = web`

// copyTables fills PostgreSQL from the demo.
func (d *differential) copyTables(t *testing.T) {
	t.Helper()
	d.must(t, d.postgres, demoTables)
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`)
	for _, table := range []string{"web.events", "web.site_daily"} {
		a := d.must(t, d.gate, "/*+ tidegate engine(cold) */ select * from "+table)
		var text bytes.Buffer
		for _, row := range a.rows {
			for i, cell := range row {
				if i > 0 {
					text.WriteByte('\t')
				}
				if cell == null {
					text.WriteString(`\N`)
				} else {
					text.WriteString(escape.Replace(cell))
				}
			}
			text.WriteByte('\n')
		}
		if _, err := d.postgres.CopyFrom(t.Context(), &text, "copy "+table+" from stdin"); err != nil {
			t.Fatalf("copy %s: %v", table, err)
		}
	}
	d.must(t, d.postgres, "analyze")
}

func (d *differential) must(t *testing.T, c *pgconn.PgConn, query string) *answer {
	t.Helper()
	a, err := ask(t.Context(), c, query)
	if err != nil || a.code != "" {
		t.Fatalf("%s: %v %s", query, err, a.message)
	}
	return a
}

func (d *differential) zone(t *testing.T, zone string) {
	t.Helper()
	d.must(t, d.gate, "set timezone = '"+zone+"'")
	d.must(t, d.postgres, "set timezone = '"+zone+"'")
}

func (d *differential) corpus(t *testing.T, file string) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d.zone(t, "UTC")
	for line := range strings.Lines(string(data)) {
		line = strings.TrimSuffix(line, "\n")
		if zone, ok := strings.CutPrefix(line, "# zone "); ok {
			d.zone(t, zone)
			continue
		}
		if line == "" || line[0] == '#' {
			continue
		}
		d.compare(t, strings.TrimLeft(line, "=?"), line[0] == '=', line[0] == '?')
	}
}

// random compares n queries of the generator, always the same first ones.
func (d *differential) random(t *testing.T, n int) {
	t.Helper()
	zones := []string{"UTC", "America/New_York", "Asia/Kolkata"}
	const seed = 20180215
	g := &generator{r: rand.New(rand.NewPCG(seed, seed))}
	for i := range n {
		if i%50 == 0 {
			d.zone(t, zones[i/50%len(zones)])
		}
		q := g.query()
		d.compare(t, q, strings.Contains(q, " order by ") && strings.Contains(q, " limit "), false)
	}
}

// compare asks all sides. With fewer set only the number of rows is compared.
func (d *differential) compare(t *testing.T, query string, ordered, fewer bool) {
	t.Helper()
	want, err := ask(t.Context(), d.postgres, query)
	if err != nil {
		t.Fatalf("%s: PostgreSQL: %v", query, err)
	}
	for _, hint := range []string{"/*+ tidegate engine(hot) */ ", "/*+ tidegate engine(cold) */ ", ""} {
		got, err := ask(t.Context(), d.gate, hint+query)
		if err != nil {
			t.Fatalf("%s%s: %v", hint, query, err)
		}
		if got.code == "55000" && strings.Contains(got.message, "the hot store cannot answer") {
			continue // it names a column that is not hot
		}
		w := want
		if fewer {
			w = withoutValues(want)
			got = withoutValues(got)
		}
		if diff := compareAnswers(w, got, ordered); diff != "" {
			t.Errorf("%s%s\n%s", hint, query, diff)
		}
	}
}

func withoutValues(a *answer) *answer {
	b := *a
	b.rows = make([][]string, len(a.rows))
	return &b
}
