package pgtime

import (
	"strings"
	"time"
)

// Trunc is date_trunc of a timestamp.
func Trunc(field string, timestamp int64) (int64, error) {
	f, err := truncated(field, KindTimestamp, FieldsOf, timestamp)
	if err != nil || !Finite(timestamp) {
		return timestamp, err
	}
	return timestampOf(int64(f.Days()), f.Timestamp()-int64(f.Days())*Day, 0)
}

// TruncIn is date_trunc of an instant on the clock of a zone. Below the day it keeps its offset.
func TruncIn(field string, instant int64, zone *time.Location) (int64, error) {
	in := func(at int64) Fields { return FieldsIn(at, zone) }
	f, err := truncated(field, KindTimestamptz, in, instant)
	if err != nil || !Finite(instant) {
		return instant, err
	}
	if unitNamed(strings.ToLower(field)) < DayUnit {
		return InRange(f.Timestamp() - int64(f.Offset)*Second)
	}
	if _, err := timestampOf(int64(f.Days()), 0, 0); err != nil {
		return 0, err
	}
	return InRange(Instant(f.Timestamp(), zone))
}

func truncated(field string, kind Kind, read func(int64) Fields, at int64) (Fields, error) {
	word := strings.ToLower(field)
	unit := unitNamed(word)
	switch {
	case unit >= timezoneUnit, partWords[word] != "" && word != "epoch":
		return Fields{}, kind.unsupported(word)
	case unit == NoUnit, unit == agoUnit:
		return Fields{}, kind.unknown(word)
	case !Finite(at):
		return Fields{}, nil
	}
	f := read(at)
	f.cutTo(unit)
	return f, nil
}

// cutTo sets what is smaller than a unit to its beginning.
func (f *Fields) cutTo(unit Unit) {
	if unit == Millisecond {
		f.Micros = f.Micros / 1000 * 1000
	}
	if unit >= SecondUnit {
		f.Micros = 0
	}
	if unit >= MinuteUnit {
		f.Second = 0
	}
	if unit >= HourUnit {
		f.Minute = 0
	}
	if unit >= DayUnit {
		f.Hour = 0
	}
	switch {
	case unit == Week:
		f.Year, f.Month, f.Day = Date(Julian(f.Year, f.Month, f.Day) - (f.Weekday+6)%7)
		return
	case unit > Week:
		f.Day = 1
	}
	if unit == Quarter {
		f.Month -= (f.Month - 1) % 3
	}
	if unit >= Year {
		f.Month = 1
	}
	switch unit {
	case Decade:
		f.Year = floorDiv(f.Year, 10) * 10
	case Century:
		f.Year = floorDiv(f.Year-1, 100)*100 + 1
	case Millennium:
		f.Year = floorDiv(f.Year-1, 1000)*1000 + 1
	default:
	}
}

// Trunc is date_trunc of an interval.
func (v Interval) Trunc(field string) (Interval, error) {
	word := strings.ToLower(field)
	micros := map[Unit]int64{Microsecond: 1, Millisecond: 1000, SecondUnit: Second, MinuteUnit: Minute, HourUnit: Hour}
	months := map[Unit]int32{Month: 1, Quarter: 3, Year: 12, Decade: 120, Century: 1200, Millennium: 12000}
	unit := unitNamed(word)
	switch {
	case micros[unit] > 0:
		v.Micros -= v.Micros % micros[unit]
		return v, nil
	case unit == DayUnit:
		return Interval{Months: v.Months, Days: v.Days}, nil
	case months[unit] > 0:
		return Interval{Months: v.Months - v.Months%months[unit]}, nil
	case unit == Week, unit >= timezoneUnit, partWords[word] != "" && word != "epoch":
		return v, KindInterval.unsupported(word)
	}
	return v, KindInterval.unknown(word)
}
