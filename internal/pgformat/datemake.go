package pgformat

import (
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// Date reads a date by the format: to_date.
func (f *DateFormat) Date(text string) (days int32, err error) {
	m, err := f.fields(text)
	if err != nil {
		return 0, err
	}
	n := m.Days()
	if m.Year < minYear || m.Year > maxYear || !pgtypes.DateInRange(int64(n)) {
		return 0, pgerr.New(pgerr.DatetimeOverflow, "date out of range: \"%s\"", text)
	}
	return int32(n), nil
}

// Years that to_date and to_timestamp compute with. Beyond them the types end, and arithmetic would overflow.
const minYear, maxYear = -4713, 5874898

// Instant reads a moment by the format, in zone unless the text has an offset: to_timestamp.
func (f *DateFormat) Instant(text string, zone *time.Location) (micros int64, err error) {
	m, err := f.fields(text)
	if err != nil {
		return 0, err
	}
	if m.Year > maxYear || m.Year < minYear {
		return 0, pgerr.New(pgerr.DatetimeOverflow, "timestamp out of range")
	}
	seconds := int64(m.Days())*86400 + int64(m.Hour)*3600 + int64(m.Minute)*60 + int64(m.Second)
	if !m.zoned {
		m.Offset = int(pgtypes.OffsetIn(seconds, zone))
	}
	if seconds -= int64(m.Offset); !pgtypes.SecondsInRange(seconds) {
		return 0, pgtypes.OutOfRange(seconds, "timestamp out of range")
	}
	micros = seconds*pgtime.Second + int64(m.Micros)
	if m.precision > 0 {
		micros = pgtime.RoundTimestamp(micros, m.precision)
	}
	return micros, nil
}

func overflow(text string) error {
	return pgerr.New(pgerr.DatetimeOverflow, "date/time field value out of range: \"%s\"", text)
}

// made is the moment that a text says.
type made struct {
	pgtime.Fields
	zoned     bool
	precision int // digits of the second, 0 for all
}

// fields makes a moment of what the format finds in the text. Year 0, 1 BC, is where no year is given.
func (f *DateFormat) fields(text string) (made, error) {
	v, err := f.read(text)
	if err != nil {
		return made{}, err
	}
	m := made{Fields: pgtime.Fields{Month: 1, Day: 1}, precision: v.precision}
	if err := v.time(&m.Fields); err != nil {
		return m, err
	}
	if err := v.date(&m.Fields, text); err != nil {
		return m, err
	}
	m.Micros = v.millis*1000 + v.micros
	if m.Hour < 0 || m.Hour > 23 || m.Minute < 0 || m.Minute > 59 || m.Second < 0 || m.Second > 59 || m.Micros < 0 || m.Micros >= pgtime.Second {
		return m, overflow(text)
	}
	if v.zoneSign == 0 {
		return m, nil
	}
	if v.zoneHours < 0 || v.zoneHours > 15 || v.zoneMinutes < 0 || v.zoneMinutes > 59 {
		return m, pgerr.New("22009", "time zone displacement out of range: \"%s\"", text)
	}
	m.zoned, m.Offset = true, v.zoneSign*(v.zoneHours*3600+v.zoneMinutes*60)
	return m, nil
}

func (v *found) time(m *pgtime.Fields) error {
	m.Hour, m.Minute, m.Second = v.daySeconds/3600, v.daySeconds%3600/60, v.daySeconds%60
	if v.second != 0 {
		m.Second = v.second
	}
	if v.minute != 0 {
		m.Minute = v.minute
	}
	if v.hour != 0 {
		m.Hour = v.hour
	}
	if !v.clock12 {
		return nil
	}
	if m.Hour < 1 || m.Hour > 12 {
		return pgerr.New(pgerr.InvalidDatetimeFormat, "hour \"%d\" is invalid for the 12-hour clock", m.Hour).
			WithHint("Use the 24-hour clock, or give an hour between 1 and 12.")
	}
	switch {
	case v.pm != 0 && m.Hour < 12:
		m.Hour += 12
	case v.pm == 0 && m.Hour == 12:
		m.Hour = 0
	}
	return nil
}

// given tells which parts of a date the format had.
type given struct{ year, month, day bool }

func (v *found) date(m *pgtime.Fields, text string) error {
	g := given{year: v.yearOf(m)}
	all := given{true, true, true}
	if v.julian != 0 {
		m.Year, m.Month, m.Day = pgtime.Date(v.julian)
		g = all
	}
	switch {
	case v.week != 0 && v.calendar == isoWeeks:
		m.Year, m.Month, m.Day = pgtime.Date(v.isoDay(m.Year))
		g = all
	case v.week != 0:
		v.yearDay = (v.week-1)*7 + 1
	}
	if v.weekOfMonth != 0 {
		v.day = (v.weekOfMonth-1)*7 + 1
	}
	if v.day != 0 {
		m.Day, g.day = v.day, true
	}
	if v.month != 0 {
		m.Month, g.month = v.month, true
	}
	if v.yearDay != 0 && (m.Month <= 1 || m.Day <= 1) {
		if m.Year == 0 && v.bc == 0 {
			return pgerr.New(pgerr.InvalidDatetimeFormat, "cannot calculate day of year without year information")
		}
		if v.calendar == isoWeeks {
			m.Year, m.Month, m.Day = pgtime.Date(pgtime.ISOWeekStart(m.Year, 1) - 1 + v.yearDay)
			g = all
		} else {
			v.dayOfYear(m)
			g.month, g.day = true, true
		}
	}
	if g.month && (m.Month < 1 || m.Month > 12) || g.day && (m.Day < 1 || m.Day > 31) || g == all && m.Day > pgtime.MonthDays(m.Year, m.Month) {
		return overflow(text)
	}
	return nil
}

// yearOf reports whether a year was given. A century completes a year of two digits, and is else its first year.
func (v *found) yearOf(m *pgtime.Fields) bool {
	if v.year == 0 && v.century == 0 {
		return false
	}
	c := v.century
	if v.bc != 0 {
		c = -c
	}
	switch {
	case v.year == 0 && c >= 0:
		m.Year = (c-1)*100 + 1
	case v.year == 0:
		m.Year = c*100 + 1
	case c != 0 && v.yearDigits <= 2:
		switch m.Year = v.year % 100; {
		case m.Year == 0 && c >= 0:
			m.Year = c * 100
		case m.Year == 0:
			m.Year = c*100 + 1
		case c >= 0:
			m.Year += (c - 1) * 100
		default:
			m.Year = (c+1)*100 - m.Year + 1
		}
	default:
		m.Year = v.year
		if v.bc != 0 {
			m.Year = -m.Year
		}
		if m.Year < 0 {
			m.Year++
		}
	}
	return true
}

// isoDay is the Julian day of the week's day, Monday if there is none.
func (v *found) isoDay(year int) int {
	monday := pgtime.ISOWeekStart(year, v.week)
	switch {
	case v.weekday == 0:
		return monday
	case v.weekday > 1: // Sunday is 1
		return monday + v.weekday - 2
	}
	return monday + 6
}

// dayOfYear gives the month and the day where they are not set.
func (v *found) dayOfYear(m *pgtime.Fields) {
	month, rest := 1, v.yearDay
	for month <= 12 && rest > pgtime.MonthDays(m.Year, month) {
		rest -= pgtime.MonthDays(m.Year, month)
		month++
	}
	if m.Month <= 1 {
		m.Month = month
	}
	if m.Day <= 1 {
		m.Day = rest
	}
}
