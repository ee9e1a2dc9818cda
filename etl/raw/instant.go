package raw

import (
	"time"
)

// zoneForm says how a text gave its offset from UTC.
type zoneForm uint8

const (
	zoneNone zoneForm = iota
	zoneZ
	zoneOffset
)

// instant is a point in time as a text gave it.
type instant struct {
	micros int64 // since 1970-01-01, UTC; without an offset the text is taken as UTC
	zone   zoneForm
}

// parseInstant reads the forms of ISO 8601 that PostgreSQL takes too: a date, optionally followed by T or a space and
// a time, whose seconds and fraction may be left out, optionally followed by Z or an offset (+09:00, +0900, +09).
// Years are 0001 to 9999; a fraction is rounded to microseconds.
func parseInstant(b []byte) (t instant, ok bool) {
	days, ok := parseDate(b[:min(10, len(b))])
	if !ok {
		return t, false
	}
	if len(b) == 10 {
		return instant{micros: days * 86400_000_000}, true
	}
	if c := b[10]; c != 'T' && c != ' ' && c != 't' {
		return t, false
	}
	clock, rest, ok := parseClock(b[11:])
	if !ok {
		return t, false
	}
	offset, zone, ok := parseZone(rest)
	if !ok {
		return t, false
	}
	t = instant{micros: days*86400_000_000 + clock - offset, zone: zone}
	return t, inYears(t.micros)
}

var (
	firstMicros = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
	endMicros   = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()
)

func inYears(micros int64) bool { return micros >= firstMicros && micros < endMicros }

// parseDate reads 2018-02-15 as days since 1970-01-01.
func parseDate(b []byte) (days int64, ok bool) {
	if len(b) != 10 || b[4] != '-' || b[7] != '-' || !allDigits(b[:4]) {
		return 0, false
	}
	year := int(b[0]-'0')*1000 + int(b[1]-'0')*100 + int(b[2]-'0')*10 + int(b[3]-'0')
	month, ok1 := two(b[5:], 12)
	day, ok2 := two(b[8:], 31)
	if !ok1 || !ok2 || year == 0 || month == 0 || day == 0 {
		return 0, false
	}
	if day > 28 && day > daysIn(year, month) {
		return 0, false
	}
	return daysBefore(year, month) + int64(day) - 1, true
}

func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// daysBefore counts the days from 1970-01-01 to the first of the month, with years that begin in March so that the
// leap day is a year's last.
func daysBefore(year, month int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 - 719468)
}

// two reads two digits of at most limit.
func two(b []byte, limit int) (int, bool) {
	if len(b) < 2 || b[0]-'0' > 9 || b[1]-'0' > 9 {
		return 0, false
	}
	n := int(b[0]-'0')*10 + int(b[1]-'0')
	return n, n <= limit
}

// parseClock reads 03:04[:05[.123456]] as microseconds.
func parseClock(b []byte) (micros int64, rest []byte, ok bool) {
	hour, ok1 := two(b, 23)
	if !ok1 || len(b) < 5 || b[2] != ':' {
		return 0, nil, false
	}
	minute, ok2 := two(b[3:], 59)
	micros = int64(hour*3600+minute*60) * 1_000_000
	rest = b[5:]
	if !ok2 || len(rest) == 0 || rest[0] != ':' {
		return micros, rest, ok2
	}
	second, ok3 := two(rest[1:], 59)
	if !ok3 {
		return 0, nil, false
	}
	micros += int64(second) * 1_000_000
	rest = rest[3:]
	if len(rest) == 0 || rest[0] != '.' {
		return micros, rest, true
	}
	fraction, n := parseFraction(rest[1:])
	return micros + fraction, rest[1+n:], n > 0
}

// parseFraction reads n digits after the point and rounds them to microseconds.
func parseFraction(b []byte) (micros int64, n int) {
	unit := int64(1_000_000)
	for n < len(b) && b[n]-'0' <= 9 {
		if unit /= 10; unit > 0 {
			micros += int64(b[n]-'0') * unit
		} else if n == 6 && b[n] >= '5' {
			micros++
		}
		n++
	}
	return micros, n
}

// parseZone reads nothing, Z or an offset, as microseconds east of UTC.
func parseZone(b []byte) (micros int64, form zoneForm, ok bool) {
	switch {
	case len(b) == 0:
		return 0, zoneNone, true
	case len(b) == 1:
		return 0, zoneZ, b[0] == 'Z' || b[0] == 'z'
	}
	hours, ok := two(b[1:], 15)
	if !ok || b[0] != '+' && b[0] != '-' {
		return 0, zoneNone, false
	}
	minutes, rest := 0, b[3:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:]
		ok = len(rest) == 2
	}
	if ok && len(rest) > 0 {
		minutes, ok = two(rest, 59)
		ok = ok && len(rest) == 2
	}
	micros = int64(hours*3600+minutes*60) * 1_000_000
	if b[0] == '-' {
		micros = -micros
	}
	return micros, zoneOffset, ok
}
