package catalog

import (
	"testing"
	"time"

	"tidegate/internal/pgtypes"
)

// TestCalendarDays compares the days of zones with those of the clock on the wall there, around every clock change of
// many years, and wants every day to be one interval.
func TestCalendarDays(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{
		"UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "America/Sao_Paulo", // begins at 01:00 once a year
		"Australia/Lord_Howe", "Pacific/Apia" /* has no 2011-12-30 */, "America/St_Johns", // went back over midnight
	} {
		c, err := NewCalendar(zone)
		if err != nil {
			t.Fatal(err)
		}
		location, err := time.LoadLocation(zone)
		if err != nil {
			t.Fatal(err)
		}
		last := Day(-1 << 30)
		longest := Day(0)
		for at := time.Date(1985, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2030; at = at.Add(37 * time.Minute) {
			d := c.OfMicros(at.UnixMicro())
			if d < last {
				t.Fatalf("%s: day %s follows %s at %s", zone, d, last, at)
			}
			if d > last {
				start := c.Start(d)
				if c.OfMicros(start) != d || c.OfMicros(start-1) >= d {
					t.Fatalf("%s: %s starts at %s", zone, d, time.UnixMicro(start).In(location))
				}
			}
			last = d
			wall, _ := ParseDay(at.In(location).Format(time.DateOnly))
			longest = max(longest, d-wall)
			if d < wall || d > wall+1 {
				t.Fatalf("%s: %s is of %s, the calendar says %s", zone, at.In(location), wall, d)
			}
		}
		if zone != "America/St_Johns" && longest > 0 {
			t.Errorf("%s: an instant has another day than on the wall", zone)
		}
		if zone == "America/St_Johns" && longest == 0 {
			t.Errorf("%s: clocks never went back over midnight", zone)
		}
	}
}

func TestFileDays(t *testing.T) {
	t.Parallel()
	const day = 24 * 60 * 60 * 1_000_000
	stats := func(low, high, nulls int64) []ColumnStats {
		return []ColumnStats{{
			Name: "ts", Nulls: nulls, Min: &pgtypes.Datum{Class: pgtypes.ClassTimestamptz, I: low},
			Max: &pgtypes.Datum{Class: pgtypes.ClassTimestamptz, I: high},
		}}
	}
	table := &Table{
		SchemaVersion: 2, Columns: []Column{{Name: "ts", Type: pgtypes.Of(pgtypes.Timestamptz)}},
		Time: &TimeSpec{Column: "ts", Zone: "Asia/Tokyo", Grain: "day"},
	}
	byKey := &Table{
		Columns: []Column{{Name: "dt", Type: pgtypes.Of(pgtypes.Date), Partition: true}},
		Time:    &TimeSpec{Column: "dt", Zone: "UTC", Grain: "day"},
	}
	for _, c := range []struct {
		name         string
		table        *Table
		file         File
		want         DayRange
		empty, known bool
		lacksTime    bool
	}{
		{"one day", table, File{Rows: 3, SchemaVersion: 2, Stats: stats(0, 1, 0)}, DayRange{0, 0}, false, true, false},
		{"over midnight in Tokyo", table, File{Rows: 3, SchemaVersion: 2, Stats: stats(day*5/8-1, day*5/8, 1)}, DayRange{0, 1}, false, true, true},
		{"nulls unknown", table, File{Rows: 3, SchemaVersion: 2, Stats: stats(0, day, -1)}, DayRange{0, 1}, false, true, true},
		{"all null", table, File{Rows: 3, SchemaVersion: 2, Stats: []ColumnStats{{Name: "ts", Nulls: 3}}}, DayRange{}, true, true, true},
		{"older than the column", table, File{Rows: 3, SchemaVersion: 1}, DayRange{}, true, true, true},
		{"no bounds", table, File{Rows: 3, SchemaVersion: 2, Stats: []ColumnStats{{Name: "ts"}}}, DayRange{}, false, false, false},
		{"no statistics", table, File{Rows: 3, SchemaVersion: 2}, DayRange{}, false, false, true},
		{"no rows", table, File{SchemaVersion: 2}, DayRange{}, true, true, false},
		{"folder", byKey, File{Rows: 3, Partition: "dt=1970-01-03"}, DayRange{2, 2}, false, true, false},
		{"folder of nulls", byKey, File{Rows: 3, Partition: "dt=__HIVE_DEFAULT_PARTITION__"}, DayRange{}, true, true, true},
		{"no folder", byKey, File{Rows: 3}, DayRange{}, false, false, true},
		{"no time", &Table{}, File{Rows: 3}, DayRange{}, false, false, true},
	} {
		calendar, err := c.table.Calendar()
		if err != nil {
			t.Fatal(err)
		}
		got, empty, known := c.file.Days(c.table, calendar)
		if empty != c.empty || known != c.known || known && !empty && got != c.want {
			t.Errorf("%s: %v, empty %v, known %v", c.name, got, empty, known)
		}
		if got := c.file.MayLackTime(c.table); got != c.lacksTime {
			t.Errorf("%s: may lack the time: %v", c.name, got)
		}
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	h := HotDays{Covered: MergeDays([]DayRange{{5, 5}, {1, 2}, {3, 3}, {9, 12}, {10, 10}})}
	for _, c := range []struct {
		r       DayRange
		missing Day
		ok      bool
	}{
		{DayRange{1, 3}, 0, true},
		{DayRange{2, 2}, 0, true},
		{DayRange{0, 2}, 0, false},
		{DayRange{2, 5}, 4, false},
		{DayRange{10, 13}, 13, false},
		{DayRange{20, 20}, 20, false},
	} {
		if missing, ok := h.Covers(c.r); ok != c.ok || !ok && missing != c.missing {
			t.Errorf("%v: missing %d, %v", c.r, missing, ok)
		}
	}
}
