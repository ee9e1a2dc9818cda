package querylog

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver
)

// schemaVersion is the file's PRAGMA user_version.
const schemaVersion = 1

const schema = `
CREATE TABLE query_log (
	id            INTEGER PRIMARY KEY AUTOINCREMENT,
	query_id      TEXT    NOT NULL,
	started_at    INTEGER NOT NULL, -- microseconds from 1970-01-01 UTC; 0 is none
	user_name     TEXT    NOT NULL,
	route         TEXT    NOT NULL,
	reason        TEXT    NOT NULL,
	latency       TEXT    NOT NULL,
	rows          INTEGER NOT NULL,
	bytes_scanned INTEGER NOT NULL,
	bytes_fetched INTEGER NOT NULL,
	elapsed       INTEGER NOT NULL, -- nanoseconds
	generation    INTEGER NOT NULL,
	as_of         INTEGER NOT NULL, -- as started_at
	sqlstate      TEXT    NOT NULL,
	fingerprint   TEXT    NOT NULL,
	query         TEXT    NOT NULL
)`

// file is the SQLite file.
type file struct {
	db   *stdsql.DB
	keep int
}

func openFile(path string, keep int) (*file, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// A crash of the machine may cost the last lines, not the file: a log needs no fsync per commit.
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(1)"}}
	dsn := url.URL{Scheme: "file", Path: abs, RawQuery: q.Encode()}
	db, err := stdsql.Open("sqlite", dsn.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(2)
	f := &file{db: db, keep: keep}
	if err := f.migrate(context.Background()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return f, nil
}

func (f *file) migrate(ctx context.Context) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	var version int
	err = tx.QueryRowContext(ctx, `PRAGMA user_version`).Scan(&version)
	switch {
	case err != nil:
	case version == 0:
		if _, err = tx.ExecContext(ctx, schema); err == nil {
			_, err = tx.ExecContext(ctx, fmt.Sprintf(`PRAGMA user_version = %d`, schemaVersion))
		}
	case version != schemaVersion:
		err = fmt.Errorf("its schema is version %d and this program knows %d; move the file away", version, schemaVersion)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

func (f *file) close() error { return f.db.Close() }

// add writes lines in one transaction and removes the oldest beyond keep.
func (f *file) add(ctx context.Context, lines []Entry) error {
	tx, err := f.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := f.insert(ctx, tx, lines); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// The columns of a line, and how many lines one statement writes: what it costs to run one is then shared.
const (
	columns = "query_id, started_at, user_name, route, reason, latency, rows, bytes_scanned, bytes_fetched, elapsed, " +
		"generation, as_of, sqlstate, fingerprint, query"
	placeholders   = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
	linesPerInsert = 32
)

func (f *file) insert(ctx context.Context, tx *stdsql.Tx, lines []Entry) error {
	whole := len(lines) / linesPerInsert * linesPerInsert
	if err := insertBy(ctx, tx, linesPerInsert, lines[:whole]); err != nil {
		return err
	}
	if err := insertBy(ctx, tx, 1, lines[whole:]); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM query_log WHERE id <= (SELECT max(id) FROM query_log) - ?`, f.keep)
	return err
}

// insertBy writes lines, a multiple of n, by a statement of n lines.
func insertBy(ctx context.Context, tx *stdsql.Tx, n int, lines []Entry) (err error) {
	if len(lines) == 0 {
		return nil
	}
	s, err := tx.PrepareContext(ctx, "INSERT INTO query_log ("+columns+") VALUES "+placeholders+strings.Repeat(", "+placeholders, n-1))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	var args []any
	for part := range slices.Chunk(lines, n) {
		args = args[:0]
		for i := range part {
			e := &part[i]
			args = append(args, e.QueryID, micros(e.StartedAt), e.User, e.Route, e.Reason, e.Latency, e.Rows,
				e.BytesScanned, e.BytesFetched, int64(e.Elapsed), e.Generation, micros(e.AsOf), e.SQLState, e.Fingerprint, e.Query)
		}
		if _, err := s.ExecContext(ctx, args...); err != nil {
			return err
		}
	}
	return nil
}

func (f *file) newest(ctx context.Context, limit int) (_ []Entry, err error) {
	rows, err := f.db.QueryContext(ctx, `SELECT `+columns+` FROM query_log ORDER BY id DESC LIMIT ?`, limit)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var entries []Entry
	for rows.Next() {
		var e Entry
		var started, asOf int64
		err := rows.Scan(&e.QueryID, &started, &e.User, &e.Route, &e.Reason, &e.Latency, &e.Rows, &e.BytesScanned,
			&e.BytesFetched, &e.Elapsed, &e.Generation, &asOf, &e.SQLState, &e.Fingerprint, &e.Query)
		if err != nil {
			return nil, err
		}
		e.StartedAt, e.AsOf = instant(started), instant(asOf)
		entries = append(entries, e)
	}
	return entries, rows.Err()
}

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
