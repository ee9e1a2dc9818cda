package router

import (
	"testing"

	"tidegate/internal/engine"
)

// TestMemory estimates statements over a table of a million rows, in two files of 40 MB a column.
func TestMemory(t *testing.T) {
	t.Parallel()
	f := &planFixture{catalogHistory: catalogHistory{parseCatalog(t, `
table web.events id:bigint site:int name:text
file web.events b1 dt=2024-01-01 rows=500000 each=40000000 id=1..500000
file web.events b2 dt=2024-01-02 rows=500000 each=40000000 id=500001..1000000
table web.sites site:int title:text
file web.sites b3 dt=2024-01-01 rows=1000 each=1000 site=1..1000
`)}}
	f.router = New(Options{Views: f, Pins: noPins{}, Cold: noEngine("cold"), LocalPath: func(f engine.ScanFile) string { return f.Key }})
	const (
		mib  = 1 << 20
		id   = 1_000_000 * (rowOverhead + 8)
		name = 1_000_000 * textPacking * 80
	)
	for text, want := range map[string]engine.Memory{
		"select id from web.events":                                            {Peak: 4 * mib, Held: 4 * mib},
		"select * from web.events where site = 3":                              {Peak: 12 * mib, Held: 8 * mib},
		"select sum(id), count(*) from web.events where site > 3":              {Peak: 8 * mib, Held: 8 * mib},
		"select id from web.events where site > 3 order by id, site limit 100": {Peak: 8 * mib, Held: 8 * mib},
		"select id from web.events order by id":                                {Peak: 4*mib + id, Held: id},
		"select id from web.events where id < 7 order by id":                   {Peak: 4*mib + id/2, Held: id / 2},
		"select id, count(*) from web.events group by id":                      {Peak: 4*mib + id/8, Held: id / 8},
		"select distinct id from web.events":                                   {Peak: 4*mib + id/8, Held: id / 8},
		"select id, row_number() over (order by id) from web.events":           {Peak: 4*mib + id, Held: id},
		"select count(distinct id) from web.events":                            {Peak: 4*mib + id, Held: id},
		"select id, name from web.events order by 1":                           {Peak: 8*mib + id + name, Held: id + name},
	} {
		p, err := f.ask(t, text, Request{Latency: Archive, Asker: engine.Asker{User: "ann", PID: 7}})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		got := p.Statement.Memory
		if near(got.Peak, want.Peak) && near(got.Held, want.Held) {
			continue
		}
		t.Errorf("%s: %+v, want %+v", text, got, want)
	}
	p, err := f.ask(t, "select e.id, s.title from web.events e join web.sites s on s.site = e.site", Request{Asker: engine.Asker{User: "ann", PID: 7}})
	if err != nil || p.Statement.Memory.Peak < id || p.Statement.Asker != (engine.Asker{User: "ann", Role: "ann", PID: 7}) {
		t.Errorf("%v, %+v", err, p)
	}
}

// near allows for the overhead of rows: a tenth.
func near(got, want int64) bool { return got >= want*9/10 && got <= want*11/10 }
