package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/etl"
	"tidegate/internal/demo"
	"tidegate/internal/pgerr"
	"tidegate/internal/storage/storagetest"
)

// TestLakeLargerThanItsCache serves a lake of 2.5 MB that is elsewhere, behind a cache of 20 GiB and of 1 MiB: the
// answers are the same, and what cannot run in waves is refused with the numbers.
func TestLakeLargerThanItsCache(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	makeEvents(t, dir)
	queries := []string{
		"select event_id, user_agent from web.events where site_id = 3 order by event_id, user_agent limit 20",
		"select dt, count(*), count(user_id), sum(load_ms), avg(load_ms), max(user_agent), min(event_id) from web.events group by dt order by dt",
		"select user_agent, count(*) from web.events where event_id > '8' and path <> '' and referrer is not null group by 1 order by 2 desc, 1",
		"select count(*) from (select event_id, user_id, path, ts from web.events where user_agent like '%Firefox%') x where user_id is not null and event_id < '9'",
	}
	var want [][]string
	withServed(t, dir, "20GiB", func(c *pgconn.PgConn) {
		for _, q := range queries {
			want = append(want, rowsOf(t, c, q))
			if w := wavesOf(t, c, q); w != "" {
				t.Errorf("%s runs in waves although it fits: %s", q, w)
			}
		}
	})
	withServed(t, dir, "1MiB", func(c *pgconn.PgConn) {
		for i, q := range queries {
			for range 3 { // bound, learned by the plan cache, and from it
				if d := cmp.Diff(want[i], rowsOf(t, c, q)); d != "" || len(want[i]) == 0 {
					t.Errorf("%s (-one pass +waves):\n%s", q, d)
				}
			}
			if w := wavesOf(t, c, q); w == "" {
				t.Errorf("%s does not run in waves", q)
			}
		}
		_, err := c.Exec(t.Context(), "select count(distinct event_id) from web.events").ReadAll()
		e, ok := errors.AsType[*pgconn.PgError](err)
		if !ok || e.Code != string(pgerr.ConfigurationLimit) || !strings.Contains(e.Message, " MB of the column cache in 14 files, which has 1.0 MB") ||
			!strings.Contains(e.Hint, "web.events.ts") {
			t.Errorf("got %v", err)
		}
	})
}

// makeEvents runs the example's pipelines over a small set of page views.
func makeEvents(t *testing.T, dir string) {
	t.Helper()
	raw, pipelines := filepath.Join(dir, "raw"), filepath.Join(dir, "pipelines", "web")
	if _, err := demo.Generate(t.Context(), raw, demo.Options{Seed: 3, Sites: 5, Records: 60_000}); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(pipelines, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"events.sql", "events.yml"} {
		text, err := os.ReadFile(filepath.Join("../../examples/web/pipelines/web", name))
		if err != nil {
			t.Fatal(err)
		}
		text = []byte(strings.Replace(string(text), "file:./tidegate-data/raw/web/", "file:"+raw, 1))
		if err := os.WriteFile(filepath.Join(pipelines, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p := &program{out: t.Output(), err: t.Output()}
	parts, err := open(t.Context(), eventsConfig(dir), p.newLog())
	if err != nil {
		t.Fatal(err)
	}
	all, err := loadPipelines(parts.config)
	if err == nil {
		err = parts.runPipelines(t.Context(), p, all, etl.Options{})
	}
	if err := errors.Join(err, parts.close()); err != nil {
		t.Fatal(err)
	}
}

func eventsConfig(dir string) config {
	c := defaults()
	c.Listen, c.Admin, c.DataDir, c.Hot.Kind, c.Pipelines = "127.0.0.1:0", "", dir, "none", filepath.Join(dir, "pipelines")
	c.Catalog, c.Lake.Location = "sqlite:"+filepath.Join(dir, "catalog.db"), "file:"+filepath.Join(dir, "lake")
	c.Lake.Cache.Path = filepath.Join(dir, "cache")
	return c
}

// withServed serves the lake as if it were not on this machine.
func withServed(t *testing.T, dir, cacheBytes string, ask func(c *pgconn.PgConn)) {
	t.Helper()
	config := eventsConfig(dir)
	config.Lake.Cache.MaxBytes = cacheBytes
	away := func(p *parts) { p.lake = &storagetest.Faulty{Bucket: p.lake} }
	serveWhile(t, config, away, func(connect func() *pgconn.PgConn) { ask(connect()) })
}

// serveWhile serves until do returns, which connects as often as it wants. change, if not nil, is done before.
func serveWhile(t *testing.T, c config, change func(*parts), do func(connect func() *pgconn.PgConn)) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	p := &program{out: t.Output(), err: t.Output()}
	parts, err := open(ctx, c, p.newLog())
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(parts)
	}
	address, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- parts.serve(ctx, p, func(a string) error { address <- a; return nil })
	}()
	select {
	case err := <-done:
		t.Fatalf("serve: %v", err)
	case a := <-address:
		do(func() *pgconn.PgConn {
			c, err := pgconn.Connect(ctx, "postgres://demo@"+a+"/tidegate?sslmode=disable")
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = c.Close(context.WithoutCancel(ctx)) }) // the server may have ended
			return c
		})
	}
	stop()
	if err := errors.Join(<-done, parts.close()); err != nil {
		t.Error(err)
	}
}

func rowsOf(t *testing.T, c *pgconn.PgConn, query string) []string {
	t.Helper()
	results, err := c.Exec(t.Context(), query).ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var rows []string
	for _, r := range results[0].Rows {
		var cells []string
		for _, v := range r {
			cells = append(cells, string(v))
		}
		rows = append(rows, strings.Join(cells, "|"))
	}
	return rows
}

// wavesOf gives the line of EXPLAIN (ROUTE) that tells the number of waves, "" if there is none.
func wavesOf(t *testing.T, c *pgconn.PgConn, query string) string {
	t.Helper()
	return regexp.MustCompile(`(?m)^Waves: [1-9][0-9]*$`).FindString(strings.Join(rowsOf(t, c, "explain (route) "+query), "\n"))
}
