package metastore

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"tidegate/catalog"
)

// Store is a catalog.Store in a Database.
type Store struct {
	db Database
	// writing lets one writer of this process through: the database's own lock does not serve them in order.
	writing chan struct{}

	latest  atomic.Pointer[viewState] // nil before the first View
	loading sync.Mutex                // of whoever makes the next one
}

var _ catalog.Store = (*Store)(nil)

// New gives the catalog of a database whose tables are up to date. Close closes the database too.
func New(db Database) *Store { return &Store{db: db, writing: make(chan struct{}, 1)} }

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// write runs change in one transaction that no other writer runs beside. It may be run more than once, of which only the
// last one counts.
func (s *Store) write(ctx context.Context, doing string, change func(*writer) error) error {
	select {
	case s.writing <- struct{}{}:
		defer func() { <-s.writing }()
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", doing, context.Cause(ctx))
	}
	err := s.db.Write(ctx, func(tx *stdsql.Tx) error { return change(&writer{ctx: ctx, tx: tx, db: s.db}) })
	if err != nil {
		return fmt.Errorf("%s in catalog %s: %w", doing, s.db, err)
	}
	return nil
}

// writer is one write transaction with the calls that every change needs.
type writer struct {
	ctx context.Context //nolint:containedctx // lives for one transaction, as database/sql's own Tx
	tx  *stdsql.Tx
	db  Database
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
	if err := w.exec(`INSERT INTO tbl (name) VALUES ($1) ON CONFLICT DO NOTHING`, name.String()); err != nil {
		return 0, err
	}
	var id int64
	err := w.row(`SELECT table_id FROM tbl WHERE name = $1`, name.String()).Scan(&id)
	return id, err
}

// generation makes the next one.
func (w *writer) generation(kind string, tableID int64) (int64, error) {
	var number int64
	err := w.row(`INSERT INTO generation (number, committed_at, kind, table_id)
		SELECT coalesce(max(number), 0) + 1, $1, $2, $3 FROM generation RETURNING number`,
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
