package etl

import (
	"fmt"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/catalog"
	"tidegate/etl/pipeline"
	"tidegate/internal/demo"
	"tidegate/internal/pgtypes"
)

// TestDemoLogs reads the demo's raw logs, with all their dirt, in several batches: what comes out is what the
// generator says it put in.
func TestDemoLogs(t *testing.T) {
	t.Parallel()
	l := newLab(t, nil)
	dir := filepath.Join(l.dir, "demo")
	truth, err := demo.Generate(t.Context(), dir, demo.Options{Records: 30_000, Days: 3, Sites: 10})
	if err != nil {
		t.Fatal(err)
	}
	p := l.events()
	p.SQL = `select event_id::text as event_id, ts::timestamptz as ts, site_id::int as site_id, lower(domain)::text as domain,
		load_ms::int as load_ms, query::text as query, experiment::text as experiment
		from source where user_agent is null or user_agent not like 'kube-probe/%'`
	p.Source.Location, p.Source.Required = "file:"+dir, []string{"event_id", "ts", "site_id"}
	for _, f := range []string{"domain", "user_id", "referrer", "experiment"} {
		p.Source.Fields = append(p.Source.Fields, pipeline.Field{Name: f, Type: pgtypes.Of(pgtypes.Text)})
	}
	p.Time.Zone, p.MaxObjects = "UTC", 20
	report := l.mustRun(t, p).Pipelines[0]
	want := catalog.Counts{
		Read: truth.Read, Blank: truth.Blank, Rejected: truth.RejectedTotal(), Filtered: truth.Filtered,
		Deduplicated: truth.Deduplicated, Emitted: truth.Rows,
	}
	if diff := cmp.Diff(want, report.Counts); diff != "" || report.Batches < 3 {
		t.Errorf("%d batches:\n%s", report.Batches, diff)
	}
	if diff := cmp.Diff(truth.Rejected, report.Rejects); diff != "" {
		t.Errorf("rejects:\n%s", diff)
	}
	var days []string
	for _, d := range truth.Days {
		days = append(days, fmt.Sprintf("%s|%d|%d", d.Day, d.Rows, d.LoadMS))
	}
	if diff := cmp.Diff(days, l.query(t, "web.events", "SELECT dt, count(*), sum(load_ms) FROM t GROUP BY dt ORDER BY dt")); diff != "" {
		t.Errorf("days:\n%s", diff)
	}
}
