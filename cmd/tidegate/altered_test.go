package main

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/etl/hotload"
	"tidegate/internal/demo"
	"tidegate/internal/engine/duck"
)

// TestAlteredEmbedded changes the embedded store's table by hand between two runs: serve starts, the table is answered
// cold and a NOTICE says why, and etl run names the difference.
func TestAlteredEmbedded(t *testing.T) {
	t.Parallel()
	source := filepath.Join(t.TempDir(), "web")
	if _, err := demo.Generate(t.Context(), source, demo.Options{Seed: 7, Days: 2, Sites: 5, Records: 2000}); err != nil {
		t.Fatal(err)
	}
	site := newCrashSite(t, source)
	site.etl(t, 0)
	db, err := duck.Open(t.Context(), duck.Options{
		Attach: []duck.Attachment{{Name: hotload.Database, Path: filepath.Join(site.dir, "tidegate-data/hot.duckdb")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	session, err := db.Session(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = session.Exec(t.Context(), `ALTER TABLE hot.tidegate_hot."web__events" RENAME COLUMN load_ms TO theirs`)
	if err := errors.Join(err, session.Close(), db.Close()); err != nil {
		t.Fatal(err)
	}
	const difference = `hot table hot.tidegate_hot."web__events" was altered: its column load_ms is missing`
	site.serve(t, func(address string) {
		config, err := pgx.ParseConfig("postgres://demo@" + address + "/tidegate")
		if err != nil {
			t.Fatal(err)
		}
		var notices []string
		config.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) { notices = append(notices, n.Message) }
		c, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close(context.WithoutCancel(t.Context()))
		ask := func(hint string) string {
			var n string
			if err := c.QueryRow(t.Context(), "select "+hint+" count(distinct user_id) from web.events where site_id > 1").Scan(&n); err != nil {
				t.Errorf("%s: %v", hint, err)
			}
			return n
		}
		cold := ask("/*+ tidegate engine(cold) */")
		notices = nil
		if d := cmp.Diff(cold, ask("/*+ tidegate latency(interactive) */")); d != "" {
			t.Error(d)
		}
		if told := strings.Join(notices, "; "); !strings.Contains(told, "answered cold: "+difference) {
			t.Errorf("notices %q", notices)
		}
	})
}
