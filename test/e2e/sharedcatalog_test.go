package e2e

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/testkit"
)

// sharedSite is a lake and a pipeline that processes with data folders of their own share through a catalog in PostgreSQL.
type sharedSite struct {
	dir     string
	cluster *testkit.Cluster
}

func newSharedSite(t *testing.T, hot string, names ...string) *sharedSite {
	t.Helper()
	s := &sharedSite{dir: t.TempDir(), cluster: testkit.Postgres(t)}
	writeFile(t, filepath.Join(s.dir, "pipelines/web/hits.sql"), "select id::text as id, ts::timestamptz as ts, site_id::int as site_id from source")
	writeHits(t, s.dir, "warn", "id, ts, site_id")
	writeFile(t, filepath.Join(s.dir, "pipelines/web/daily.sql"), "select dt, site_id, count(*)::bigint as hits from web.hits group by dt, site_id")
	writeFile(t, filepath.Join(s.dir, "pipelines/web/daily.yml"), "table: web.daily\npartition_by: [dt]\n")
	location := "postgres://postgres@/postgres?sslmode=disable&search_path=shared&host=" + url.QueryEscape(s.cluster.Dir)
	for _, name := range names {
		writeFile(t, filepath.Join(s.dir, name+".yml"), fmt.Sprintf(
			"data_dir: ./%s\ncatalog: %s\nlake: { location: \"file:./lake\" }\nhot: %s\npipelines: ./pipelines\n", name, location, hot))
	}
	return s
}

// hour writes an object with rows of one hour.
func (s *sharedSite) hour(t *testing.T, hour, rows int) {
	t.Helper()
	lines := make([]string, rows)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"id":"%d-%d","ts":"2018-02-15T%02d:00:00Z","site_id":%d}`, hour, i, hour, i%2)
	}
	writeObject(t, filepath.Join(s.dir, fmt.Sprintf("raw/%02d.gz", hour)), lines...)
}

// TestSharedCatalog has two gateways on one catalog in PostgreSQL see what an etl run of a third process committed, keep
// the files that a cursor of one of them reads, and find everything again after the catalog was made anew.
func TestSharedCatalog(t *testing.T) {
	t.Parallel()
	site := newSharedSite(t, "{ kind: none }", "etl", "a", "b")
	site.hour(t, 0, 20)
	mustRun(t, site.dir, "config", "check", "-c", "etl.yml")
	mustRun(t, site.dir, "etl", "run", "-c", "etl.yml")
	a, b := start(t, site.dir, "serve", "-c", "a.yml"), start(t, site.dir, "serve", "-c", "b.yml")
	clients := map[string]*server{"a": a, "b": b}
	sees := func(want string) {
		t.Helper()
		for name, s := range clients {
			if got := one(t, s.connect(t), "select count(*) from web.hits where site_id < 7"); got != want {
				t.Errorf("gateway %s sees %s rows, want %s", name, got, want)
			}
			if got := one(t, s.connect(t), "select sum(hits) from web.daily"); got != want {
				t.Errorf("gateway %s sees %s daily hits, want %s", name, got, want)
			}
		}
	}
	sees("20")
	reader := b.connect(t)
	for _, statement := range []string{"begin", "declare c no scroll cursor for select dt, site_id, hits from web.daily order by site_id"} {
		if _, err := reader.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	first := table(t, reader, "fetch 1 from c")
	site.hour(t, 1, 20)
	mustRun(t, site.dir, "etl", "run", "-c", "etl.yml")
	sees("40") // at once: the run has ended

	gc := func() string {
		t.Helper()
		return mustRun(t, site.dir, "catalog", "gc", "-c", "etl.yml", "--keep", "1", "--age", "0s")
	}
	if out := gc(); !strings.HasPrefix(out, "0 files") {
		t.Errorf("while a cursor of a gateway is open: %s", out)
	}
	if d := cmp.Diff([]string{"2018-02-15|0|10", "2018-02-15|1|10"}, append(first, table(t, reader, "fetch all from c")...)); d != "" {
		t.Errorf("the cursor (-before +read):\n%s", d)
	}
	if _, err := reader.Exec(t.Context(), "commit"); err != nil {
		t.Fatal(err)
	}
	out := gc()
	for deadline := time.Now().Add(time.Minute); strings.HasPrefix(out, "0 files") && time.Now().Before(deadline); out = gc() {
		time.Sleep(time.Second) // the gateway tells it within seconds
	}
	if !strings.HasPrefix(out, "1 files") {
		t.Errorf("afterwards: %s", out)
	}
	sees("40")
	site.rebuild(t, a, b)
}

// rebuild loses the catalog and makes it anew, and asks one of the gateways again.
func (s *sharedSite) rebuild(t *testing.T, gateways ...*server) {
	t.Helper()
	code, _, errs := run(t, s.dir, "catalog", "rebuild", "-c", "etl.yml")
	if code != 2 || !strings.Contains(errs, "ALTER SCHEMA shared RENAME TO") {
		t.Errorf("over a catalog: exit %d, %s", code, errs)
	}
	const queries = "select * from web.daily order by 1, 2; select table_name, batch, revision, rows_emitted from tidegate.batches order by 1, 2"
	before := table(t, gateways[0].connect(t), queries)
	for _, g := range gateways {
		g.interrupt(t)
	}
	if _, err := s.cluster.Connect(t).Exec(t.Context(), "ALTER SCHEMA shared RENAME TO lost"); err != nil {
		t.Fatal(err)
	}
	if out := mustRun(t, s.dir, "catalog", "rebuild", "-c", "etl.yml"); !strings.Contains(out, "web.daily") {
		t.Errorf("the report does not name the tables:\n%s", out)
	}
	again := start(t, s.dir, "serve", "-c", "a.yml")
	if d := cmp.Diff(before, table(t, again.connect(t), queries)); d != "" {
		t.Errorf("after the rebuilding (-before +after):\n%s", d)
	}
	var schemas []string
	err := s.cluster.Connect(t).QueryRow(t.Context(), `SELECT array_agg(nspname::text ORDER BY nspname) FROM pg_namespace WHERE nspname ~ '^(shared|lost)'`).Scan(&schemas)
	if d := cmp.Diff([]string{"lost", "shared"}, schemas); err != nil || d != "" {
		t.Errorf("schemas: %s", errors.Join(err, errors.New(d)))
	}
}

// TestSharedHotStore: of two machines one keeps the hot store. What an etl run of the other commits is brought there by the
// keeper, and a gateway that would keep it too is told who does.
func TestSharedHotStore(t *testing.T) {
	t.Parallel()
	site := newSharedSite(t, "{ kind: embedded }", "etl", "a", "b")
	site.hour(t, 0, 20)
	a := start(t, site.dir, "serve", "-c", "a.yml")
	if out := mustRun(t, site.dir, "etl", "run", "-c", "etl.yml"); strings.Contains(out, "has not brought all rows") {
		t.Errorf("the keeper was not waited for:\n%s", out)
	}
	const hot = "/*+ tidegate engine(hot) */ select count(*) from web.hits where site_id < 7"
	if got := one(t, a.connect(t), hot); got != "20" {
		t.Errorf("%s rows are hot after the run", got)
	}
	code, _, errs := run(t, site.dir, "serve", "-c", "b.yml")
	if host, err := os.Hostname(); err != nil || code != 1 || !strings.Contains(errs, host+":"+filepath.Join(site.dir, "a")) {
		t.Errorf("a second keeper: exit %d\n%s", code, errs)
	}
	a.interrupt(t)
	b := start(t, site.dir, "serve", "-c", "b.yml") // at once: the keeper has given it back
	if got := one(t, b.connect(t), "select count(*) from web.hits where site_id < 7"); got != "20" {
		t.Errorf("the next keeper has %s rows", got)
	}
	if got := one(t, b.connect(t), hot); got != "20" {
		t.Errorf("%s rows are hot with the next keeper", got)
	}
}
