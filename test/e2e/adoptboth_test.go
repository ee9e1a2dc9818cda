package e2e

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// adopted is one story's parts: a place with Parquet, a warehouse with a copy, and Tidegate in front of both.
type adopted struct {
	*place
	dir       string
	warehouse *pgx.Conn
	server    *server
	c         *pgx.Conn
	notices   *noticeList
}

func newAdopted(t *testing.T, p *place, cluster *testkit.Cluster, url string) *adopted {
	t.Helper()
	a := &adopted{place: p, dir: t.TempDir(), notices: &noticeList{}}
	var err error
	if a.warehouse, err = pgx.Connect(t.Context(), cluster.DSN()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.warehouse.Close(context.WithoutCancel(t.Context())) })
	a.psql(t, "DROP TABLE IF EXISTS public.events")
	writeFile(t, filepath.Join(a.dir, "tidegate.yml"), fmt.Sprintf(
		"hot: { kind: postgres, url: %q }\nroles: { writer: { grants: [warehouse_write] }, public: { grants: [select on all tables] } }\nusers: [ { name: demo, role: writer } ]\n", url))
	return a
}

func (a *adopted) psql(t *testing.T, statement string) {
	t.Helper()
	if _, err := a.warehouse.PgConn().Exec(t.Context(), statement).ReadAll(); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

func (a *adopted) serve(t *testing.T) {
	t.Helper()
	a.server = start(t, a.dir, "serve")
	a.c = a.notices.connect(t, a.server)
}

// run runs etl run and wants its report to hold each of the lines.
func (a *adopted) run(t *testing.T, want ...string) {
	t.Helper()
	code, out, errs := run(t, a.dir, "etl", "run")
	if code != 0 {
		t.Fatalf("etl run: exit %d\n%s%s", code, out, errs)
	}
	words := strings.Join(strings.Fields(out), " ")
	for _, line := range want {
		if !strings.Contains(words, line) {
			t.Errorf("the report lacks %q:\n%s%s", line, out, errs)
		}
	}
}

// alike wants the same rows unhinted, from the lake and, if the route is hot, from the warehouse.
func (a *adopted) alike(t *testing.T, wantRoute string, queries ...string) {
	t.Helper()
	for _, q := range queries {
		cold := table(t, a.c, "/*+ tidegate engine(cold) */ "+q)
		if d := cmp.Diff(cold, table(t, a.c, "/*+ tidegate latency(interactive) */ "+q)); d != "" {
			t.Errorf("%s (-cold +as it goes):\n%s", q, d)
		}
		if got := explained(t, a.c, "/*+ tidegate latency(interactive) */ "+q, "Route"); got != wantRoute {
			t.Errorf("%s: route %s, want %s: %s", q, got, wantRoute, explained(t, a.c, "/*+ tidegate latency(interactive) */ "+q, "Reason"))
		}
		if wantRoute == "hot" {
			if d := cmp.Diff(cold, table(t, a.c, "/*+ tidegate engine(hot) */ "+q)); d != "" {
				t.Errorf("%s (-cold +hot):\n%s", q, d)
			}
		}
	}
}

// because wants a query to go cold for a reason.
func (a *adopted) because(t *testing.T, reason, q string) {
	t.Helper()
	a.alike(t, "cold", q)
	if got := explained(t, a.c, "/*+ tidegate latency(interactive) */ "+q, "Reason"); !strings.Contains(got, reason) {
		t.Errorf("%s: reason %q, want %q", q, got, reason)
	}
}

// TestAdoptBoth adopts Parquet and a table of the warehouse as one relation: the same answers from both, routed by
// what was found to be the same.
func TestAdoptBoth(t *testing.T) {
	cluster := testkit.Postgres(t)
	for name, p := range newPlaces(t) {
		t.Run(name, func(t *testing.T) {
			a := newAdopted(t, p, cluster, cluster.DSN())
			a.psql(t, "CREATE TABLE public.events (id integer, ts timestamptz, site_id integer, path text COLLATE \"en-x-icu\", price numeric(9,2), note text)")
			for _, day := range []string{"2018-02-13", "2018-02-14", "2018-02-15", "2018-02-16", "2018-02-17", "2018-02-18"} {
				p.write(t, "dt="+day+"/a.parquet", views(day, 0, 4999))
				a.psql(t, "INSERT INTO public.events SELECT id, ts, site_id, path, price FROM ("+views(day, 0, 4999)+") v")
			}
			// A row more, a row less, a row changed.
			a.psql(t, `INSERT INTO public.events (id, ts) VALUES (1, '2018-02-15 12:00:00+00');
				DELETE FROM public.events WHERE ts = '2018-02-16 11:59:57+00'; UPDATE public.events SET path = '/q' WHERE ts = '2018-02-17 11:59:57+00'`)
			a.pipeline(t, "1h")
			t.Run("report", func(t *testing.T) { a.checkFirstReport(t) })
			a.serve(t)
			t.Run("routes", func(t *testing.T) { a.checkRoutes(t) })
			t.Run("files change", func(t *testing.T) { a.checkFilesChange(t) })
			t.Run("the warehouse changes", func(t *testing.T) { a.checkWarehouseChanges(t) })
			a.server.interrupt(t)
		})
	}
}

// pipeline writes the pipeline's file.
func (a *adopted) pipeline(t *testing.T, verify string) {
	t.Helper()
	writeFile(t, filepath.Join(a.dir, "pipelines/web/events.yml"), fmt.Sprintf(
		"table: web.events\nadopt: { hot: public.events, cold: %q, split_on: ts, hot_from: 2018-02-14, verify: %s }\n", a.location, verify))
}

func (a *adopted) checkFirstReport(t *testing.T) {
	t.Helper()
	a.run(t,
		"ADOPTED OBJECTS NEW KNOWN GONE ROWS ADDED COLUMNS SECONDS web.events 6 6 0 0 30000 7",
		"ADOPTED HOT SIDE DAYS EQUAL DIFFERENT COLD ONLY HOT ROWS HOT COLUMNS COMPARED web.events public.events 2 3 1 ",
		"web.events: day 2018-02-15 is not the same in public.events: rows", "web.events: day 2018-02-16 is not the same in public.events: rows",
		"web.events: day 2018-02-17 is not the same in public.events: a value of some row",
		"web.events: only public.events has note: the relation does not")
	code, out, errs := run(t, a.dir, "hot", "verify")
	if code != 1 || !strings.Contains(errs, "days of web.events that are not the same in public.events: 3") || !strings.Contains(out, "day 2018-02-15") {
		t.Errorf("hot verify: exit %d\n%s%s", code, out, errs)
	}
	if out := mustRun(t, a.dir, "hot", "status"); !strings.Contains(out, "day 2018-02-16") {
		t.Errorf("hot status:\n%s", out)
	}
}

func (a *adopted) checkRoutes(t *testing.T) {
	t.Helper()
	const good = " where ts >= '2018-02-14' and ts < '2018-02-15'"
	a.alike(t, "hot", "select count(id), sum(id), min(path), max(path), sum(price), avg(price) from web.events"+good,
		"select path, count(*) from web.events"+good+" group by path order by path",
		"select site_id, sum(price) from web.events"+good+" group by 1 order by 1",
		"select * from (select id, ts, path from web.events) e"+good+" order by ts, id limit 20",
		"select upper(path), length(path) from web.events where ts between '2018-02-14 03:00' and '2018-02-14 04:00' order by ts, id",
		"select count(distinct path) from web.events where ts in ('2018-02-14 00:00:00+00', '2018-02-14 11:59:57+00')",
		"select path from web.events"+good+" and path > '/p/5' group by path order by path desc",
		"select sum(id) from web.events where ts >= '2018-02-18 00:00:00+00' and ts <= '2018-02-18 23:59:59.999999+00' and site_id = 3",
		"select dt, count(id), sum(site_id) from web.events where dt = '2018-02-14' group by dt",
		"select dt, count(id) from web.events where dt in ('2018-02-14', '2018-02-18') group by dt order by dt",
		"select a.path, count(*) from web.events a join web.events b on a.id = b.id and a.ts = b.ts where a.ts >= '2018-02-14' and a.ts < '2018-02-15' and b.ts >= '2018-02-14' and b.ts < '2018-02-15' group by 1 order by 1")
	for day, reason := range map[string]string{
		"2018-02-13": "is before hot_from 2018-02-14", "2018-02-15": "day 2018-02-15 of web.events is not the same in public.events: rows",
		"2018-02-16": "day 2018-02-16 of web.events is not the same", "2018-02-17": "(the checksums differ)",
	} {
		a.because(t, reason, fmt.Sprintf("select sum(id), count(path) from web.events where ts >= '%s' and ts < timestamptz '%s' + interval '1 day'", day, day))
	}
	a.because(t, "is before hot_from", "select sum(id) from web.events where dt = '2018-02-13'")
	a.because(t, "is before hot_from", "select sum(id) from web.events where ts < '2018-02-14 12:00'")
	a.because(t, "day 2018-02-15 of web.events", "select sum(id) from web.events where ts >= '2018-02-14'")
	a.because(t, "column load is not hot (hot has 6 of 7)", "select dt, sum(load) from web.events"+good+" group by 1")
	for _, tier := range table(t, a.c, "select tier, columns, rows from tidegate.tiers where table_name = 'web.events' order by tier") {
		if tier != "cold|7|30000" && tier != "hot|6|10000" {
			t.Errorf("tidegate.tiers: %s", tier)
		}
	}
	if got := one(t, a.c, "select hot_through from tidegate.tables where table_name = 'web.events'"); !strings.HasPrefix(got, "2018-02-18 23:59:59.999999") {
		t.Errorf("hot_through: %s", got)
	}
}

func (a *adopted) checkFilesChange(t *testing.T) {
	t.Helper()
	const day = "select count(id), sum(id) from web.events where ts >= '2018-02-18' and ts < '2018-02-19'"
	a.alike(t, "hot", day)
	a.write(t, "dt=2018-02-18/b.parquet", views("2018-02-18", 0, 9))
	a.run(t, "web.events 7 1 6 0 10 7", "day 2018-02-18 is not the same")
	a.because(t, "day 2018-02-18 of web.events is not the same", day)
	if err := a.bucket.Delete(t.Context(), "dt=2018-02-18/b.parquet"); err != nil {
		t.Fatal(err)
	}
	a.run(t, "web.events 6 0 6 1 0 7", "web.events public.events 2 3 1")
	a.alike(t, "hot", day)
	// A row without a time: in the lake only.
	a.write(t, "dt=2018-02-18/c.parquet", "SELECT 7 AS id, NULL::TIMESTAMPTZ AS ts")
	a.run(t, "web.events 7 1 6 0 1 7")
	a.alike(t, "hot", day)
	a.because(t, "rows without ts are only in the lake", "select count(id), sum(id) from web.events where ts >= '2018-02-18' or ts is null")
	if got := one(t, a.c, "select count(*) from web.events where ts is null"); got != "1" {
		t.Errorf("rows without a time: %s", got)
	}
}

func (a *adopted) checkWarehouseChanges(t *testing.T) {
	t.Helper()
	const day = "select count(id), sum(id) from web.events where ts >= '2018-02-14' and ts < '2018-02-15'"
	routes := func(want string) {
		t.Helper()
		deadline := time.Now().Add(30 * time.Second)
		for explained(t, a.c, "/*+ tidegate latency(interactive) */ "+day, "Route") != want {
			if time.Now().After(deadline) {
				t.Fatalf("the route is not %s: %s", want, explained(t, a.c, "/*+ tidegate latency(interactive) */ "+day, "Reason"))
			}
			time.Sleep(50 * time.Millisecond)
		}
		a.alike(t, want, day)
	}
	// The server compares every two seconds from now on.
	a.pipeline(t, "2s")
	a.run(t, "web.events 7 0 7 0 0 7")
	routes("hot")
	a.psql(t, "UPDATE public.events SET id = id + 1 WHERE ts = '2018-02-14 11:59:57+00'")
	routes("cold")
	a.psql(t, "UPDATE public.events SET id = id - 1 WHERE ts = '2018-02-14 11:59:57+00'")
	routes("hot")
	// Not through Tidegate: it would know, and answer the day all the same.
	for _, change := range []string{"insert into public.events (id) values (1)", "truncate public.events", "alter table public.events add column x int", "drop table public.events"} {
		_, err := a.c.PgConn().Exec(t.Context(), change).ReadAll()
		if err == nil || !strings.Contains(err.Error(), "public.events is the hot side of the adopted table web.events (SQLSTATE 0A000)") {
			t.Errorf("%s: %v", change, err)
		}
	}
	if _, err := a.c.PgConn().Exec(t.Context(), "create table public.copy as select * from public.events limit 3; drop table public.copy").ReadAll(); err != nil {
		t.Errorf("reading it in a statement that changes another: %v", err)
	}
	// Between two comparisons a column goes: the query is answered all the same, and told why.
	a.psql(t, "ALTER TABLE public.events RENAME COLUMN id TO gone")
	a.notices.take()
	table(t, a.c, "/*+ tidegate latency(interactive) */ "+day)
	if told := a.notices.take(); !strings.Contains(told, "answered cold") {
		t.Errorf("nobody was told that the column is gone: %q", told)
	}
	routes("cold")
	a.psql(t, "ALTER TABLE public.events RENAME COLUMN gone TO id")
	routes("hot")
	a.psql(t, "ALTER TABLE public.events RENAME TO elsewhere")
	routes("cold")
	a.because(t, "the warehouse has no table public.events", day)
	a.psql(t, "ALTER TABLE public.elsewhere RENAME TO events")
	routes("hot")
}

// TestAdoptWithoutWarehouse registers Parquet while the warehouse is down, compares when it comes, and does not trust
// what was compared before it went.
func TestAdoptWithoutWarehouse(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	proxy := testkit.NewProxy(t, cluster, nil)
	places := newFolder(t)
	a := newAdopted(t, places, cluster, proxy.URL())
	day := views("2018-02-15", 0, 99)
	a.write(t, "a.parquet", day)
	a.psql(t, "CREATE TABLE public.events AS SELECT id, ts, path FROM ("+day+") v")
	writeFile(t, filepath.Join(a.dir, "pipelines/web/events.yml"), fmt.Sprintf(
		"table: web.events\nadopt: { hot: public.events, cold: %q, split_on: ts, verify: 1h }\n", a.location))
	proxy.SetDown(true)
	a.run(t, "web.events 1 1 0 0 100 6", "web.events public.events 0 0 0 0 0 of 6 never", "its days were not compared yet")
	a.serve(t)
	const query = "select count(path), sum(id) from web.events"
	a.because(t, "the days of web.events are not compared with public.events yet", query)
	proxy.SetDown(false)
	route := func(want string) {
		t.Helper()
		deadline := time.Now().Add(30 * time.Second)
		for explained(t, a.c, "/*+ tidegate latency(interactive) */ "+query, "Route") != want {
			if time.Now().After(deadline) {
				t.Fatalf("the route is not %s: %s", want, explained(t, a.c, "/*+ tidegate latency(interactive) */ "+query, "Reason"))
			}
			time.Sleep(20 * time.Millisecond)
		}
		a.alike(t, want, query)
	}
	route("hot")
	// What changes while the warehouse is away is found before it answers again.
	proxy.SetDown(true)
	route("cold")
	a.psql(t, "UPDATE public.events SET path = 'changed' WHERE id = 5")
	proxy.SetDown(false)
	deadline := time.Now().Add(30 * time.Second)
	for !strings.Contains(explained(t, a.c, "/*+ tidegate latency(interactive) */ "+query, "Reason"), "the checksums differ") {
		if got := table(t, a.c, "/*+ tidegate latency(interactive) */ select count(*) from web.events where path = 'changed'"); got[0] != "0" {
			t.Fatal("a row that was changed while the warehouse was away is seen")
		}
		if time.Now().After(deadline) {
			t.Fatal("nobody found the change")
		}
		time.Sleep(20 * time.Millisecond)
	}
	// CALL refresh compares at once.
	a.psql(t, "UPDATE public.events SET path = '/p/5' WHERE id = 5")
	for {
		_, err := a.c.PgConn().Exec(t.Context(), "call tidegate.refresh('web.events')").ReadAll()
		if err == nil {
			break
		}
		if !strings.Contains(err.Error(), "not verified yet") || time.Now().After(deadline) {
			t.Fatal(err)
		}
		time.Sleep(20 * time.Millisecond)
	}
	a.alike(t, "hot", query)
	a.server.interrupt(t)
	// Without a warehouse that can have the table the configuration is wrong, with file and line.
	writeFile(t, filepath.Join(a.dir, "tidegate.yml"), "hot: { kind: embedded }\n")
	for _, verb := range [][]string{{"etl", "run"}, {"config", "check"}} {
		code, _, errs := run(t, a.dir, verb...)
		if code != 2 || !strings.Contains(errs, "pipelines/web/events.yml:2: adopt.hot public.events is a table of a warehouse, and hot.kind is embedded") {
			t.Errorf("%v: exit %d: %s", verb, code, errs)
		}
	}
}

// TestAdoptRedshift adopts a table of the stand-in of Redshift, days in a zone with a clock change among them. The
// stand-in runs Tidegate's own words, so that this proves the protocol, not the comparison.
func TestAdoptRedshift(t *testing.T) {
	server := testkit.S3(t)
	for _, variable := range server.Environment() {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	url := startWarehouse(t, server).url()
	warehouse, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	a := &adopted{place: newFolder(t), dir: t.TempDir(), notices: &noticeList{}, warehouse: warehouse}
	writeFile(t, filepath.Join(a.dir, "tidegate.yml"), fmt.Sprintf(
		"lake: { location: 's3://%s/lake', s3: { endpoint: %q, path_style: true } }\nhot: { kind: redshift, url: %q, iam_role: default }\n",
		server.Bucket(t), server.Endpoint, url))
	writeFile(t, filepath.Join(a.dir, "pipelines/web/events.yml"), fmt.Sprintf(
		"table: web.events\nadopt: { hot: public.events, cold: %q, split_on: ts }\ntime: { zone: Europe/Berlin }\n", a.location))
	const rows = "SELECT TIMESTAMP WITH TIME ZONE '2018-03-24 12:00:00+00' + i * INTERVAL '10 minutes' AS ts, i AS n, '/p/' || i AS path, i * 0.5 AS load FROM range(300) g(i)"
	a.write(t, "a.parquet", "SELECT ts, n::INTEGER AS n, path, load::DOUBLE AS load FROM ("+rows+")")
	a.psql(t, "CREATE TABLE public.events (ts timestamptz, n integer, path varchar(100), load double precision)")
	var values []string
	for _, r := range a.query(t, "SELECT concat_ws(',', '''' || ts || '''', n, '''' || path || '''', load) FROM ("+rows+")") {
		values = append(values, "("+r+")")
	}
	a.psql(t, "INSERT INTO public.events VALUES "+strings.Join(values, ", "))
	a.run(t, "web.events public.events 3 0 0 300 4 of 4")
	a.serve(t)
	a.alike(t, "hot", "select count(path), sum(n), min(path) from web.events where ts >= '2018-03-25 00:00:00+01' and ts < '2018-03-26 00:00:00+02'",
		"select n, path, load from web.events order by n limit 10")
	a.psql(t, "UPDATE public.events SET path = '/q' WHERE n = 100")
	a.run(t, "web.events public.events 2 1 0", "day 2018-03-25 is not the same in public.events: a value of some row (the checksums differ)")
	a.because(t, "day 2018-03-25 of web.events", "select count(path) from web.events where ts >= '2018-03-25 00:00:00+01'")
	a.alike(t, "hot", "select count(path) from web.events where ts < '2018-03-25 00:00:00+01'")
	a.server.interrupt(t)
}
