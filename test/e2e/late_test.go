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

// checkLateObject delivers one more object: a new event of an old day, one that is there already, and a broken line.
// Only the new one arrives, in both tiers, and only that day of the second stage is rebuilt.
func checkLateObject(t *testing.T, dir string, c *pgx.Conn) {
	const day = "2018-02-03"
	old := one(t, c, "select event_id from web.events where dt = '"+day+"' order by event_id limit 1")
	oldRow := one(t, c, "select to_char(ts, 'YYYY-MM-DD HH24:MI:SS.US'), site_id from web.events where event_id = '"+old+"'")
	var site int
	if _, err := fmt.Sscan(oldRow[27:], &site); err != nil {
		t.Fatalf("read %q: %v", oldRow, err)
	}
	ts := oldRow[:10] + "T" + oldRow[11:26] + "Z"
	writeObject(t, filepath.Join(dir, "tidegate-data/raw/web/2018/02/20/00/web-logs-1-2018-02-20-00-00-00-late.gz"),
		`{"event_id":"late-1","ts":"2018-02-03T12:00:00Z","site_id":3,"user_id":"late","load_ms":7}`,
		fmt.Sprintf(`{"event_id":%q,"ts":%q,"site_id":%d}`, old, ts, site),
		`{"event_id":"broken`,
	)
	generation := one(t, c, "select max(generation) from tidegate.files where table_name = 'web.site_daily' and partition = 'dt=2018-02-04'")
	before := one(t, c, "select count(*), count(distinct event_id), sum(load_ms) from web.events where dt = '"+day+"'")
	mustRun(t, dir, "etl", "run", "-c", "tidegate-data/demo.yml")
	var rows, ids, sum int64
	if _, err := fmt.Sscanf(before, "%d|%d|%d", &rows, &ids, &sum); err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("%d|%d", rows+1, sum+7)
	for _, tier := range []string{"hot", "cold"} {
		got := one(t, c, "select /*+ tidegate engine("+tier+") */ count(*), sum(load_ms) from web.events where dt = '"+day+"'")
		if got != want {
			t.Errorf("%s: %s, want %s", tier, got, want)
		}
	}
	if got := one(t, c, "select rows_read, rows_rejected, rows_deduplicated, rows_emitted from tidegate.batches where table_name = 'web.events' order by committed_at desc limit 1"); got != "3|1|1|1" {
		t.Errorf("the batch says %s, want 3|1|1|1", got)
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
