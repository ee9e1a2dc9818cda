package pgtypes

import (
	"encoding/binary"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

// ZonedTime is a time with time zone: microseconds of a day, and the seconds that its zone is east of UTC.
type ZonedTime struct {
	Micros, Offset int64
}

// maxOffset bounds the offset of a time with time zone: 15:59:59.
const maxOffset = 16*3600 - 1

// offsetBits are those that DuckDB has the offset in, behind the microseconds: how much it is less than the largest.
const offsetBits = 24

// UnpackZonedTime reads DuckDB's TIMETZ.
func UnpackZonedTime(bits uint64) ZonedTime {
	return ZonedTime{Micros: int64(bits >> offsetBits), Offset: maxOffset - int64(bits&(1<<offsetBits-1))}
}

// Pack gives DuckDB's TIMETZ.
func (t ZonedTime) Pack() uint64 { return uint64(t.Micros)<<offsetBits | uint64(maxOffset-t.Offset) }

// Key is a number that is ordered as PostgreSQL orders times with time zone: by the instant, then from east to west.
func (t ZonedTime) Key() int64 {
	return (t.Micros-t.Offset*microsPerSecond)*(2*maxOffset+1) - t.Offset
}

// Append appends 10:00:00.5+02, as every DateStyle has it.
func (t ZonedTime) Append(b []byte) []byte { return appendOffset(AppendTime(b, t.Micros), t.Offset) }

// AppendBinary appends the microseconds and the seconds west of UTC.
func (t ZonedTime) AppendBinary(b []byte) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(t.Micros))
	return binary.BigEndian.AppendUint32(b, uint32(-t.Offset))
}

func zonedTimeFromBinary(data []byte) (string, error) {
	t := ZonedTime{Micros: int64(binary.BigEndian.Uint64(data)), Offset: -int64(int32(binary.BigEndian.Uint32(data[8:])))}
	switch {
	case t.Micros < 0 || t.Micros > microsPerDay:
		return "", pgerr.New(pgerr.DatetimeOverflow, "time out of range")
	case t.Offset > maxOffset || t.Offset < -maxOffset:
		return "", pgerr.New(zoneDisplacement, "time zone displacement out of range")
	}
	return string(t.Append(nil)), nil
}

// TimeIn gives a time of day the offset that zone has then on a day; nil is UTC.
func TimeIn(micros int64, day int32, zone *time.Location) ZonedTime {
	if zone == nil {
		zone = time.UTC
	}
	return ZonedTime{Micros: micros, Offset: OffsetIn((int64(day)*microsPerDay+micros)/microsPerSecond, zone)}
}

// TimeAt gives the time of day that a clock in zone shows at a finite timestamptz.
func TimeAt(micros int64, zone *time.Location) ZonedTime {
	offset := NewZone(zone).at(micros)
	_, ofDay := splitDay(micros + offset*microsPerSecond)
	return ZonedTime{Micros: int64(ofDay), Offset: offset}
}

// ParseTimetz reads HH:MM[:SS[.f…]] with an offset behind it, or Z or UTC; without a zone it is one of zone on a day, which
// is today's. Other forms that PostgreSQL reads are 0A000.
func ParseTimetz(text string, day int32, zone *time.Location) (ZonedTime, error) {
	micros, rest, ok := cutClock(trim(text))
	if !ok {
		return ZonedTime{}, otherTimetz(text)
	}
	if rest = trim(rest); rest == "" && micros <= microsPerDay {
		return TimeIn(micros, day, zone), nil
	}
	offset, why := int64(0), noFault
	if rest != "" && !strings.EqualFold(rest, "z") && !strings.EqualFold(rest, "utc") {
		offset, why = zoneOffset(rest)
	}
	switch {
	case why == badFormat:
		return ZonedTime{}, otherTimetz(text)
	case micros > microsPerDay:
		return ZonedTime{}, fieldOutOfRange(text)
	case why != noFault:
		return ZonedTime{}, zoneOutOfRange(text)
	}
	return ZonedTime{Micros: micros, Offset: offset}, nil
}

// HasZone reports whether a text of a time with time zone says its zone, if it is one.
func HasZone(text string) bool {
	_, rest, ok := cutClock(trim(text))
	return ok && trim(rest) != ""
}

// otherTimetz tells what is no time with time zone from what PostgreSQL may read: with a date, a zone's name, AM.
func otherTimetz(text string) error {
	for _, whole := range []string{text, "2000-01-01 " + text} {
		_, err := readMoment(Timetz, whole, OrderMDY, time.UTC)
		if trim(text) != "" && pgerr.CodeOf(err) != pgerr.InvalidDatetimeFormat {
			return pgerr.New(pgerr.FeatureNotSupported, "\"%s\" is not supported as a time with time zone", text).
				WithHint("write it as 10:00:00+02")
		}
	}
	return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type %s: \"%s\"", momentTypes[Timetz], text)
}
