// Package sqlite opens a catalog in one SQLite file, shared by several processes of one machine.
//
// Writers take SQLite's write lock at the beginning of a transaction. That something was committed is seen in SQLite's WAL
// index, without asking SQLite.
package sqlite

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver

	"tidegate/catalog/metastore"
)

// busyTimeout is how long a writer waits for another process.
const busyTimeout = 30 * time.Second

// connections bounds the pool: one is held for the version.
const connections = 6

// database is a metastore.Database in a SQLite file.
type database struct {
	path    string
	db      *stdsql.DB
	commits commits
}

// Open opens the catalog in the file, which it makes if it is not there, and brings its schema up to date.
func Open(ctx context.Context, path string) (*metastore.Store, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open catalog %s: %w", path, err)
	}
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()), "foreign_keys(1)", "synchronous(2)",
	}}
	dsn := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	db, err := stdsql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, fmt.Errorf("open catalog %s: %w", path, err)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(connections)
	d := &database{path: path, db: db}
	if err := d.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", path, err), db.Close())
	}
	return metastore.New(d), nil
}

func (d *database) String() string { return d.path }

func (d *database) Close() error { return errors.Join(d.commits.close(), d.db.Close()) }

func (d *database) Write(ctx context.Context, change func(*stdsql.Tx) error) error {
	tx, err := d.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := change(tx); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (d *database) Read(_ context.Context, read func(metastore.Querier) error) error {
	return read(d.db)
}

func (d *database) Snapshot(ctx context.Context, read func(metastore.Querier) error) error {
	tx, err := d.db.BeginTx(ctx, &stdsql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	return errors.Join(read(tx), tx.Rollback())
}

// RowsPerInsert is small: nothing is saved but the reading of the statement.
func (d *database) RowsPerInsert() int { return 20 }
