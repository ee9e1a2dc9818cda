package metastore

import (
	"cmp"
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tidegate/catalog"
)

// ReserveLoad gives n new load sequences of a table.
func (s *Store) ReserveLoad(ctx context.Context, table catalog.Name, n int) (int64, error) {
	if n < 1 {
		return 0, fmt.Errorf("reserve %d load sequences of %s", n, table)
	}
	var last int64
	err := s.write(ctx, "reserve load sequences of "+table.String(), func(w *writer) error {
		id, err := w.table(table)
		if err != nil {
			return err
		}
		return w.row(`UPDATE tbl SET load_seq = load_seq + $1 WHERE table_id = $2 RETURNING load_seq`, n, id).Scan(&last)
	})
	return last - int64(n) + 1, err
}

// Cover applies a change of coverage as one generation. New load sequences must be larger than every one published
// before: a reader of an older generation tells rows that are too new for it by that (catalog.HotState), so a
// smaller one is ErrConflict. A change that is already so makes no generation and gives the newest.
func (s *Store) Cover(ctx context.Context, c catalog.Cover, under ...catalog.Lease) (int64, error) {
	var generation int64
	err := s.write(ctx, "cover "+c.Table.String(), func(w *writer) error {
		if err := w.held(under); err != nil {
			return err
		}
		v := coverage{writer: w, c: c}
		var err error
		if v.tableID, err = w.table(c.Table); err != nil {
			return err
		}
		same, err := v.unchanged()
		if err != nil {
			return err
		}
		if same {
			generation, err = w.newest()
			return err
		}
		if v.generation, err = w.generation("cover", v.tableID); err != nil {
			return err
		}
		generation = v.generation
		return v.apply()
	})
	if err != nil {
		return 0, err
	}
	return generation, nil
}

// coverage is one change of coverage on its way into the catalog.
type coverage struct {
	*writer
	c          catalog.Cover
	tableID    int64
	generation int64
}

// covered gives the pair that has the rows of a load now; false if it does not count.
func (v *coverage) covered(seq int64) (p catalog.Pair, live bool, err error) {
	err = v.row(`SELECT b.batch, p.value FROM hot_part h JOIN batch b USING (batch_id) JOIN part p USING (partition_id)
		WHERE h.table_id = $1 AND h.load_seq = $2 AND h.end_generation IS NULL`, v.tableID, seq).Scan(&p.Batch, &p.Partition)
	if errors.Is(err, stdsql.ErrNoRows) {
		return p, false, nil
	}
	return p, err == nil, err
}

func (v *coverage) unchanged() (same bool, err error) {
	same = true
	for _, seq := range v.c.Withdraw {
		p, live, err := v.covered(seq)
		if err != nil {
			return false, err
		}
		if _, added := v.c.Add[p]; live && added {
			return false, fmt.Errorf("%w: partition %q of batch %s is added and withdrawn", catalog.ErrConflict, p.Partition, p.Batch)
		}
		same = same && !live
	}
	for p, seq := range v.c.Add {
		has, live, err := v.covered(seq)
		if err != nil {
			return false, err
		}
		same = same && live && has == p
	}
	return same, nil
}

func (v *coverage) apply() error {
	for _, seq := range v.c.Withdraw {
		err := v.exec(`UPDATE hot_part SET end_generation = $1 WHERE end_generation IS NULL AND (batch_id, partition_id) IN (
			SELECT batch_id, partition_id FROM hot_part WHERE table_id = $2 AND load_seq = $3 AND end_generation IS NULL)`,
			v.generation, v.tableID, seq)
		if err != nil {
			return err
		}
	}
	if len(v.c.Add) == 0 {
		return nil
	}
	version, err := v.hotSchema()
	if err != nil {
		return err
	}
	var published, reserved int64
	err = v.row(`SELECT (SELECT coalesce(max(load_seq), 0) FROM hot_part WHERE table_id = $1), load_seq
		FROM tbl WHERE table_id = $1`, v.tableID).Scan(&published, &reserved)
	if err != nil {
		return err
	}
	pairs := slices.SortedFunc(maps.Keys(v.c.Add), func(a, b catalog.Pair) int { return cmp.Compare(v.c.Add[a], v.c.Add[b]) })
	for _, p := range pairs {
		seq := v.c.Add[p]
		if seq <= published || seq > reserved {
			return fmt.Errorf("%w: load sequence %d is not between the last published %d and the last reserved %d",
				catalog.ErrConflict, seq, published, reserved)
		}
		if err := v.add(p, seq, version); err != nil {
			return err
		}
	}
	return nil
}

func (v *coverage) add(p catalog.Pair, seq int64, version int) error {
	var batchID, partitionID int64
	err := v.row(`SELECT f.batch_id, f.partition_id FROM file f JOIN batch b USING (batch_id) JOIN part p USING (partition_id)
		WHERE f.table_id = $1 AND f.end_generation IS NULL AND b.batch = $2 AND p.value = $3 LIMIT 1`,
		v.tableID, p.Batch, p.Partition).Scan(&batchID, &partitionID)
	if errors.Is(err, stdsql.ErrNoRows) {
		return fmt.Errorf("%w: partition %q of batch %s is not live", catalog.ErrConflict, p.Partition, p.Batch)
	}
	if err != nil {
		return err
	}
	// A load again, under another hot schema.
	err = v.exec(`UPDATE hot_part SET end_generation = $1 WHERE end_generation IS NULL AND batch_id = $2 AND partition_id = $3`,
		v.generation, batchID, partitionID)
	if err != nil {
		return err
	}
	return v.exec(`INSERT INTO hot_part (table_id, load_seq, batch_id, partition_id, hot_schema_version, begin_generation)
		VALUES ($1, $2, $3, $4, $5, $6)`, v.tableID, seq, batchID, partitionID, version, v.generation)
}

// hotSchema gives the version number of the change's columns.
func (v *coverage) hotSchema() (int, error) {
	if len(v.c.HotColumns) == 0 {
		return 0, errors.New("hot rows have no columns")
	}
	columns, err := json.Marshal(v.c.HotColumns)
	if err != nil {
		return 0, err
	}
	var version int
	err = v.row(`SELECT version FROM hot_schema WHERE table_id = $1 AND columns = $2`, v.tableID, string(columns)).Scan(&version)
	if !errors.Is(err, stdsql.ErrNoRows) {
		return version, err
	}
	err = v.row(`INSERT INTO hot_schema (table_id, version, columns)
		SELECT $1, coalesce(max(version), 0) + 1, $2 FROM hot_schema WHERE table_id = $1 RETURNING version`,
		v.tableID, string(columns)).Scan(&version)
	return version, err
}

// Purged says that the rows of these load sequences are no longer in the hot table. One that still counts is
// ErrConflict; unknown ones are the remains of loads that were never published and need no note.
func (s *Store) Purged(ctx context.Context, table catalog.Name, loadSeqs []int64) error {
	if len(loadSeqs) == 0 {
		return nil
	}
	return s.write(ctx, "note purged rows of "+table.String(), func(w *writer) error {
		id, err := w.table(table)
		if err != nil {
			return err
		}
		for _, seq := range loadSeqs {
			var live int
			err := w.row(`SELECT count(*) FROM hot_part WHERE table_id = $1 AND load_seq = $2 AND end_generation IS NULL`,
				id, seq).Scan(&live)
			if err != nil {
				return err
			}
			if live > 0 {
				return fmt.Errorf("%w: load sequence %d is not withdrawn", catalog.ErrConflict, seq)
			}
			err = w.exec(`UPDATE hot_part SET purged = 1 WHERE table_id = $1 AND load_seq = $2`, id, seq)
			if err != nil {
				return err
			}
		}
		return w.exec(`UPDATE tbl SET hot_changes = hot_changes + 1 WHERE table_id = $1`, id)
	})
}
