// Package pgformat is PostgreSQL 15's language of formats: to_char, to_date, to_timestamp and to_number. The
// templates and what they do are those of PostgreSQL's manual, "Data Type Formatting Functions"; where the manual is
// silent, of a real PostgreSQL, which the tests ask.
package pgformat

import (
	"strings"
	"unicode/utf8"
)

// field is what a template of a date format stands for.
type field uint8

const (
	meridiem field = iota // A.M.
	meridiemShort
	hour12
	hour24
	minute
	second
	fraction // FF1 to FF6: part.digits
	millisecond
	microsecond
	daySeconds
	zoneName
	zoneHours
	zoneMinutes
	zoneOffset
	era // A.D.
	eraShort
	century
	yearWithComma
	year // part.digits of it
	isoYear
	quarter
	monthName
	monthShort
	monthRoman
	month
	weekOfYear
	weekOfMonth
	isoWeek
	dayName
	dayShort
	dayOfYear
	isoDayOfYear
	dayOfMonth
	dayOfWeek
	isoDayOfWeek
	julianDay
	exact // FX
)

// letters is how a name is spelled.
type letters uint8

const (
	upper letters = iota
	lower
	capital
)

// calendar is what a template counts by: templates of two of them are not read together.
type calendar uint8

const (
	anyCalendar calendar = iota
	gregorian
	isoWeeks
)

// template is one word of the format language.
type template struct {
	name     string
	field    field
	letters  letters
	calendar calendar
	digits   int  // of year, isoYear and fraction
	number   bool // digits are read for it: the template before it does not read on into them
}

// templates are the words in capitals; all but capitalized names may be in small letters too.
func templates() []template {
	return []template{
		{name: "A.D.", field: era},
		{name: "B.C.", field: era},
		{name: "AD", field: eraShort},
		{name: "BC", field: eraShort},
		{name: "A.M.", field: meridiem},
		{name: "P.M.", field: meridiem},
		{name: "AM", field: meridiemShort},
		{name: "PM", field: meridiemShort},
		{name: "CC", field: century, number: true},
		{name: "DAY", field: dayName},
		{name: "Day", field: dayName, letters: capital},
		{name: "DY", field: dayShort},
		{name: "Dy", field: dayShort, letters: capital},
		{name: "DDD", field: dayOfYear, calendar: gregorian, number: true},
		{name: "DD", field: dayOfMonth, calendar: gregorian, number: true},
		{name: "D", field: dayOfWeek, calendar: gregorian, number: true},
		{name: "FF1", field: fraction, digits: 1, number: true},
		{name: "FF2", field: fraction, digits: 2, number: true},
		{name: "FF3", field: fraction, digits: 3, number: true},
		{name: "FF4", field: fraction, digits: 4, number: true},
		{name: "FF5", field: fraction, digits: 5, number: true},
		{name: "FF6", field: fraction, digits: 6, number: true},
		{name: "FX", field: exact},
		{name: "HH24", field: hour24, number: true},
		{name: "HH12", field: hour12, number: true},
		{name: "HH", field: hour12, number: true},
		{name: "IDDD", field: isoDayOfYear, calendar: isoWeeks, number: true},
		{name: "ID", field: isoDayOfWeek, calendar: isoWeeks, number: true},
		{name: "IW", field: isoWeek, calendar: isoWeeks, number: true},
		{name: "IYYY", field: isoYear, calendar: isoWeeks, digits: 4, number: true},
		{name: "IYY", field: isoYear, calendar: isoWeeks, digits: 3, number: true},
		{name: "IY", field: isoYear, calendar: isoWeeks, digits: 2, number: true},
		{name: "I", field: isoYear, calendar: isoWeeks, digits: 1, number: true},
		{name: "J", field: julianDay, number: true},
		{name: "MI", field: minute, number: true},
		{name: "MM", field: month, calendar: gregorian, number: true},
		{name: "MONTH", field: monthName, calendar: gregorian},
		{name: "Month", field: monthName, letters: capital, calendar: gregorian},
		{name: "MON", field: monthShort, calendar: gregorian},
		{name: "Mon", field: monthShort, letters: capital, calendar: gregorian},
		{name: "MS", field: millisecond, number: true},
		{name: "OF", field: zoneOffset},
		{name: "Q", field: quarter, number: true},
		{name: "RM", field: monthRoman, calendar: gregorian},
		{name: "SSSSS", field: daySeconds, number: true},
		{name: "SSSS", field: daySeconds, number: true},
		{name: "SS", field: second, number: true},
		{name: "TZH", field: zoneHours},
		{name: "TZM", field: zoneMinutes, number: true},
		{name: "TZ", field: zoneName},
		{name: "US", field: microsecond, number: true},
		{name: "WW", field: weekOfYear, calendar: gregorian, number: true},
		{name: "W", field: weekOfMonth, calendar: gregorian, number: true},
		{name: "Y,YYY", field: yearWithComma, calendar: gregorian, number: true},
		{name: "YYYY", field: year, calendar: gregorian, digits: 4, number: true},
		{name: "YYY", field: year, calendar: gregorian, digits: 3, number: true},
		{name: "YY", field: year, calendar: gregorian, digits: 2, number: true},
		{name: "Y", field: year, calendar: gregorian, digits: 1, number: true},
	}
}

type partKind uint8

const (
	word      partKind = iota // a template
	blank                     // white space
	separator                 // what is printed and neither letter nor digit
	character                 // any other character, and all in quotes
)

// part is a piece of a date format.
type part struct {
	template
	kind  partKind
	text  string // unless it is a template
	fill  bool   // FM: no padding
	local bool   // TM: names in the locale's language
	th    string // the ordinal suffix that it ends with: TH, th
}

// DateFormat is a format of dates, times and intervals.
type DateFormat struct {
	text  string
	parts []part
}

// ParseDateFormat reads a format. Every text is one: what is no template stands for itself.
func ParseDateFormat(text string) *DateFormat {
	f := &DateFormat{text: text}
	words := templates()
	for s := text; s != ""; {
		var p part
		p, s = cutPrefix(s)
		if t, ok := templateAt(words, s); ok {
			p.template = t
			p.th, s = cutOrdinal(s[len(t.name):])
			f.parts = append(f.parts, p)
			continue
		}
		var literals []part
		literals, s = cutLiteral(s)
		f.parts = append(f.parts, literals...)
	}
	return f
}

func cutPrefix(s string) (part, string) {
	for _, w := range []string{"FM", "fm", "TM", "tm"} {
		if rest, ok := strings.CutPrefix(s, w); ok {
			return part{fill: w[0]|0x20 == 'f', local: w[0]|0x20 == 't'}, rest
		}
	}
	return part{}, s
}

func cutOrdinal(s string) (th, rest string) {
	for _, w := range []string{"TH", "th"} {
		if rest, ok := strings.CutPrefix(s, w); ok {
			return w, rest
		}
	}
	return "", strings.TrimPrefix(s, "SP") // spelled-out numbers are not implemented in PostgreSQL
}

// templateAt finds the longest template that s begins with.
func templateAt(words []template, s string) (template, bool) {
	var best template
	for _, t := range words {
		if len(t.name) <= len(best.name) || len(t.name) > len(s) {
			continue
		}
		if s[:len(t.name)] == t.name {
			best = t
			continue
		}
		if small := strings.ToLower(t.name); t.letters == upper && s[:len(small)] == small {
			best = t
			best.name, best.letters = small, lower
		}
	}
	return best, best.name != ""
}

// cutLiteral takes a quoted text or one character off.
func cutLiteral(s string) ([]part, string) {
	if s == "" {
		return nil, ""
	}
	if s[0] == '"' {
		return cutQuoted(s[1:])
	}
	if len(s) > 1 && s[0] == '\\' && s[1] == '"' {
		s = s[1:]
	}
	p := part{kind: character}
	switch c := s[0]; {
	case isSeparator(c):
		p.kind = separator
	case isSpace(c):
		p.kind = blank
	}
	p.text, s = firstChar(s)
	return []part{p}, s
}

// cutQuoted reads up to the closing quote; a backslash quotes the character behind it.
func cutQuoted(s string) ([]part, string) {
	var parts []part
	for s != "" {
		if s[0] == '"' {
			return parts, s[1:]
		}
		if s[0] == '\\' && len(s) > 1 {
			s = s[1:]
		}
		p := part{kind: character}
		p.text, s = firstChar(s)
		parts = append(parts, p)
	}
	return parts, ""
}

func firstChar(s string) (char, rest string) {
	_, n := utf8.DecodeRuneInString(s)
	return s[:n], s[n:]
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isSeparator(c byte) bool {
	return c > ' ' && c < 0x7f && !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'z')
}
