package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// TestLakeOnS3 runs the demo's pipelines into a bucket, and compares both tiers with those over a folder.
func TestLakeOnS3(t *testing.T) {
	s3 := testkit.S3(t)
	dir := t.TempDir()
	local := start(t, dir, demoArgs...)
	c := local.connect(t)
	const (
		perTierDay = "select dt, count(*), count(distinct site_id) from web.events group by dt order by dt"
		daily      = "select dt, site_id, pv, uu from web.site_daily order by dt, site_id"
		quarantine = "select reason, count(*) from tidegate.quarantine group by reason order by reason"
	)
	days, sites, rejected := table(t, c, perTierDay), table(t, c, daily), table(t, c, quarantine)
	if len(days) == 0 || len(sites) == 0 || len(rejected) == 0 {
		t.Fatalf("%d days, %d rows of the second stage, %d reasons: there is nothing to compare", len(days), len(sites), len(rejected))
	}
	local.interrupt(t)

	for _, variable := range append(s3.Environment(),
		"TIDEGATE_DATA_DIR=./elsewhere", "TIDEGATE_LAKE_LOCATION=s3://"+s3.Bucket(t)+"/lake",
		"TIDEGATE_LAKE_S3_ENDPOINT="+s3.Endpoint, "TIDEGATE_LAKE_S3_PATH_STYLE=true",
	) {
		name, value, _ := strings.Cut(variable, "=")
		t.Setenv(name, value)
	}
	args := []string{"-c", "tidegate-data/demo.yml"}
	if out := mustRun(t, dir, append([]string{"etl", "run"}, args...)...); !strings.Contains(out, "web.events") {
		t.Errorf("the report does not name the table:\n%s", out)
	}
	if left := files(t, filepath.Join(dir, "elsewhere", "tmp")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "elsewhere", "lake")); err == nil {
		t.Error("there is a lake in the data folder too")
	}

	remote := start(t, dir, append([]string{"serve"}, args...)...)
	c = remote.connect(t)
	if got := route(t, c, perTierDay); got != "hot" {
		t.Errorf("%s goes %s, want hot", perTierDay, got)
	}
	for _, tier := range []string{"hot", "cold"} {
		hint := "/*+ tidegate engine(" + tier + ") */"
		for query, want := range map[string][]string{perTierDay: days, daily: sites} {
			if d := cmp.Diff(want, table(t, c, strings.Replace(query, "select", "select "+hint, 1))); d != "" {
				t.Errorf("%s: %s (-folder +S3):\n%s", tier, query, d)
			}
		}
	}
	if d := cmp.Diff(rejected, table(t, c, quarantine)); d != "" {
		t.Errorf("quarantine (-folder +S3):\n%s", d)
	}
	checkCacheMetrics(t, remote, c)
	if n := verified(t, c, false, pgx.QueryExecModeExec, "web.events", ""); n == 0 {
		t.Error("verify counted nothing")
	}
	remote.interrupt(t)
}

// checkCacheMetrics asks a query of a column that nobody asked for yet, twice, and reads what the cache counted.
func checkCacheMetrics(t *testing.T, s *server, c *pgx.Conn) {
	t.Helper()
	counts := func() (requested, fetched, cold float64) {
		return s.metric(t, "tidegate_cache_requested_bytes_total"), s.metric(t, "tidegate_cache_fetched_bytes_total"),
			s.metric(t, `tidegate_query_total{route="cold"}`)
	}
	const query = "select /*+ tidegate engine(cold) */ count(*) from web.events where referrer like '%.example%'"
	requested, fetched, cold := counts()
	table(t, c, query)
	requested1, fetched1, cold1 := counts()
	if requested1 <= requested || fetched1 <= fetched || cold1 != cold+1 {
		t.Errorf("a cold query: requested %.0f to %.0f, fetched %.0f to %.0f, queries %.0f to %.0f", requested, requested1, fetched, fetched1, cold, cold1)
	}
	table(t, c, query)
	requested2, fetched2, _ := counts()
	if requested2-requested1 != requested1-requested || fetched2 != fetched1 {
		t.Errorf("the same again: requested %.0f to %.0f, fetched %.0f to %.0f", requested1, requested2, fetched1, fetched2)
	}
	for _, zero := range []string{"refetched_bytes_total", "evicted_bytes_total", "absent_reads_total"} {
		if n := s.metric(t, "tidegate_cache_"+zero); n != 0 {
			t.Errorf("%s is %.0f", zero, n)
		}
	}
	if up := s.metric(t, "tidegate_hot_up"); up != 1 {
		t.Errorf("the hot store is up: %.0f", up)
	}
	if code, text := s.ask(t, "/readyz"); code != 200 || text != "ready\n" {
		t.Errorf("readyz: %d %q", code, text)
	}
}

// files gives the regular files below a folder, but for locks, which stay.
func files(t *testing.T, dir string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() && filepath.Ext(path) != ".lock" {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
