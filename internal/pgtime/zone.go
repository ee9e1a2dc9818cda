package pgtime

import (
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// abbreviations are the zones of fixed offset that PostgreSQL's default set names, in hours east; the common ones.
var abbreviations = map[string]float64{
	"gmt": 0, "utc": 0, "ut": 0, "z": 0, "zulu": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "met": 1, "cest": 2, "mest": 2, "eet": 2, "eest": 3, "msk": 3,
	"est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7, "mdt": -6, "pst": -8, "pdt": -7, "akst": -9, "akdt": -8, "hst": -10, "ast": -4, "adt": -3,
	"nst": -3.5, "ndt": -2.5, "jst": 9, "kst": 9, "hkt": 8, "pht": 8, "ist": 2, "sast": 2, "aest": 10, "aedt": 11, "acst": 9.5, "acdt": 10.5, "awst": 8,
	"nzst": 12, "nzdt": 13,
}

// FindZone finds a zone by what AT TIME ZONE is given: an abbreviation, a name in any case, or an offset, which counts
// to the west of Greenwich as POSIX has it.
func FindZone(text string) (*time.Location, error) {
	lower := strings.ToLower(text)
	if hours, ok := abbreviations[lower]; ok {
		return fixed(int(hours * 3600)), nil
	}
	if zone, ok := pgtypes.IANAZone(text); ok {
		return zone, nil
	}
	body := strings.TrimLeft(lower, "abcdefghijklmnopqrstuvwxyz")
	if seconds, ok := offset(body); ok && (len(body) == len(lower) || len(lower)-len(body) >= 3) {
		return fixed(-seconds), nil
	}
	return nil, pgerr.New(pgerr.InvalidParameterValue, "time zone \"%s\" not recognized", text)
}

func fixed(seconds int) *time.Location {
	if seconds == 0 {
		return time.UTC
	}
	return time.FixedZone("", seconds)
}

// offset reads [+-]H[H][:MM[:SS]].
func offset(s string) (seconds int, ok bool) {
	sign := 1
	if s != "" && (s[0] == '+' || s[0] == '-') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	parts := strings.Split(s, ":")
	if len(parts) > 3 {
		return 0, false
	}
	unit := 3600
	for _, p := range parts {
		if p == "" || len(p) > 2 || strings.Trim(p, "0123456789") != "" {
			return 0, false
		}
		n := 0
		for _, c := range []byte(p) {
			n = n*10 + int(c-'0')
		}
		seconds += n * unit
		unit /= 60
	}
	return sign * seconds, seconds <= 24*3600
}
