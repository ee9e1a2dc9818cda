package catalog

import (
	"slices"
	"time"

	"tidegate/internal/hive"
	"tidegate/internal/pgtypes"
)

// AdoptSpec says where an adopted table is: Parquet that others write, and perhaps a table of the warehouse that others
// fill. Table.Time names the column that splits it into days, and the days' zone. Nothing is ever written there.
type AdoptSpec struct {
	Cold string `json:"cold"` // "s3://bucket/prefix/" or "file:/absolute/path/"
	Hot  string `json:"hot,omitempty"`
	// HotFrom is the first day that is compared and may be hot, "2018-01-01"; "" is the oldest one.
	HotFrom string `json:"hot_from,omitempty"`
	// Verify is how long the comparison of a day counts before it is made again.
	Verify time.Duration `json:"verify,omitempty"`
}

// From gives the first day that may be hot.
func (a *AdoptSpec) From() Day {
	d, err := ParseDay(a.HotFrom)
	if err != nil {
		return firstDay // no day named, or a definition that no pipeline file would give
	}
	return d
}

// HotDays is the coverage of an adopted table: the days whose rows were counted and summed in the warehouse and in the
// lake and were the same. It says nothing of rows without a time.
type HotDays struct {
	// Columns are those that the warehouse's table holds with the lake's names and types, in the table's order. None
	// if there is no such table.
	Columns []string
	// DayKeys are date columns of the folders that are the day of the rows' time in every file: whoever has the time has
	// them too.
	DayKeys []string
	// Collation is what text of the warehouse must be compared by, so that it sorts as the lake's; "" is its own.
	Collation string
	Covered   []DayRange     // sorted, with gaps between them
	Rows      int64          // of the covered days
	Different map[Day]string // why a compared day is not covered
	Notes     []string       // what the comparison says beside the days: "column url is not hot: …"
	Verified  time.Time      // when the newest comparison ended
	Calendar  *Calendar      // of the table's days
}

// Covers reports whether every day of r is hot, and else the first one that is not.
func (h *HotDays) Covers(r DayRange) (missing Day, ok bool) {
	at := r.First
	for _, c := range h.Covered {
		if c.Last < at {
			continue
		}
		if c.First > at {
			return at, false
		}
		if c.Last >= r.Last {
			return 0, true
		}
		at = c.Last + 1
	}
	return at, at > r.Last
}

// CoverDays is a comparison of an adopted table with its side in the warehouse.
type CoverDays struct {
	Table      Name
	Generation int64 // whose files were read
	Columns    []string
	Collation  string
	Days       map[Day]DayCheck // every day that was compared
	Notes      []string
	At         time.Time // the end of the comparison
}

// DayCheck is the comparison of one day.
type DayCheck struct {
	Rows       int64  // in the lake
	Sum        string // the lake's side, opaque here: Store.DaySums gives it back
	Difference string // "" is none: the day is hot
}

// TimeColumn gives the column that splits an adopted table into days; ok is false for a table without one.
func (t *Table) TimeColumn() (Column, bool) {
	if t.Time == nil {
		return Column{}, false
	}
	return t.Column(t.Time.Column)
}

// Calendar gives the days of the table's time. The zone matters for timestamptz only: date and timestamp are on the
// wall already.
func (t *Table) Calendar() (*Calendar, error) {
	c, ok := t.TimeColumn()
	if !ok || c.Type.OID != pgtypes.Timestamptz {
		return NewCalendar("UTC")
	}
	return NewCalendar(t.Time.Zone)
}

// Days gives the days in which the file has rows, at most. empty says that it has none with a time; known is false if
// the file does not tell, which is not the same as no days.
func (f *File) Days(t *Table, c *Calendar) (r DayRange, empty, known bool) {
	column, ok := t.TimeColumn()
	switch {
	case !ok:
		return r, false, false
	case f.Rows == 0:
		return r, true, true
	case column.Partition:
		_, value, null, ok := hive.Value(f.Partition, column.Name)
		if null {
			return r, true, true
		}
		d, err := ParseDay(value)
		return DayRange{d, d}, false, ok && err == nil
	}
	s, ok := f.Stat(column.Name)
	switch {
	case !ok && f.SchemaVersion < t.SchemaVersion, ok && s.Nulls == f.Rows:
		return r, true, true
	case !ok, s.Min == nil, s.Max == nil:
		return r, false, false
	}
	low, ok1 := c.Of(*s.Min)
	high, ok2 := c.Of(*s.Max)
	return DayRange{low, high}, false, ok1 && ok2
}

// MayLackTime reports whether the file may have rows without a time.
func (f *File) MayLackTime(t *Table) bool {
	column, ok := t.TimeColumn()
	if !ok || f.Rows == 0 {
		return !ok
	}
	if column.Partition {
		_, _, null, ok := hive.Value(f.Partition, column.Name)
		return null || !ok
	}
	s, ok := f.Stat(column.Name)
	return !ok || s.Nulls != 0
}

// DayKeys gives the columns of the folders that are the day of the rows' time in every file.
func (v *TableView) DayKeys(c *Calendar) []string {
	var keys []string
	for _, column := range v.Table.Columns {
		if !column.Partition || column.Type.OID != pgtypes.Date || column.Name == v.Table.Time.Column {
			continue
		}
		differs := slices.ContainsFunc(v.Files, func(f *File) bool {
			r, empty, known := f.Days(v.Table, c)
			_, value, null, ok := hive.Value(f.Partition, column.Name)
			day, err := ParseDay(value)
			return !empty && (!known || null || !ok || err != nil || r != DayRange{day, day})
		})
		if !differs {
			keys = append(keys, column.Name)
		}
	}
	return keys
}

// MergeDays sorts ranges and joins those that touch.
func MergeDays(ranges []DayRange) []DayRange {
	slices.SortFunc(ranges, func(a, b DayRange) int { return int(a.First) - int(b.First) })
	var merged []DayRange
	for _, r := range ranges {
		if n := len(merged); n > 0 && r.First <= merged[n-1].Last+1 {
			merged[n-1].Last = max(merged[n-1].Last, r.Last)
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

// Length gives the number of days.
func (r DayRange) Length() int { return int(r.Last-r.First) + 1 }

// LakeDays gives the days in which the table's files may have rows, merged, and how many files do not tell.
func (v *TableView) LakeDays(c *Calendar) (days []DayRange, silent int) {
	for _, f := range v.Files {
		r, empty, known := f.Days(v.Table, c)
		switch {
		case !known:
			silent++
		case !empty:
			days = append(days, r)
		}
	}
	return MergeDays(days), silent
}
