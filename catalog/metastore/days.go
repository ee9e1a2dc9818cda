package metastore

import (
	"context"
	stdsql "database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"tidegate/catalog"
)

// CoverDays replaces what is known of an adopted table's days.
func (s *Store) CoverDays(ctx context.Context, c catalog.CoverDays) (int64, error) {
	var generation int64
	err := s.write(ctx, "cover days of "+c.Table.String(), func(w *writer) error {
		v := dayCoverage{coverage: coverage{writer: w, c: catalog.Cover{Table: c.Table, HotColumns: c.Columns}}, days: c}
		var err error
		if v.tableID, err = w.table(c.Table); err != nil {
			return err
		}
		generation, err = v.cover()
		return err
	})
	if err != nil {
		return 0, err
	}
	return generation, nil
}

// dayCoverage is one comparison on its way into the catalog.
type dayCoverage struct {
	coverage
	days    catalog.CoverDays
	version int // of the hot schema; 0: there are no columns
}

func (v *dayCoverage) cover() (int64, error) {
	var changed int64
	err := v.row(`SELECT (SELECT count(*) FROM file WHERE table_id = $1 AND (begin_generation > $2 OR end_generation > $2))
		+ (SELECT count(*) FROM definition WHERE table_id = $1 AND begin_generation > $2)`,
		v.tableID, v.days.Generation).Scan(&changed)
	if err != nil {
		return 0, err
	}
	if changed > 0 {
		return 0, fmt.Errorf("%w: files or the definition changed after generation %d", catalog.ErrConflict, v.days.Generation)
	}
	if len(v.days.Columns) > 0 {
		if v.version, err = v.hotSchema(); err != nil {
			return 0, err
		}
	}
	old, err := v.live()
	if err != nil {
		return 0, err
	}
	same, err := v.sameColumns()
	if err != nil {
		return 0, err
	}
	if same && maps.Equal(old, v.days.Days) {
		v.generation, err = v.newest()
	} else if v.generation, err = v.writer.generation("days", v.tableID); err == nil {
		err = v.replace(old)
	}
	if err != nil {
		return 0, err
	}
	return v.generation, v.note()
}

// live gives the days as they are now, under the columns that were compared this time.
func (v *dayCoverage) live() (map[catalog.Day]catalog.DayCheck, error) {
	days := map[catalog.Day]catalog.DayCheck{}
	err := eachRow(v.ctx, v.tx, `SELECT day, rows, sum, difference FROM hot_day
		WHERE table_id = $1 AND end_generation IS NULL AND hot_schema_version = $2`,
		func(rows *stdsql.Rows) error {
			var d catalog.Day
			var c catalog.DayCheck
			err := rows.Scan(&d, &c.Rows, &c.Sum, &c.Difference)
			days[d] = c
			return err
		}, v.tableID, v.version)
	return days, err
}

func (v *dayCoverage) sameColumns() (bool, error) {
	var version int
	var collation string
	err := v.row(`SELECT hot_schema_version, "collation" FROM hot_check WHERE table_id = $1`, v.tableID).Scan(&version, &collation)
	if errors.Is(err, stdsql.ErrNoRows) {
		return false, nil
	}
	return version == v.version && collation == v.days.Collation, err
}

// replace ends the days that are no longer so and adds those that are new.
func (v *dayCoverage) replace(old map[catalog.Day]catalog.DayCheck) error {
	err := v.exec(`UPDATE hot_day SET end_generation = $1 WHERE table_id = $2 AND end_generation IS NULL AND hot_schema_version <> $3`,
		v.generation, v.tableID, v.version)
	if err != nil {
		return err
	}
	for _, d := range slices.Sorted(maps.Keys(old)) {
		if c, ok := v.days.Days[d]; ok && c == old[d] {
			continue
		}
		err := v.exec(`UPDATE hot_day SET end_generation = $1 WHERE table_id = $2 AND day = $3 AND end_generation IS NULL`,
			v.generation, v.tableID, d)
		if err != nil {
			return err
		}
	}
	for _, d := range slices.Sorted(maps.Keys(v.days.Days)) {
		c := v.days.Days[d]
		if have, ok := old[d]; ok && c == have {
			continue
		}
		err := v.exec(`INSERT INTO hot_day (table_id, day, hot_schema_version, rows, sum, difference, begin_generation)
			VALUES ($1, $2, $3, $4, $5, $6, $7)`, v.tableID, d, v.version, c.Rows, c.Sum, c.Difference, v.generation)
		if err != nil {
			return err
		}
	}
	return nil
}

// note writes down when and how the comparison was made; readers see it although it makes no generation.
func (v *dayCoverage) note() error {
	notes, err := json.Marshal(slices.Concat([]string{}, v.days.Notes))
	if err != nil {
		return err
	}
	err = v.exec(`INSERT INTO hot_check (table_id, checked_at, hot_schema_version, "collation", notes) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (table_id) DO UPDATE SET checked_at = excluded.checked_at, hot_schema_version = excluded.hot_schema_version,
			"collation" = excluded."collation", notes = excluded.notes`,
		v.tableID, micros(v.days.At), v.version, v.days.Collation, string(notes))
	if err != nil {
		return err
	}
	return v.exec(`UPDATE tbl SET hot_changes = hot_changes + 1 WHERE table_id = $1`, v.tableID)
}

// DaySums gives the lake's side of the live checks that were made of these columns.
func (s *Store) DaySums(ctx context.Context, table catalog.Name, columns []string) (map[catalog.Day]catalog.DayCheck, error) {
	text, err := json.Marshal(columns)
	if err != nil {
		return nil, err
	}
	type daySum struct {
		day   catalog.Day
		check catalog.DayCheck
	}
	all, err := read(ctx, s, `SELECT d.day, d.rows, d.sum FROM hot_day d JOIN tbl t USING (table_id)
		JOIN hot_schema h ON h.table_id = d.table_id AND h.version = d.hot_schema_version
		WHERE t.name = $1 AND d.end_generation IS NULL AND h.columns = $2`,
		func(rows *stdsql.Rows) (d daySum, err error) {
			err = rows.Scan(&d.day, &d.check.Rows, &d.check.Sum)
			return d, err
		}, table.String(), string(text))
	if err != nil {
		return nil, fmt.Errorf("read day sums of %s in catalog %s: %w", table, s.db, err)
	}
	sums := make(map[catalog.Day]catalog.DayCheck, len(all))
	for _, d := range all {
		sums[d.day] = d.check
	}
	return sums, nil
}

// days reads the coverage of an adopted table; nil if it was never compared. The warehouse keeps no generations: in an
// older one only those days are hot that have been since.
func (l *loader) days(id int64, v *catalog.TableView) (*catalog.HotDays, error) {
	h := &catalog.HotDays{Different: map[catalog.Day]string{}}
	var checked int64
	var columns stdsql.NullString
	var notes string
	err := l.row(`SELECT c.checked_at, c."collation", c.notes, h.columns FROM hot_check c
		LEFT JOIN hot_schema h ON h.table_id = c.table_id AND h.version = c.hot_schema_version
		WHERE c.table_id = $1`, id).Scan(&checked, &h.Collation, &notes, &columns)
	if errors.Is(err, stdsql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	h.Verified = instant(checked)
	if err := json.Unmarshal([]byte(notes), &h.Notes); err != nil {
		return nil, err
	}
	if columns.Valid {
		if err := json.Unmarshal([]byte(columns.String), &h.Columns); err != nil {
			return nil, err
		}
	}
	if h.Calendar, err = v.Table.Calendar(); err != nil {
		return nil, err
	}
	if len(h.Columns) > 0 {
		h.DayKeys = v.DayKeys(h.Calendar)
	}
	var covered []catalog.DayRange
	err = l.each(func(rows *stdsql.Rows) error {
		var d catalog.Day
		var n int64
		var difference string
		if err := rows.Scan(&d, &n, &difference); err != nil {
			return err
		}
		if difference != "" {
			h.Different[d] = difference
			return nil
		}
		h.Rows += n
		covered = append(covered, catalog.DayRange{First: d, Last: d})
		return nil
	}, `SELECT day, rows, difference FROM hot_day WHERE table_id = $1 AND begin_generation <= $2 AND end_generation IS NULL`, id, l.at)
	h.Covered = catalog.MergeDays(covered)
	return h, err
}
