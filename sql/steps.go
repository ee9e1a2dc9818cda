package sql

import (
	"time"

	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// steps is a column of time cut down to the beginning of a unit: a cast to date, date_trunc. It never decreases
// with the column, so that a comparison with a constant is a range of the column.
type steps struct {
	column *column
	unit   string
}

// floorUnit gives the beginning of the unit that t lies in, on t's own clock.
func floorUnit(unit string, t time.Time) (time.Time, bool) {
	y, m, d := t.Date()
	at := func(y int, m time.Month, d, h, mi, s int) time.Time {
		return time.Date(y, m, d, h, mi, s, 0, t.Location())
	}
	switch unit {
	case "second":
		return at(y, m, d, t.Hour(), t.Minute(), t.Second()), true
	case "minute":
		return at(y, m, d, t.Hour(), t.Minute(), 0), true
	case "hour":
		return at(y, m, d, t.Hour(), 0, 0), true
	case "day":
		return at(y, m, d, 0, 0, 0), true
	case "week":
		return at(y, m, d-(int(t.Weekday())+6)%7, 0, 0, 0), true
	case "month":
		return at(y, m, 1, 0, 0, 0), true
	case "quarter":
		return at(y, m-(m-1)%3, 1, 0, 0, 0), true
	case "year":
		return at(y, 1, 1, 0, 0, 0), true
	}
	return t, false
}

// nextUnit gives the beginning of the unit behind the one that begins at t.
func nextUnit(unit string, t time.Time) time.Time {
	y, m, d := t.Date()
	at := func(y int, m time.Month, d, h, mi, s int) time.Time {
		return time.Date(y, m, d, h, mi, s, 0, t.Location())
	}
	switch unit {
	case "second":
		return at(y, m, d, t.Hour(), t.Minute(), t.Second()+1)
	case "minute":
		return at(y, m, d, t.Hour(), t.Minute()+1, 0)
	case "hour":
		return at(y, m, d, t.Hour()+1, 0, 0)
	case "week":
		return at(y, m, d+7, 0, 0, 0)
	case "month":
		return at(y, m+1, 1, 0, 0, 0)
	case "quarter":
		return at(y, m+3, 1, 0, 0, 0)
	case "year":
		return at(y+1, 1, 1, 0, 0, 0)
	}
	return at(y, m, d+1, 0, 0, 0)
}

// stepProof is what "steps op v" proves. The clock is that of the column: UTC arithmetic for a timestamp, the
// session's for a timestamptz. Where that clock jumps near a bound there is no proof: local time may repeat.
func (b *binder) stepProof(op string, s *steps, v *pgtypes.Datum) *proof {
	class := pgtypes.ClassOf(s.column.typ.OID)
	var wall time.Time
	switch v.Class {
	case pgtypes.ClassDate:
		wall = time.Unix(v.I*86400, 0).UTC()
	case pgtypes.ClassTimestamp:
		wall = time.UnixMicro(v.I).UTC()
	case pgtypes.ClassTimestamptz:
		if class != pgtypes.ClassTimestamptz {
			return nil
		}
		wall = wallClock(time.UnixMicro(v.I).In(b.zone()))
	default:
		return nil
	}
	floor, ok := floorUnit(s.unit, wall)
	if !ok || floor.Year() < 1 || floor.Year() > 9998 {
		return nil
	}
	next := nextUnit(s.unit, floor)
	low, ok1 := b.bound(class, floor)
	high, ok2 := b.bound(class, next)
	if !ok1 || !ok2 {
		return nil
	}
	var d Domain
	aligned := floor.Equal(wall)
	switch {
	case (op == "=" || op == "<>") && aligned:
		d = Domain{Intervals: []Interval{{Low: low, High: high, HighOpen: true}}}
	case op == "=" || op == "<>":
	case op == "<" && aligned:
		d = Domain{Intervals: []Interval{{High: low, HighOpen: true}}}
	case op == "<", op == "<=":
		d = Domain{Intervals: []Interval{{High: high, HighOpen: true}}}
	case op == ">=" && aligned:
		d = Domain{Intervals: []Interval{{Low: low}}}
	default:
		d = Domain{Intervals: []Interval{{Low: high}}}
	}
	if op == "<>" {
		d = d.complement()
	}
	return leaf(s.column, d, d.complement())
}

func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// bound makes a time on the column's clock a value of the column.
func (b *binder) bound(class pgtypes.Class, wall time.Time) (*pgtypes.Datum, bool) {
	switch class {
	case pgtypes.ClassTimestamp:
		return &pgtypes.Datum{Class: class, I: wall.UnixMicro()}, true
	case pgtypes.ClassTimestamptz:
		at := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, b.zone())
		_, before := at.AddDate(0, 0, -2).Zone()
		_, after := at.AddDate(0, 0, 2).Zone()
		return &pgtypes.Datum{Class: class, I: at.UnixMicro()}, before == after
	default:
		return nil, false
	}
}

// foldMoment converts a constant among date, timestamp and timestamptz by the session's clock.
func (b *binder) foldMoment(e *expr, to pgtypes.OID) *expr {
	if infinite(e.value) {
		return nil
	}
	at, zoned := e.value.I, e.value.Class == pgtypes.ClassTimestamptz
	if e.value.Class == pgtypes.ClassDate {
		if !pgtypes.SecondsInRange(at * 86400) {
			return nil
		}
		at *= microsPerDay
	}
	switch {
	case zoned && to != pgtypes.Timestamptz:
		at = pgtime.Local(at, b.zone())
	case !zoned && to == pgtypes.Timestamptz:
		at = pgtime.Instant(at, b.zone())
	}
	if _, err := pgtime.InRange(at); err != nil {
		return nil
	}
	if to == pgtypes.Date {
		return dateConstant(floorDiv(at, microsPerDay))
	}
	return timestampConstant(to, at)
}

func infinite(v *pgtypes.Datum) bool {
	switch v.Class {
	case pgtypes.ClassDate:
		return v.I > 1<<30 || v.I < -1<<30
	case pgtypes.ClassTimestamp, pgtypes.ClassTimestamptz:
		return v.I > 1<<62 || v.I < -1<<62
	default:
		return false
	}
}
