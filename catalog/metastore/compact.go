package metastore

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"

	"tidegate/catalog"
)

// checkCompact says what is wrong with a record of kind compact by itself.
func checkCompact(r *catalog.Record) error {
	switch {
	case len(r.Replaces) == 0 || len(r.Files) == 0:
		return errors.New("it compacts nothing")
	case len(r.Inputs) > 0 || r.Counts != catalog.Counts{}:
		// The rows are counted by the batches that emitted them.
		return errors.New("it compacts, and has inputs or counts")
	}
	return nil
}

// sameRows makes sure that a compaction has as many rows in each partition as what it replaces.
func (p *publication) sameRows() error {
	if p.r.Kind != catalog.RecordCompact {
		return nil
	}
	rows := map[string]int64{}
	for i := range p.r.Files {
		rows[p.r.Files[i].Partition] += p.r.Files[i].Rows
	}
	err := eachRow(p.ctx, p.tx, `SELECT v.value, CAST(sum(f.rows) AS bigint) FROM file f JOIN part v USING (partition_id)
		WHERE f.table_id = $1 AND f.end_generation = $2 GROUP BY v.value`,
		func(r *stdsql.Rows) error {
			var partition string
			var n int64
			err := r.Scan(&partition, &n)
			rows[partition] -= n
			return err
		}, p.tableID, p.generation)
	if err != nil {
		return err
	}
	for partition, more := range rows {
		if more != 0 {
			return fmt.Errorf("%w: it compacts partition %q and has %d rows more than what it replaces there", catalog.ErrConflict, partition, more)
		}
	}
	return nil
}

// passCoverage makes the coverage that the record ended that of the compaction, in each partition of which all that it
// replaces was hot: then the rows of these loads are those of its files. What else is hot there would be a part of a pair.
func (p *publication) passCoverage() error {
	if p.r.Kind != catalog.RecordCompact {
		return nil
	}
	return p.exec(`INSERT INTO hot_part (table_id, load_seq, batch_id, partition_id, hot_schema_version, begin_generation)
		SELECT table_id, load_seq, CAST($3 AS bigint), partition_id, hot_schema_version, end_generation FROM hot_part
		WHERE table_id = $1 AND end_generation = $2 AND partition_id NOT IN (
			SELECT f.partition_id FROM file f WHERE f.table_id = $1 AND f.end_generation = $2 AND NOT EXISTS (
				SELECT 1 FROM hot_part h WHERE h.batch_id = f.batch_id AND h.partition_id = f.partition_id AND h.end_generation = $2))`,
		p.tableID, p.generation, p.batchID)
}

// endBatches notes the batches of which this record ended the last live rows. A batch whose rows lie in the files of a
// compaction is what it was; a compaction itself is over with its own files.
func (p *publication) endBatches() error {
	// A compaction ended the files whose rows it has, of the same partitions, in its own generation.
	type ended struct {
		id   int64
		kind catalog.RecordKind
	}
	batches, err := rowsOf(p.ctx, p.tx, `WITH RECURSIVE ended(batch_id, partition_id) AS (
			SELECT batch_id, partition_id FROM file WHERE table_id = $1 AND end_generation = $2
			UNION
			SELECT f.batch_id, f.partition_id FROM ended e JOIN batch k ON k.batch_id = e.batch_id AND k.kind = 'compact'
				JOIN file f ON f.table_id = $1 AND f.end_generation = k.generation AND f.partition_id = e.partition_id
		)
		SELECT batch_id, kind FROM batch WHERE state = 'committed' AND batch_id IN (SELECT batch_id FROM ended)`,
		func(rows *stdsql.Rows) (b ended, err error) {
			err = rows.Scan(&b.id, &b.kind)
			return b, err
		}, p.tableID, p.generation)
	if err != nil {
		return err
	}
	for _, b := range batches {
		if p.r.Kind == catalog.RecordCompact && b.kind != catalog.RecordCompact {
			continue
		}
		live, err := p.hasRows(b.id, b.kind)
		if err != nil {
			return err
		}
		if live {
			continue
		}
		if err := p.exec(`UPDATE batch SET state = 'replaced' WHERE batch_id = $1`, b.id); err != nil {
			return err
		}
	}
	return nil
}

// hasRows reports whether a batch has live files or, if it is no compaction, some compaction has rows of it in live files.
func (p *publication) hasRows(batchID int64, kind catalog.RecordKind) (live bool, err error) {
	err = p.row(`SELECT EXISTS (SELECT 1 FROM file WHERE batch_id = $1 AND end_generation IS NULL)`, batchID).Scan(&live)
	if err != nil || live || kind == catalog.RecordCompact {
		return live, err
	}
	err = p.row(`WITH RECURSIVE has(batch_id, partition_id) AS (
			SELECT batch_id, partition_id FROM file WHERE batch_id = $2
			UNION
			SELECT kf.batch_id, kf.partition_id FROM has h
				JOIN file f ON f.batch_id = h.batch_id AND f.partition_id = h.partition_id
				JOIN file kf ON kf.table_id = $1 AND kf.begin_generation = f.end_generation AND kf.partition_id = h.partition_id
				JOIN batch k ON k.batch_id = kf.batch_id AND k.kind = 'compact'
		)
		SELECT EXISTS (SELECT 1 FROM has JOIN file USING (batch_id, partition_id) WHERE end_generation IS NULL)`,
		p.tableID, batchID).Scan(&live)
	return live, err
}

// Compacted gives the files whose rows the pairs of compactions have that are live at a generation.
func (s *Store) Compacted(ctx context.Context, table catalog.Name, generation int64) (map[catalog.Pair][]string, error) {
	type path struct {
		pair catalog.Pair
		path string
	}
	paths, err := read(ctx, s, `WITH RECURSIVE t AS (SELECT table_id FROM tbl WHERE name = $1),
		was(pair_id, partition_id, generation) AS (
			SELECT DISTINCT k.batch_id, f.partition_id, k.generation FROM batch k JOIN file f USING (batch_id)
			WHERE k.table_id = (SELECT table_id FROM t) AND k.kind = 'compact'
			  AND k.generation <= $2 AND (f.end_generation IS NULL OR f.end_generation > $2)
			UNION
			SELECT w.pair_id, w.partition_id, k.generation FROM was w
				JOIN file f ON f.table_id = (SELECT table_id FROM t) AND f.end_generation = w.generation AND f.partition_id = w.partition_id
				JOIN batch k ON k.batch_id = f.batch_id AND k.kind = 'compact'
		)
		SELECT b.batch, p.value, f.path FROM was w JOIN batch b ON b.batch_id = w.pair_id JOIN part p USING (partition_id)
			JOIN file f ON f.table_id = (SELECT table_id FROM t) AND f.end_generation = w.generation AND f.partition_id = w.partition_id
			JOIN batch o ON o.batch_id = f.batch_id AND o.kind <> 'compact'
		ORDER BY f.path`,
		func(rows *stdsql.Rows) (p path, err error) {
			err = rows.Scan(&p.pair.Batch, &p.pair.Partition, &p.path)
			return p, err
		}, table.String(), generation)
	if err != nil {
		return nil, fmt.Errorf("read what was compacted of %s in catalog %s: %w", table, s.db, err)
	}
	all := map[catalog.Pair][]string{}
	for _, p := range paths {
		all[p.pair] = append(all[p.pair], p.path)
	}
	return all, nil
}
