package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// TestHotPostgres runs the demo with a PostgreSQL as its hot store, takes the store away in mid-session and gives it
// back.
func TestHotPostgres(t *testing.T) { //nolint:tparallel // the parts are one story
	t.Parallel()
	var hangs atomic.Bool
	pg := testkit.Postgres(t)
	proxy := testkit.NewProxy(t, pg, func([]byte) testkit.Fate {
		if hangs.Load() {
			return testkit.Swallow
		}
		return testkit.Forward
	})
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate-data/demo.yml"), fmt.Sprintf(
		"data_dir: ./tidegate-data\npipelines: ./tidegate-data/pipelines\nhot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }\n", proxy.URL()))
	s := start(t, dir, demoArgs...)
	truth := truthOf(t, dir)
	notices := &noticeList{}
	c := notices.connect(t, s)

	t.Run("the truth is in the table", func(t *testing.T) { checkTruth(t, c, truth) })
	t.Run("hot and cold answer alike", func(t *testing.T) { checkTiers(t, c) })
	t.Run("the route is told", func(t *testing.T) { checkRoutes(t, s, c) })
	t.Run("the second stage", func(t *testing.T) { checkSiteDaily(t, c) })
	t.Run("pgx in every mode", func(t *testing.T) { checkPgx(t, s, truth) })
	t.Run("procedures", func(t *testing.T) { checkProcedures(t, s, truth, true) })
	t.Run("in binary, with a limit", func(t *testing.T) { checkHotPortal(t, c) })
	t.Run("cursors", func(t *testing.T) { checkHotCursor(t, c) })
	t.Run("a cursor keeps no connection", func(t *testing.T) { checkHotCursorIsLeft(t, proxy.URL(), c) })
	t.Run("a late object reaches both tiers", func(t *testing.T) { checkLateObject(t, dir, c) })
	t.Run("interactive may be behind", func(t *testing.T) { checkFreshness(t, dir, pg, c, notices) })
	t.Run("verify", func(t *testing.T) {
		out := mustRun(t, dir, "hot", "verify", "-c", "tidegate-data/demo.yml")
		if !strings.Contains(out, "web.events") {
			t.Errorf("verify says nothing of the table:\n%s", out)
		}
		out = mustRun(t, dir, "hot", "status", "-c", "tidegate-data/demo.yml")
		if !strings.Contains(out, "hot store: up") {
			t.Errorf("status:\n%s", out)
		}
	})
	t.Run("hot goes and comes back", func(t *testing.T) { checkHotDown(t, s, proxy, c, notices) })
	t.Run("hot hangs", func(t *testing.T) { checkHotHangs(t, &hangs, c, notices) })
	s.interrupt(t)
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// noticeList keeps what a session was told.
type noticeList struct {
	mu   sync.Mutex
	list []string // guarded by mu
}

func (n *noticeList) connect(t *testing.T, s *server) *pgx.Conn {
	t.Helper()
	config, err := pgx.ParseConfig(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, m *pgconn.Notice) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.list = append(n.list, m.Message)
	}
	c, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(t.Context()) })
	return c
}

func (n *noticeList) take() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := strings.Join(n.list, "\n")
	n.list = nil
	return all
}

// checkHotPortal reads a hot result in pieces and in binary.
func checkHotPortal(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for _, tier := range []string{"hot", "cold"} {
		query := "select /*+ tidegate engine(" + tier + ") */ ts, site_id, domain, user_id, load_ms, dt from web.events order by ts, site_id, user_id, load_ms limit 500"
		rows, err := c.Query(t.Context(), query)
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for rows.Next() {
			v, err := rows.Values()
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := v[0].(time.Time); !ok {
				t.Fatalf("%s: ts is a %T", tier, v[0])
			}
			n++
		}
		if rows.Err() != nil || n != 500 {
			t.Errorf("%s: %d rows, %v", tier, n, rows.Err())
		}
	}
}

// checkHotCursor reads a hot result by FETCH and MOVE.
func checkHotCursor(t *testing.T, c *pgx.Conn) {
	t.Helper()
	read := func(tier string) []string {
		var all []string
		table(t, c, "begin")
		table(t, c, "declare k cursor for select /*+ tidegate engine("+tier+") */ ts, site_id, user_id from web.events order by ts, site_id, user_id limit 50")
		for _, fetch := range []string{"fetch 10 from k", "move 5 from k", "fetch 1 from k", "fetch all from k"} {
			all = append(all, table(t, c, fetch)...)
		}
		table(t, c, "commit")
		return all
	}
	hot, cold := read("hot"), read("cold")
	if d := cmp.Diff(cold, hot); d != "" || len(hot) != 45 {
		t.Errorf("%d rows: %s", len(hot), d)
	}
}

// checkHotCursorIsLeft reads a row of a large hot result, and the rest when the server has done with it.
func checkHotCursorIsLeft(t *testing.T, hot string, c *pgx.Conn) {
	t.Helper()
	const n = 300_000
	table(t, c, "begin")
	table(t, c, fmt.Sprintf("declare k cursor for select /*+ tidegate engine(hot) */ e.ts, e.path, d.dt, d.pv from web.events e cross join web.site_daily d limit %d", n))
	table(t, c, "fetch 1 from k")
	server, err := pgx.Connect(t.Context(), hot)
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close(t.Context())
	for {
		var busy int
		err := server.QueryRow(t.Context(), "select count(*) from pg_stat_activity where application_name = 'tidegate' and state <> 'idle'").Scan(&busy)
		if err != nil {
			t.Fatal(err)
		}
		if busy == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if got := len(table(t, c, "fetch all from k")); got != n-1 {
		t.Errorf("%d rows behind the first, want %d", got, n-1)
	}
	table(t, c, "commit")
}

// checkHotDown cuts the store off: the next query is answered cold at once and says so; later it is hot again.
func checkHotDown(t *testing.T, s *server, store interface{ SetDown(down bool) }, c *pgx.Conn, notices *noticeList) {
	t.Helper()
	const query = "select domain, count(*), sum(load_ms) from web.events where load_ms > 10 group by 1 order by 1"
	table(t, c, "set tidegate.latency = 'interactive'")
	want := table(t, c, query)
	if got := route(t, c, query); got != "hot" {
		t.Fatalf("route %s, want hot", got)
	}
	notices.take()
	store.SetDown(true)
	began := time.Now()
	if d := cmp.Diff(want, table(t, c, query)); d != "" {
		t.Errorf("answers differ: %s", d)
	}
	t.Logf("the first query took %s", time.Since(began))
	if got := notices.take(); !strings.Contains(got, "answered cold: ") {
		t.Errorf("notices %q", got)
	}
	if d := cmp.Diff(want, table(t, c, query)); d != "" {
		t.Errorf("answers differ: %s", d)
	}
	if got := notices.take(); !strings.Contains(got, "the hot store is down") {
		t.Errorf("notices %q", got)
	}
	if code, text := s.ask(t, "/readyz"); code != 200 || !strings.HasPrefix(text, "degraded\nhot store: ") || s.metric(t, "tidegate_hot_up") != 0 {
		t.Errorf("while it is down, readyz is %d %q and the gauge not 0", code, text)
	}
	_, err := c.Exec(t.Context(), "select /*+ tidegate engine(hot) */ count(*) from web.events where load_ms > 10", pgx.QueryExecModeSimpleProtocol)
	if err == nil || !strings.Contains(err.Error(), "hot store") {
		t.Errorf("engine(hot): %v", err)
	}
	store.SetDown(false)
	for deadline := time.Now().Add(20 * time.Second); route(t, c, query) != "hot"; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the hot store does not come back")
		}
	}
	if d := cmp.Diff(want, table(t, c, query)); d != "" {
		t.Errorf("answers differ: %s", d)
	}
}

// checkHotHangs has the store take everything and answer nothing: a statement that it was given already is answered
// cold. Without patience it would wait for ever.
func checkHotHangs(t *testing.T, hangs *atomic.Bool, c *pgx.Conn, notices *noticeList) {
	t.Helper()
	const query = "select domain, count(*), max(load_ms) from web.events where load_ms > 10 group by 1 order by 1"
	want := table(t, c, query)
	if got := route(t, c, query); got != "hot" {
		t.Fatalf("route %s, want hot", got)
	}
	notices.take()
	hangs.Store(true)
	began := time.Now()
	if d := cmp.Diff(want, table(t, c, query)); d != "" {
		t.Errorf("answers differ: %s", d)
	}
	t.Logf("the first query took %s", time.Since(began))
	if got := notices.take(); !strings.Contains(got, "answered cold: ") {
		t.Errorf("notices %q", got)
	}
	hangs.Store(false)
}

// checkHotAltered renames a column of the hot table and gives it its name back: meanwhile queries are answered cold and
// a NOTICE says what differs.
func checkHotAltered(t *testing.T, url, schema string, c *pgx.Conn, notices *noticeList) {
	t.Helper()
	const query = "select domain, count(*), sum(load_ms) from web.events where load_ms > 10 group by 1 order by 1"
	table(t, c, "set tidegate.latency = 'interactive'")
	want := table(t, c, query)
	if got := route(t, c, query); got != "hot" {
		t.Fatalf("route %s, want hot", got)
	}
	until := func(what string, true func() bool) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); !true(); time.Sleep(50 * time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("never: %s; notices %q", what, notices.take())
			}
		}
	}
	notices.take()
	alter := func(from, to string) {
		direct(t, url, fmt.Sprintf(`alter table %s."web__events" rename column %s to %s`, schema, from, to))
	}
	alter("domain", "theirs")
	if d := cmp.Diff(want, table(t, c, query)); d != "" {
		t.Errorf("answers differ: %s", d)
	}
	if got := notices.take(); !strings.Contains(got, "answered cold: ") {
		t.Errorf("notices %q", got)
	}
	until("a NOTICE with the difference", func() bool {
		table(t, c, query)
		return strings.Contains(notices.take(), "answered cold: hot table \""+schema+"\".\"web__events\" was altered: its column domain is missing")
	})
	alter("theirs", "domain")
	until("hot again", func() bool { return route(t, c, query) == "hot" })
	if d := cmp.Diff(want, table(t, c, query)); d != "" {
		t.Errorf("answers differ: %s", d)
	}
}
