package metastore

import (
	stdsql "database/sql"
	"fmt"
	"reflect"
	"slices"

	"tidegate/catalog"
)

// recut reports whether the days of an adopted table are to be compared anew, whatever its files: they are other days, or
// a column has another type, whose text the lake's sums are made of.
func recut(old, next *catalog.Table) bool {
	if old.Adopt == nil || next.Adopt == nil {
		return false
	}
	before, after := *old.Adopt, *next.Adopt
	before.Verify, after.Verify = 0, 0
	retyped := slices.ContainsFunc(old.Columns, func(c catalog.Column) bool {
		now, ok := next.Column(c.Name)
		return ok && now.Type != c.Type
	})
	return retyped || before != after || !reflect.DeepEqual(old.Time, next.Time)
}

// drop ends the files that the record says are no longer the table's.
func (p *publication) drop() error {
	for _, path := range p.r.Drops {
		ended, err := p.changed(`UPDATE file SET end_generation = $1 WHERE table_id = $2 AND path = $3 AND end_generation IS NULL`,
			p.generation, p.tableID, path)
		if err != nil {
			return err
		}
		if ended == 0 {
			return fmt.Errorf("%w: it drops %s, which is no live file", catalog.ErrConflict, path)
		}
	}
	if len(p.r.Drops) == 0 {
		return nil
	}
	return p.endBatches()
}

// withdrawDays ends the coverage of the days whose files changed. A file that does not tell its days may have had or
// got rows of every one.
func (p *publication) withdrawDays() error {
	t := &p.r.Table
	if t.Adopt == nil {
		return nil
	}
	calendar, err := t.Calendar()
	if err != nil {
		return err
	}
	changed, err := p.endedFiles()
	if err != nil {
		return err
	}
	for i := range p.r.Files {
		f := &p.r.Files[i]
		changed = append(changed, &catalog.File{
			Partition: f.Partition, Path: f.Path, Rows: f.Rows, SchemaVersion: t.SchemaVersion, Stats: f.Columns,
		})
	}
	var days []catalog.DayRange
	all := p.recut
	for _, f := range changed {
		r, empty, known := f.Days(t, calendar)
		all = all || !known
		if known && !empty {
			days = append(days, r)
		}
	}
	if all {
		return p.exec(`UPDATE hot_day SET end_generation = $1 WHERE table_id = $2 AND end_generation IS NULL`, p.generation, p.tableID)
	}
	for _, r := range catalog.MergeDays(days) {
		err := p.exec(`UPDATE hot_day SET end_generation = $1 WHERE table_id = $2 AND end_generation IS NULL AND day BETWEEN $3 AND $4`,
			p.generation, p.tableID, r.First, r.Last)
		if err != nil {
			return err
		}
	}
	return nil
}

// endedFiles gives the files that this record ends, as far as their days need it.
func (p *publication) endedFiles() ([]*catalog.File, error) {
	names := map[string]string{}
	return rowsOf(p.ctx, p.tx, `SELECT v.value, f.path, f.rows, f.schema_version, f.stats FROM file f
		JOIN part v USING (partition_id) WHERE f.table_id = $1 AND f.end_generation = $2`,
		func(rows *stdsql.Rows) (*catalog.File, error) {
			f := new(catalog.File)
			var stats stdsql.RawBytes
			err := rows.Scan(&f.Partition, &f.Path, &f.Rows, &f.SchemaVersion, &stats)
			if err != nil {
				return nil, err
			}
			if f.Stats, err = decodeStats(stats, names); err != nil {
				return nil, fmt.Errorf("file %s: %w", f.Path, err)
			}
			return f, nil
		}, p.tableID, p.generation)
}
