package router

import (
	"strings"
	"testing"
	"time"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// TestBehindWithHotOnly joins a table whose newest rows are not hot with a relation of the warehouse: only a hot answer
// is possible, so that an interactive statement is answered behind and others are refused.
func TestBehindWithHotOnly(t *testing.T) {
	t.Parallel()
	f := &planFixture{catalogHistory: catalogHistory{parseCatalog(t, strings.Join([]string{
		"table web.events id:int8 load_ms:int4 dt:text* hot=id,dt",
		"file web.events b1 dt=2018-02-15 rows=10 id=1..9",
		"hot web.events b1 dt=2018-02-15",
	}, "\n"))}}
	f.next(t, "5m", "file web.events b2 dt=2018-02-15 rows=10 id=1..9")
	f.router = New(Options{
		Views: f, Pins: noPins{}, Local: noEngine("local"), Cold: noEngine("cold"),
		LocalPath: func(f engine.ScanFile) string { return "/lake/" + f.Key },
		Hot: &Hot{
			Engine: noEngine("hot"), Postgres: true, Only: &fixedHotOnly{},
			Table: func(n catalog.Name) string { return "hot." + n.String() },
		},
	})
	const query = "select e.id, s.name from web.events e join public.sites s on s.id = e.id"
	p, err := f.ask(t, query, Request{Latency: Interactive, MaxStaleness: -1})
	if err != nil {
		t.Fatal(err)
	}
	if p.Route != engine.RouteHot || p.Generation != 7 || p.Statement.Replaceable ||
		p.Reason != "generation 7 is hot-complete; the newest is 8, 5 min behind" {
		t.Errorf("%s at generation %d because %s, replaceable %t", p.Route, p.Generation, p.Reason, p.Statement.Replaceable)
	}
	p.Release()
	for _, req := range []Request{
		{Latency: Standard, MaxStaleness: -1},
		{Latency: Interactive, MaxStaleness: time.Minute},
		{Latency: Interactive},
	} {
		if p, err := f.ask(t, query, req); pgerr.CodeOf(err) != pgerr.FeatureNotSupported {
			t.Errorf("%+v: %v, %v, want it refused", req, p, err)
		}
	}
}

// TestOlderViewsAreBounded reads more generations than are kept in memory: each is right, the last used are shared.
func TestOlderViewsAreBounded(t *testing.T) {
	t.Parallel()
	h := &catalogHistory{parseCatalog(t, "table web.events id:int8 hot=id")}
	for range 3 * recentViews {
		h.next(t, "1m", "file web.events b dt= rows=1")
	}
	r := New(Options{Views: h, Pins: noPins{}})
	read := func(generation int64) *catalog.View {
		t.Helper()
		v, err := r.viewAt(t.Context(), generation)
		if err != nil || v.Generation != generation {
			t.Fatalf("generation %d: %v, %v", generation, v, err)
		}
		return v
	}
	for g := int64(7); g < 7+3*recentViews; g++ {
		read(7)
		read(g)
	}
	if n := len(r.recent.views); n != recentViews {
		t.Errorf("%d views are kept, want %d", n, recentViews)
	}
	if r.recent.find(7) == nil || r.recent.find(8) != nil {
		t.Error("kept are not those that were used last")
	}
}
