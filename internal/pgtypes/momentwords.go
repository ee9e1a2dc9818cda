package pgtypes

import (
	_ "embed" // of the abbreviations
	"strconv"
	"strings"
	"sync"
	"time"
)

// wordKind is what a word means in a date's text.
type wordKind uint8

const (
	wordUnknown wordKind = iota
	wordIgnored
	wordMonth
	wordWeekday
	wordHalf // AM or PM
	wordEra
	wordUnit
	wordT     // between date and time
	wordSaves // DST
	wordMoment
)

type word struct {
	kind  wordKind
	value int
}

// The units that a number may be announced by.
const (
	unitYear = iota + 1
	unitMonth
	unitDay
	unitHour
	unitMinute
	unitSecond
	unitJulian
	unitTime
	unitOther // read, and nothing begins with it
)

const (
	halfAM = iota + 1
	halfPM
)

// What the words that stand for a moment mean.
const (
	momentNow = iota + 1
	momentToday
	momentMidnight
	momentEpoch
	momentLate
	momentEarly
)

// momentWords is datetktbl of PostgreSQL's datetime.c.
var momentWords = map[string]word{
	"-infinity": {wordMoment, momentEarly}, "infinity": {wordMoment, momentLate}, "epoch": {wordMoment, momentEpoch},
	"allballs": {wordMoment, momentMidnight}, "now": {wordMoment, momentNow}, "today": {wordMoment, momentToday},
	"tomorrow": {wordMoment, momentToday}, "yesterday": {wordMoment, momentToday},
	"ad": {wordEra, 0}, "bc": {wordEra, 1}, "am": {wordHalf, halfAM}, "pm": {wordHalf, halfPM}, "at": {wordIgnored, 0}, "on": {wordIgnored, 0},
	"jan": {wordMonth, 1}, "january": {wordMonth, 1}, "feb": {wordMonth, 2}, "february": {wordMonth, 2}, "mar": {wordMonth, 3},
	"march": {wordMonth, 3}, "apr": {wordMonth, 4}, "april": {wordMonth, 4}, "may": {wordMonth, 5}, "jun": {wordMonth, 6},
	"june": {wordMonth, 6}, "jul": {wordMonth, 7}, "july": {wordMonth, 7}, "aug": {wordMonth, 8}, "august": {wordMonth, 8},
	"sep": {wordMonth, 9}, "sept": {wordMonth, 9}, "september": {wordMonth, 9}, "oct": {wordMonth, 10}, "october": {wordMonth, 10},
	"nov": {wordMonth, 11}, "november": {wordMonth, 11}, "dec": {wordMonth, 12}, "december": {wordMonth, 12},
	"sun": {wordWeekday, 0}, "sunday": {wordWeekday, 0}, "mon": {wordWeekday, 1}, "monday": {wordWeekday, 1}, "tue": {wordWeekday, 2},
	"tues": {wordWeekday, 2}, "tuesday": {wordWeekday, 2}, "wed": {wordWeekday, 3}, "weds": {wordWeekday, 3}, "wednesday": {wordWeekday, 3},
	"thu": {wordWeekday, 4}, "thur": {wordWeekday, 4}, "thurs": {wordWeekday, 4}, "thursday": {wordWeekday, 4}, "fri": {wordWeekday, 5},
	"friday": {wordWeekday, 5}, "sat": {wordWeekday, 6}, "saturday": {wordWeekday, 6},
	"y": {wordUnit, unitYear}, "m": {wordUnit, unitMonth}, "d": {wordUnit, unitDay}, "h": {wordUnit, unitHour}, "mm": {wordUnit, unitMinute},
	"s": {wordUnit, unitSecond}, "j": {wordUnit, unitJulian}, "jd": {wordUnit, unitJulian}, "julian": {wordUnit, unitJulian},
	"dow": {wordUnit, unitOther}, "doy": {wordUnit, unitOther}, "isodow": {wordUnit, unitOther}, "isoyear": {wordUnit, unitOther},
	"t": {wordT, unitTime}, "dst": {wordSaves, 3600},
}

//go:embed abbreviations.txt
var abbreviationText string

// abbreviation is a zone's short name: an offset in seconds east, or the zone whose offset it means at a time.
type abbreviation struct {
	offset int
	saves  bool
	zone   string
}

// abbreviations are those of PostgreSQL's default timezone_abbreviations.
var abbreviations = sync.OnceValue(func() map[string]abbreviation {
	all := map[string]abbreviation{}
	for line := range strings.Lines(abbreviationText) {
		words := strings.Fields(line)
		offset, err := strconv.Atoi(words[1])
		if err != nil {
			all[words[0]] = abbreviation{zone: words[1]}
			continue
		}
		all[words[0]] = abbreviation{offset: offset, saves: len(words) > 2}
	}
	return all
})

// offsetOf gives the offset that an abbreviation of a zone has at a local time: that of its latest use before, or else
// of its first use, or else the zone's own.
func offsetOf(name string, zone *time.Location, wall int64) int64 {
	own := OffsetIn(wall, zone)
	at := time.Unix(wall-own, 0).In(zone)
	for t := at; ; {
		start, _ := t.ZoneBounds()
		if short, offset := t.Zone(); strings.EqualFold(short, name) {
			return int64(offset)
		}
		if start.IsZero() {
			break
		}
		t = start.Add(-time.Second)
	}
	for t := at; ; {
		_, end := t.ZoneBounds()
		if end.IsZero() || end.Year() > max(at.Year(), 2037)+50 { // rules go on for ever
			return own
		}
		t = end
		if short, offset := t.Zone(); strings.EqualFold(short, name) {
			return int64(offset)
		}
	}
}

// namedZone finds a zone by its name in lower case.
func namedZone(name string) (*time.Location, bool) {
	if zone, ok := IANAZone(name); ok {
		return zone, true
	}
	return posixZone(name)
}

// IANAZone finds a zone of the IANA's list by its name in any case.
func IANAZone(name string) (*time.Location, bool) {
	if name == "" || strings.EqualFold(name, "local") { // which time.LoadLocation takes for UTC and this machine's zone
		return nil, false
	}
	for _, n := range []string{strings.ToUpper(name), titled(strings.ToLower(name)), name} {
		if zone, err := time.LoadLocation(n); err == nil {
			return zone, true
		}
	}
	return nil, false
}

// posixZone reads a name and what is to be added to its time for Greenwich's: est5, z-5:30. A second name, of a summer
// time, is not read.
func posixZone(name string) (*time.Location, bool) {
	at := strings.IndexAny(name, "0123456789,+-")
	if at < 0 || name[at] == ',' {
		return nil, false
	}
	sign, rest := -1, name[at:]
	switch rest[0] {
	case '-':
		sign, rest = 1, rest[1:]
	case '+':
		rest = rest[1:]
	}
	seconds, unit := 0, 3600
	for _, most := range []int{167, 59, 60} {
		n, after, over := cutInt(rest)
		if over || n > most || after == rest {
			return nil, false
		}
		seconds += n * unit
		if after == "" {
			return time.FixedZone(name, sign*seconds), true
		}
		if after[0] != ':' {
			return nil, false
		}
		rest, unit = after[1:], unit/60
	}
	return nil, false
}

// titled spells america/new_york as the zone is named.
func titled(lower string) string {
	b := []byte(lower)
	for i := range b {
		if (i == 0 || strings.IndexByte("/_-", b[i-1]) >= 0) && b[i] >= 'a' && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}
