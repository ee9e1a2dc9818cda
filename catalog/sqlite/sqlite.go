// Package sqlite is the catalog in one SQLite file, shared by several processes of one machine.
//
// Writers take SQLite's write lock at the beginning of a transaction, so that what they read is what they change;
// a transaction that changes what queries see is one generation. Readers use an immutable View, which view.go keeps
// up to date.
package sqlite

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"sync"
	"time"

	_ "modernc.org/sqlite" // the driver

	"tidegate/catalog"
)

// busyTimeout is how long a writer waits for another process.
const busyTimeout = 30 * time.Second

// connections bounds the pool: one is held for the View.
const connections = 6

// Store is a catalog.Store on a SQLite file.
type Store struct {
	path string
	db   *stdsql.DB
	// writing lets one writer of this process through: goroutines that poll SQLite's lock are not served in order.
	writing chan struct{}

	viewMu sync.Mutex
	reader *reader // guarded by viewMu; nil before the first View and after an error
	view   *viewState
}

var _ catalog.Store = (*Store)(nil)

// Open opens the catalog in the file, which it makes if it is not there, and brings its schema up to date.
func Open(ctx context.Context, path string) (*Store, error) {
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
	s := &Store{path: path, db: db, writing: make(chan struct{}, 1)}
	if err := s.migrate(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("open catalog %s: %w", path, err), db.Close())
	}
	return s, nil
}

// Close releases the file.
func (s *Store) Close() error {
	s.viewMu.Lock()
	defer s.viewMu.Unlock()
	var err error
	if s.reader != nil {
		err = s.reader.close()
		s.reader = nil
	}
	return errors.Join(err, s.db.Close())
}

// write runs change in one transaction that holds the write lock from its beginning.
func (s *Store) write(ctx context.Context, doing string, change func(*writer) error) error {
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("%s in catalog %s: %w", doing, s.path, err)
	}
	if err := change(&writer{ctx: ctx, tx: tx}); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", doing, err), tx.Rollback())
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("%s in catalog %s: %w", doing, s.path, err)
	}
	return nil
}

// writer is one write transaction with the calls that every change needs.
type writer struct {
	ctx context.Context //nolint:containedctx // lives for one transaction, as database/sql's own Tx
	tx  *stdsql.Tx
}

func (w *writer) exec(query string, args ...any) error {
	_, err := w.tx.ExecContext(w.ctx, query, args...)
	return err
}

// changed is exec that gives the number of rows.
func (w *writer) changed(query string, args ...any) (int64, error) {
	r, err := w.tx.ExecContext(w.ctx, query, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

func (w *writer) row(query string, args ...any) *stdsql.Row {
	return w.tx.QueryRowContext(w.ctx, query, args...)
}

// table gives the id of a name, which it makes if it is not there.
func (w *writer) table(name catalog.Name) (int64, error) {
	if name.Schema == "" || name.Table == "" {
		return 0, fmt.Errorf("table name %q is not schema.table", name)
	}
	if err := w.exec(`INSERT INTO tbl (name) VALUES (?) ON CONFLICT DO NOTHING`, name.String()); err != nil {
		return 0, err
	}
	var id int64
	err := w.row(`SELECT table_id FROM tbl WHERE name = ?`, name.String()).Scan(&id)
	return id, err
}

func (w *writer) partition(tableID int64, value string) (int64, error) {
	err := w.exec(`INSERT INTO part (table_id, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, tableID, value)
	if err != nil {
		return 0, err
	}
	var id int64
	err = w.row(`SELECT partition_id FROM part WHERE table_id = ? AND value = ?`, tableID, value).Scan(&id)
	return id, err
}

// generation makes the next one.
func (w *writer) generation(kind string, tableID int64) (int64, error) {
	var number int64
	err := w.row(`INSERT INTO generation (number, committed_at, kind, table_id)
		SELECT coalesce(max(number), 0) + 1, ?, ?, ? FROM generation RETURNING number`,
		micros(time.Now()), kind, tableID).Scan(&number)
	return number, err
}

// newest gives the newest generation, 0 before the first.
func (w *writer) newest() (int64, error) {
	var number int64
	err := w.row(`SELECT coalesce(max(number), 0) FROM generation`).Scan(&number)
	return number, err
}

// micros is a time as the catalog holds it; the zero time is 0.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

func instant(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros).UTC()
}
