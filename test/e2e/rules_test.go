package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hourlySite is a folder with a pipeline that has rules, and three hours that kept them.
func hourlySite(t *testing.T) (dir string, hour func(hour, rows int, more ...string)) {
	t.Helper()
	dir = t.TempDir()
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.sql"), "select id::text as id, ts::timestamptz as ts, site_id::int as site_id from source")
	writeHits(t, dir, "stop", "id, ts, site_id")
	writeFile(t, filepath.Join(dir, "t.yml"), "data_dir: ./data\nhot: { kind: embedded }\npipelines: ./pipelines\n")
	hour = func(hour, rows int, more ...string) {
		t.Helper()
		lines := more
		for i := range rows {
			lines = append(lines, fmt.Sprintf(`{"id":"%d-%d","ts":"2018-02-15T%02d:00:00Z","site_id":%d}`, hour, i, hour, i%2))
		}
		writeObject(t, filepath.Join(dir, fmt.Sprintf("raw/%02d.gz", hour)), lines...)
	}
	for h := range 3 {
		hour(h, 20)
		mustRun(t, dir, "etl", "run", "-c", "t.yml")
	}
	return dir, hour
}

func writeHits(t *testing.T, dir, action, required string) {
	t.Helper()
	writeFile(t, filepath.Join(dir, "pipelines/web/hits.yml"), "table: web.hits\nsource: { location: \"file:./raw\", format: json, required: ["+required+"] }\n"+
		"time: { column: ts, zone: UTC, grain: day }\nfields: { id: text, ts: timestamptz, site_id: int }\npartition_by: [dt]\nunique_key: [id]\n"+
		"hot: { columns: [id, ts, site_id] }\nchecks: { row_change: { min: 0.5, max: 3, action: "+action+" } }\n")
}

// TestRuleStopsARun has a batch that is too small change nothing, in the lake or in the hot store, until it is accepted.
func TestRuleStopsARun(t *testing.T) {
	t.Parallel()
	dir, hour := hourlySite(t)
	s := start(t, dir, "serve", "-c", "t.yml")
	c := s.connect(t)
	state := func() string {
		t.Helper()
		records, err := filepath.Glob(filepath.Join(dir, "data/lake/_commits/*/*"))
		if err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(len(records), table(t, c, "select max(generation) from tidegate.files"),
			table(t, c, "select /*+ tidegate engine(hot) */ count(*) from web.hits"), table(t, c, "select /*+ tidegate engine(cold) */ count(*) from web.hits"),
			table(t, c, "select count(*) from tidegate.loads"))
	}
	before := state()
	hour(3, 4)
	const want = "rule row_change: expected 10 to 60 rows (the median of 3 batches is 20), found 4"
	for range 2 {
		code, _, errs := runWith(t, dir, nil, "etl", "run", "-c", "t.yml")
		if code != 1 || !strings.Contains(errs, want) {
			t.Fatalf("etl run: exit %d\n%s", code, errs)
		}
		if after := state(); after != before {
			t.Errorf("after a stop: %s, before it: %s", after, before)
		}
	}
	if status := mustRun(t, dir, "etl", "status", "-c", "t.yml"); !strings.Contains(status, want) {
		t.Errorf("status:\n%s", status)
	}
	if code, _, errs := runWith(t, dir, nil, "etl", "run", "-c", "t.yml", "--accept", "row_chang"); code != 2 || !strings.Contains(errs, "did you mean row_change?") {
		t.Errorf("etl run --accept of no rule: exit %d\n%s", code, errs)
	}
	if out := mustRun(t, dir, "etl", "run", "-c", "t.yml", "--accept", "row_change"); !strings.Contains(out, "web.hits: accepted: "+want) {
		t.Errorf("etl run --accept:\n%s", out)
	}
	if got := table(t, c, "select /*+ tidegate engine(hot) */ count(*) from web.hits"); got[0] != "64" {
		t.Errorf("%s rows", got)
	}
	writeHits(t, dir, "warn", "id, ts, site_id")
	hour(4, 1)
	out := mustRun(t, dir, "etl", "run", "-c", "t.yml")
	const warned = "web.hits: warning: rule row_change: expected 10 to 60 rows (the median of 4 batches is 20), found 1"
	if !strings.Contains(out, warned) {
		t.Errorf("etl run:\n%s", out)
	}
	if status := mustRun(t, dir, "etl", "status", "-c", "t.yml"); !strings.Contains(status, warned) {
		t.Errorf("status:\n%s", status)
	}
	if status := mustRun(t, dir, "etl", "status", "--json", "-c", "t.yml"); !strings.Contains(status, `"broken_rules":[{"rule":"row_change","action":"warn","expected":"10 to 60 rows`) {
		t.Errorf("status:\n%s", status)
	}
}

// TestRequeueCommand has a record become a row after its field is no longer required, in both tiers, once.
func TestRequeueCommand(t *testing.T) {
	t.Parallel()
	dir, hour := hourlySite(t)
	hour(3, 20, `{"id":"nowhere","ts":"2018-02-15T03:00:00Z"}`, `{"id":"none","site_id":7}`)
	mustRun(t, dir, "etl", "run", "-c", "t.yml")
	s := start(t, dir, "serve", "-c", "t.yml")
	c := s.connect(t)
	rejected := func() []string {
		t.Helper()
		return table(t, c, "select reason, line from tidegate.quarantine order by 2")
	}
	if d := cmp.Diff([]string{"missing_field(site_id)|1", "missing_field(ts)|2"}, rejected()); d != "" {
		t.Fatalf("quarantine (-want +got):\n%s", d)
	}
	writeHits(t, dir, "stop", "id, ts")
	// Only the requeue reads them: the objects are in batches.
	if err := os.RemoveAll(filepath.Join(dir, "raw")); err != nil {
		t.Fatal(err)
	}
	out := mustRun(t, dir, "etl", "requeue", "-c", "t.yml", "--select", "web.hits")
	if !strings.Contains(out, "web.hits  1        2     1 ") {
		t.Errorf("etl requeue:\n%s", out)
	}
	for _, tier := range []string{"hot", "cold"} {
		got := table(t, c, "select /*+ tidegate engine("+tier+") */ count(*), count(*) filter (where id = 'nowhere' and site_id is null) from web.hits")
		if got[0] != "81|1" {
			t.Errorf("%s: %s rows", tier, got)
		}
	}
	if d := cmp.Diff([]string{"missing_field(ts)|2"}, rejected()); d != "" {
		t.Errorf("quarantine (-want +got):\n%s", d)
	}
	if out := mustRun(t, dir, "etl", "requeue", "-c", "t.yml"); !strings.Contains(out, "web.hits  0        0     0 ") {
		t.Errorf("a second requeue:\n%s", out)
	}
	if code, _, errs := runWith(t, dir, nil, "etl", "requeue", "-c", "t.yml", "--select", "web.hit"); code != 2 || !strings.Contains(errs, "web.hit") {
		t.Errorf("etl requeue of no pipeline: exit %d\n%s", code, errs)
	}
}
