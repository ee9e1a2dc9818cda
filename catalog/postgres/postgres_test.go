package postgres_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"tidegate/catalog"
	"tidegate/catalog/catalogtest"
	"tidegate/catalog/postgres"
	"tidegate/internal/testkit"
)

func TestMain(m *testing.M) {
	catalogtest.Main(m, func(ctx context.Context, url string) (catalog.Store, error) { return postgres.Open(ctx, url) })
}

func open(tb testing.TB, url string) catalog.Store {
	tb.Helper()
	s, err := postgres.Open(tb.Context(), url)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := s.Close(); err != nil {
			tb.Error(err)
		}
	})
	return s
}

// inSchema is the URL of a cluster's catalog in a schema.
func inSchema(c *testkit.Cluster, schema string) string {
	return fmt.Sprintf("postgres://postgres@/postgres?host=%s&sslmode=disable&search_path=%s", c.Dir, schema)
}

func TestConformance(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	var schemas atomic.Int64
	catalogtest.Run(t, func(t *testing.T) catalogtest.Opener {
		t.Helper()
		url := inSchema(cluster, fmt.Sprintf("catalog_%d", schemas.Add(1)))
		return func(t *testing.T) catalog.Store {
			t.Helper()
			return open(t, url)
		}
	})
}

func TestProcessesPublishTogether(t *testing.T) {
	t.Parallel()
	url := inSchema(testkit.Postgres(t), "together")
	catalogtest.PublishTogether(t, open(t, url), url)
}

func TestOpenTogether(t *testing.T) {
	t.Parallel()
	url := inSchema(testkit.Postgres(t), "fresh")
	catalogtest.OpenTogether(t, func() (catalog.Store, error) { return postgres.Open(t.Context(), url) })
}

func TestWhatIsRefused(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	for _, statement := range []string{
		`CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0`,
		`CREATE ROLE reader LOGIN`,
	} {
		if _, err := cluster.Connect(t).Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	newer := inSchema(cluster, "newer")
	open(t, newer)
	if _, err := cluster.Connect(t).Exec(t.Context(), `UPDATE newer.catalog SET schema_version = 99`); err != nil {
		t.Fatal(err)
	}
	good := inSchema(cluster, "good")
	for _, c := range []struct{ name, url, want string }{
		{"a newer catalog", newer, "version 99"},
		{"an encoding", strings.Replace(good, "/postgres?", "/latin?", 1), "encoded in LATIN1"},
		{"a user who may not make the schema", strings.Replace(good, "postgres@", "reader@", 1), "permission denied"},
		{"two schemas", inSchema(cluster, "a,b"), `search_path is "a,b"`},
		{"no database", strings.Replace(good, "/postgres?", "/missing?", 1), `database "missing" does not exist`},
		{"no URL", "postgres://h:port/d", "invalid port"},
	} {
		s, err := postgres.Open(t.Context(), c.url)
		if err == nil {
			t.Errorf("%s: it opens, %v", c.name, s.Close())
		} else if !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
