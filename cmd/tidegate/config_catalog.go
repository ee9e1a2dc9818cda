package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"tidegate/catalog"
	"tidegate/catalog/postgres"
	"tidegate/catalog/sqlite"
)

func (c *config) catalogIsFile() bool { return strings.HasPrefix(c.Catalog, "sqlite:") }

// catalogFile is where the catalog is, if it is a file.
func (c *config) catalogFile() string { return strings.TrimPrefix(c.Catalog, "sqlite:") }

func (c *config) checkCatalog(fail func(key, format string, args ...any)) {
	if c.catalogIsFile() {
		return
	}
	if !strings.HasPrefix(c.Catalog, "postgres://") && !strings.HasPrefix(c.Catalog, "postgresql://") {
		fail("catalog", "is neither sqlite:FILE nor postgres://USER@HOST:PORT/DATABASE") // it may hold a password
		return
	}
	if err := postgres.Check(c.Catalog); err != nil {
		fail("catalog", "is wrong: %v", err)
	}
}

// openCatalog opens the catalog, which it makes if there is none.
func (c *config) openCatalog(ctx context.Context) (catalog.Store, error) {
	if !c.catalogIsFile() {
		store, err := postgres.Open(ctx, c.Catalog)
		if err != nil {
			return nil, err
		}
		return store, nil
	}
	if err := os.MkdirAll(filepath.Dir(c.catalogFile()), 0o755); err != nil {
		return nil, fmt.Errorf("make folder: %w (set catalog to a place that can be written)", err)
	}
	store, err := sqlite.Open(ctx, c.catalogFile())
	if err != nil {
		return nil, err
	}
	return store, nil
}
