package router

import (
	"fmt"
	"slices"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// adoptedNotHot says what keeps the warehouse from answering for an adopted table, "" if nothing does. The warehouse
// keeps no generations, so that it answers for the newest only.
func (d *decision) adoptedNotHot(s *scan) string {
	name := s.table.Table.Name
	if s.now != s.table {
		return fmt.Sprintf("%s has changed since generation %d", name, d.view.Generation)
	}
	if _, why := s.adoptedDays(); why != "" {
		return why
	}
	if d.r.o.Hot.Distrust == nil {
		return "the hot store is not the one that has " + s.table.Table.Adopt.Hot
	}
	return d.r.o.Hot.Distrust(s.table)
}

// adoptedDays gives the days of an adopted table that the statement may see, if the warehouse has them all, and else
// why it cannot answer.
func (s *scan) adoptedDays() (days []catalog.DayRange, why string) {
	t, hot := s.table.Table, s.table.Hot.Days
	switch {
	case t.Adopt.Hot == "":
		return nil, fmt.Sprintf("table %s is adopted without a hot side", t.Name)
	case hot == nil:
		return nil, fmt.Sprintf("the days of %s are not compared with %s yet", t.Name, t.Adopt.Hot)
	}
	if why := s.adoptedColumns(hot); why != "" {
		return nil, why
	}
	if days, why = s.survivingDays(hot.Calendar); why != "" {
		return nil, why
	}
	for _, r := range days {
		if missing, ok := hot.Covers(r); !ok {
			return nil, notCovered(t, hot, missing)
		}
	}
	return days, ""
}

// adoptedColumns says which column the warehouse's table does not have, or not as the lake has it.
func (s *scan) adoptedColumns(hot *catalog.HotDays) string {
	missing := without(without(s.use.Columns, hot.Columns), hot.DayKeys)
	if len(missing) == 0 {
		return ""
	}
	for _, note := range hot.Notes {
		if len(hot.Columns) == 0 || strings.HasPrefix(note, "column "+missing[0]+" ") {
			return note
		}
	}
	return fmt.Sprintf("%s not hot (hot has %d of %d)", columnsAre(missing), len(without(hot.DayKeys, hot.Columns))+len(hot.Columns), len(s.table.Table.Columns))
}

func notCovered(t *catalog.Table, hot *catalog.HotDays, day catalog.Day) string {
	if d, ok := hot.Different[day]; ok {
		return fmt.Sprintf("day %s of %s is not the same in %s: %s", day, t.Name, t.Adopt.Hot, d)
	}
	if day < t.Adopt.From() {
		return fmt.Sprintf("day %s of %s is before hot_from %s", day, t.Name, t.Adopt.HotFrom)
	}
	return fmt.Sprintf("day %s of %s is not compared with %s yet", day, t.Name, t.Adopt.Hot)
}

// survivingDays gives the days that the kept files have rows in and the predicates leave, merged.
func (s *scan) survivingDays(calendar *catalog.Calendar) (days []catalog.DayRange, why string) {
	t := s.table.Table
	where, restricted := s.where[t.Time.Column]
	for _, f := range s.kept {
		span, empty, known := f.Days(t, calendar)
		switch {
		case !known:
			return nil, fmt.Sprintf("file %s does not tell the days of its %s", f.Path, t.Time.Column)
		case f.MayLackTime(t) && (!restricted || where.Null):
			return nil, fmt.Sprintf("rows without %s are only in the lake; add %s is not null", t.Time.Column, t.Time.Column)
		case empty:
			continue
		case !restricted:
			days = append(days, span)
			continue
		}
		for _, i := range where.Intervals {
			if r := within(span, i, calendar); r.First <= r.Last {
				days = append(days, r)
			}
		}
	}
	return catalog.MergeDays(days), ""
}

// within cuts a range of days to an interval of the time. A bound that is no time leaves it as it is.
func within(r catalog.DayRange, i sql.Interval, calendar *catalog.Calendar) catalog.DayRange {
	if i.Low != nil {
		if d, ok := calendar.Of(*i.Low); ok {
			r.First = max(r.First, d)
		}
	}
	if i.High != nil {
		high := *i.High
		if i.HighOpen {
			high.I-- // times are whole numbers: of days or microseconds
		}
		if d, ok := calendar.Of(high); ok {
			r.Last = min(r.Last, d)
		}
	}
	return r
}

// adoptedSource reads the warehouse's own table, and of it the compared days that the statement needs: rows of other
// days, and rows without a time, are not known to be the lake's.
func (d *decision) adoptedSource(s *scan) (string, error) {
	days, why := s.adoptedDays()
	if why != "" {
		return "", fmt.Errorf("read the days of %s: %s", s.table.Table.Name, why)
	}
	t := s.table.Table
	name, _ := catalog.ParseName(t.Adopt.Hot)
	return fmt.Sprintf("(SELECT %s FROM %s.%s WHERE %s)", strings.Join(adoptedTargets(s, days), ", "),
		quoteIdent(name.Schema), quoteIdent(name.Table), dayCondition(s.table, days)), nil
}

// adoptedTargets are the columns as the lake has them: type, and order of text. Where a * stands as it was written, the
// relation needs all of its columns, of which the others are NULLs.
func adoptedTargets(s *scan, days []catalog.DayRange) []string {
	var list []string
	hot := s.table.Hot.Days
	time, _ := s.table.Table.TimeColumn()
	for _, c := range s.use.Relation.Columns {
		value := "NULL"
		switch {
		case !slices.Contains(s.use.Columns, c.Name):
		case slices.Contains(hot.Columns, c.Name):
			value = quoteIdent(c.Name)
		case len(days) > 0: // a key of the folders that the warehouse does not have
			within := catalog.DayRange{First: days[0].First, Last: days[len(days)-1].Last}
			value = hot.Calendar.DaySQL(quoteIdent(time.Name), time.Type, within)
		}
		target := "CAST(" + value + " AS " + c.Type.String() + ")"
		if collation := hot.Collation; collation != "" && pgtypes.ClassOf(c.Type.OID) == pgtypes.ClassText {
			target += " COLLATE " + collation
		}
		list = append(list, target+" AS "+quoteIdent(c.Name))
	}
	return list
}

func dayCondition(t *catalog.TableView, days []catalog.DayRange) string {
	if len(days) == 0 {
		return "false"
	}
	column, _ := t.Table.TimeColumn()
	parts := make([]string, len(days))
	for i, r := range days {
		parts[i] = fmt.Sprintf("%[1]s >= %[2]s AND %[1]s < %[3]s", quoteIdent(column.Name),
			t.Hot.Days.Calendar.StartSQL(column.Type, r.First), t.Hot.Days.Calendar.StartSQL(column.Type, r.Last+1))
	}
	return "(" + strings.Join(parts, ") OR (") + ")"
}
