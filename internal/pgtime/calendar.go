// Package pgtime computes with dates, times and intervals as PostgreSQL 15 does: the proleptic Gregorian calendar, ISO
// weeks, ages, the arithmetic of intervals and their text.
//
// Timestamps are microseconds and dates are days from 1970-01-01, as internal/pgtypes has them; year 0 is 1 BC.
package pgtime

import (
	"time"

	"tidegate/internal/pgtypes"
)

// Microseconds of the units of a clock.
const (
	Second = 1_000_000
	Minute = 60 * Second
	Hour   = 60 * Minute
	Day    = 24 * Hour
)

// EpochJulian is the Julian day of 1970-01-01.
const EpochJulian = 2440588

// Julian gives the Julian day of a date. Months and days outside of their range count on, as PostgreSQL's date2j does:
// the fields of an interval are formatted with it.
func Julian(year, month, day int) int {
	if month > 2 {
		month++
		year += 4800
	} else {
		month += 13
		year += 4799
	}
	century := year / 100
	return year*365 - 32167 + year/4 - century + century/4 + 7834*month/256 + day
}

// Date gives the date of a Julian day.
func Date(julian int) (year, month, day int) {
	const cycle = 146097               // days in 400 years
	z := julian - EpochJulian + 719468 // from 0000-03-01
	era := floorDiv(z, cycle)
	ofEra := z - era*cycle
	years := (ofEra - ofEra/1460 + ofEra/36524 - ofEra/146096) / 365
	ofYear := ofEra - (365*years + years/4 - years/100)
	m := (5*ofYear + 2) / 153 // from March
	year, month, day = years+era*400, m+3, ofYear-(153*m+2)/5+1
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

func floorDiv[T int | int64](a, b T) T {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// weekday counts from Sunday, 0.
func weekday(julian int) int { return ((julian+1)%7 + 7) % 7 }

// IsLeap reports whether a year has a 29th of February.
func IsLeap(year int) bool { return year%4 == 0 && (year%100 != 0 || year%400 == 0) }

// MonthDays is how many days a month from 1 to 12 has.
func MonthDays(year, month int) int {
	if month == 2 && IsLeap(year) {
		return 29
	}
	return [...]int{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31}[month-1]
}

// ISOWeekStart gives the Julian day of the Monday of an ISO week.
func ISOWeekStart(year, week int) int { return (week-1)*7 + isoMonday(year) }

// isoMonday is the Monday of the week with the 4th of January.
func isoMonday(year int) int {
	fourth := Julian(year, 1, 4)
	return fourth - weekday(fourth-1)
}

// ISOWeek gives the week of a date and the year that it belongs to.
func ISOWeek(year, month, day int) (isoYear, week int) {
	n := Julian(year, month, day)
	first := isoMonday(year)
	if n < first {
		year--
		first = isoMonday(year)
	}
	week = (n-first)/7 + 1
	if week >= 52 {
		if next := isoMonday(year + 1); n >= next {
			year++
			week = (n-next)/7 + 1
		}
	}
	return year, week
}

// ISOYearDay gives the day of the ISO year, from 1.
func ISOYearDay(year, month, day int) int {
	isoYear, _ := ISOWeek(year, month, day)
	return Julian(year, month, day) - ISOWeekStart(isoYear, 1) + 1
}

// Fields are a moment on a clock.
type Fields struct {
	Year, Month, Day     int
	Hour, Minute, Second int
	Micros               int    // of the second
	Weekday, YearDay     int    // from Sunday, 0; from 1
	Zone                 string // its abbreviation; "" without a zone
	Offset               int    // seconds east
}

// FieldsOf gives the fields of a timestamp, which must be finite.
func FieldsOf(timestamp int64) Fields {
	days := floorDiv(timestamp, int64(Day))
	rest := timestamp - days*Day
	julian := int(days) + EpochJulian
	f := Fields{Hour: int(rest / Hour), Minute: int(rest / Minute % 60), Second: int(rest / Second % 60), Micros: int(rest % Second)}
	f.Year, f.Month, f.Day = Date(julian)
	f.Weekday, f.YearDay = weekday(julian), julian-Julian(f.Year, 1, 1)+1
	return f
}

// FieldsIn gives the fields of an instant in a zone.
func FieldsIn(instant int64, zone *time.Location) Fields {
	name, offset := time.UnixMicro(instant).In(zone).Zone()
	f := FieldsOf(instant + int64(offset)*Second)
	f.Zone, f.Offset = name, offset
	return f
}

// Days gives the date.
func (f Fields) Days() int { return Julian(f.Year, f.Month, f.Day) - EpochJulian }

// Timestamp is the moment on the clock, without regard of its zone.
func (f Fields) Timestamp() int64 {
	return int64(f.Days())*Day + int64(f.Hour)*Hour + int64(f.Minute)*Minute + int64(f.Second)*Second + int64(f.Micros)
}

// Finite reports whether a timestamp is not infinite.
func Finite(timestamp int64) bool {
	return timestamp != pgtypes.TimestampInfinity && timestamp != pgtypes.TimestampNegativeInfinity
}

// y2k is 2000-01-01, from which PostgreSQL counts.
const y2k = 10957 * Day

// RoundTimestamp rounds to digits of the second, from 0 to 6: half a unit away from 2000-01-01.
func RoundTimestamp(timestamp int64, digits int) int64 {
	if digits >= 6 || !Finite(timestamp) {
		return timestamp
	}
	return roundTo(timestamp-y2k, unitOf(digits)) + y2k
}

func unitOf(digits int) int64 {
	unit := int64(Second)
	for range digits {
		unit /= 10
	}
	return unit
}

// roundTo rounds half away from zero.
func roundTo(n, unit int64) int64 {
	if n < 0 {
		return -((-n + unit/2) / unit * unit)
	}
	return (n + unit/2) / unit * unit
}

// RoundTime rounds a time of day to digits of the second.
func RoundTime(micros int64, digits int) int64 {
	if digits >= 6 {
		return micros
	}
	return roundTo(micros, unitOf(digits))
}
