package metastore

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"fmt"

	"tidegate/catalog"
)

// Reserve gives the next batch seq of a table.
func (s *Store) Reserve(ctx context.Context, table catalog.Name) (int64, error) {
	var seq int64
	err := s.write(ctx, "reserve a batch seq of "+table.String(), func(w *writer) error {
		id, err := w.table(table)
		if err != nil {
			return err
		}
		return w.row(`UPDATE tbl SET batch_seq = batch_seq + 1 WHERE table_id = $1 RETURNING batch_seq`, id).Scan(&seq)
	})
	return seq, err
}

// Applied reports whether the batch's revision is published.
func (s *Store) Applied(ctx context.Context, table catalog.Name, batch string, revision int) (bool, error) {
	var n int
	err := s.readOne(ctx, []any{&n}, `SELECT count(*) FROM batch JOIN tbl USING (table_id)
		WHERE name = $1 AND batch = $2 AND revision = $3 AND state <> 'failed'`, table.String(), batch, revision)
	if err != nil {
		return false, fmt.Errorf("look up batch %s of %s: %w", batch, table, err)
	}
	return n > 0, nil
}

// NoteFailure records a batch that was not published. A later failure of the same revision takes its place, and so
// does its publication; a published batch cannot fail any more: ErrConflict.
func (s *Store) NoteFailure(ctx context.Context, b catalog.Batch) error {
	return s.write(ctx, fmt.Sprintf("note the failure of %s %s.r%d", b.Table, b.ID, b.Revision), func(w *writer) error {
		id, err := w.table(b.Table)
		if err != nil {
			return err
		}
		var published int
		err = w.row(`SELECT count(*) FROM batch WHERE table_id = $1 AND batch = $2 AND revision = $3 AND state <> 'failed'`,
			id, b.ID, b.Revision).Scan(&published)
		if err != nil {
			return err
		}
		if published > 0 {
			return fmt.Errorf("%w: it is published", catalog.ErrConflict)
		}
		notes, err := encodeNotes(b.Notes)
		if err != nil {
			return err
		}
		b.Reason = storable(b.Reason)
		if err := w.tellFailure(id, b, b.FailedAt); err != nil {
			return err
		}
		err = w.exec(`DELETE FROM batch WHERE table_id = $1 AND batch = $2 AND revision = $3`, id, b.ID, b.Revision)
		if err != nil {
			return err
		}
		c := &b.Counts
		return w.exec(`INSERT INTO batch (table_id, batch, revision, seq, state, kind,
				read, blank, rejected, filtered, deduplicated, emitted, truncated, bytes_in, bytes_out, started_at, reason, notes)
			VALUES ($1, $2, $3, $4, 'failed', $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)`, id, b.ID, b.Revision, b.Seq,
			string(b.Kind), c.Read, c.Blank, c.Rejected, c.Filtered, c.Deduplicated, c.Emitted, c.Truncated, b.BytesIn, b.BytesOut,
			micros(b.StartedAt), b.Reason, notes)
	})
}

// A batch is hot from the newest generation that covered one of its live pairs, if all of them are covered.
const selectBatches = `
WITH pair AS (
	SELECT DISTINCT batch_id, partition_id FROM file WHERE end_generation IS NULL
), hot AS (
	SELECT pair.batch_id,
	       CASE WHEN count(*) = count(h.load_seq) THEN max(g.committed_at) ELSE 0 END AS loaded_at
	FROM pair
	LEFT JOIN hot_part h ON h.batch_id = pair.batch_id AND h.partition_id = pair.partition_id AND h.end_generation IS NULL
	LEFT JOIN generation g ON g.number = h.begin_generation
	GROUP BY pair.batch_id
)
SELECT ` + batchColumns + `, coalesce(hot.loaded_at, 0)
FROM batch b JOIN tbl t USING (table_id) LEFT JOIN hot USING (batch_id)
ORDER BY b.batch_id`

// batchColumns are those of scanBatch, but for when all of it was hot, which follows them.
const batchColumns = `t.name, b.batch, b.revision, b.seq, b.state, b.read, b.blank, b.rejected, b.filtered, b.deduplicated,
       b.emitted, b.truncated, b.bytes_in, b.bytes_out, b.started_at, b.committed_at, b.reason, b.kind, b.version,
       b.place, b.arrived_at, b.remade_by, b.stale, b.notes`

// Batches gives every batch of every table, oldest first.
func (s *Store) Batches(ctx context.Context) ([]catalog.Batch, error) {
	return s.readBatches(ctx, selectBatches)
}

// LiveRows gives the rows of each table's live files.
func (s *Store) LiveRows(ctx context.Context) (map[catalog.Name]int64, error) {
	rows := map[catalog.Name]int64{}
	err := s.db.Read(ctx, func(q Querier) error {
		return eachRow(ctx, q, `SELECT t.name, CAST(sum(f.rows) AS bigint) FROM tbl t
			JOIN file f ON f.table_id = t.table_id AND f.end_generation IS NULL GROUP BY t.name`, func(r *stdsql.Rows) error {
			var text string
			var n int64
			if err := r.Scan(&text, &n); err != nil {
				return err
			}
			name, ok := catalog.ParseName(text)
			if !ok {
				return fmt.Errorf("table %q is not schema.table", text)
			}
			rows[name] = n
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("read the rows of tables in catalog %s: %w", s.db, err)
	}
	return rows, nil
}

// Published gives the published batches of a table by seq.
func (s *Store) Published(ctx context.Context, table catalog.Name) ([]catalog.Batch, error) {
	return s.readBatches(ctx, `SELECT `+batchColumns+`, 0 FROM batch b JOIN tbl t USING (table_id)
		WHERE t.name = $1 AND b.state <> 'failed' ORDER BY b.seq`, table.String())
}

// LastBatches gives the newest published batches of a table.
func (s *Store) LastBatches(ctx context.Context, table catalog.Name, atMost int) ([]catalog.Batch, error) {
	return s.readBatches(ctx, `SELECT `+batchColumns+`, 0 FROM batch b JOIN tbl t USING (table_id)
		WHERE t.name = $1 AND b.state <> 'failed' AND b.remade_by = 0 AND b.kind NOT IN ($2, $3) ORDER BY b.place DESC LIMIT $4`,
		table.String(), string(catalog.RecordRequeue), string(catalog.RecordCompact), atMost)
}

func (s *Store) readBatches(ctx context.Context, query string, args ...any) ([]catalog.Batch, error) {
	batches, err := read(ctx, s, query, scanBatch, args...)
	if err != nil {
		return nil, fmt.Errorf("read batches of catalog %s: %w", s.db, err)
	}
	return batches, nil
}

func scanBatch(rows *stdsql.Rows) (catalog.Batch, error) {
	var b catalog.Batch
	var name, notes string
	var started, committed, arrived, loaded int64
	c := &b.Counts
	err := rows.Scan(&name, &b.ID, &b.Revision, &b.Seq, &b.State,
		&c.Read, &c.Blank, &c.Rejected, &c.Filtered, &c.Deduplicated, &c.Emitted, &c.Truncated,
		&b.BytesIn, &b.BytesOut, &started, &committed, &b.Reason, &b.Kind, &b.Version,
		&b.Place, &arrived, &b.RemadeBy, &b.Stale, &notes, &loaded)
	if err != nil {
		return b, err
	}
	b.StartedAt, b.CommittedAt, b.ArrivedAt, b.HotLoadedAt = instant(started), instant(committed), instant(arrived), instant(loaded)
	if notes != "" {
		if err := json.Unmarshal([]byte(notes), &b.Notes); err != nil {
			return b, fmt.Errorf("read the notes of batch %s: %w", b.ID, err)
		}
	}
	return b, b.Table.UnmarshalText([]byte(name))
}

// encodeNotes gives notes as they are stored: JSON, and nothing for none.
func encodeNotes(n catalog.Notes) (string, error) {
	text, err := json.Marshal(n)
	if err != nil || string(text) == "{}" {
		return "", err
	}
	return string(text), nil
}
