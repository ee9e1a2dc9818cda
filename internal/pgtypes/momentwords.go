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

// offsetOf gives the offset that an abbreviation of a zone has at a local time.
func offsetOf(name string, zone *time.Location, wall int64) int64 {
	offset, _ := meaning(name, zone, time.Unix(wall-OffsetIn(wall, zone), 0))
	return int64(offset)
}

// meaning gives the offset that an abbreviation of a zone has at a time: that of its latest use before, or else of its
// first use, or else the zone's own, and used is false.
func meaning(name string, zone *time.Location, at time.Time) (offset int, used bool) {
	at = at.In(zone)
	for t := at; ; {
		start, _ := t.ZoneBounds()
		if short, offset := t.Zone(); strings.EqualFold(short, name) {
			return offset, true
		}
		if start.IsZero() {
			break
		}
		t = start.Add(-time.Second)
	}
	for t := at; ; {
		var more bool
		if t, more = nextOffset(t); !more || t.Year() > max(at.Year(), 2037)+50 { // rules go on for ever
			_, own := at.Zone()
			return own, false
		}
		if short, offset := t.Zone(); strings.EqualFold(short, name) {
			return offset, true
		}
	}
}

// nextOffset gives the time at which the zone of t may next have another offset.
func nextOffset(t time.Time) (next time.Time, more bool) {
	_, end := t.ZoneBounds()
	if !end.IsZero() && !end.After(t) { // where a zone has rules, Go takes every year for one of 365 days
		end = t.Add(24 * time.Hour)
	}
	return end, !end.IsZero()
}
