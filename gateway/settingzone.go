package gateway

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// checkTimeZone gives a zone's name as PostgreSQL shows it, of a name in any case, a POSIX specification, hours to the
// east or INTERVAL '…'.
func checkTimeZone(name, value string) (string, error) {
	if len(value) >= len("interval") && strings.EqualFold(value[:len("interval")], "interval") {
		return zoneOfInterval(name, value)
	}
	if hours, err := strconv.ParseFloat(strings.TrimLeft(value, " \t\n"), 64); err == nil || math.IsInf(hours, 0) {
		return zoneOfOffset(name, value, hours*3600)
	}
	if spelled, ok := pgtypes.ZoneName(value); ok {
		return spelled, nil
	}
	if pgtypes.HasLeapSeconds(value) {
		return "", leapSeconds(value)
	}
	zone, ok := pgtypes.FindZone(value)
	if !ok {
		return "", invalidValue(name, value)
	}
	if time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC).In(zone).Second() != 0 {
		return "", leapSeconds(value)
	}
	return zone.String(), nil
}

// leapSeconds is what PostgreSQL says of every zone whose clock has not shown a whole minute at the beginning of 2000.
func leapSeconds(zone string) error {
	return pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" appears to use leap seconds", zone).
		WithDetail("PostgreSQL does not support leap seconds.")
}

// zoneOfInterval reads INTERVAL '…', as SET TIME ZONE has it.
func zoneOfInterval(name, value string) (string, error) {
	text, quoted := strings.CutPrefix(strings.TrimLeft(value[len("interval"):], " \t\n"), "'")
	text, closed := strings.CutSuffix(text, "'")
	if !quoted || !closed {
		return "", invalidValue(name, value)
	}
	v, err := pgtime.ParseInterval(text, pgtime.AllFields)
	switch {
	case err != nil:
		return "", err
	case v.Months != 0:
		return "", invalidValue(name, value).WithDetail("Cannot specify months in time zone interval.")
	case v.Days != 0:
		return "", invalidValue(name, value).WithDetail("Cannot specify days in time zone interval.")
	}
	return zoneOfOffset(name, value, float64(v.Micros/pgtime.Second))
}

// zoneOfOffset names a zone by its offset east: <+05:30>-05:30.
func zoneOfOffset(name, value string, east float64) (string, error) {
	if !(math.Abs(east) < 168*3600) { // neither is what is not a number
		return "", invalidValue(name, value).WithDetail("UTC timezone offset is out of range.")
	}
	seconds := int(math.Abs(east))
	text := fmt.Sprintf("%02d", seconds/3600)
	if seconds%3600 != 0 {
		text += fmt.Sprintf(":%02d", seconds/60%60)
	}
	if seconds%60 != 0 {
		text += fmt.Sprintf(":%02d", seconds%60)
	}
	if int(east) < 0 {
		return "<-" + text + ">+" + text, nil
	}
	return "<+" + text + ">-" + text, nil
}
