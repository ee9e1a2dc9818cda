package metastore

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"

	"tidegate/catalog"
)

// remake takes the batches out that the record is made again of, gives it their place in the history, and notes which
// others have to be made again because of it.
func (p *publication) remake() error {
	if p.r.Kind != catalog.RecordRemake {
		return nil
	}
	var place, arrived int64
	for _, old := range p.r.Remakes {
		var oldPlace, oldArrived int64
		err := p.row(`UPDATE batch SET state = 'replaced', remade_by = $1
			WHERE table_id = $2 AND batch = $3 AND revision = $4 AND state <> 'failed' AND remade_by = 0 RETURNING place, arrived_at`,
			p.r.Seq, p.tableID, old.Batch, old.Revision).Scan(&oldPlace, &oldArrived)
		if errors.Is(err, stdsql.ErrNoRows) {
			return fmt.Errorf("%w: it is made again of batch %s.r%d, which is not there any more", p.late(), old.Batch, old.Revision)
		}
		if err != nil {
			return err
		}
		place, arrived = max(place, oldPlace), max(arrived, oldArrived)
	}
	if err := p.exec(`UPDATE batch SET place = $1, arrived_at = $2 WHERE batch_id = $3`, place, arrived, p.batchID); err != nil {
		return err
	}
	for _, loser := range p.r.Stale {
		err := p.exec(`UPDATE batch SET stale = 1 WHERE table_id = $1 AND batch = $2 AND revision = $3 AND state <> 'failed'`,
			p.tableID, loser.Batch, loser.Revision)
		if err != nil {
			return err
		}
	}
	return nil
}

// late is the error of a record whose place another one has taken: a run finds that its own is stale.
func (p *publication) late() error {
	if p.leased && (p.r.Kind == catalog.RecordRemake || p.r.Kind == catalog.RecordCompact) {
		return catalog.ErrStale
	}
	return catalog.ErrConflict
}

// nothingLeft makes sure that what was made again has no live file beside the record's.
func (p *publication) nothingLeft() error {
	if p.r.Kind != catalog.RecordRemake {
		return nil
	}
	var batch string
	err := p.row(`SELECT batch FROM batch b JOIN file f USING (batch_id)
		WHERE b.table_id = $1 AND b.remade_by = $2 AND f.end_generation IS NULL LIMIT 1`, p.tableID, p.r.Seq).Scan(&batch)
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%w: batch %s, which it is made again of, has live files that it does not replace", p.late(), batch)
}

// StaleBatches gives the published batches of a table that have to be made again, by their place.
func (s *Store) StaleBatches(ctx context.Context, table catalog.Name) ([]catalog.BatchRef, error) {
	stale, err := read(ctx, s, `SELECT batch, revision FROM batch
		WHERE table_id = (SELECT table_id FROM tbl WHERE name = $1) AND stale = 1 AND remade_by = 0 AND state <> 'failed' ORDER BY place`,
		func(rows *stdsql.Rows) (b catalog.BatchRef, err error) {
			err = rows.Scan(&b.Batch, &b.Revision)
			return b, err
		}, table.String())
	if err != nil {
		return nil, fmt.Errorf("read the stale batches of %s in catalog %s: %w", table, s.db, err)
	}
	return stale, nil
}
