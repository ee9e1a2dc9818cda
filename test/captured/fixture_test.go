package captured

import (
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
	return program.ServeOver(t, binary, cluster.DSN())
}
