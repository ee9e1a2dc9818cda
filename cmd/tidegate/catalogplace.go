package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"tidegate/catalog"
	"tidegate/catalog/postgres"
)

// catalogPlace is where a catalog is to be, and where it is made.
type catalogPlace interface {
	// free says that a catalog is there already.
	free(ctx context.Context) error
	// open makes an empty catalog beside the place, discard removes it, settle puts it there.
	open(ctx context.Context) (catalog.Store, error)
	discard(ctx context.Context) error
	settle(ctx context.Context) error
}

func (c config) catalogPlace() catalogPlace {
	if c.catalogIsFile() {
		return filePlace{c.catalogFile()}
	}
	return schemaPlace{c.Catalog}
}

// filePlace is a file of SQLite.
type filePlace struct{ file string }

func (p filePlace) beside() string { return p.file + ".rebuilding" }

func (p filePlace) free(context.Context) error {
	if _, err := os.Stat(p.file); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, wrong{fmt.Errorf("%s is there: end every tidegate that uses it and move it away, then rebuild", p.file)})
	}
	return nil
}

func (p filePlace) open(ctx context.Context) (catalog.Store, error) {
	c := config{Catalog: "sqlite:" + p.beside()}
	return c.openCatalog(ctx)
}

func (p filePlace) discard(context.Context) error { return removeCatalog(p.beside()) }

func (p filePlace) settle(context.Context) error {
	if err := removeCatalog(p.file); err != nil {
		return err
	}
	return os.Rename(p.beside(), p.file)
}

// removeCatalog removes what SQLite has of a database. A log without its database would be played into the next one of
// that name.
func removeCatalog(file string) error {
	var errs []error
	for _, suffix := range []string{"-wal", "-shm", ""} {
		if err := os.Remove(file + suffix); !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

// schemaPlace is a schema of PostgreSQL.
type schemaPlace struct{ url string }

func (p schemaPlace) free(ctx context.Context) error {
	made, name, err := postgres.IsMade(ctx, p.url)
	if err != nil || !made {
		return err
	}
	_, schema, _ := strings.Cut(name, "search_path=")
	return wrong{fmt.Errorf("%s is there: end every tidegate that uses it and give its schema another name (ALTER SCHEMA %s RENAME TO …), then rebuild", name, schema)}
}

func (p schemaPlace) open(ctx context.Context) (catalog.Store, error) {
	beside, err := postgres.Beside(p.url)
	if err != nil {
		return nil, err
	}
	c := config{Catalog: beside}
	return c.openCatalog(ctx)
}

func (p schemaPlace) discard(ctx context.Context) error {
	beside, err := postgres.Beside(p.url)
	if err != nil {
		return err
	}
	return postgres.Remove(ctx, beside)
}

func (p schemaPlace) settle(ctx context.Context) error {
	beside, err := postgres.Beside(p.url)
	if err != nil {
		return err
	}
	return postgres.Move(ctx, beside, p.url)
}
