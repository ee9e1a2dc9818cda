package pgtime

import (
	"fmt"
	"math"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// MakeDate makes a date of its fields; a negative year is before Christ.
func MakeDate(year, month, day int32) (int32, error) {
	bad := pgerr.New(pgerr.DatetimeOverflow, "date field value out of range: %d-%02d-%02d", year, month, day)
	y := int(year)
	if y < 0 {
		y++
	}
	if year == 0 || month < 1 || month > 12 || day < 1 || int(day) > MonthDays(y, int(month)) {
		return 0, bad
	}
	if y < -4713 || y > 5874898 || !pgtypes.DateInRange(int64(Julian(y, int(month), int(day))-EpochJulian)) {
		return 0, pgerr.New(pgerr.DatetimeOverflow, "date out of range: %d-%02d-%02d", year, month, day)
	}
	return int32(Julian(y, int(month), int(day)) - EpochJulian), nil
}

// MakeTime makes a time of day.
func MakeTime(hour, minute int32, second float64) (int64, error) {
	micros := math.RoundToEven(second * Second)
	if hour < 0 || hour > 24 || minute < 0 || minute > 59 || !(micros >= 0 && micros <= 60*Second) || hour == 24 && (minute > 0 || micros > 0) {
		return 0, pgerr.New(pgerr.DatetimeOverflow, "time field value out of range: %d:%02d:%s", hour, minute, seconds(second))
	}
	return int64(hour)*Hour + int64(minute)*Minute + int64(micros), nil
}

// seconds writes them with two digits, as PostgreSQL's messages do.
func seconds(s float64) string { return fmt.Sprintf("%02g", s) }

// MakeTimestamp makes a moment of its fields.
func MakeTimestamp(year, month, day, hour, minute int32, second float64) (int64, error) {
	days, err := MakeDate(year, month, day)
	if err != nil {
		return 0, err
	}
	micros, err := MakeTime(hour, minute, second)
	if err != nil {
		return 0, err
	}
	return timestampOf(int64(days), micros, 0)
}

// FromSeconds makes a moment of the seconds since 1970.
func FromSeconds(seconds float64) (int64, error) {
	const sinceEpoch = y2k / Second
	switch {
	case math.IsNaN(seconds):
		return 0, pgerr.New(pgerr.DatetimeOverflow, "timestamp cannot be NaN")
	case math.IsInf(seconds, 1):
		return pgtypes.TimestampInfinity, nil
	case math.IsInf(seconds, -1):
		return pgtypes.TimestampNegativeInfinity, nil
	case math.Abs(seconds) >= math.MaxInt64/Second || !pgtypes.SecondsInRange(int64(math.Floor(seconds))):
		return 0, pgtypes.OutOfRange(int64(math.Floor(max(-1e15, min(seconds, 1e15)))), "timestamp out of range: \"%g\"", seconds)
	}
	return InRange(int64(math.RoundToEven((seconds-sinceEpoch)*Second)) + y2k)
}

// MakeInterval makes an interval of its fields.
func MakeInterval(years, months, weeks, days, hours, minutes int32, second float64) (Interval, error) {
	if math.IsNaN(second) || math.IsInf(second, 0) {
		return Interval{}, intervalRange()
	}
	total := int64(years)*12 + int64(months)
	allDays := int64(weeks)*7 + int64(days)
	v := Interval{Months: int32(total), Days: int32(allDays)}
	micros := float64(hours)*Hour + float64(minutes)*Minute + math.RoundToEven(second*Second)
	if total != int64(v.Months) || allDays != int64(v.Days) || math.Abs(micros) >= 1<<63 {
		return Interval{}, intervalRange()
	}
	v.Micros = int64(hours)*Hour + int64(minutes)*Minute + int64(math.RoundToEven(second*Second))
	return v, nil
}
