package pgtypes

import (
	"math"
	"strconv"
	"strings"
)

// cutInt reads digits, of which a sign is no part here; none are 0. over says that they are more than 32 bits hold.
func cutInt(s string) (n int, rest string, over bool) {
	end := 0
	for end < len(s) && isDigit(s[end]) {
		end++
	}
	if end == 0 {
		return 0, s, false
	}
	v, err := strconv.ParseInt(s[:end], 10, 32)
	return int(v), s[end:], err != nil
}

// cutSigned is cutInt with a sign or without.
func cutSigned(s string) (n int, rest string, over bool) {
	if s == "" || s[0] != '-' && s[0] != '+' {
		return cutInt(s)
	}
	n, rest, over = cutInt(s[1:])
	switch {
	case rest == s[1:]:
		return 0, s, false
	case s[0] == '-':
		n = -n
	}
	return n, rest, over
}

// fractionOf reads a point and digits as microseconds.
func fractionOf(s string) (micros int64, why fault) {
	if s == "." {
		return 0, noFault
	}
	f, err := strconv.ParseFloat("0"+s, 64)
	if err != nil {
		return 0, badFormat
	}
	return int64(math.RoundToEven(f * microsPerSecond)), noFault
}

// date reads a date in one field, as DecodeDate: its parts have anything but letters and digits between them.
func (m *moment) date(text string) (saw int, why fault) {
	parts, why := splitDate(text)
	if why != noFault {
		return 0, why
	}
	seen, textMonth := m.seen, false
	for i, p := range parts {
		if !isAlpha(p[0]) {
			continue
		}
		w := momentWords[p]
		if w.kind == wordIgnored {
			parts[i] = ""
			continue
		}
		if w.kind != wordMonth || seen&sawMonth != 0 {
			return 0, badFormat
		}
		m.month, textMonth = w.value, true
		seen, saw = seen|sawMonth, saw|sawMonth
		parts[i] = ""
	}
	for _, p := range parts {
		if p == "" {
			continue
		}
		one, why := m.number(p, textMonth, seen)
		if why != noFault {
			return 0, why
		}
		if seen&one != 0 {
			return 0, badFormat
		}
		seen, saw = seen|one, saw|one
	}
	if seen&^(sawDayOfYear|sawZone) != sawDate {
		return 0, badFormat
	}
	return saw, noFault
}

// splitDate cuts at every run of what is no letter or digit, and drops a byte where letters meet digits, as PostgreSQL
// does.
func splitDate(text string) (parts []string, why fault) {
	parts = make([]string, 0, 3)
	for at := 0; at < len(text) && len(parts) < maxFields; {
		for at < len(text) && !isAlnum(text[at]) {
			at++
		}
		if at == len(text) {
			return nil, badFormat
		}
		from, belongs := at, isAlpha
		if isDigit(text[at]) {
			belongs = isDigit
		}
		for at < len(text) && belongs(text[at]) {
			at++
		}
		parts = append(parts, text[from:at])
		at++
	}
	return parts, noFault
}

// number reads a number as the part of a date that comes next: DecodeNumber.
func (m *moment) number(text string, textMonth bool, seen int) (saw int, why fault) {
	n, rest, over := cutInt(text)
	switch {
	case over:
		return 0, outOfBounds
	case rest == text:
		return 0, badFormat
	case strings.HasPrefix(rest, "."):
		if len(text)-len(rest) > 2 {
			return m.runTogether(text, seen|sawDate)
		}
		if m.micros, why = fractionOf(rest); why != noFault {
			return 0, why
		}
	case rest != "":
		return 0, badFormat
	}
	if len(text) == 3 && seen&sawDate == sawYear && n >= 1 && n <= 366 {
		m.dayOfYear = n
		return sawDayOfYear | sawMonth | sawDay, noFault
	}
	if seen&sawDate == sawDate {
		return m.runTogether(text, seen)
	}
	return m.datePart(n, len(text), textMonth, seen), noFault
}

// datePart says which part of a date a number of some digits is, by what there is already.
func (m *moment) datePart(n, digits int, textMonth bool, seen int) (saw int) {
	long := digits >= 3
	switch have := seen & sawDate; {
	case have == sawYear|sawMonth && textMonth && long && m.twoDigits: // what was taken for the year is the day
		m.day, m.year, m.twoDigits = m.year, n, false
		return sawDay
	case have == sawYear|sawMonth, have == sawMonth && !textMonth, have == sawMonth && !long && m.order != OrderYMD,
		have == 0 && !long && m.order == OrderDMY:
		m.day = n
		return sawDay
	case have == sawYear, have == sawDay, have == 0 && !long && m.order == OrderMDY:
		m.month = n
		return sawMonth
	}
	m.year, m.twoDigits = n, digits <= 2
	return sawYear
}

// runTogether reads yymmdd, yyyymmdd, hhmmss and hhmm: DecodeNumberField.
func (m *moment) runTogether(text string, seen int) (saw int, why fault) {
	whole, fraction, pointed := strings.Cut(text, ".")
	if pointed {
		f, err := strconv.ParseFloat("0."+fraction, 64)
		if err != nil {
			return 0, badFormat
		}
		m.micros = int64(math.RoundToEven(f * microsPerSecond))
	}
	two := func(from int) int {
		n, _, _ := cutInt(whole[from : from+2])
		return n
	}
	n := len(whole)
	switch {
	case !pointed && seen&sawDate != sawDate && n >= 6:
		year, _, over := cutInt(whole[:n-4])
		if over {
			return 0, outOfBounds
		}
		m.year, m.month, m.day = year, two(n-4), two(n-2)
		m.twoDigits = m.twoDigits || n == 6
		return sawDate, noFault
	case seen&sawTime == sawTime:
		return 0, badFormat
	case n == 6:
		m.hour, m.minute, m.second = two(0), two(2), two(4)
		return sawTime, noFault
	case n == 4:
		m.hour, m.minute, m.second = two(0), two(2), 0
		return sawTime, noFault
	}
	return 0, badFormat
}

// clock reads hh:mm[:ss[.ffffff]], or mm:ss.ffffff.
func (m *moment) clock(text string) (saw int, why fault) {
	hour, rest, over1 := cutInt(text)
	if rest == "" || rest[0] != ':' {
		return 0, badFormat
	}
	minute, rest, over2 := cutInt(rest[1:])
	second := 0
	m.micros = 0
	switch {
	case over1 || over2:
		return 0, outOfBounds
	case rest == "":
	case rest[0] == '.':
		hour, minute, second = 0, hour, minute
		m.micros, why = fractionOf(rest)
	case rest[0] == ':':
		var over3 bool
		if second, rest, over3 = cutInt(rest[1:]); over3 {
			return 0, outOfBounds
		}
		switch {
		case rest == "":
		case rest[0] == '.':
			m.micros, why = fractionOf(rest)
		default:
			return 0, badFormat
		}
	default:
		return 0, badFormat
	}
	if why != noFault {
		return 0, why
	}
	m.hour, m.minute, m.second = hour, minute, second
	if minute > 59 || second > 60 || hour > 24 || m.ofDay() > microsPerDay {
		return 0, outOfBounds
	}
	return sawTime, noFault
}

// zoneOffset reads ±hh[[:]mm[:ss]], seconds east.
func zoneOffset(text string) (seconds int64, why fault) {
	if text == "" || text[0] != '+' && text[0] != '-' {
		return 0, badFormat
	}
	hours, rest, over := cutSigned(text[1:])
	minutes, second := 0, 0
	switch {
	case over:
		return 0, zoneTooFar
	case strings.HasPrefix(rest, ":"):
		if minutes, rest, over = cutSigned(rest[1:]); over {
			return 0, zoneTooFar
		}
		if strings.HasPrefix(rest, ":") {
			if second, rest, over = cutSigned(rest[1:]); over {
				return 0, zoneTooFar
			}
		}
	case rest == "" && len(text) > 3:
		hours, minutes = hours/100, hours%100
	}
	if hours < 0 || hours > 15 || minutes < 0 || minutes > 59 || second < 0 || second > 59 {
		return 0, zoneTooFar
	}
	seconds = int64(hours)*3600 + int64(minutes)*60 + int64(second)
	if text[0] == '-' {
		seconds = -seconds
	}
	if rest != "" {
		return 0, badFormat
	}
	return seconds, noFault
}
