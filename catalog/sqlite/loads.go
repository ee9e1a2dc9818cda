package sqlite

import (
	"context"
	"errors"
	"fmt"

	"tidegate/catalog"
)

// Loads gives every load that was ever published, by table and load sequence.
func (s *Store) Loads(ctx context.Context) (loads []catalog.Load, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("read loads of catalog %s: %w", s.path, err)
		}
	}()
	rows, err := s.db.QueryContext(ctx, `SELECT t.name, b.batch, b.revision, p.value, h.load_seq, h.hot_schema_version,
			(SELECT sum(f.rows) FROM file f WHERE f.batch_id = h.batch_id AND f.partition_id = h.partition_id),
			h.begin_generation, g.committed_at, h.end_generation IS NOT NULL
		FROM hot_part h JOIN tbl t USING (table_id) JOIN batch b USING (batch_id) JOIN part p USING (partition_id)
			JOIN generation g ON g.number = h.begin_generation
		ORDER BY t.name, h.load_seq`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var l catalog.Load
		var name string
		var at int64
		err := rows.Scan(&name, &l.Batch, &l.Revision, &l.Partition, &l.LoadSeq, &l.SchemaVersion, &l.Rows, &l.Generation,
			&at, &l.Withdrawn)
		if err != nil {
			return nil, err
		}
		l.Table, _ = catalog.ParseName(name)
		l.LoadedAt = instant(at)
		loads = append(loads, l)
	}
	return loads, rows.Err()
}
