package e2e

import (
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
		"data_dir: ./tidegate-data\npipelines: ./tidegate-data/pipelines\nhot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }\n"+
			"users: [ { name: demo, role: loader } ]\nroles: { loader: { grants: [warehouse_write] }, public: { grants: [select on all tables] } }\n", proxy.URL()))
	s := start(t, dir, demoArgs...)
	direct(t, pg.DSN(), "create view sales.stolen as select * from hot_data.web__events")
	c := s.connect(t)

	t.Run("read", func(t *testing.T) { checkHotOnlyReads(t, c) })
	t.Run("psql", func(t *testing.T) { checkHotOnlyListed(t, s) })
	t.Run("written with psql", func(t *testing.T) { checkHotOnlyStory(t, s) })
	t.Run("out of reach", func(t *testing.T) { checkOutOfReach(t, s, pg.DSN()) })
	t.Run("down", func(t *testing.T) { checkHotOnlyDown(t, proxy, c) })
	if logs := s.Logs.String(); strings.Count(logs, "a table of the lake hides a relation of the warehouse") != 1 {
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
	out, err := exec.Command(testkit.Psql(t), "-X", "-v", "ON_ERROR_STOP=1", s.URL, "-c", command).CombinedOutput()
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

// hotOnlyStory is what somebody does with a table of their own beside the lake's.
const hotOnlyStory = `\set ON_ERROR_STOP 1
create table targets (site_id int primary key, goal int not null, note text default 'none');
insert into targets (site_id, goal) select site_id, site_id * 10 from sites where site_id <= 5 returning site_id;
\dt targets
\d targets
select a.site_id, b.goal from targets a join targets b using (site_id) order by 1 limit 2;
select t.site_id, count(*) > 0 as seen, count(distinct e.user_id) > 0 as users
  from targets t join web.events e using (site_id) group by 1 order by 1 limit 2;
begin;
update targets set goal = 0;
select sum(goal) from targets;
select count(*) > 100 as many from web.events;
savepoint s;
delete from targets;
select count(*) from targets;
rollback to s;
select count(*), sum(goal) from targets;
rollback;
select sum(goal) from targets;
create temp table mine as select site_id, goal from targets where goal > 20;
select count(*), count(e.site_id) > 0 as joined from mine m left join web.events e using (site_id) where e.dt is null or e.dt > '';
select count(*) from mine;
drop table mine;
explain (route) update targets set goal = 1;
`

func checkHotOnlyStory(t *testing.T, s *server) {
	t.Helper()
	script := exec.Command(testkit.Psql(t), "-X", "-A", "-t", "-q", s.URL)
	script.Stdin = strings.NewReader(hotOnlyStory)
	out, err := script.CombinedOutput()
	got := string(out)
	for _, want := range []string{
		"1\n2\n3\n4\n5\n", "public|targets|table|tidegate", "goal|integer||not null|", "1|10\n2|20\n", "1|t|t\n2|t|t\n",
		"\n0\nt\n0\n5|0\n150\n", "|t\n3\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the story lacks %q", want)
		}
	}
	// The last line cannot be run: it says so and ends the script.
	if _, failed := errors.AsType[*exec.ExitError](err); !failed || !strings.Contains(got, "EXPLAIN of UPDATE is not supported") {
		t.Errorf("the end: %v", err)
	}
	if t.Failed() {
		t.Logf("psql said:\n%s", got)
	}
	if out := psql(t, s, "drop table targets"); !strings.Contains(out, "DROP TABLE") {
		t.Errorf("drop: %s", out)
	}
	if out := psql(t, s, `\dt targets`); !strings.Contains(out, "Did not find any relation") {
		t.Errorf("the table is still shown:\n%s", out)
	}
}

// outOfReach are statements of a user who may write that must not get at the lake's hot copy, the server or other
// sessions, in the forms that a client has beside plain statements. What the parser and the lists refuse is tested in
// package sql; here the session's own ways are tried.
var outOfReach = []string{
	"set search_path = hot_data, public; insert into web__events (site_id) values (1)",
	"set search_path = hot_data; delete from web__events",
	"set search_path = hot_data; create table x (id int)",
	"set search_path = pg_catalog; create table x (id int)",
	"set search_path = pg_catalog; delete from pg_authid",
	"set search_path = web; delete from events",
	"set search_path = \"$user\", hot_data; drop table web__events",
	"set session authorization nobody; select 1; insert into web.events (site_id) values (1)",
	"prepare x as delete from hot_data.web__events",
	"prepare x as delete from web.events",
	"prepare x (text) as insert into sites (site_id, name) select 999, pg_read_file($1)",
	"begin; create table escaped (id int); insert into escaped select site_id from hot_data.web__events",
	"begin; savepoint s; delete from hot_data.web__events; rollback to s",
	"create temp table web__events (site_id int); insert into hot_data.web__events select * from web__events",
	"create temp table escaped as select * from hot_data.web__events",
	"create view escaped as select * from hot_data.web__events",
	"create view escaped as select 1 as x; create or replace view escaped as select * from web.events",
	"create or replace view sales.stolen as select 1 as x",
	"drop view sales.stolen",
	"drop view if exists sales.stolen",
	"insert into sales.stolen (site_id) values (1)",
	"insert into sales.cheap values (1, 1)",
	"create table sales.stolen (id int)",
	"alter table sites rename to stolen; alter table stolen set schema hot_data",
	"declare c cursor for select * from hot_data.web__events",
	"begin; declare c cursor for delete from sites returning 1",
	"copy hot_data.web__events from stdin", "copy (select * from hot_data.web__events) to stdout",
	"select * from sites where name = pg_read_file('/etc/passwd')",
	"select g.pg_ls_dir from generate_series(1, 2) g",
	"insert into sites (site_id, name) select 999, g.pg_ls_dir from generate_series(1, 2) g",
	"insert into sites (site_id, name) values (999, ('.'::text).pg_ls_dir)",
	"insert into sites (site_id, name) select 999, t.pg_read_file from (values ('/etc/passwd')) t",
	"insert into sites (site_id, name) select 999, current_setting('data_directory')",
	"explain analyze delete from hot_data.web__events",
	"execute nothing",
	"truncate sites, hot_data.web__events",
	"truncate hot_data.tidegate_ledger",
	"drop schema hot_data cascade", "drop schema web cascade", "drop owned by postgres", "reassign owned by postgres to public",
	"grant all on schema hot_data to public", "grant select on hot_data.web__events to public", "alter default privileges grant all on tables to public",
	"lock table hot_data.web__events", "refresh materialized view hot_data.x", "cluster hot_data.web__events", "vacuum hot_data.web__events",
	"comment on schema hot_data is 'x'", "load 'x'", "do $$ begin delete from hot_data.web__events; end $$",
	"call tidegate.nothing()", "create function f() returns int language sql as 'delete from hot_data.web__events returning 1'",
	"create rule r as on insert to sites do also delete from hot_data.web__events",
	"create trigger x after insert on sites execute function f()",
	"create table sites2 (site_id int references hot_data.web__events)", "create table sites2 (like hot_data.web__events)",
	"create table sites2 () inherits (hot_data.web__events)", "create table sites2 partition of hot_data.web__events default",
	"create index i on hot_data.web__events (site_id)", "drop index hot_data.i", "create schema hot_data", "create schema tidegate", "create schema pg_mine",
}

// checkOutOfReach tries each in a session of its own, and then looks whether anything has changed.
func checkOutOfReach(t *testing.T, s *server, dsn string) {
	t.Helper()
	if len(outOfReach) < 60 {
		t.Fatalf("only %d", len(outOfReach))
	}
	state := func() string {
		c, err := pgx.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(t.Context())
		return strings.Join(table(t, c, `select count(*) from hot_data.web__events;
			select n.nspname, c.relname, c.relkind, c.relacl, pg_get_viewdef(c.oid) from pg_class c join pg_namespace n on n.oid = c.relnamespace
				where n.nspname !~ '^pg_(catalog|toast|temp)' and n.nspname <> 'information_schema' and c.relname <> 'escaped' order by 1, 2;
			select nspname, nspacl from pg_namespace where nspname !~ '^pg_temp|^pg_toast_temp' order by 1; select * from public.sites order by 1; select count(*) from pg_proc, pg_roles`), "\n")
	}
	before := state()
	for _, text := range outOfReach {
		c := s.connect(t)
		_, err := c.PgConn().Exec(t.Context(), text).ReadAll()
		if p, ok := errors.AsType[*pgconn.PgError](err); !ok || p.Code == "XX000" {
			t.Errorf("%s: %v", text, err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
	if d := cmp.Diff(before, state()); d != "" {
		t.Errorf("something has changed: %s", d)
	}
}
