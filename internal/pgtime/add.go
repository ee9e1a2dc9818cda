package pgtime

import (
	"time"

	"tidegate/internal/pgtypes"
)

func timestampRange(seconds int64) error {
	return pgtypes.OutOfRange(seconds, "timestamp out of range")
}

// AddTo adds the interval to a timestamp: months first, kept inside the target month, then days, then the rest.
func (v Interval) AddTo(timestamp int64) (int64, error) {
	if !Finite(timestamp) {
		return timestamp, nil
	}
	days := floorDiv(timestamp, int64(Day))
	rest := timestamp - days*Day
	if v.Months != 0 {
		year, month, day := Date(int(days) + EpochJulian)
		total := year*12 + month - 1 + int(v.Months)
		year, month = floorDiv(total, 12), total-floorDiv(total, 12)*12+1
		days = int64(Julian(year, month, min(day, MonthDays(year, month))) - EpochJulian)
	}
	return timestampOf(days+int64(v.Days), rest, v.Micros)
}

// timestampOf adds up days and microseconds.
func timestampOf(days, rest, micros int64) (int64, error) {
	whole := floorDiv(micros, int64(Day))
	days += whole
	rest += micros - whole*Day
	if seconds := days*86400 + floorDiv(rest, int64(Second)); !pgtypes.SecondsInRange(seconds) {
		return 0, timestampRange(seconds)
	}
	return days*Day + rest, nil
}

// AddIn adds the interval to an instant: months and days on the clock of the zone, the rest to the instant.
func (v Interval) AddIn(instant int64, zone *time.Location) (int64, error) {
	if !Finite(instant) {
		return instant, nil
	}
	if v.Months != 0 || v.Days != 0 {
		local, err := Interval{Months: v.Months, Days: v.Days}.AddTo(Local(instant, zone))
		if err != nil {
			return 0, err
		}
		if instant, err = InRange(Instant(local, zone)); err != nil {
			return 0, err
		}
	}
	return Interval{Micros: v.Micros}.AddTo(instant)
}

// InRange is 22008 for what is no timestamp of PostgreSQL's.
func InRange(timestamp int64) (int64, error) {
	if seconds := floorDiv(timestamp, int64(Second)); Finite(timestamp) && !pgtypes.SecondsInRange(seconds) {
		return 0, timestampRange(seconds)
	}
	return timestamp, nil
}

// Local is what the clock of a zone shows at an instant. At the ends it may be out of range.
func Local(instant int64, zone *time.Location) int64 {
	if !Finite(instant) {
		return instant
	}
	_, offset := time.UnixMicro(instant).In(zone).Zone()
	return instant + int64(offset)*Second
}

// Instant is when the clock of a zone shows a local time: see pgtypes.OffsetIn for the hours that clocks skip or repeat. At
// the ends it may be out of range.
func Instant(local int64, zone *time.Location) int64 {
	if !Finite(local) {
		return local
	}
	return local - pgtypes.OffsetIn(floorDiv(local, int64(Second)), zone)*Second
}
