package router

import (
	"fmt"
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// TestHotDown plans with a hot store on a server, while it is up, while it is down, and when it turns out to be.
func TestHotDown(t *testing.T) {
	t.Parallel()
	down := ""
	f := &planFixture{catalogHistory: catalogHistory{parseCatalog(t, strings.Join([]string{
		"table web.events id:int8 load_ms:int4 dt:text* hot=id,dt",
		"file web.events b1 dt=2018-02-15 rows=10 id=1..9",
		"hot web.events b1 dt=2018-02-15",
	}, "\n"))}}
	f.router = New(Options{
		Views: f, Pins: noPins{}, Local: noEngine("local"), Cold: noEngine("cold"),
		LocalPath: func(f engine.ScanFile) string { return "/lake/" + f.Key },
		Hot: &Hot{
			Engine: noEngine("hot"), Postgres: true, Down: func() string { return down },
			Table: func(n catalog.Name) string { return "hot." + n.String() },
		},
	})
	plan := func(query string) (*engine.Plan, error) {
		t.Helper()
		return f.ask(t, query, Request{Latency: Interactive, MaxStaleness: -1})
	}
	const query = "select *, e.id + 1 from (select id, dt from web.events) e order by 1"
	p, err := plan(query)
	if err != nil || p.Route != engine.RouteHot {
		t.Fatalf("%v, %v, want a hot plan", p, err)
	}
	const text = `SELECT *, e.id + 1 FROM (SELECT id, dt FROM (SELECT "id", CAST(NULL AS integer) AS "load_ms", "dt" FROM hot.web.events WHERE _tg_seq <= `
	if !strings.HasPrefix(p.Statement.SQL, text) {
		t.Errorf("hot SQL %s, want %s…", p.Statement.SQL, text)
	}
	other, err := p.Otherwise(fmt.Errorf("%w: %w", engine.ErrUnavailable, pgerr.New(pgerr.ConnectionFailure, "gone")))
	if err != nil || other.Route != engine.RouteCold || other.Generation != p.Generation || other.Release == nil {
		t.Fatalf("%+v, %v, want a cold plan of the same generation", other, err)
	}
	if len(other.Notices) != 1 || other.Notices[0].Message != "answered cold: gone" || other.Reason != "gone" {
		t.Errorf("notices %v, reason %s", other.Notices, other.Reason)
	}
	other.Release()

	down = "connection refused"
	p, err = plan(query)
	if err != nil || p.Route != engine.RouteCold || len(p.Notices) != 1 ||
		p.Notices[0].Message != "answered cold: the hot store is down: connection refused" || p.Otherwise != nil {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := plan("select /*+ tidegate engine(hot) */ id from web.events"); pgerr.CodeOf(err) != pgerr.ObjectNotInState {
		t.Errorf("engine(hot): %v", err)
	}
	down = ""
	// What cannot be said to a server is answered cold.
	if p, err = plan("select id from web.events, now() n"); err != nil || p.Route != engine.RouteCold {
		t.Errorf("%+v, %v, want a cold plan", p, err)
	}
}
