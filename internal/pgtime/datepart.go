package pgtime

import (
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
	"tidegate/internal/pgtypes"
)

// part is a field of EXTRACT that is no unit of intervals.
type part string

// partWords are the fields that are no units.
var partWords = map[string]part{
	"epoch": "epoch", "dow": "dow", "isodow": "isodow", "doy": "doy", "isoyear": "isoyear", "julian": "julian", "j": "julian", "jd": "julian",
}

// A Kind is a type that EXTRACT and date_trunc take.
type Kind string

// The kinds, by the names that errors call them.
const (
	KindDate        Kind = "date"
	KindTimestamp   Kind = "timestamp without time zone"
	KindTimestamptz Kind = "timestamp with time zone"
	KindTime        Kind = "time without time zone"
	KindTimetz      Kind = "time with time zone"
	KindInterval    Kind = "interval"
)

func (k Kind) unsupported(field string) error {
	return pgerr.New(pgerr.FeatureNotSupported, "unit \"%s\" not supported for type %s", field, string(k))
}

func (k Kind) unknown(field string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "unit \"%s\" not recognized for type %s", field, string(k))
}

// decimal is n / 10^scale.
func decimal(n int64, scale int) pgnumeric.Numeric {
	m := pgnumeric.Int(n)
	for range scale {
		m, _ = pgnumeric.Mul(m, tenth)
	}
	return m
}

var tenth, _ = pgnumeric.Parse("0.1")

// DatePart is EXTRACT of a date, a timestamp or, with its offset, an instant. ok is false for NULL: what an infinite
// moment has not.
func DatePart(field string, kind Kind, timestamp int64, zone *time.Location) (n pgnumeric.Numeric, ok bool, err error) {
	word := strings.ToLower(field)
	unit, special := unitNamed(word), partWords[word]
	clock := unit >= Microsecond && unit <= HourUnit || unit >= timezoneUnit
	switch {
	case unit == NoUnit && special == "" || unit == agoUnit:
		return n, false, kind.unknown(word)
	case kind == KindDate && clock, kind == KindTimestamp && unit >= timezoneUnit:
		return n, false, kind.unsupported(word)
	case !Finite(timestamp):
		return infinitePart(unit, special, timestamp)
	}
	f := FieldsOf(timestamp)
	if kind == KindTimestamptz {
		f = FieldsIn(timestamp, zone)
	}
	if special == "epoch" {
		if kind == KindDate {
			return pgnumeric.Int(timestamp / Second), true, nil
		}
		return decimal(timestamp, 6), true, nil
	}
	if special == "julian" {
		n, err = julianPart(f, kind)
		return n, true, err
	}
	switch unit {
	case SecondUnit:
		return decimal(int64(f.Second)*Second+int64(f.Micros), 6), true, nil
	case Millisecond:
		return decimal(int64(f.Second)*Second+int64(f.Micros), 3), true, nil
	default:
	}
	return pgnumeric.Int(int64(f.part(unit, special))), true, nil
}

// infinitePart is infinite for what grows with time.
func infinitePart(unit Unit, special part, timestamp int64) (n pgnumeric.Numeric, ok bool, err error) {
	if unit < Year && special != "epoch" && special != "julian" && special != "isoyear" || unit >= timezoneUnit {
		return n, false, nil
	}
	if timestamp == pgtypes.TimestampInfinity {
		return pgnumeric.Infinity(), true, nil
	}
	return pgnumeric.NegativeInfinity(), true, nil
}

// julianPart is the Julian day, with the time of day as its fraction.
func julianPart(f Fields, kind Kind) (pgnumeric.Numeric, error) {
	day := pgnumeric.Int(int64(Julian(f.Year, f.Month, f.Day)))
	if kind == KindDate {
		return day, nil
	}
	rest := f.Timestamp() - int64(f.Days())*Day
	fraction, err := pgnumeric.Div(pgnumeric.Int(rest), pgnumeric.Int(Day))
	if err != nil {
		return day, err
	}
	return pgnumeric.Add(day, fraction)
}

// part gives a field that is a whole number.
func (f Fields) part(unit Unit, special part) int {
	switch special {
	case "dow":
		return f.Weekday
	case "isodow":
		return (f.Weekday+6)%7 + 1
	case "doy":
		return f.YearDay
	case "isoyear":
		y, _ := ISOWeek(f.Year, f.Month, f.Day)
		return withoutZero(y)
	}
	switch unit {
	case Microsecond:
		return f.Second*Second + f.Micros
	case MinuteUnit:
		return f.Minute
	case HourUnit:
		return f.Hour
	case DayUnit:
		return f.Day
	case Week:
		_, w := ISOWeek(f.Year, f.Month, f.Day)
		return w
	case Month:
		return f.Month
	case Quarter:
		return (f.Month-1)/3 + 1
	case timezoneUnit:
		return f.Offset
	case timezoneHour:
		return f.Offset / 3600
	case timezoneMinute:
		return f.Offset % 3600 / 60
	case Decade:
		return floorDiv(f.Year, 10)
	case Century:
		return period(f.Year, 100)
	case Millennium:
		return period(f.Year, 1000)
	default:
	}
	return withoutZero(f.Year)
}

// withoutZero counts years as people do: 1 BC is -1.
func withoutZero(year int) int {
	if year <= 0 {
		return year - 1
	}
	return year
}

// period counts centuries and millennia, which begin with a year 1 and have no zeroth.
func period(year, length int) int {
	if year > 0 {
		return (year + length - 1) / length
	}
	return -((length - year) / length)
}

// IntervalPart is EXTRACT of an interval.
func IntervalPart(field string, v Interval) (pgnumeric.Numeric, error) {
	word := strings.ToLower(field)
	if word == "epoch" {
		days := int64(v.Months/12)*1461 + int64(v.Months%12)*120 + int64(v.Days)*4 // in quarters of a day: a year has 365.25
		whole, err := pgnumeric.Mul(pgnumeric.Int(days), pgnumeric.Int(86400/4))
		if err != nil {
			return whole, err
		}
		return pgnumeric.Add(whole, decimal(v.Micros, 6))
	}
	seconds := v.Micros % Minute
	years := int64(v.Months / 12)
	switch unitNamed(word) {
	case Microsecond:
		return pgnumeric.Int(seconds), nil
	case Millisecond:
		return decimal(seconds, 3), nil
	case SecondUnit:
		return decimal(seconds, 6), nil
	case MinuteUnit:
		return pgnumeric.Int(v.Micros / Minute % 60), nil
	case HourUnit:
		return pgnumeric.Int(v.Micros / Hour), nil
	case DayUnit:
		return pgnumeric.Int(int64(v.Days)), nil
	case Month:
		return pgnumeric.Int(int64(v.Months % 12)), nil
	case Quarter:
		return pgnumeric.Int(int64(v.Months%12/3 + 1)), nil
	case Year:
		return pgnumeric.Int(years), nil
	case Decade:
		return pgnumeric.Int(years / 10), nil
	case Century:
		return pgnumeric.Int(years / 100), nil
	case Millennium:
		return pgnumeric.Int(years / 1000), nil
	case NoUnit, agoUnit:
		if partWords[word] == "" {
			return pgnumeric.Numeric{}, KindInterval.unknown(word)
		}
	default:
	}
	return pgnumeric.Numeric{}, KindInterval.unsupported(word)
}

// ZonedTimePart is EXTRACT of a time with time zone. Its epoch is that of the same time in UTC.
func ZonedTimePart(field string, t pgtypes.ZonedTime) (pgnumeric.Numeric, error) {
	word := strings.ToLower(field)
	if word == "epoch" {
		return decimal(t.Micros-t.Offset*Second, 6), nil
	}
	switch unit := unitNamed(word); unit {
	case timezoneUnit, timezoneHour, timezoneMinute:
		return pgnumeric.Int(int64(Fields{Offset: int(t.Offset)}.part(unit, ""))), nil
	default:
	}
	return clockPart(KindTimetz, word, t.Micros)
}

// TimePart is EXTRACT of a time of day.
func TimePart(field string, micros int64) (pgnumeric.Numeric, error) {
	word := strings.ToLower(field)
	if word == "epoch" {
		return decimal(micros, 6), nil
	}
	return clockPart(KindTime, word, micros)
}

func clockPart(kind Kind, word string, micros int64) (pgnumeric.Numeric, error) {
	switch unitNamed(word) {
	case Microsecond:
		return pgnumeric.Int(micros % Minute), nil
	case Millisecond:
		return decimal(micros%Minute, 3), nil
	case SecondUnit:
		return decimal(micros%Minute, 6), nil
	case MinuteUnit:
		return pgnumeric.Int(micros / Minute % 60), nil
	case HourUnit:
		return pgnumeric.Int(micros / Hour), nil
	case NoUnit, agoUnit:
		if partWords[word] == "" {
			return pgnumeric.Numeric{}, kind.unknown(word)
		}
	default:
	}
	return pgnumeric.Numeric{}, kind.unsupported(word)
}
