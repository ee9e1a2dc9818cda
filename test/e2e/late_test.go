package e2e

import (
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
)

// lateEvents is large enough that one broken line among them is below the pipeline's max_reject_ratio.
const lateEvents = 200

// checkLateObject delivers one more object: new events of an old day, one that is there already, and a broken line.
// Only the new ones arrive, in both tiers, and only that day of the second stage is rebuilt.
func checkLateObject(t *testing.T, dir string, c *pgx.Conn) {
	t.Helper()
	const day = "2018-02-03"
	old := one(t, c, "select event_id from web.events where dt = '"+day+"' order by event_id limit 1")
	oldRow := one(t, c, "select to_char(ts, 'YYYY-MM-DD HH24:MI:SS.US'), site_id from web.events where event_id = '"+old+"'")
	var site int
	if _, err := fmt.Sscan(oldRow[27:], &site); err != nil {
		t.Fatalf("read %q: %v", oldRow, err)
	}
	ts := oldRow[:10] + "T" + oldRow[11:26] + "Z"
	lines := []string{fmt.Sprintf(`{"event_id":%q,"ts":%q,"site_id":%d}`, old, ts, site), `{"event_id":"broken`}
	for i := range lateEvents {
		lines = append(lines, fmt.Sprintf(`{"event_id":"late-%d","ts":"2018-02-03T12:00:00Z","site_id":3,"user_id":"late","load_ms":7}`, i))
	}
	writeObject(t, filepath.Join(dir, "tidegate-data/raw/web/2018/02/20/00/web-logs-1-2018-02-20-00-00-00-late.gz"), lines...)
	generation := one(t, c, "select max(generation) from tidegate.files where table_name = 'web.site_daily' and partition = 'dt=2018-02-04'")
	before := one(t, c, "select count(*), count(distinct event_id), sum(load_ms) from web.events where dt = '"+day+"'")
	mustRun(t, dir, "etl", "run", "-c", "tidegate-data/demo.yml")
	var rows, ids, sum int64
	if _, err := fmt.Sscanf(before, "%d|%d|%d", &rows, &ids, &sum); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%d|%d", rows+lateEvents, sum+7*lateEvents)
	for _, tier := range []string{"hot", "cold"} {
		got := one(t, c, "select /*+ tidegate engine("+tier+") */ count(*), sum(load_ms) from web.events where dt = '"+day+"'")
		if got != want {
			t.Errorf("%s: %s, want %s", tier, got, want)
		}
	}
	if got := one(t, c, "select rows_read, rows_rejected, rows_deduplicated, rows_emitted from tidegate.batches where table_name = 'web.events' order by committed_at desc limit 1"); got != "202|1|1|200" {
		t.Errorf("the batch says %s, want 202|1|1|200", got)
	}
	checkSiteDaily(t, c)
	if d := cmp.Diff(generation, one(t, c, "select max(generation) from tidegate.files where table_name = 'web.site_daily' and partition = 'dt=2018-02-04'")); d != "" {
		t.Errorf("a day that did not change was rebuilt: %s", d)
	}
}

func writeObject(t *testing.T, path string, lines ...string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	gz := gzip.NewWriter(f)
	for _, l := range lines {
		fmt.Fprintln(gz, l)
	}
	if err := gz.Close(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	arrived := time.Date(2018, 2, 20, 0, 0, 0, 0, time.UTC)
	if err := os.Chtimes(path, arrived, arrived); err != nil {
		t.Fatal(err)
	}
}
