package router

import (
	"testing"

	"tidegate/internal/engine"
	"tidegate/sql"
)

// TestSubqueryBehindFilter asks for the newest day of a table of which somebody sees some rows: statistics are of all
// rows, so that the day is not known. Another table may be left out by the days of one that is seen whole.
func TestSubqueryBehindFilter(t *testing.T) {
	t.Parallel()
	f := &planFixture{catalogHistory: catalogHistory{parseCatalog(t, `
table web.events ts:timestamptz a:int dt:text* time=ts
file web.events b1 dt=2018-02-01 rows=100 a=1..1
file web.events b1 dt=2018-02-02 rows=100 a=1..2
table web.days dt:text*
file web.days b1 dt=2018-02-01 rows=1
file web.days b1 dt=2018-02-02 rows=1`)}}
	role := testRole(t, []string{"select on all tables"}, "web.events")
	f.router = New(Options{
		Views: f, Pins: noPins{}, Local: noEngine("local"), Cold: noEngine("cold"),
		LocalPath: func(f engine.ScanFile) string { return f.Key },
		Roles:     func(string) *Role { return role },
	})
	for text, want := range map[string]int{
		"select a from web.events where dt = (select max(dt) from web.events)": 4,
		"select dt from web.days where dt = (select max(dt) from web.events)":  4,
		"select a from web.events where dt = (select max(dt) from web.days)":   3,
		"select dt from web.days where dt = (select max(dt) from web.days)":    3,
	} {
		st, err := sql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := f.router.Bind(t.Context(), 0, st[0], planEnv())
		if err != nil {
			t.Fatal(err)
		}
		p, err := f.router.Plan(t.Context(), Request{Statement: st[0], Query: q})
		if err != nil {
			t.Fatal(err)
		}
		if p.FilesKept != want {
			t.Errorf("%s: %d files kept, want %d", text, p.FilesKept, want)
		}
		p.Release()
	}
}
