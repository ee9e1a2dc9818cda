package e2e

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// behindEvents are what checkFreshness delivers.
const behindEvents = 150

// A day's rows while checkFreshness runs: what is there, and, with a latency, how many.
const (
	behindDay   = "2018-02-05"
	behindQuery = "select domain, count(*), sum(load_ms) from web.events where dt = '" + behindDay + "' group by 1 order by 1"
	behindCount = "select /*+ tidegate latency(%s) */ count(*) from web.events where dt = '" + behindDay + "' and load_ms >= 0"
)

// checkFreshness commits a batch while nothing can be loaded: somebody holds the ledger of the hot store. Interactive
// statements read the generation before, hot, and everybody else the batch.
func checkFreshness(t *testing.T, dir string, pg *testkit.Cluster, c *pgx.Conn, notices *noticeList) {
	t.Helper()
	before, rows := table(t, c, behindQuery), one(t, c, fmt.Sprintf(behindCount, "standard"))
	generation := one(t, c, "select max(newest_generation) from tidegate.freshness")
	n, err := strconv.Atoi(rows)
	if err != nil {
		t.Fatal(err)
	}
	after := strconv.Itoa(n + behindEvents)
	load := commitUnloaded(t, dir, pg, c)
	table(t, c, "set tidegate.latency = 'interactive'")
	notices.take()
	if d := cmp.Diff(before, table(t, c, behindQuery)); d != "" {
		t.Errorf("interactive, while the batch is not hot: %s", d)
	}
	if got := notices.take(); got != "" {
		t.Errorf("notices %q", got)
	}
	checkBehindIsTold(t, c, generation)
	for latency, want := range map[string]string{"interactive": rows, "standard": after, "archive": after} {
		if got := one(t, c, fmt.Sprintf(behindCount, latency)); got != want {
			t.Errorf("%s: %s rows, want %s", latency, got, want)
		}
	}
	// A repeatable transaction goes on with the generation of its first statement, whatever the next ones are.
	table(t, c, "begin isolation level repeatable read")
	if d := cmp.Diff(before, table(t, c, behindQuery)); d != "" {
		t.Errorf("in a repeatable transaction: %s", d)
	}
	if got := one(t, c, fmt.Sprintf(behindCount, "standard")); got != rows {
		t.Errorf("in a repeatable transaction that began behind: %s rows, want %s", got, rows)
	}
	table(t, c, "commit")
	notices.take()
	table(t, c, "set tidegate.max_staleness = 0")
	if got := one(t, c, fmt.Sprintf(behindCount, "interactive")); got != after || !strings.Contains(notices.take(), "answered cold: partition dt="+behindDay) {
		t.Errorf("with max_staleness 0: %s rows, want %s and a notice", got, after)
	}
	table(t, c, "reset tidegate.max_staleness")

	load()
	if got := one(t, c, fmt.Sprintf(behindCount, "interactive")); got != after {
		t.Errorf("interactive, when the batch is hot: %s rows, want %s", got, after)
	}
	checkOldGeneration(t, c, generation, before)
	table(t, c, "reset tidegate.latency")
}

// commitUnloaded commits behindEvents and returns when they are behind; load lets them be loaded.
func commitUnloaded(t *testing.T, dir string, pg *testkit.Cluster, c *pgx.Conn) (load func()) {
	t.Helper()
	blocker, err := pgx.Connect(t.Context(), pg.DSN())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { blocker.Close(t.Context()) })
	table(t, blocker, "begin; lock table hot_data.tidegate_load in access exclusive mode")
	lines := make([]string, behindEvents)
	for i := range lines {
		lines[i] = fmt.Sprintf(`{"event_id":"behind-%d","ts":"%sT12:00:00Z","site_id":3,"user_id":"behind","load_ms":7}`, i, behindDay)
	}
	writeObject(t, filepath.Join(dir, "tidegate-data/raw/web/2018/02/20/00/web-logs-1-2018-02-20-00-00-00-behind.gz"), lines...)
	ran := make(chan string, 1)
	go func() {
		code, out, errs := run(t, dir, "etl", "run", "-c", "tidegate-data/demo.yml")
		ran <- fmt.Sprintf("exit %d\n%s%s", code, out, errs)
	}()
	const behind = "select hot_generation < newest_generation and behind_seconds > 0 from tidegate.freshness where table_name = 'web.events'"
	for deadline := time.Now().Add(time.Minute); one(t, c, behind) != "t"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing is behind")
		}
	}
	return func() {
		t.Helper()
		table(t, blocker, "rollback")
		if out := <-ran; !strings.HasPrefix(out, "exit 0\n") {
			t.Errorf("etl run: %s", out)
		}
	}
}

// checkBehindIsTold looks for the generation that is read in the plan and in the query log.
func checkBehindIsTold(t *testing.T, c *pgx.Conn, generation string) {
	t.Helper()
	plan := strings.Join(table(t, c, "explain (route) "+behindQuery), "\n")
	t.Log(plan)
	for _, want := range []string{
		"Route: hot", "Reason: generation " + generation + " is hot-complete; the newest is", " s behind", "Generation: " + generation,
	} {
		if !strings.Contains(plan, want) {
			t.Errorf("the plan does not say %q", want)
		}
	}
	logged := one(t, c, "select route, generation, reason from tidegate.query_log where query like 'select domain%' order by started_at desc limit 1")
	if !strings.HasPrefix(logged, "hot|"+generation+"|generation "+generation+" is hot-complete") {
		t.Errorf("query log: %s", logged)
	}
}

// checkOldGeneration reads a generation by its number: hot still, without the batch.
func checkOldGeneration(t *testing.T, c *pgx.Conn, generation string, want []string) {
	t.Helper()
	table(t, c, "set tidegate.generation = "+generation)
	if d := cmp.Diff(want, table(t, c, behindQuery)); d != "" {
		t.Errorf("generation %s: %s", generation, d)
	}
	if got := route(t, c, behindQuery); got != "hot" {
		t.Errorf("generation %s: route %s, want hot", generation, got)
	}
	table(t, c, "reset tidegate.generation")
	if got := route(t, c, behindQuery); got != "hot" {
		t.Errorf("the newest generation: route %s, want hot", got)
	}
}
