package metastore

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"time"

	"tidegate/catalog"
)

// Horizon is the oldest generation that can be read.
func (s *Store) Horizon(ctx context.Context) (int64, error) {
	var number int64
	if err := s.readOne(ctx, []any{&number}, `SELECT number FROM horizon`); err != nil {
		return 0, fmt.Errorf("read the horizon of catalog %s: %w", s.db, err)
	}
	return number, nil
}

// Retire raises the horizon.
func (s *Store) Retire(ctx context.Context, horizon int64) error {
	return s.write(ctx, "raise the horizon", func(w *writer) error {
		newest, err := w.newest()
		if err == nil && horizon > newest {
			err = fmt.Errorf("%w: %d, the newest is %d", catalog.ErrNoGeneration, horizon, newest)
		}
		if err != nil {
			return err
		}
		return w.exec(`UPDATE horizon SET number = $1 WHERE number < $1`, horizon)
	})
}

// GenerationAt gives the newest generation that was committed up to a time.
func (s *Store) GenerationAt(ctx context.Context, at time.Time) (int64, error) {
	// Not by the order of times: a clock may have jumped.
	var number int64
	err := s.readOne(ctx, []any{&number}, `SELECT coalesce(
		(SELECT min(number) - 1 FROM generation WHERE committed_at > $1), (SELECT max(number) FROM generation), 0)`, micros(at))
	if err != nil {
		return 0, fmt.Errorf("read the generations of catalog %s: %w", s.db, err)
	}
	return number, nil
}

// NoteReader says what the statements of a process read.
func (s *Store) NoteReader(ctx context.Context, r catalog.Reader) error {
	return s.write(ctx, "note what a process reads", func(w *writer) error {
		return w.exec(`INSERT INTO reader (id, oldest, horizon, until) VALUES ($1, $2, $3, $4) ON CONFLICT (id)
			DO UPDATE SET oldest = excluded.oldest, horizon = excluded.horizon, until = excluded.until`,
			r.ID, r.Oldest, r.Horizon, micros(r.Until))
	})
}

// ReleaseReader says that a process reads no more.
func (s *Store) ReleaseReader(ctx context.Context, id string) error {
	return s.write(ctx, "forget a reader", func(w *writer) error {
		return w.exec(`DELETE FROM reader WHERE id = $1`, id)
	})
}

// Readers gives those whose time is not over.
func (s *Store) Readers(ctx context.Context, now time.Time) ([]catalog.Reader, error) {
	readers, err := read(ctx, s, `SELECT id, oldest, horizon, until FROM reader WHERE until > $1 ORDER BY id`,
		func(rows *stdsql.Rows) (r catalog.Reader, err error) {
			var until int64
			err = rows.Scan(&r.ID, &r.Oldest, &r.Horizon, &until)
			r.Until = instant(until)
			return r, err
		}, micros(now))
	if err != nil {
		return nil, fmt.Errorf("read who reads catalog %s: %w", s.db, err)
	}
	return readers, nil
}

// DeadFiles gives the files that are in no generation from this one on.
func (s *Store) DeadFiles(ctx context.Context, horizon int64) ([]catalog.DeadFile, error) {
	dead, err := read(ctx, s, `SELECT name, path, bytes FROM file JOIN tbl USING (table_id)
		WHERE end_generation <= $1 AND gone = 0 ORDER BY name, path`,
		func(rows *stdsql.Rows) (f catalog.DeadFile, err error) {
			var name string
			err = rows.Scan(&name, &f.Path, &f.Bytes)
			f.Table, _ = catalog.ParseName(name)
			return f, err
		}, horizon)
	if err != nil {
		return nil, fmt.Errorf("read the dead files of catalog %s: %w", s.db, err)
	}
	return dead, nil
}

// FilesGone says that dead files are no longer in the lake.
func (s *Store) FilesGone(ctx context.Context, table catalog.Name, paths []string) error {
	return s.write(ctx, "note that files are gone", func(w *writer) error {
		for _, path := range paths {
			n, err := w.changed(`UPDATE file SET gone = 1 WHERE table_id = (SELECT table_id FROM tbl WHERE name = $1) AND path = $2
				AND end_generation <= (SELECT number FROM horizon)`, table.String(), path)
			if err != nil {
				return err
			}
			if n != 1 {
				return fmt.Errorf("%w: %s of %s is not a file that ended before the horizon", catalog.ErrConflict, path, table)
			}
		}
		return nil
	})
}

// FilesPresent gives the paths of all files that a table has or had, but for those that are gone.
func (s *Store) FilesPresent(ctx context.Context, table catalog.Name) ([]string, error) {
	paths, err := read(ctx, s, `SELECT path FROM file WHERE table_id = (SELECT table_id FROM tbl WHERE name = $1) AND gone = 0 ORDER BY path`,
		func(rows *stdsql.Rows) (path string, err error) {
			err = rows.Scan(&path)
			return path, err
		}, table.String())
	if err != nil {
		return nil, fmt.Errorf("read the files of %s in catalog %s: %w", table, s.db, err)
	}
	return paths, nil
}
