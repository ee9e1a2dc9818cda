package pgtypes

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

// stamp is a date and time as its text says it.
type stamp struct {
	days     int64
	micros   int64 // of the day, may be the whole day
	zoned    bool
	offset   int64 // seconds east, if zoned
	infinity int   // 1, -1
}

func badStamp(oid OID, s string) error {
	return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type %s: %q", Of(oid), s)
}

func outOfRange(s string) error {
	return pgerr.New(pgerr.DatetimeOverflow, "date/time field value out of range: %q", s)
}

// ParseDate reads an ISO date, days from 1970-01-01. A time of day and a zone may follow and are ignored, as
// PostgreSQL does.
func ParseDate(s string) (int32, error) {
	v, err := parseStamp(Date, s)
	switch {
	case err != nil:
		return 0, err
	case v.infinity > 0:
		return DateInfinity, nil
	case v.infinity < 0:
		return DateNegativeInfinity, nil
	case v.days < minDays || v.days >= endDays:
		return 0, pgerr.New(pgerr.DatetimeOverflow, "date out of range: %q", s)
	}
	return int32(v.days), nil
}

// ParseTimestamp reads an ISO timestamp, microseconds from 1970-01-01. A zone may follow and is ignored.
func ParseTimestamp(s string) (int64, error) {
	v, err := parseStamp(Timestamp, s)
	if err != nil {
		return 0, err
	}
	return v.instant(s, 0)
}

// ParseTimestamptz reads an ISO timestamp with offset, or in zone (nil is UTC) without one.
func ParseTimestamptz(s string, zone *time.Location) (int64, error) {
	v, err := parseStamp(Timestamptz, s)
	if err != nil {
		return 0, err
	}
	if !v.zoned && v.infinity == 0 && zone != nil {
		v.offset = v.offsetIn(zone)
	}
	return v.instant(s, v.offset)
}

func (v stamp) offsetIn(zone *time.Location) int64 {
	return OffsetIn(v.days*(microsPerDay/microsPerSecond)+v.micros/microsPerSecond, zone)
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

func (v stamp) instant(s string, offset int64) (int64, error) {
	switch {
	case v.infinity > 0:
		return TimestampInfinity, nil
	case v.infinity < 0:
		return TimestampNegativeInfinity, nil
	}
	tooFar := pgerr.New(pgerr.DatetimeOverflow, "timestamp out of range: %q", s)
	if v.days > endMicros/microsPerDay || v.days < minMicros/microsPerDay-1 {
		return 0, tooFar
	}
	day, rest := v.days*microsPerDay, v.micros-offset*microsPerSecond
	if day >= endMicros-max(rest, 0) || day+rest < minMicros {
		return 0, tooFar
	}
	return day + rest, nil
}

// ParseTime reads HH:MM[:SS[.ffffff]], microseconds of the day, up to 24:00:00.
func ParseTime(s string) (int64, error) {
	micros, rest, ok := cutClock(trim(s))
	if !ok || rest != "" {
		return 0, badStamp(Time, s)
	}
	if micros > microsPerDay {
		return 0, outOfRange(s)
	}
	return micros, nil
}

// parseStamp reads YYYY-MM-DD, then optionally T or blanks and a time, an offset or Z or UTC, and BC or AD.
func parseStamp(oid OID, s string) (stamp, error) {
	text := trim(s)
	switch strings.ToLower(text) {
	case "infinity", "+infinity":
		return stamp{infinity: 1}, nil
	case "-infinity":
		return stamp{infinity: -1}, nil
	case "epoch":
		return stamp{}, nil
	}
	if len(text) == 8 && strings.Trim(text, "0123456789") == "" && oid != Time {
		text = text[:4] + "-" + text[4:6] + "-" + text[6:] // ISO 8601's basic form
	}
	bc := false
	if upper := strings.ToUpper(text); strings.HasSuffix(upper, " BC") || strings.HasSuffix(upper, " AD") {
		bc = strings.HasSuffix(upper, "BC")
		text = trim(text[:len(text)-3])
	}
	days, rest, err := cutDate(oid, s, text, bc)
	if err != nil {
		return stamp{}, err
	}
	v := stamp{days: days}
	switch {
	case rest == "":
		return v, nil
	case rest[0] == 'T' || rest[0] == 't' || rest[0] == ' ':
		rest = trim(rest[1:])
	}
	if micros, after, ok := cutClock(rest); ok {
		if micros > microsPerDay {
			return stamp{}, outOfRange(s)
		}
		v.micros, rest = micros, trim(after)
	}
	if rest == "" {
		return v, nil
	}
	offset, ok := parseOffset(rest)
	if !ok {
		return stamp{}, badStamp(oid, s)
	}
	if max(offset, -offset) >= maxOffset {
		return stamp{}, &pgerr.Error{Code: "22009", Message: fmt.Sprintf("time zone displacement out of range: %q", s)}
	}
	v.zoned, v.offset = true, offset
	return v, nil
}

func cutDate(oid OID, whole, text string, bc bool) (days int64, rest string, err error) {
	fields := [3]int64{}
	widths := [3]int{}
	rest = text
	for i := range fields {
		if i > 0 {
			if rest == "" || rest[0] != '-' {
				return 0, "", badStamp(oid, whole)
			}
			rest = rest[1:]
		}
		fields[i], widths[i], rest = cutNumber(rest)
		if widths[i] == 0 || widths[i] > 7 {
			return 0, "", badStamp(oid, whole)
		}
	}
	if widths[0] < 3 || widths[1] > 2 || widths[2] > 2 {
		return 0, "", badStamp(oid, whole) // 15-02-2018 and its like depend on DateStyle
	}
	year, month, day := fields[0], int(fields[1]), int(fields[2])
	if year == 0 || year >= dateLimit || month < 1 || month > 12 || day < 1 {
		return 0, "", outOfRange(whole)
	}
	if bc {
		year = 1 - year
	}
	days = daysOf(year, month, day)
	if _, m, _ := civil(days); int(m) != month || day > 31 {
		return 0, "", outOfRange(whole)
	}
	return days, rest, nil
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

// maxOffset is the first displacement of a zone, in seconds, that PostgreSQL does not take.
const maxOffset = 16 * 3600

// parseOffset reads Z, UTC, GMT, ±HH, ±HH:MM[:SS], ±HHMM.
func parseOffset(s string) (seconds int64, ok bool) {
	switch strings.ToUpper(s) {
	case "Z", "UTC", "GMT":
		return 0, true
	}
	if s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	parts := strings.Split(s[1:], ":")
	if len(parts) == 1 && len(parts[0]) == 4 {
		parts = []string{parts[0][:2], parts[0][2:]}
	}
	if len(parts) > 3 {
		return 0, false
	}
	unit := int64(3600)
	for i, p := range parts {
		n, width, rest := cutNumber(p)
		if width == 0 || width > 2 || rest != "" {
			return 0, false
		}
		if i > 0 && n > 59 {
			n = maxOffset
		}
		seconds += n * unit
		unit /= 60
	}
	if s[0] == '-' {
		seconds = -seconds
	}
	return seconds, true
}
