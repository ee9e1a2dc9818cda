package sqlite_test

import (
	"context"
	"path/filepath"
	"testing"

	"tidegate/catalog"
	"tidegate/catalog/catalogtest"
	"tidegate/catalog/sqlite"
)

func TestMain(m *testing.M) {
	catalogtest.Main(m, func(ctx context.Context, path string) (catalog.Store, error) { return sqlite.Open(ctx, path) })
}

func TestProcessesPublishTogether(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "catalog.db")
	catalogtest.PublishTogether(t, open(t, path), path)
}
