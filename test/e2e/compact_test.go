package e2e

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// TestCompactBesideReaders compacts three batches while statements run: each sees every row once, cold and hot, and so does a
// transaction that began before. Nothing is loaded for it.
func TestCompactBesideReaders(t *testing.T) {
	t.Parallel()
	dir, _ := hourlySite(t)
	s := start(t, dir, "serve", "-c", "t.yml")
	c, pinned := s.connect(t), s.connect(t)
	const query = "select count(*), count(distinct id), sum(site_id) from web.hits"
	const want = "60|60|30"
	hinted := func(hint string) string {
		return strings.Replace(query, "select ", "select /*+ tidegate "+hint+" */ ", 1)
	}
	if got, at := one(t, c, query), route(t, c, hinted("latency(interactive)")); got != want || at != "hot" {
		t.Fatalf("before: %s, %s", got, at)
	}
	if _, err := pinned.Exec(t.Context(), "begin isolation level repeatable read"); err != nil {
		t.Fatal(err)
	}
	if got := one(t, pinned, query); got != want {
		t.Fatalf("the transaction: %s", got)
	}
	files := table(t, c, "select files, rows from tidegate.tables")
	if d := cmp.Diff([]string{"web.hits dt=2018-02-15 60 3 files into 1"}, planned(t, dir)); d != "" {
		t.Errorf("--dry-run (-want +got):\n%s", d)
	}
	if d := cmp.Diff(files, table(t, c, "select files, rows from tidegate.tables")); d != "" {
		t.Errorf("--dry-run changed something: %s", d)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	var mu sync.Mutex
	reads := map[string]int{}
	const loads = "select batch, load_seq, rows, withdrawn from tidegate.loads order by 2"
	loaded := table(t, c, loads)
	for _, hint := range []string{"", "latency(interactive)", "engine(cold)", "engine(hot)"} {
		reader := s.connect(t)
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				got := one(t, reader, hinted(hint))
				mu.Lock()
				reads[got]++
				mu.Unlock()
			}
		})
	}
	out := mustRun(t, dir, "etl", "compact", "-c", "t.yml", "--all")
	close(stop)
	readers.Wait()
	if !strings.Contains(out, "1 partitions, ") {
		t.Errorf("etl compact:\n%s", out)
	}
	if len(reads) != 1 || reads[want] == 0 {
		t.Errorf("statements saw %v, want only %s", reads, want)
	}
	for _, hint := range []string{"engine(hot)", "engine(cold)"} {
		for who, conn := range map[string]*pgx.Conn{"the transaction": pinned, "afterwards": c} {
			if got := one(t, conn, hinted(hint)); got != want {
				t.Errorf("%s, %s: %s", who, hint, got)
			}
		}
	}
	if d := cmp.Diff(loaded, table(t, c, loads)); d != "" || len(loaded) != 3 {
		t.Errorf("loads (-before +after):\n%s", d)
	}
	if d := cmp.Diff([]string{"1|60"}, table(t, c, "select files, rows from tidegate.tables")); d != "" {
		t.Errorf("the table (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"committed|4|60"}, table(t, c, "select state, count(*), sum(rows_emitted) from tidegate.batches group by 1")); d != "" {
		t.Errorf("batches (-want +got):\n%s", d)
	}
	checkCompactCommand(t, dir)
	checkBackfillOfHot(t, dir, c, hinted("engine(hot)"), want)
}

// TestCompactLoadsFirst compacts three batches that are hot and one that is not yet: that one is loaded before, and all stay hot,
// also when the files that they were loaded from are removed.
func TestCompactLoadsFirst(t *testing.T) {
	t.Parallel()
	dir, hour := hourlySite(t)
	writeFile(t, filepath.Join(dir, "cold.yml"), "data_dir: ./data\nhot: { kind: none }\npipelines: ./pipelines\n")
	hour(3, 20)
	mustRun(t, dir, "etl", "run", "-c", "cold.yml")
	code, out, errs := run(t, dir, "etl", "compact", "-c", "t.yml", "--all", "--json")
	if code != 0 || !json.Valid([]byte(out)) || !strings.Contains(out, `"files":4`) {
		t.Errorf("etl compact ended with %d and printed %s", code, out)
	}
	for _, part := range []string{"hot: 20 rows in 1 batches loaded", "hot: 0 rows in 0 batches loaded"} {
		if !strings.Contains(errs, part) {
			t.Errorf("etl compact does not say %s:\n%s", part, errs)
		}
	}
	mustRun(t, dir, "catalog", "gc", "-c", "t.yml", "--keep", "1", "--age", "0s")
	if files, err := filepath.Glob(filepath.Join(dir, "data/lake/web.hits/*/*/*.parquet")); err != nil || len(files) != 1 {
		t.Errorf("files after the garbage: %v, %v", files, err)
	}
	c := start(t, dir, "serve", "-c", "t.yml").connect(t)
	if d := cmp.Diff([]string{"f|4|80"}, table(t, c, "select withdrawn, count(*), sum(rows) from tidegate.loads group by 1")); d != "" {
		t.Errorf("loads (-want +got):\n%s", d)
	}
	if got := one(t, c, "select /*+ tidegate engine(hot) */ count(*), count(distinct id) from web.hits"); got != "80|80" {
		t.Errorf("hot: %s", got)
	}
}

// checkBackfillOfHot makes the compacted batches again, while they are hot as they were loaded: each row is hot once, and
// nothing of the old loads is left.
func checkBackfillOfHot(t *testing.T, dir string, c *pgx.Conn, query, want string) {
	t.Helper()
	mustRun(t, dir, "etl", "backfill", "-c", "t.yml", "--select", "web.hits", "--force")
	if got := one(t, c, query); got != want {
		t.Errorf("hot after a backfill: %s", got)
	}
	if d := cmp.Diff([]string{"f|1|60", "t|3|60"}, table(t, c, "select withdrawn, count(*), sum(rows) from tidegate.loads group by 1 order by 1")); d != "" {
		t.Errorf("loads after a backfill (-want +got):\n%s", d)
	}
	if got := table(t, c, "call tidegate.verify('web.hits', '')"); len(got) != 1 || !strings.HasPrefix(got[0], "web.hits|dt=2018-02-15|60|60|60|") {
		t.Errorf("verified after a backfill: %v", got)
	}
}

// planned gives what etl compact --all would do.
func planned(t *testing.T, dir string) (all []string) {
	t.Helper()
	out := mustRun(t, dir, "etl", "compact", "-c", "t.yml", "--all", "--dry-run")
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 7 && f[0] != "TABLE" {
			all = append(all, fmt.Sprintf("%s %s %s %s files into %s", f[0], f[1], f[2], f[3], f[5]))
		}
	}
	return all
}

// checkCompactCommand looks at what else the command says when all is compacted.
func checkCompactCommand(t *testing.T, dir string) {
	t.Helper()
	for _, c := range []struct {
		args      []string
		code      int
		out, errs string
	}{
		{[]string{"--all"}, 0, "nothing to do", ""},
		{[]string{"--all", "--json"}, 0, "", ""},
		{[]string{"--from", "2018"}, 2, "", "--from 2018 is no hour"},
		{[]string{"--select", "web.hit"}, 2, "", "web.hit"},
	} {
		code, out, errs := run(t, dir, append([]string{"etl", "compact", "-c", "t.yml"}, c.args...)...)
		if code != c.code || !strings.Contains(out, c.out) || !strings.Contains(errs, c.errs) {
			t.Errorf("%v: exit %d\n%s%s", c.args, code, out, errs)
		}
	}
}
