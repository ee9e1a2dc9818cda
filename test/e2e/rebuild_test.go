package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCatalogRebuild loses the catalog of a lake that is hot too, and makes it anew of the commit records.
func TestCatalogRebuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	queries := []string{
		perDay,
		"/*+ tidegate engine(cold) */ " + perDay,
		"select dt, site_id, pv, uu from web.site_daily order by 1, 2",
		"select table_name, batch, revision, state, rows_read, rows_rejected, rows_emitted from tidegate.batches order by 1, 2",
		"select reason, count(*) from tidegate.quarantine group by 1 order by 1",
	}
	answers := func(s *server) (all [][]string) {
		c := s.connect(t)
		for _, q := range queries {
			all = append(all, table(t, c, q))
		}
		return all
	}
	s := start(t, dir, demoArgs...)
	before := answers(s)
	config := filepath.Join("tidegate-data", "demo.yml")
	catalogs, err := filepath.Glob(filepath.Join(dir, "tidegate-data", "catalog.db*"))
	if err != nil || len(catalogs) == 0 {
		t.Fatalf("no catalog: %v", err)
	}
	if code, _, errs := run(t, dir, "catalog", "rebuild", "-c", config); code != 1 || !strings.Contains(errs, "hot store has an owner") {
		t.Errorf("while it serves: exit %d, %s", code, errs)
	}
	s.interrupt(t)
	if code, _, errs := run(t, dir, "catalog", "rebuild", "-c", config); code != 2 || !strings.Contains(errs, "move it away") {
		t.Errorf("over a catalog: exit %d, %s", code, errs)
	}
	for _, file := range catalogs {
		if err := os.Remove(file); err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
	}
	out := mustRun(t, dir, "catalog", "rebuild", "-c", config)
	if !strings.Contains(out, "web.events") || !strings.Contains(out, "web.site_daily") {
		t.Errorf("the report does not name the tables:\n%s", out)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "tidegate-data", "*.rebuilding*")); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v %v", left, err)
	}
	s = start(t, dir, "serve", "-c", config)
	if d := cmp.Diff(before, answers(s)); d != "" {
		t.Errorf("after the rebuilding (-before +after):\n%s", d)
	}
	mustRun(t, dir, "hot", "load", "-c", config)
	if d := cmp.Diff(before, answers(s)); d != "" {
		t.Errorf("hot again (-before +after):\n%s", d)
	}
	if route := strings.Join(table(t, s.connect(t), "explain (route) "+"select count(*), max(load_ms) from web.events where site_id = 3"), "\n"); !strings.Contains(route, "Route: hot") {
		t.Errorf("what was hot is not hot again:\n%s", route)
	}
	s.interrupt(t)
	empty := t.TempDir()
	if code, _, errs := run(t, empty, "catalog", "rebuild"); code != 1 || !strings.Contains(errs, "no commit record") {
		t.Errorf("of an empty lake: exit %d, %s", code, errs)
	}
}
