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

// ParseTimetz reads a time of day with its zone; without one it is one of zone on a day, which is today's. A zone that has a
// name needs a date before the time.
func ParseTimetz(text string, day int32, zone *time.Location) (ZonedTime, error) {
	micros, rest, ok := cutClock(trim(text))
	if !ok {
		return decodeTimeOfDay(Timetz, text, day, zone)
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
		return decodeTimeOfDay(Timetz, text, day, zone)
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

// decodeTimeOfDay reads what is more than figures: AM and PM, words, names of zones, a date before the time, 040506.
func decodeTimeOfDay(oid OID, text string, day int32, zone *time.Location) (ZonedTime, error) {
	if zone == nil {
		zone = time.UTC
	}
	m := &moment{}
	m.setDay(int64(day))
	why := m.read(text, sawDate, zone)
	if why == badFormat && m.unknown == "" {
		m = &moment{}
		why = m.read(text, 0, zone)
	} else if m.zone != nil && m.zoneName == "" {
		why = badFormat
	}
	if why == noFault && (m.seen&sawTime != sawTime || m.special != 0) {
		why = badFormat
	}
	if err := m.fault(oid, text, why); err != nil {
		return ZonedTime{}, err
	}
	if m.ofDay() > microsPerDay {
		return ZonedTime{}, fieldOutOfRange(text)
	}
	return ZonedTime{Micros: m.ofDay(), Offset: m.offset}, nil
}
