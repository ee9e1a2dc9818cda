package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

// hotOnlyTables is what the warehouse has before Tidegate comes.
const hotOnlyTables = `
	create table public.sites (site_id int primary key, name varchar(40) not null, price numeric(12,2), opened date);
	insert into public.sites select i, 'site ' || i, i * 1.25, date '2018-01-01' + i from generate_series(1, 20) i;
	create schema sales;
	create view sales.cheap as select site_id, price from public.sites where price < 5;
	create table sales.odd (id int, at point, kind text);
	insert into sales.odd values (1, '(1,2)', 'a');
	create schema web;
	create table web.events (nobody int)`

// direct runs statements in the warehouse itself.
func direct(t *testing.T, dsn, script string) {
	t.Helper()
	c, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close(t.Context())
	if _, err := c.Exec(t.Context(), script, pgx.QueryExecModeSimpleProtocol); err != nil {
		t.Fatal(err)
	}
}

// TestHotOnly runs the demo before a warehouse that has tables of its own.
func TestHotOnly(t *testing.T) { //nolint:tparallel // the parts are one story
	t.Parallel()
	pg := testkit.Postgres(t)
	direct(t, pg.DSN(), hotOnlyTables)
	proxy := testkit.NewProxy(t, pg, nil)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate-data/demo.yml"), fmt.Sprintf(
		"data_dir: ./tidegate-data\npipelines: ./tidegate-data/pipelines\nhot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }\n", proxy.URL()))
	s := start(t, dir, demoArgs...)
	direct(t, pg.DSN(), "create view sales.stolen as select * from hot_data.web__events")
	c := s.connect(t)

	t.Run("read", func(t *testing.T) { checkHotOnlyReads(t, c) })
	t.Run("psql", func(t *testing.T) { checkHotOnlyListed(t, s) })
	t.Run("down", func(t *testing.T) { checkHotOnlyDown(t, proxy, c) })
	if logs := s.logs.String(); strings.Count(logs, "a table of the lake hides a relation of the warehouse") != 1 {
		t.Errorf("the hidden table is not told once:\n%s", logs)
	}
	s.interrupt(t)
}

func checkHotOnlyReads(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for query, want := range map[string]string{
		"select * from sites where site_id = 3":                                            "3|site 3|3.75|2018-01-04",
		"select count(*), sum(price), max(opened) from public.sites":                       "20|262.50|2018-01-21",
		"select count(*) from sales.cheap c join sites s using (site_id)":                  "3",
		"select id, kind from sales.odd":                                                   "1|a",
		"select count(*) from (select * from sales.odd) o":                                 "1",
		"select count(distinct s.name) > 0 from web.events e join sites s using (site_id)": "t",
		"select count(*) > 10 from web.events":                                             "t",
	} {
		if got := one(t, c, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if got := route(t, c, "select * from sites"); got != "hot" {
		t.Errorf("route %s", got)
	}
	if plan := strings.Join(table(t, c, "explain (route) select name from sites"), "\n"); !strings.Contains(plan, "Reason: relation public.sites is hot-only") {
		t.Errorf("plan:\n%s", plan)
	}
	for query, want := range map[string]string{
		"select * from sales.odd":                                            "0A000: column sales.odd.at, whose type is point, is not supported yet",
		"select at from (select * from sales.odd) o":                         "0A000: column sales.odd.at, whose type is point, is not supported yet",
		"select e.user_agent from web.events e join sites s using (site_id)": "0A000: web.events and hot-only public.sites cannot be read together: column user_agent is not hot",
		"select count(*) from sites, pg_catalog.pg_class":                    "0A000: a query over tables and system relations at once",
		"select /*+ tidegate engine(cold) */ * from sites":                   "0A000: relation public.sites is hot-only",
		"select * from only sites":                                           "0A000: ONLY is not supported yet",
		"select * from sales.stolen":                                         `42P01: relation "sales.stolen" does not exist`,
		"select * from hot_data.web__events":                                 `42P01: relation "hot_data.web__events" does not exist`,
		"select nobody from web.events":                                      `42703: column "nobody" does not exist`,
	} {
		if got := failure(t, c, query); !strings.HasPrefix(got, want) {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	checkHotOnlyCursor(t, c)
}

// failure gives "SQLSTATE: message" of a statement that must fail.
func failure(t *testing.T, c *pgx.Conn, query string) string {
	t.Helper()
	_, err := c.PgConn().Exec(t.Context(), query).ReadAll()
	p, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		t.Fatalf("%s: %v, want an error of the server", query, err)
	}
	return p.Code + ": " + p.Message
}

func checkHotOnlyCursor(t *testing.T, c *pgx.Conn) {
	t.Helper()
	table(t, c, "begin")
	table(t, c, "declare k cursor for select site_id from sites order by 1")
	table(t, c, "move 5 from k")
	if got := strings.Join(table(t, c, "fetch 3 from k"), ","); got != "6,7,8" {
		t.Errorf("fetch gives %s", got)
	}
	table(t, c, "commit")
	var name string
	if err := c.QueryRow(t.Context(), "select name from sites where site_id = $1 and price > $2", 7, 2.5).Scan(&name); err != nil || name != "site 7" {
		t.Errorf("with parameters: %q, %v", name, err)
	}
}

func checkHotOnlyListed(t *testing.T, s *server) {
	t.Helper()
	for command, want := range map[string][]string{
		`\dt`:           {"public | sites", "sales  | odd", "web    | events"},
		`\dv sales.*`:   {"cheap"},
		`\d sites`:      {"site_id | integer", "character varying(40)", "numeric(12,2)"},
		`\d sales.odd`:  {"at     | point"},
		`\d web.events`: {"user_agent"},
	} {
		out := psql(t, s, command)
		for _, w := range want {
			if !strings.Contains(out, w) {
				t.Errorf("psql %s does not show %q:\n%s", command, w, out)
			}
		}
		if strings.Contains(out, "stolen") || strings.Contains(out, "web__events") {
			t.Errorf("psql %s shows what it must not:\n%s", command, out)
		}
	}
}

// psql runs one command and gives its output.
func psql(t *testing.T, s *server, command string) string {
	t.Helper()
	out, err := exec.Command(testkit.Psql(t), "-X", "-v", "ON_ERROR_STOP=1", s.url, "-c", command).CombinedOutput()
	if err != nil {
		t.Errorf("psql %s: %v\n%s", command, err, out)
	}
	return string(out)
}

// checkHotOnlyDown takes the warehouse away: what it alone has cannot be read, and is still listed.
func checkHotOnlyDown(t *testing.T, proxy *testkit.Proxy, c *pgx.Conn) {
	t.Helper()
	proxy.SetDown(true)
	for range 2 {
		got := failure(t, c, "select * from sites")
		if !strings.HasPrefix(got, "08006: the hot store") && !strings.HasPrefix(got, "57P03: relation public.sites is hot-only and the hot store is down") {
			t.Errorf("down: %s", got)
		}
		time.Sleep(100 * time.Millisecond)
	}
	if got := one(t, c, "select count(*) from pg_catalog.pg_class where relname = 'sites'"); got != "1" {
		t.Errorf("listed %s times", got)
	}
	proxy.SetDown(false)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if _, err := c.Exec(t.Context(), "select * from sites"); err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the warehouse does not come back")
		}
	}
}
