package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestBackfillBesideReaders makes four batches again while statements run: each sees every batch as it was or as it is, and
// none twice or not at all; a transaction that began before sees what it saw. Then all is hot again.
func TestBackfillBesideReaders(t *testing.T) {
	t.Parallel()
	dir, hour := hourlySite(t)
	hour(3, 20, `{"id":"nowhere","ts":"2018-02-15T03:00:00Z"}`)
	mustRun(t, dir, "etl", "run", "-c", "t.yml")
	s := start(t, dir, "serve", "-c", "t.yml")
	c, pinned := s.connect(t), s.connect(t)
	const query = "select count(*), count(distinct id), sum(site_id) from web.hits"
	const interactive = "/*+ tidegate latency(interactive) */ "
	if got, at := one(t, c, query), route(t, c, strings.Replace(query, "select ", "select "+interactive, 1)); got != "80|80|40" || at != "hot" {
		t.Fatalf("before: %s, %s", got, at)
	}
	if _, err := pinned.Exec(t.Context(), "begin isolation level repeatable read"); err != nil {
		t.Fatal(err)
	}
	if got := one(t, pinned, query); got != "80|80|40" {
		t.Fatalf("the transaction: %s", got)
	}
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.sql"), "select id::text as id, ts::timestamptz as ts, (site_id::int + 10)::int as site_id from source")
	plan := mustRun(t, dir, "etl", "backfill", "-c", "t.yml", "--from", "2018-02-15", "--to", "2018-02-15", "--dry-run")
	if n := strings.Count(plan, "made by version "); n != 4 {
		t.Errorf("--dry-run shows %d batches:\n%s", n, plan)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	seen := map[string]bool{}
	var mu sync.Mutex
	for _, hint := range []string{"", interactive, "/*+ tidegate engine(cold) */ "} {
		reader := s.connect(t)
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got := one(t, reader, strings.Replace(query, "select ", "select "+hint, 1))
				mu.Lock()
				seen[got] = true
				mu.Unlock()
			}
		})
	}
	out := mustRun(t, dir, "etl", "backfill", "-c", "t.yml", "--from", "2018-02-15", "--to", "2018-02-15")
	close(stop)
	readers.Wait()
	if !strings.Contains(out, "web.hits  4        81 ") {
		t.Errorf("etl backfill:\n%s", out)
	}
	for got := range seen {
		ok := false
		for made := range 5 {
			ok = ok || got == fmt.Sprintf("80|80|%d", 40+200*made)
		}
		if !ok {
			t.Errorf("a statement saw %s", got)
		}
	}
	if got := one(t, pinned, query); got != "80|80|40" {
		t.Errorf("the transaction, afterwards: %s", got)
	}
	for _, tier := range []string{"hot", "cold"} {
		if got := one(t, c, strings.Replace(query, "select ", "select /*+ tidegate engine("+tier+") */ ", 1)); got != "80|80|840" {
			t.Errorf("%s: %s", tier, got)
		}
	}
	if d := cmp.Diff([]string{"committed|4|80", "replaced|4|80"}, table(t, c, "select state, count(*), sum(rows_emitted) from tidegate.batches group by 1 order by 1")); d != "" {
		t.Errorf("batches (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"missing_field(site_id)|1"}, table(t, c, "select reason, line from tidegate.quarantine")); d != "" {
		t.Errorf("quarantine (-want +got):\n%s", d)
	}
	checkBackfillCommand(t, dir)
}

// checkBackfillCommand looks at what else the command says when all is of the present version.
func checkBackfillCommand(t *testing.T, dir string) {
	t.Helper()
	for _, c := range []struct {
		args      []string
		code      int
		out, errs string
	}{
		{nil, 0, "web.hits  0        0 ", ""},
		{[]string{"--dry-run"}, 0, "web.hits  -    -                   0     0      nothing to do", ""},
		{[]string{"--batch", "nonsense"}, 2, "", "has published batch nonsense"},
		{[]string{"--from", "2018"}, 2, "", "--from 2018 is no hour"},
		{[]string{"--select", "web.hit"}, 2, "", "web.hit"},
		{[]string{"--force", "--jobs", "2"}, 0, "web.hits  4        81 ", ""},
	} {
		code, out, errs := run(t, dir, append([]string{"etl", "backfill", "-c", "t.yml"}, c.args...)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
			t.Errorf("%v: exit %d\n%s%s", c.args, code, out, errs)
		}
	}
}
