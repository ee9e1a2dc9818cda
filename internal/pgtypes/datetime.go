package pgtypes

import (
	"encoding/binary"
	"math"
	"time"
)

// Dates are days and timestamps are microseconds from 1970-01-01, as DuckDB has them; PostgreSQL's binary form
// counts from 2000-01-01.
const (
	microsPerSecond = 1_000_000
	microsPerMinute = 60 * microsPerSecond
	microsPerHour   = 60 * microsPerMinute
	microsPerDay    = 24 * microsPerHour

	epochDays   = 10957 // 1970-01-01 to 2000-01-01
	epochMicros = epochDays * microsPerDay
)

// The infinities of date and timestamp as DuckDB holds them.
const (
	DateInfinity              int32 = math.MaxInt32
	DateNegativeInfinity      int32 = -math.MaxInt32
	TimestampInfinity         int64 = math.MaxInt64
	TimestampNegativeInfinity int64 = -math.MaxInt64
)

// appendFraction appends .ffffff without trailing zeros, nothing for 0.
func appendFraction(b []byte, micros uint64) []byte {
	if micros == 0 {
		return b
	}
	return appendTrimmed(append(b, '.'), micros, 6)
}

// civil gives the proleptic Gregorian date of a day; year 0 is 1 BC.
func civil(days int64) (year int64, month, day uint64) {
	z := days + 719468 // from 0000-03-01
	era := z / 146097
	if z < 0 {
		era = (z - 146096) / 146097
	}
	dayOfEra := z - era*146097
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	m := (5*dayOfYear + 2) / 153 // from March
	year = yearOfEra + era*400
	day = uint64(dayOfYear - (153*m+2)/5 + 1)
	if m < 10 {
		return year, uint64(m + 3), day
	}
	return year + 1, uint64(m - 9), day
}

// daysOf is the inverse of civil.
func daysOf(year int64, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	yearOfEra := year - era*400
	dayOfYear := int64((153*(month-3)+2)/5 + day - 1)
	return era*146097 + yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear - 719468
}

func appendYearMonthDay(b []byte, days int64) (text []byte, bc bool) {
	year, month, day := civil(days)
	b = appendYear(b, year)
	return append(b, '-', twoDigits[2*month], twoDigits[2*month+1], '-', twoDigits[2*day], twoDigits[2*day+1]), year <= 0
}

func appendClock(b []byte, micros uint64) []byte {
	seconds := micros / microsPerSecond
	minutes := seconds / 60
	hours := minutes / 60
	const colons = 0x3030_3a_3030_3a_3030 // 00:00:00, the first byte lowest
	// The parts two bytes wide, a byte apart; each is divided by 10 as in eightDigits.
	parts := hours | (minutes-60*hours)<<24 | (seconds-60*minutes)<<48
	high := parts * 103 >> 10 & 0x0f_0000_0f_0000_0f
	b = binary.LittleEndian.AppendUint64(b, (high|(parts-10*high)<<8)+colons)
	return appendFraction(b, micros-microsPerSecond*seconds)
}

func splitDay(micros int64) (days int64, ofDay uint64) {
	days = micros / microsPerDay
	rest := micros - days*microsPerDay
	if rest < 0 {
		days--
		rest += microsPerDay
	}
	return days, uint64(rest)
}

// AppendDate appends 2018-02-15, 0044-03-15 BC, infinity.
func AppendDate(b []byte, days int32) []byte {
	switch days {
	case DateInfinity:
		return append(b, "infinity"...)
	case DateNegativeInfinity:
		return append(b, "-infinity"...)
	}
	b, bc := appendYearMonthDay(b, int64(days))
	if bc {
		b = append(b, " BC"...)
	}
	return b
}

// AppendTime appends a time of day, 0 to 24 h in microseconds: 10:00:00.5.
func AppendTime(b []byte, micros int64) []byte { return appendClock(b, uint64(micros)) }

// AppendTimestamp appends 2018-02-15 03:04:05.678.
func AppendTimestamp(b []byte, micros int64) []byte {
	switch micros {
	case TimestampInfinity:
		return append(b, "infinity"...)
	case TimestampNegativeInfinity:
		return append(b, "-infinity"...)
	}
	days, rest := splitDay(micros)
	b, bc := appendYearMonthDay(b, days)
	b = appendClock(append(b, ' '), rest)
	if bc {
		b = append(b, " BC"...)
	}
	return b
}

// Zone is a time zone that remembers the offset it gave last. It is not safe for concurrent use.
type Zone struct {
	location *time.Location
	// abbreviation is the name that the zone has with this offset.
	abbreviation string
	// offset, in seconds east, holds from from (inclusive) to until (exclusive), in microseconds.
	offset      int64
	from, until int64
}

// NewZone gives a Zone for AppendTimestamptz; nil is UTC.
func NewZone(location *time.Location) *Zone {
	if location == nil {
		location = time.UTC
	}
	return &Zone{location: location}
}

func (z *Zone) at(micros int64) int64 {
	if micros >= z.from && micros < z.until {
		return z.offset
	}
	t := time.UnixMicro(micros).In(z.location)
	name, offset := t.Zone()
	start, end := t.ZoneBounds()
	z.abbreviation, z.offset, z.from, z.until = name, int64(offset), math.MinInt64, math.MaxInt64
	if !start.IsZero() {
		z.from = start.UnixMicro()
	}
	if !end.IsZero() {
		z.until = end.UnixMicro()
	}
	return z.offset
}

// AppendTimestamptz appends an instant in zone: 2018-02-15 12:04:05.678+09, +05:30, +00.
func AppendTimestamptz(b []byte, micros int64, zone *Zone) []byte {
	switch micros {
	case TimestampInfinity, TimestampNegativeInfinity:
		return AppendTimestamp(b, micros)
	}
	offset := zone.at(micros)
	days, rest := splitDay(micros + offset*microsPerSecond)
	b, bc := appendYearMonthDay(b, days)
	b = appendClock(append(b, ' '), rest)
	b = appendOffset(b, offset)
	if bc {
		b = append(b, " BC"...)
	}
	return b
}

// appendOffset appends +HH, +HH:MM or +HH:MM:SS.
func appendOffset(b []byte, seconds int64) []byte {
	sign := byte('+')
	if seconds < 0 {
		sign, seconds = '-', -seconds
	}
	s := uint64(seconds)
	b = appendTwo(append(b, sign), s/3600)
	if s%3600 == 0 {
		return b
	}
	b = appendTwo(append(b, ':'), s/60%60)
	if s%60 == 0 {
		return b
	}
	return appendTwo(append(b, ':'), s%60)
}
