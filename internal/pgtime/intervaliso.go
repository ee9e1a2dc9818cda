package pgtime

import (
	"math"
	"strconv"
	"strings"
)

// iso reads ISO 8601: P1Y2M3W4DT5H6M7.5S, P0001-02-03T04:05:06, P00010203T040506.
func (p *intervalParser) iso(s string) failure {
	if len(s) < 2 || s[0] != 'P' {
		return malformed
	}
	s = s[1:]
	inTime, begun := false, false
	for s != "" {
		if s[0] == 'T' {
			inTime, begun, s = true, false, s[1:]
			continue
		}
		whole, fraction, rest, why := isoNumber(s)
		if why != fine {
			return why
		}
		number := s[:len(s)-len(rest)]
		mark := byte(0)
		if rest != "" {
			mark, rest = rest[0], rest[1:]
		}
		unit := isoUnit(mark, inTime)
		if unit == NoUnit {
			if begun {
				return malformed
			}
			if inTime {
				return p.isoClock(number, mark, rest, whole, fraction)
			}
			if rest, why = p.isoDate(number, mark, rest, whole, fraction); why != fine {
				return why
			}
			s, inTime = rest, true
			continue
		}
		if !p.add(unit, whole, fraction) {
			return tooLarge
		}
		begun, s = true, rest
	}
	return fine
}

func isoUnit(mark byte, inTime bool) Unit {
	if inTime {
		return map[byte]Unit{'H': HourUnit, 'M': MinuteUnit, 'S': SecondUnit}[mark]
	}
	return map[byte]Unit{'Y': Year, 'M': Month, 'W': Week, 'D': DayUnit}[mark]
}

// isoNumber reads what C's strtod does of a number.
func isoNumber(s string) (whole int64, fraction float64, rest string, why failure) {
	if s == "" || !isDigit(s[0]) && s[0] != '-' && s[0] != '.' {
		return 0, 0, s, malformed
	}
	n := 0
	if s[0] == '-' {
		n++
	}
	digits := 0
	for ; n < len(s) && (isDigit(s[n]) || s[n] == '.' && !strings.Contains(s[:n], ".")); n++ {
		if s[n] != '.' {
			digits++
		}
	}
	if digits == 0 {
		return 0, 0, s, malformed
	}
	if e := n; e < len(s) && s[e]|0x20 == 'e' {
		e++
		if e < len(s) && (s[e] == '+' || s[e] == '-') {
			e++
		}
		for e < len(s) && isDigit(s[e]) {
			e++
			n = e
		}
	}
	v, err := strconv.ParseFloat(s[:n], 64)
	if err != nil {
		return 0, 0, s, malformed
	}
	if v < -1e15 || v > 1e15 {
		return 0, 0, s, tooLarge
	}
	return int64(v), v - math.Trunc(v), s[n:], fine
}

// digitsOf counts the digits before the point.
func digitsOf(number string) int {
	n := 0
	for _, c := range []byte(strings.TrimPrefix(number, "-")) {
		if !isDigit(c) {
			break
		}
		n++
	}
	return n
}

// isoDate reads YYYYMMDD or YYYY-MM-DD; rest is behind the T, or empty.
func (p *intervalParser) isoDate(number string, mark byte, s string, whole int64, fraction float64) (rest string, why failure) {
	if mark != 0 && mark != 'T' && mark != '-' {
		return "", malformed
	}
	if digitsOf(number) == 8 && mark != '-' {
		if !p.add(Year, whole/10000, 0) || !p.add(Month, whole/100%100, 0) || !p.add(DayUnit, whole%100, fraction) {
			return "", tooLarge
		}
		return s, fine
	}
	unit := Year
	for {
		if !p.add(unit, whole, fraction) {
			return "", tooLarge
		}
		if mark == 'T' || mark == 0 {
			return s, fine
		}
		if mark != '-' || unit == DayUnit {
			return "", malformed
		}
		unit = map[Unit]Unit{Year: Month, Month: DayUnit}[unit]
		if whole, fraction, s, why = isoNumber(s); why != fine {
			return "", why
		}
		mark = 0
		if s != "" {
			mark, s = s[0], s[1:]
		}
	}
}

// isoClock reads HHMMSS or HH:MM:SS.
func (p *intervalParser) isoClock(number string, mark byte, s string, whole int64, fraction float64) failure {
	if digitsOf(number) == 6 && mark == 0 {
		if !p.add(HourUnit, whole/10000, 0) || !p.add(MinuteUnit, whole/100%100, 0) || !p.add(SecondUnit, whole%100, 0) || !p.addFraction(fraction, 1) {
			return tooLarge
		}
		return fine
	}
	if mark != 0 && mark != ':' {
		return malformed
	}
	for unit := HourUnit; ; unit-- {
		if !p.add(unit, whole, fraction) {
			return tooLarge
		}
		if mark == 0 {
			return fine
		}
		if mark != ':' || unit == SecondUnit {
			return malformed
		}
		var why failure
		if whole, fraction, s, why = isoNumber(s); why != fine {
			return why
		}
		mark = 0
		if s != "" {
			mark, s = s[0], s[1:]
		}
	}
}
