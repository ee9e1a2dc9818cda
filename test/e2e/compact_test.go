package e2e

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCompactBesideReaders compacts three batches and loads the result while statements run: each sees every row once, hot and
// cold, and so does a transaction that began before. Then all is hot again.
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
	for _, hint := range []string{"", "latency(interactive)", "engine(cold)"} {
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
	if got := one(t, pinned, query); got != want {
		t.Errorf("the transaction, afterwards: %s", got)
	}
	for _, hint := range []string{"engine(hot)", "engine(cold)"} {
		if got := one(t, c, hinted(hint)); got != want {
			t.Errorf("%s: %s", hint, got)
		}
	}
	if d := cmp.Diff([]string{"1|60"}, table(t, c, "select files, rows from tidegate.tables")); d != "" {
		t.Errorf("the table (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"committed|4|60"}, table(t, c, "select state, count(*), sum(rows_emitted) from tidegate.batches group by 1")); d != "" {
		t.Errorf("batches (-want +got):\n%s", d)
	}
	checkCompactCommand(t, dir)
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
