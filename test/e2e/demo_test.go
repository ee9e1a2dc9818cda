package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/demo"
)

// demoArgs make a small set with every kind of dirt.
var demoArgs = []string{"demo", "--records", "60000", "--sites", "20"}

// truthOf reads what the generator says it made.
func truthOf(t *testing.T, dir string) demo.Truth {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "tidegate-data/raw/web/_demo.json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct{ Truth demo.Truth }
	if err := json.Unmarshal(text, &m); err != nil {
		t.Fatal(err)
	}
	return m.Truth
}

const perDay = "select dt, count(*), count(distinct event_id), sum(load_ms) from web.events group by dt order by dt"

// TestDemo is a user's first hour: the demo, queries to both tiers, a second run of the pipelines, Ctrl-C, the demo
// again.
func TestDemo(t *testing.T) { //nolint:tparallel // the parts are one story
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir, demoArgs...)
	truth := truthOf(t, dir)
	c := s.connect(t)

	t.Run("the truth is in the table", func(t *testing.T) { checkTruth(t, c, truth) })
	t.Run("hot and cold answer alike", func(t *testing.T) { checkTiers(t, c) })
	t.Run("the route is told", func(t *testing.T) { checkRoutes(t, s, c) })
	t.Run("the algebra adds up", func(t *testing.T) { checkAlgebra(t, c, truth) })
	t.Run("the second stage", func(t *testing.T) { checkSiteDaily(t, c) })
	t.Run("errors leave the session alive", func(t *testing.T) { checkErrors(t, c) })
	t.Run("psql browses", func(t *testing.T) { checkPsql(t, s) })
	t.Run("pgx in every mode", func(t *testing.T) { checkPgx(t, s, truth) })
	t.Run("procedures", func(t *testing.T) { checkProcedures(t, s, truth, false) })

	before := table(t, c, perDay)
	t.Run("the pipelines again, while it serves", func(t *testing.T) {
		out := mustRun(t, dir, "etl", "run", "-c", "tidegate-data/demo.yml")
		if !strings.Contains(out, "web.events") {
			t.Errorf("the report does not name the table:\n%s", out)
		}
		if d := cmp.Diff(before, table(t, c, perDay)); d != "" {
			t.Error(d)
		}
		if got := one(t, c, "select count(*) from tidegate.batches where state <> 'committed'"); got != "0" {
			t.Errorf("%s batches are not committed", got)
		}
	})
	generation := one(t, c, "select max(generation) from tidegate.tables")
	held := s.connect(t)
	table(t, held, "begin isolation level repeatable read")
	table(t, held, perDay)
	t.Run("a late object reaches both tiers", func(t *testing.T) { checkLateObject(t, dir, c) })
	if d := cmp.Diff(before, table(t, held, perDay)); d != "" {
		t.Errorf("a repeatable transaction changed: %s", d)
	}
	table(t, held, "rollback")

	after := table(t, c, perDay)
	batches := table(t, c, "select table_name, batch from tidegate.batches order by 1, 2")
	t.Run("Ctrl-C lets a running statement end", func(t *testing.T) { checkDrain(t, s) })
	again := start(t, dir, demoArgs...)
	c = again.connect(t)
	table(t, c, "set tidegate.generation = "+generation)
	if d := cmp.Diff(before, table(t, c, perDay)); d != "" {
		t.Errorf("generation %s after a restart: %s", generation, d)
	}
	table(t, c, "reset tidegate.generation")
	if d := cmp.Diff(after, table(t, c, perDay)); d != "" {
		t.Errorf("after a restart: %s", d)
	}
	if d := cmp.Diff(batches, table(t, c, "select table_name, batch from tidegate.batches order by 1, 2")); d != "" {
		t.Errorf("the second demo made batches: %s", d)
	}
	again.interrupt(t)
}

func checkTruth(t *testing.T, c *pgx.Conn, truth demo.Truth) {
	t.Helper()
	var want []string
	for _, d := range truth.Days {
		want = append(want, fmt.Sprintf("%s|%d|%d|%d", d.Day, d.Rows, d.Rows, d.LoadMS))
	}
	if d := cmp.Diff(want, table(t, c, perDay)); d != "" {
		t.Error(d)
	}
	if got := one(t, c, "select count(*) from web.events"); got != strconv.FormatInt(truth.Rows, 10) {
		t.Errorf("count(*) is %s, want %d", got, truth.Rows)
	}
	var rejects []string
	for _, reason := range slices.Sorted(maps.Keys(truth.Rejected)) {
		rejects = append(rejects, fmt.Sprintf("%s|%d", reason, truth.Rejected[reason]))
	}
	if d := cmp.Diff(rejects, table(t, c, "select reason, count(*) from tidegate.quarantine group by 1 order by 1")); d != "" {
		t.Errorf("quarantine: %s", d)
	}
}

// hotQueries name hot columns only.
var hotQueries = []string{
	"select %s count(*), count(user_id), sum(load_ms), min(ts), max(ts) from web.events",
	"select %s dt, count(*), count(distinct user_id), sum(load_ms) from web.events group by dt order by dt",
	"select %s site_id, domain, avg(load_ms::float8) from web.events where ts >= '2018-02-05' and ts < '2018-02-08' group by 1, 2 order by 1, 2",
	"select %s path, count(*) c from web.events where site_id in (1, 2, 3) and load_ms > 500 group by path order by c desc, path limit 20",
	"select %s a.site_id, a.n, b.n from (select site_id, count(*) n from web.events where dt = '2018-02-03' group by 1) a left join (select site_id, count(*) n from web.events where dt = '2018-02-04' group by 1) b on a.site_id = b.site_id order by 1",
	"select %s ts, site_id, user_id from web.events where load_ms is null order by ts desc nulls last, site_id, user_id limit 30",
	"with d as (select %s dt, sum(load_ms) / count(*) q from web.events group by dt) select dt, q, rank() over (order by q desc) from d order by dt",
	"select %s date_trunc('hour', ts), count(*) from web.events where dt between '2018-02-09' and '2018-02-10' group by 1 order by 1",
	"select %s count(*) from web.events where ts > '2030-01-01'",
}

func checkTiers(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for _, q := range hotQueries {
		hot := fmt.Sprintf(q, "/*+ tidegate engine(hot) */")
		cold := fmt.Sprintf(q, "/*+ tidegate engine(cold) */")
		if d := cmp.Diff(table(t, c, hot), table(t, c, cold)); d != "" {
			t.Errorf("%s\nhot and cold differ: %s", q, d)
		}
		if got := route(t, c, hot); got != "hot" {
			t.Errorf("%s: route %s, want hot", hot, got)
		}
		if got := route(t, c, cold); got != "cold" {
			t.Errorf("%s: route %s, want cold", cold, got)
		}
	}
}

func checkRoutes(t *testing.T, s *server, _ *pgx.Conn) {
	t.Helper()
	var notices []string
	config, err := pgx.ParseConfig(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
	c, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	table(t, c, "set tidegate.latency = 'interactive'")
	for query, want := range map[string]string{
		"select count(*) from web.events where load_ms > 100":    "hot",
		"select count(distinct user_agent) from web.events":      "cold",
		"select count(*) from web.events":                        "local",
		"select * from tidegate.tiers":                           "local",
		"select 1":                                               "local",
		"select user_agent from web.events limit 3":              "cold",
		"select max(ts) from web.events where dt = '2018-02-03'": "local",
	} {
		if got := route(t, c, query); got != want {
			t.Errorf("%s: route %s, want %s", query, got, want)
		}
	}
	notices = nil
	table(t, c, "select count(distinct user_agent) from web.events")
	if len(notices) != 1 || !strings.Contains(notices[0], "column user_agent is not hot") {
		t.Errorf("notices %q, want one that names user_agent", notices)
	}
	lines := table(t, c, "explain (route) select user_agent from web.events where dt = '2018-02-03'")
	for _, label := range []string{"Route: ", "Reason: ", "Generation: ", "As of: ", "Files: ", "Bytes: ", "Estimate: ", "Memory: ", "Cold SQL: "} {
		if !slices.ContainsFunc(lines, func(l string) bool { return strings.HasPrefix(l, label) }) {
			t.Errorf("EXPLAIN (ROUTE) has no line %q:\n%s", label, strings.Join(lines, "\n"))
		}
	}
	if got := one(t, c, "select count(*) > 0 from tidegate.query_log where route = 'cold' and query like '%user_agent%'"); got != "t" {
		t.Error("the query log does not have the cold query")
	}
}

func checkAlgebra(t *testing.T, c *pgx.Conn, truth demo.Truth) {
	t.Helper()
	got := one(t, c, `select sum(rows_read), sum(rows_blank), sum(rows_rejected), sum(rows_filtered), sum(rows_deduplicated), sum(rows_emitted)
		from tidegate.batches where table_name = 'web.events'`)
	want := fmt.Sprintf("%d|%d|%d|%d|%d|%d", truth.Read, truth.Blank, truth.RejectedTotal(), truth.Filtered, truth.Deduplicated, truth.Rows)
	if got != want {
		t.Errorf("batches add up to %s, want %s", got, want)
	}
	tiers := table(t, c, "select tier, columns, rows from tidegate.tiers where table_name = 'web.events' order by tier")
	if d := cmp.Diff([]string{fmt.Sprintf("cold|12|%d", truth.Rows), fmt.Sprintf("hot|7|%d", truth.Rows)}, tiers); d != "" {
		t.Errorf("tiers: %s", d)
	}
}

func checkSiteDaily(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for _, tier := range []string{"hot", "cold"} {
		got := table(t, c, "select /*+ tidegate engine("+tier+") */ dt, site_id, pv, uu from web.site_daily order by dt, site_id")
		want := table(t, c, "select /*+ tidegate engine(cold) */ dt, site_id, count(*), count(distinct user_id) from web.events group by 1, 2 order by 1, 2")
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", tier, d)
		}
	}
}

func checkErrors(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for _, e := range []struct {
		query, code, message string
		position             int32
	}{
		{"select nope from web.events", "42703", `column "nope" does not exist`, 8},
		{"select * from web.nothing", "42P01", `relation "web.nothing" does not exist`, 15},
		{"selec 1", "42601", `syntax error at or near "selec"`, 1},
		{"select 1/0", "22012", "division by zero", 0},
		{"delete from web.events", "0A000", "", 0},
		{"create table x (a int)", "0A000", "", 0},
		{"select * from read_parquet('/etc/passwd')", "42883", "", 0},
		{"select read_text('/etc/passwd')", "42883", "", 0},
	} {
		_, err := c.Exec(t.Context(), e.query, pgx.QueryExecModeSimpleProtocol)
		pg, ok := err.(*pgconn.PgError) //nolint:errorlint // pgx gives it bare in this mode
		if !ok {
			t.Errorf("%s: %v, want a PostgreSQL error", e.query, err)
			continue
		}
		if pg.Code != e.code || e.message != "" && pg.Message != e.message || e.position != 0 && pg.Position != e.position {
			t.Errorf("%s: %s %q at %d, want %s %q at %d", e.query, pg.Code, pg.Message, pg.Position, e.code, e.message, e.position)
		}
	}
	if got := one(t, c, "select 1"); got != "1" {
		t.Errorf("after errors: %s", got)
	}
}

func checkPsql(t *testing.T, s *server) {
	t.Helper()
	psql, err := exec.LookPath("psql")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("psql is not installed")
		}
		t.Skip("left out: psql is not installed")
	}
	for _, c := range []struct {
		command string
		want    []string
	}{
		{`\dt`, []string{"web", "events", "site_daily", "table"}},
		{`\dt web.*`, []string{"web", "events", "site_daily", "table"}},
		{`\d web.events`, []string{`Table "web.events"`, "event_id", "timestamp with time zone", "integer", "dt"}},
		{`\d+ web.events`, []string{"Number of the site"}},
		{`\dt+ web.events`, []string{"Page views, one row per event"}},
		{`\d`, []string{"events", "site_daily"}},
		{`\d events`, []string{`Table "web.events"`}},
		{`\dn`, []string{"web", "tidegate"}},
		{`\dv tidegate.*`, []string{"tiers", "query_log"}},
		{`\l`, []string{"tidegate"}},
		{`\du`, nil},
		{`select 7/2 as half, 'x' as "?"`, []string{"half", "3"}},
		{`select count(*), 1 from web.events limit 1`, []string{"count", "?column?"}},
	} {
		out, err := exec.Command(psql, "-X", "-v", "ON_ERROR_STOP=1", s.URL, "-c", c.command).CombinedOutput()
		if err != nil {
			t.Errorf("psql %s: %v\n%s", c.command, err, out)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(string(out), want) {
				t.Errorf("psql %s does not show %q:\n%s", c.command, want, out)
			}
		}
	}
}

func checkPgx(t *testing.T, s *server, truth demo.Truth) {
	t.Helper()
	for _, mode := range []pgx.QueryExecMode{
		pgx.QueryExecModeCacheStatement, pgx.QueryExecModeCacheDescribe, pgx.QueryExecModeDescribeExec,
		pgx.QueryExecModeExec, pgx.QueryExecModeSimpleProtocol,
	} {
		t.Run(mode.String(), func(t *testing.T) {
			c := s.connect(t)
			var n int64
			err := c.QueryRow(t.Context(), "select count(*) from web.events where ts >= $1 and dt < $2", mode, "2018-01-01", "2019-01-01").Scan(&n)
			if err != nil || n != truth.Rows {
				t.Errorf("got %d, %v, want %d", n, err, truth.Rows)
			}
			rows, err := c.Query(t.Context(), "select site_id, domain, ts, load_ms from web.events where site_id = $1 order by event_id limit 5", mode, 3)
			if err != nil {
				t.Fatal(err)
			}
			count := 0
			for rows.Next() {
				v, err := rows.Values()
				if err != nil || v[0] != int32(3) {
					t.Fatalf("row %v, %v", v, err)
				}
				count++
			}
			if rows.Err() != nil || count != 5 {
				t.Errorf("%d rows, %v", count, rows.Err())
			}
		})
	}
}
