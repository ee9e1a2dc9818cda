package catalog

import (
	"fmt"
	"math"
	"strings"
	"time"

	"tidegate/internal/pgtypes"
)

// Day is a calendar day, counted from 1970-01-01.
type Day int32

// DayRange is the days from First to Last, both included.
type DayRange struct{ First, Last Day }

// The days that PostgreSQL and DuckDB both have, with room at both ends.
const (
	firstDay Day = -1_000_000
	lastDay  Day = 50_000_000
)

const (
	daySeconds = 24 * 60 * 60
)

// ParseDay reads "2018-02-15".
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return 0, fmt.Errorf("%q is not a day, write 2018-02-15", s)
	}
	return Day(t.Unix() / daySeconds), nil
}

// String gives "2018-02-15".
func (d Day) String() string { return time.Unix(int64(d)*daySeconds, 0).UTC().Format(time.DateOnly) }

// Calendar cuts time into a zone's days. Where clocks go back over midnight the day that has begun goes on, so that
// every day is one interval. It is immutable.
type Calendar struct{ Shifts []Shift }

// Shift is an interval of time with one offset from UTC. The last one of a Calendar has no end.
type Shift struct {
	Until  int64 // microseconds from 1970-01-01 UTC, not included
	Offset int64 // seconds east of UTC
}

// The years whose clock changes a Calendar knows; before and after them the nearest offset holds.
const (
	firstYear = 1900
	lastYear  = 2200
)

// NewCalendar gives the days of a zone by its IANA name.
func NewCalendar(zone string) (*Calendar, error) {
	location, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("zone %q is not known: %w", zone, err)
	}
	c := &Calendar{}
	end := time.Date(lastYear, 1, 1, 0, 0, 0, 0, time.UTC)
	for t := time.Date(firstYear, 1, 1, 0, 0, 0, 0, time.UTC).In(location); ; {
		_, offset := t.Zone()
		_, until := t.ZoneBounds()
		if until.IsZero() || !until.Before(end) {
			c.Shifts = append(c.Shifts, Shift{Until: math.MaxInt64, Offset: int64(offset)})
			return c, nil
		}
		if !until.After(t) {
			until = t.Add(time.Hour) // some years end a rule without a change, and give it no length
		}
		if _, next := until.Zone(); next != offset {
			at := change(until.Unix(), int64(offset), int64(next))
			c.Shifts = append(c.Shifts, Shift{Until: at * 1_000_000, Offset: int64(offset)})
		}
		t = until
	}
}

// change gives the second from which on the new offset counts. If clocks go back into the day before, the old one
// counts until the new one has reached the same day.
func change(at, before, after int64) int64 {
	if begun := floorDiv(at-1+before, daySeconds); floorDiv(at+after, daySeconds) < begun {
		return begun*daySeconds - after
	}
	return at
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// OfMicros gives the day of an instant, in microseconds from 1970-01-01 UTC.
func (c *Calendar) OfMicros(micros int64) Day {
	low, high := 0, len(c.Shifts)-1
	for low < high {
		if middle := (low + high) / 2; micros < c.Shifts[middle].Until {
			high = middle
		} else {
			low = middle + 1
		}
	}
	day := floorDiv(floorDiv(micros, 1_000_000)+c.Shifts[low].Offset, daySeconds)
	return Day(min(max(day, int64(firstDay)), int64(lastDay)))
}

// Start gives the first instant of a day, in microseconds.
func (c *Calendar) Start(d Day) int64 {
	// A zone is never more than a day from UTC.
	low, high := (int64(d)-1)*daySeconds, (int64(d)+1)*daySeconds
	for low < high {
		middle := low + (high-low)/2
		if c.OfMicros(middle*1_000_000) < d {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low * 1_000_000
}

// Of gives the day of a value of a time column; ok is false for a value that is no time.
func (c *Calendar) Of(v pgtypes.Datum) (d Day, ok bool) {
	switch v.Class {
	case pgtypes.ClassDate:
		return Day(min(max(v.I, int64(firstDay)), int64(lastDay))), true
	case pgtypes.ClassTimestamp, pgtypes.ClassTimestamptz:
		return c.OfMicros(v.I), true
	default:
		return 0, false
	}
}

// StartSQL writes the first instant of a day as a constant of a time column's type, in words that PostgreSQL, Redshift
// and DuckDB share.
func (c *Calendar) StartSQL(t pgtypes.Type, d Day) string {
	at := time.UnixMicro(c.Start(d)).UTC()
	switch t.OID {
	case pgtypes.Date:
		return "DATE '" + d.String() + "'"
	case pgtypes.Timestamptz:
		return "TIMESTAMP WITH TIME ZONE '" + at.Format("2006-01-02 15:04:05+00") + "'"
	default:
		return "TIMESTAMP '" + at.Format("2006-01-02 15:04:05") + "'"
	}
}

// DaySQL writes the day of a time column's value as a date, exactly as the calendar cuts it, for values within the days;
// in words that PostgreSQL, Redshift and DuckDB share.
func (c *Calendar) DaySQL(column string, t pgtypes.Type, within DayRange) string {
	if t.OID != pgtypes.Timestamptz {
		return "CAST(" + column + " AS date)"
	}
	interval := func(offset int64) string { return fmt.Sprintf("INTERVAL '%d seconds'", offset) }
	begin, end := c.Start(within.First), c.Start(within.Last+1)
	var cases strings.Builder
	offset := ""
	for _, s := range c.Shifts {
		if s.Until <= begin {
			continue
		}
		offset = interval(s.Offset)
		if s.Until >= end {
			break
		}
		until := time.UnixMicro(s.Until).UTC().Format("2006-01-02 15:04:05+00")
		fmt.Fprintf(&cases, "WHEN %s < TIMESTAMP WITH TIME ZONE '%s' THEN %s ", column, until, offset)
	}
	if cases.Len() > 0 {
		offset = "CASE " + cases.String() + "ELSE " + offset + " END"
	}
	return "CAST((" + column + " AT TIME ZONE 'UTC') + " + offset + " AS date)"
}
