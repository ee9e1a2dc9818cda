package metastore

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"slices"
	"time"

	"tidegate/catalog"
)

// Known gives key → ETag of every input of the table's published batches whose key is from or sorts after it.
func (s *Store) Known(ctx context.Context, table catalog.Name, from string) (known map[string]string, err error) {
	err = s.db.Read(ctx, func(q Querier) error {
		known = map[string]string{}
		return eachRow(ctx, q, `SELECT key, etag FROM input
			WHERE table_id = (SELECT table_id FROM tbl WHERE name = $1) AND key >= $2`, func(rows *stdsql.Rows) error {
			var key, etag string
			err := rows.Scan(&key, &etag)
			known[key] = etag
			return err
		}, table.String(), from)
	})
	if err != nil {
		return nil, fmt.Errorf("read inputs of %s in catalog %s: %w", table, s.db, err)
	}
	return known, nil
}

// KnownKeys is Known of some keys.
func (s *Store) KnownKeys(ctx context.Context, table catalog.Name, keys []string) (known map[string]string, err error) {
	err = s.db.Snapshot(ctx, func(q Querier) error {
		known = map[string]string{}
		for some := range slices.Chunk(keys, keysPerQuery) {
			args := []any{table.String()}
			for _, key := range some {
				args = append(args, key)
			}
			err := eachRow(ctx, q, `SELECT key, etag FROM input WHERE table_id = (SELECT table_id FROM tbl WHERE name = $1)
				AND key IN (`+parameters(2, len(some))+`)`, func(rows *stdsql.Rows) error {
				var key, etag string
				err := rows.Scan(&key, &etag)
				known[key] = etag
				return err
			}, args...)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read inputs of %s in catalog %s: %w", table, s.db, err)
	}
	return known, nil
}

// RecentInput gives the smallest key that a batch read which arrived within a time before the table's last one,
// or "" if fewer than so many inputs sort before it.
func (s *Store) RecentInput(ctx context.Context, table catalog.Name, within time.Duration, before int) (string, error) {
	var key stdsql.NullString
	err := s.readOne(ctx, []any{&key}, `WITH published AS (SELECT table_id, seq, arrived_at FROM batch JOIN tbl USING (table_id) WHERE name = $1 AND state <> 'failed' AND kind <> $4),
		recent AS (SELECT min(key) AS first FROM input WHERE table_id = (SELECT table_id FROM tbl WHERE name = $1)
			AND key NOT LIKE '\_quarantine/%' ESCAPE '\' AND seq IN (SELECT seq FROM published WHERE arrived_at >= (SELECT max(arrived_at) FROM published) - $2))
		SELECT first FROM recent WHERE CAST($3 AS bigint) < 0
			OR EXISTS (SELECT 1 FROM input i WHERE i.table_id = (SELECT table_id FROM tbl WHERE name = $1) AND key < first LIMIT 1 OFFSET abs($3))`,
		table.String(), within.Microseconds(), before-1, string(catalog.RecordCompact))
	if err != nil && !errors.Is(err, stdsql.ErrNoRows) {
		return "", fmt.Errorf("look for the recent inputs of %s in catalog %s: %w", table, s.db, err)
	}
	return key.String, nil
}

// Listed gives what NoteListed noted last.
func (s *Store) Listed(ctx context.Context, table catalog.Name) (catalog.Listing, error) {
	var at int64
	var l catalog.Listing
	err := s.readOne(ctx, []any{&at, &l.Version}, `SELECT listed_at, listed_by FROM tbl WHERE name = $1`, table.String())
	if errors.Is(err, stdsql.ErrNoRows) {
		return catalog.Listing{}, nil
	}
	if err != nil {
		return l, fmt.Errorf("look up the last listing for %s in catalog %s: %w", table, s.db, err)
	}
	l.At = instant(at)
	return l, nil
}

// NoteListed says when the source of a table was listed as a whole; the zero value says that it has to be.
func (s *Store) NoteListed(ctx context.Context, table catalog.Name, l catalog.Listing) error {
	return s.write(ctx, "note the listing for "+table.String(), func(w *writer) error {
		id, err := w.table(table)
		if err != nil {
			return err
		}
		return w.exec(`UPDATE tbl SET listed_at = $1, listed_by = $2 WHERE table_id = $3`, micros(l.At), l.Version, id)
	})
}
