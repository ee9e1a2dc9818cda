package e2e

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestCatalogGC replaces files while a cursor reads them, collects the garbage then and after it, and asks everything
// again.
func TestCatalogGC(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, dir, demoArgs...)
	c, reader := s.connect(t), s.connect(t)
	const daily = "/*+ tidegate engine(cold) */ select dt, site_id, pv, uu, load_ms_sum from web.site_daily order by 1, 2"
	before := table(t, c, daily)
	generation := one(t, c, "select max(generation) from tidegate.tables")
	exec := func(statement string) {
		t.Helper()
		if _, err := reader.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("begin")
	exec("declare c no scroll cursor for " + daily)
	got := table(t, reader, "fetch 1 from c")

	for i := range 2 {
		line := fmt.Sprintf(`{"event_id":"new-%d","ts":"2018-02-03T12:00:00Z","site_id":3,"user_id":"late","load_ms":7}`, i)
		writeObject(t, filepath.Join(dir, fmt.Sprintf("tidegate-data/raw/web/2018/02/20/00/web-logs-1-2018-02-20-00-00-00-%d.gz", i)), line)
		mustRun(t, dir, "etl", "run", "-c", "tidegate-data/demo.yml")
	}
	after := table(t, c, daily)
	gc := func(args ...string) string {
		t.Helper()
		return mustRun(t, dir, append([]string{"catalog", "gc", "-c", "tidegate-data/demo.yml", "--keep", "1", "--age", "0s"}, args...)...)
	}
	if out := gc("--dry-run"); !strings.HasPrefix(out, "0 files") || !strings.Contains(out, "would be removed") {
		t.Errorf("a dry run while a cursor is open: %s", out)
	}
	if out := gc(); !strings.HasPrefix(out, "0 files") {
		t.Errorf("while a cursor is open: %s", out)
	}
	if d := cmp.Diff(before, append(got, table(t, reader, "fetch all from c")...)); d != "" {
		t.Errorf("the cursor (-before +read):\n%s", d)
	}
	exec("commit")
	// The gateway tells it within seconds.
	out := gc()
	for deadline := time.Now().Add(time.Minute); strings.HasPrefix(out, "0 files") && time.Now().Before(deadline); {
		time.Sleep(time.Second)
		out = gc()
	}
	if !strings.HasPrefix(out, "2 files") {
		t.Errorf("afterwards: %s", out)
	}
	if d := cmp.Diff(after, table(t, c, daily)); d != "" {
		t.Errorf("the table (-before +after):\n%s", d)
	}
	exec("set tidegate.generation = " + generation)
	if _, err := reader.Exec(t.Context(), daily); err == nil || !strings.Contains(err.Error(), "55000") {
		t.Errorf("a generation that was collected: %v", err)
	}
	if code, _, errs := run(t, dir, "catalog", "gc", "-c", "tidegate-data/demo.yml", "--keep", "0"); code != 2 || !strings.Contains(errs, "--keep") {
		t.Errorf("--keep 0: exit %d, %s", code, errs)
	}
}
