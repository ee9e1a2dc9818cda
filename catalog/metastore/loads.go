package metastore

import (
	"context"
	stdsql "database/sql"
	"fmt"

	"tidegate/catalog"
)

// Loads gives every load that was ever published, by table and load sequence.
func (s *Store) Loads(ctx context.Context) ([]catalog.Load, error) {
	loads, err := read(ctx, s, `SELECT t.name, b.batch, b.revision, p.value, h.load_seq, h.hot_schema_version,
			(SELECT CAST(sum(f.rows) AS bigint) FROM file f WHERE f.batch_id = h.batch_id AND f.partition_id = h.partition_id),
			h.begin_generation, g.committed_at, NOT EXISTS (
				SELECT 1 FROM hot_part n WHERE n.table_id = h.table_id AND n.load_seq = h.load_seq AND n.end_generation IS NULL)
		FROM hot_part h JOIN tbl t USING (table_id) JOIN batch b USING (batch_id) JOIN part p USING (partition_id)
			JOIN generation g ON g.number = h.begin_generation
		WHERE NOT EXISTS ( -- compactions have the rows of loads, and loaded nothing
			SELECT 1 FROM hot_part o WHERE o.table_id = h.table_id AND o.load_seq = h.load_seq AND o.begin_generation < h.begin_generation)
		ORDER BY t.name, h.load_seq`,
		func(rows *stdsql.Rows) (l catalog.Load, err error) {
			var name string
			var at int64
			err = rows.Scan(&name, &l.Batch, &l.Revision, &l.Partition, &l.LoadSeq, &l.SchemaVersion, &l.Rows, &l.Generation,
				&at, &l.Withdrawn)
			l.Table, _ = catalog.ParseName(name)
			l.LoadedAt = instant(at)
			return l, err
		})
	if err != nil {
		return nil, fmt.Errorf("read loads of catalog %s: %w", s.db, err)
	}
	return loads, nil
}
