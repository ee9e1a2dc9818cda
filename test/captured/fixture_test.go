package captured

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tidegate/internal/testkit"
	"tidegate/test/program"
)

// serve makes the tables that the statements were captured on in a warehouse that is a PostgreSQL, and serves them.
func serve(t *testing.T) *program.Server {
	t.Helper()
	binary, err := program.Build(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	fixture, err := os.ReadFile(filepath.Join(recorded, "fixture.sql"))
	if err != nil {
		t.Fatal(err)
	}
	cluster := testkit.Postgres(t)
	if _, err := cluster.Connect(t).Exec(t.Context(), string(fixture)); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	config := fmt.Sprintf("data_dir: ./data\npipelines: ./pipelines\nhot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }\n", cluster.DSN())
	if err := os.WriteFile(filepath.Join(dir, "tidegate.yml"), []byte(config), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "pipelines"), 0o755); err != nil {
		t.Fatal(err)
	}
	return program.Start(t, binary, dir, "serve")
}
