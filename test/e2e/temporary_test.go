package e2e

import (
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"tidegate/internal/testkit"
)

// siteDaily is the demo's table as PostgreSQL has it.
const siteDaily = `create schema web; create table web.site_daily
	(dt text, site_id int, pv bigint, uu bigint, timed bigint, load_ms_sum bigint)`

// TestTemporaryTables plays the scripts of testdata/temporary with a gateway without a hot store that is a server, and
// with PostgreSQL: all that comes is the same.
func TestTemporaryTables(t *testing.T) { //nolint:tparallel // the parts share the servers
	t.Parallel()
	playFolder(t, temporaryTwins(t), "testdata/temporary")
}

// TestSessionFunctions plays the scripts of testdata/session in the same way: functions that read or change the session.
func TestSessionFunctions(t *testing.T) { //nolint:tparallel // the parts share the servers
	t.Parallel()
	playFolder(t, temporaryTwins(t), "testdata/session")
}

// playFolder plays each script of a folder in a session of both.
func playFolder(t *testing.T, both func(t *testing.T) *twins, folder string) {
	t.Helper()
	scripts, err := filepath.Glob(filepath.Join(folder, "*.txt"))
	if err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	for _, path := range scripts {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txt"), func(t *testing.T) {
			text, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			both(t).script(string(text))
		})
	}
}

// temporaryTwins starts a gateway without a hot store that is a server, and a PostgreSQL with the same table. What it gives
// opens a session of each.
func temporaryTwins(t *testing.T) func(t *testing.T) *twins {
	t.Helper()
	s := start(t, t.TempDir(), "demo", "--records", "2000", "--days", "2", "--sites", "5")
	pg := testkit.Postgres(t)
	direct(t, pg.DSN(), siteDaily)
	copyTable(t, s.connect(t), pg.Connect(t), "web.site_daily")
	u, err := url.Parse(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) *twins {
		t.Helper()
		gateway := dialWire(t, "tcp", u.Host, "demo", "tidegate")
		plain := dialWire(t, "unix", filepath.Join(pg.Dir, ".s.PGSQL.5432"), "postgres", "postgres")
		gateway.whole, plain.whole = true, true
		return &twins{t, gateway, plain}
	}
}

// copyTable fills a table of PostgreSQL with the rows of the gateway's.
func copyTable(t *testing.T, from, to *pgx.Conn, name string) {
	t.Helper()
	var rows bytes.Buffer
	if _, err := from.PgConn().CopyTo(t.Context(), &rows, "copy "+name+" to stdout"); err != nil {
		t.Fatal(err)
	}
	if _, err := to.PgConn().CopyFrom(t.Context(), &rows, "copy "+name+" from stdin"); err != nil {
		t.Fatal(err)
	}
}
