package redshift

import (
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Zones keeps the time zones that were asked for. The zero value is ready; many may use it at once.
type Zones struct{ byName sync.Map }

// Convert is CONVERT_TIMEZONE of a timestamp that is local time in the zone from.
func (z *Zones) Convert(from, to string, micros int64) (int64, error) {
	if micros == pgtypes.TimestampInfinity || micros == pgtypes.TimestampNegativeInfinity {
		return micros, nil
	}
	source, err := z.find(from)
	if err != nil {
		return 0, err
	}
	target, err := z.find(to)
	if err != nil {
		return 0, err
	}
	moment := floorDiv(micros, microsPerSecond) - pgtypes.OffsetIn(floorDiv(micros, microsPerSecond), source)
	_, offset := time.Unix(moment, 0).In(target).Zone()
	return checked(moment*microsPerSecond+micros-floorDiv(micros, microsPerSecond)*microsPerSecond, int64(offset)*microsPerSecond)
}

// abbreviations are offsets east in hours: those of PostgreSQL's default list that mean one zone.
var abbreviations = map[string]float64{
	"UTC": 0, "GMT": 0, "Z": 0, "ZULU": 0, "UT": 0, "WET": 0, "BST": 1, "CET": 1, "CEST": 2, "EET": 2, "EEST": 3, "MSK": 3, "IST": 2, "JST": 9, "KST": 9,
	"HKT": 8, "SGT": 8, "AEST": 10, "AEDT": 11, "ACST": 9.5, "ACDT": 10.5, "AWST": 8, "NZST": 12, "NZDT": 13,
	"AST": -4, "ADT": -3, "EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "AKST": -9, "AKDT": -8, "HST": -10,
}

// posix is a name and an offset, which counts west.
var posix = regexp.MustCompile(`^[A-Za-z]+ ?([+-]?)([0-9]{1,2})(?::([0-5][0-9]))?$`)

func (z *Zones) find(name string) (*time.Location, error) {
	if known, ok := z.byName.Load(name); ok {
		if l, ok := known.(*time.Location); ok {
			return l, nil
		}
	}
	l, ok := load(strings.TrimSpace(name))
	if !ok {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "time zone %q not recognized", name)
	}
	z.byName.Store(name, l) // there are as many as there are zones and offsets
	return l, nil
}

func load(name string) (*time.Location, bool) {
	if hours, ok := abbreviations[strings.ToUpper(name)]; ok {
		return time.FixedZone(name, int(hours*3600)), true
	}
	lower := []byte(strings.ToLower(name))
	for i := range lower {
		if (i == 0 || strings.IndexByte("/_-", lower[i-1]) >= 0) && lower[i] >= 'a' && lower[i] <= 'z' {
			lower[i] -= 'a' - 'A'
		}
	}
	for _, try := range []string{name, strings.ToUpper(name), string(lower)} {
		if l, err := time.LoadLocation(try); err == nil && name != "" && !strings.EqualFold(name, "local") {
			return l, true
		}
	}
	parts := posix.FindStringSubmatch(name)
	if parts == nil {
		return nil, false
	}
	hours, _ := strconv.Atoi(parts[2])         // digits
	minutes, _ := strconv.Atoi("0" + parts[3]) // digits, or none
	west := hours*3600 + minutes*60
	if parts[1] == "-" {
		west = -west
	}
	return time.FixedZone(name, -west), hours < 24
}
