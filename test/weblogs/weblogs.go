// Package weblogs lays out the demo's web logs with their pipelines, and copies what becomes of them to a PostgreSQL.
package weblogs

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/examples"
	"tidegate/internal/demo"
)

// LayOut writes 20,000 records below tidegate-data/raw/web of dir, and the pipelines of web.events and web.site_daily.
func LayOut(tb testing.TB, dir string) {
	tb.Helper()
	if _, err := demo.Generate(tb.Context(), filepath.Join(dir, "tidegate-data/raw/web"), demo.Options{Seed: 1, Days: 14, Sites: 20, Records: 20000}); err != nil {
		tb.Fatal(err)
	}
	files, err := fs.Sub(examples.Web, "web/pipelines")
	if err != nil {
		tb.Fatal(err)
	}
	if err := os.CopyFS(filepath.Join(dir, "pipelines"), files); err != nil {
		tb.Fatal(err)
	}
}

// Tables makes both tables in a PostgreSQL.
const Tables = `create schema web;
create table web.events (event_id text, ts timestamptz, site_id int, domain text, path varchar, user_id text,
	referrer text, user_agent text, load_ms int, query text, experiment text, dt text);
create table web.site_daily (dt text, site_id int, pv bigint, uu bigint, timed bigint, load_ms_sum bigint)`

// Copy makes both tables in a PostgreSQL, with the rows that the gateway has of them in the lake.
func Copy(tb testing.TB, gate, postgres *pgconn.PgConn) {
	tb.Helper()
	exec(tb, postgres, Tables)
	escape := strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\t", `\t`, "\r", `\r`)
	for _, table := range []string{"web.events", "web.site_daily"} {
		var text bytes.Buffer
		for _, row := range exec(tb, gate, "/*+ tidegate engine(cold) */ select * from "+table)[0].Rows {
			for i, cell := range row {
				if i > 0 {
					text.WriteByte('\t')
				}
				if cell == nil {
					text.WriteString(`\N`)
				} else {
					text.WriteString(escape.Replace(string(cell)))
				}
			}
			text.WriteByte('\n')
		}
		if _, err := postgres.CopyFrom(tb.Context(), &text, "copy "+table+" from stdin"); err != nil {
			tb.Fatalf("copy %s: %v", table, err)
		}
	}
	exec(tb, postgres, "analyze")
}

func exec(tb testing.TB, c *pgconn.PgConn, text string) []*pgconn.Result {
	tb.Helper()
	results, err := c.Exec(tb.Context(), text).ReadAll()
	if err != nil {
		tb.Fatal(fmt.Errorf("%.100s: %w", text, err))
	}
	return results
}
