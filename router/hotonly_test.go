package router

import (
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// fixedHotOnly has public.sites(id, name, shape), whose last column is of a type that nobody knows.
type fixedHotOnly struct{ down string }

func (h *fixedHotOnly) Relation(schema, table string) (*sql.Relation, bool) {
	if schema != "public" || table != "sites" && table != "events" {
		return nil, false
	}
	return &sql.Relation{Name: sql.TableName{Schema: schema, Table: table}, Class: sql.ClassHotOnly, Columns: []sql.Column{
		{Name: "id", Type: pgtypes.Of(pgtypes.Int8)},
		{Name: "name", Type: pgtypes.Of(pgtypes.Text)},
		{Name: "shape", Type: pgtypes.Of(pgtypes.Text), Foreign: "geometry"},
	}}, true
}

func (h *fixedHotOnly) MayCreate(schema, _ string) string {
	if schema == "hot_data" {
		return "it belongs to Tidegate"
	}
	return ""
}
func (h *fixedHotOnly) MayChange(schema string) string { return h.MayCreate(schema, "") }
func (h *fixedHotOnly) HasSchema(schema string) bool   { return schema == "public" }
func (h *fixedHotOnly) Down() string                   { return h.down }

func TestHotOnly(t *testing.T) {
	t.Parallel()
	only, down := &fixedHotOnly{}, ""
	f := &planFixture{catalogHistory: catalogHistory{parseCatalog(t, strings.Join([]string{
		"table web.events id:int8 load_ms:int4 dt:text* hot=id,dt",
		"file web.events b1 dt=2018-02-15 rows=10 id=1..9",
		"hot web.events b1 dt=2018-02-15",
		"table public.events id:int8",
	}, "\n"))}}
	f.router = New(Options{
		Views: f, Pins: noPins{}, Local: noEngine("local"), Cold: noEngine("cold"),
		LocalPath: func(f engine.ScanFile) string { return "/lake/" + f.Key },
		Hot: &Hot{
			Engine: noEngine("hot"), Postgres: true, Down: func() string { return down }, Only: only,
			Table: func(n catalog.Name) string { return "hot." + n.String() },
		},
	})
	plan := func(query, wantSQL string) {
		t.Helper()
		p, err := f.ask(t, query, Request{Latency: Archive})
		if err != nil {
			t.Errorf("%s: %v", query, err)
			return
		}
		if p.Route != engine.RouteHot || p.Reason != "relation public.sites is hot-only" || p.Otherwise != nil {
			t.Errorf("%s: route %s because %s", query, p.Route, p.Reason)
		}
		if p.Statement.SQL != wantSQL {
			t.Errorf("%s: hot SQL\n%s, want\n%s", query, p.Statement.SQL, wantSQL)
		}
	}
	refuse := func(query string, code pgerr.Code, message string) {
		t.Helper()
		p, err := f.ask(t, query, Request{})
		if pgerr.CodeOf(err) != code || !strings.Contains(err.Error(), message) {
			t.Errorf("%s: %+v, %v, want %s %s", query, p, err, code, message)
		}
	}
	const sites = `(SELECT "id", CAST(NULL AS text) AS "name", CAST(NULL AS text) AS "shape" FROM "public"."sites")`
	plan("select max(id), count(*) from public.sites limit 1", `SELECT max(id), count(*) FROM `+sites+` sites LIMIT 1`)
	plan("select s.id from public.sites s join web.events e using (id)",
		`SELECT s.id FROM `+sites+` s JOIN (SELECT "id", CAST(NULL AS integer) AS "load_ms", CAST(NULL AS text) AS "dt" FROM hot.web.events WHERE _tg_seq <= 1) e USING (id)`)
	refuse("select id from public.sites join web.events using (id) where load_ms > 1", pgerr.FeatureNotSupported,
		"web.events and hot-only public.sites cannot be read together: column load_ms is not hot")
	refuse("select shape from public.sites", pgerr.FeatureNotSupported, "column public.sites.shape, whose type is geometry, is not supported yet")
	refuse("select shape + 1 from public.sites", pgerr.FeatureNotSupported, "whose type is geometry")
	refuse("select /*+ tidegate engine(cold) */ id from public.sites", pgerr.FeatureNotSupported, "relation public.sites is hot-only")
	if p, err := f.ask(t, "select id from public.events", Request{}); err != nil || p.Route != engine.RouteCold {
		t.Errorf("%+v, %v: the lake's table comes first", p, err)
	}

	down = "its rows are not verified yet"
	plan("select 1 from public.sites where id = 2", `SELECT 1 FROM `+sites+` sites WHERE id = 2`)
	refuse("select 1 from public.sites join web.events using (id)", pgerr.CannotConnectNow, down)
	only.down = "no answer in time"
	refuse("select 1 from public.sites", pgerr.CannotConnectNow, "relation public.sites is hot-only and the hot store is down: no answer in time")
}
