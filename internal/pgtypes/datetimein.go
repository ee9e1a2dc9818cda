package pgtypes

import (
	"strconv"
	"time"

	"tidegate/internal/pgerr"
)

// ParseDate reads a date as DateStyle orders it, days from 1970-01-01. A time of day and a zone may follow and are
// ignored, as PostgreSQL does.
func (s Style) ParseDate(text string) (int32, error) {
	m, err := readMoment(Date, text, s.Order, nil)
	if err != nil {
		return 0, err
	}
	switch m.special {
	case momentLate:
		return DateInfinity, nil
	case momentEarly:
		return DateNegativeInfinity, nil
	case momentEpoch:
		return 0, nil
	}
	days := m.days()
	if days < minDays || days >= endDays {
		return 0, pgerr.New(pgerr.DatetimeOverflow, "date out of range: \"%s\"", text)
	}
	return int32(days), nil
}

// ParseDate is Style.ParseDate in the zero Style.
func ParseDate(text string) (int32, error) { return Style{}.ParseDate(text) }

// ParseTimestamp reads a timestamp as DateStyle orders it, microseconds from 1970-01-01. A zone may follow and is
// ignored.
func (s Style) ParseTimestamp(text string) (int64, error) {
	m, err := readMoment(Timestamp, text, s.Order, nil)
	if err != nil {
		return 0, err
	}
	return m.instant(text, 0)
}

// ParseTimestamp is Style.ParseTimestamp in the zero Style.
func ParseTimestamp(text string) (int64, error) { return Style{}.ParseTimestamp(text) }

// ParseTimestamptz reads a timestamp with a zone, or in the style's Zone without one.
func (s Style) ParseTimestamptz(text string) (int64, error) {
	m, err := readMoment(Timestamptz, text, s.Order, s.Zone)
	if err != nil {
		return 0, err
	}
	return m.instant(text, m.offset)
}

// ParseTimestamptz is Style.ParseTimestamptz in the zero Style with a zone; nil is UTC.
func ParseTimestamptz(text string, zone *time.Location) (int64, error) {
	return Style{Zone: zone}.ParseTimestamptz(text)
}

// OffsetIn gives the offset east, in seconds, that a local time has in zone. In the hour that a zone skips or repeats,
// PostgreSQL takes standard time.
func OffsetIn(wall int64, zone *time.Location) int64 {
	offset := func(seconds int64) int64 {
		_, o := time.Unix(seconds, 0).In(zone).Zone()
		return int64(o)
	}
	const day = 24 * 3600
	before, after := offset(wall-day), offset(wall+day)
	holds := func(o int64) bool { return offset(wall-o) == o }
	switch {
	case before == after:
		return before
	case holds(after) && !holds(before):
		return after
	case holds(before) && !holds(after):
		return before
	}
	return min(before, after)
}

// DateInRange reports whether days are a date of PostgreSQL's.
func DateInRange(days int64) bool { return days >= minDays && days < endDays }

// SecondsInRange reports whether seconds from 1970 are a timestamp.
func SecondsInRange(seconds int64) bool {
	return seconds >= minMicros/microsPerSecond && seconds < endMicros/microsPerSecond
}

// OutOfRange is the error of seconds from 1970 that are no timestamp: 22008, as PostgreSQL says it, or 0A000 for the thirty
// years that PostgreSQL has and microseconds from 1970 have not.
func OutOfRange(seconds int64, format string, args ...any) error {
	if seconds >= endMicros/microsPerSecond && seconds < postgresEnd {
		return pgerr.New(pgerr.FeatureNotSupported, "timestamps after 294247-01-10 are not supported")
	}
	return pgerr.New(pgerr.DatetimeOverflow, format, args...)
}

func (m *moment) instant(text string, offset int64) (int64, error) {
	switch m.special {
	case momentLate:
		return TimestampInfinity, nil
	case momentEarly:
		return TimestampNegativeInfinity, nil
	case momentEpoch:
		return 0, nil
	}
	days := m.days()
	day, rest := days*microsPerDay, m.ofDay()-offset*microsPerSecond
	if days > endMicros/microsPerDay || days < minMicros/microsPerDay-1 || day >= endMicros-max(rest, 0) || day+rest < minMicros {
		return 0, OutOfRange(days*86400+rest/microsPerSecond, "timestamp out of range: \"%s\"", text)
	}
	return day + rest, nil
}

// ParseTime reads a time of day, microseconds up to 24:00:00. A zone may follow and is ignored.
func ParseTime(s string) (int64, error) {
	micros, rest, ok := cutClock(trim(s))
	switch {
	case !ok || rest != "":
		t, err := decodeTimeOfDay(Time, s, 0, time.UTC)
		return t.Micros, err
	case micros > microsPerDay:
		return 0, fieldOutOfRange(s)
	}
	return micros, nil
}

func cutNumber(s string) (n int64, width int, rest string) {
	for width < len(s) && s[width] >= '0' && s[width] <= '9' {
		if width < 18 {
			n = n*10 + int64(s[width]-'0')
		}
		width++
	}
	return n, width, s[width:]
}

// cutClock takes HH:MM[:SS[.f…]] off, rounded to microseconds. What is no time of a day is more than one.
func cutClock(s string) (micros int64, rest string, ok bool) {
	hour, width, rest := cutNumber(s)
	if width == 0 || width > 2 || rest == "" || rest[0] != ':' {
		return 0, s, false
	}
	minute, width, rest := cutNumber(rest[1:])
	if width == 0 || width > 2 {
		return 0, s, false
	}
	micros = hour*microsPerHour + minute*microsPerMinute
	if minute > 59 {
		micros += microsPerDay
	}
	if rest == "" || rest[0] != ':' {
		return micros, rest, true
	}
	second, width, rest := cutNumber(rest[1:])
	if width == 0 || width > 2 {
		return 0, s, false
	}
	if second > 60 {
		micros += microsPerDay
	}
	micros += second * microsPerSecond
	if rest == "" || rest[0] != '.' {
		return micros, rest, true
	}
	digits := rest[1:]
	_, width, rest = cutNumber(digits)
	fraction, err := strconv.ParseFloat("0."+digits[:width], 64)
	if err != nil {
		return 0, s, false
	}
	return micros + int64(fraction*microsPerSecond+0.5), rest, true
}
