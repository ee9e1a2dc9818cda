package sql

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

// interval is a constant interval as PostgreSQL keeps it.
type interval struct {
	months, days int32
	micros       int64
}

// intervalUnits are the words that an interval's text may use, in months, days and microseconds.
var intervalUnits = map[string][3]float64{
	"microsecond": {0, 0, 1}, "us": {0, 0, 1}, "usec": {0, 0, 1}, "millisecond": {0, 0, 1e3}, "ms": {0, 0, 1e3}, "msec": {0, 0, 1e3},
	"second": {0, 0, 1e6}, "sec": {0, 0, 1e6}, "s": {0, 0, 1e6}, "minute": {0, 0, 6e7}, "min": {0, 0, 6e7}, "m": {0, 0, 6e7},
	"hour": {0, 0, 3.6e9}, "hr": {0, 0, 3.6e9}, "h": {0, 0, 3.6e9},
	"day": {0, 1, 0}, "d": {0, 1, 0}, "week": {0, 7, 0}, "w": {0, 7, 0},
	"month": {1, 0, 0}, "mon": {1, 0, 0}, "quarter": {3, 0, 0}, "year": {12, 0, 0}, "yr": {12, 0, 0}, "y": {12, 0, 0},
	"decade": {120, 0, 0}, "century": {1200, 0, 0}, "centurie": {1200, 0, 0},
}

// parseInterval reads PostgreSQL's verbose form ("1 year 2 mons -3 days 04:05:06.7", "2 hours ago") and
// ISO 8601's "P1DT2H". A bare number counts in unit, as in INTERVAL '5' DAY; "" is seconds.
func parseInterval(s, unit string) (interval, error) {
	text := strings.ToLower(strings.TrimSpace(s))
	bad := pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type interval: %q", s)
	if text == "" {
		return interval{}, bad
	}
	if text[0] == 'p' {
		return parseISOInterval(text[1:], bad)
	}
	words := intervalWords(text)
	sign := 1.0
	if n := len(words); n > 1 && words[n-1] == "ago" {
		words, sign = words[:n-1], -1
	}
	var total [3]float64
	for i := 0; i < len(words); i++ {
		w := words[i]
		if strings.Contains(w, ":") {
			micros, ok := parseClock(w)
			if !ok {
				return interval{}, bad
			}
			total[2] += micros
			continue
		}
		n, err := strconv.ParseFloat(w, 64)
		if err != nil || strings.ContainsAny(w, "xpin_") {
			return interval{}, bad
		}
		name := unit
		if i+1 < len(words) && words[i+1] != "" && !strings.ContainsAny(words[i+1][:1], "+-.0123456789") {
			i++
			name = words[i]
		} else if i+1 < len(words) && unit == "" && strings.Contains(words[i+1], ":") {
			name = "day"
		}
		if name == "" {
			name = "second"
		}
		if !addUnit(&total, n, name) {
			return interval{}, bad
		}
	}
	return total3(total, sign, bad)
}

// intervalWords splits at blanks and between a number and a letter: "5days" is two words.
func intervalWords(s string) []string {
	var words []string
	for f := range strings.FieldsSeq(s) {
		i := 0
		for i < len(f) && strings.IndexByte("+-.:0123456789", f[i]) >= 0 {
			i++
		}
		if i > 0 && i < len(f) {
			words = append(words, f[:i], f[i:])
		} else {
			words = append(words, f)
		}
	}
	return words
}

func addUnit(total *[3]float64, n float64, name string) bool {
	u, ok := intervalUnits[name]
	if !ok {
		u, ok = intervalUnits[strings.TrimSuffix(name, "s")]
	}
	if !ok {
		return false
	}
	// A fraction of a unit spills into the smaller ones: 1.5 months are 1 month 15 days.
	whole, frac := math.Modf(n * u[0])
	total[0] += whole
	total[1] += frac * 30
	dayWhole, dayFrac := math.Modf(n*u[1] + (total[1] - math.Trunc(total[1])))
	total[1] = math.Trunc(total[1]) + dayWhole
	total[2] += dayFrac*864e8 + n*u[2]
	return true
}

func total3(t [3]float64, sign float64, bad error) (interval, error) {
	months, days, micros := sign*t[0], sign*t[1], math.Round(sign*t[2])
	if math.Abs(months) > math.MaxInt32 || math.Abs(days) > math.MaxInt32 || math.Abs(micros) >= math.MaxInt64 {
		return interval{}, bad
	}
	return interval{months: int32(months), days: int32(days), micros: int64(micros)}, nil
}

func parseClock(w string) (float64, bool) {
	sign := 1.0
	if w[0] == '-' || w[0] == '+' {
		if w[0] == '-' {
			sign = -1
		}
		w = w[1:]
	}
	parts := strings.Split(w, ":")
	if len(parts) > 3 {
		return 0, false
	}
	var micros float64
	for i, unit := range []float64{3.6e9, 6e7, 1e6}[:len(parts)] {
		n, err := strconv.ParseFloat(parts[i], 64)
		if err != nil || n < 0 {
			return 0, false
		}
		micros += n * unit
	}
	return sign * micros, true
}

func parseISOInterval(s string, bad error) (interval, error) {
	var total [3]float64
	inTime := false
	for s != "" {
		if s[0] == 't' {
			inTime, s = true, s[1:]
			continue
		}
		i := strings.IndexAny(s, "ymwdhs")
		if i < 1 {
			return interval{}, bad
		}
		n, err := strconv.ParseFloat(s[:i], 64)
		name := map[string]string{"y": "year", "m": "month", "w": "week", "d": "day", "h": "hour", "s": "second"}[s[i:i+1]]
		if inTime && name == "month" {
			name = "minute"
		}
		if err != nil || !addUnit(&total, n, name) {
			return interval{}, bad
		}
		s = s[i+1:]
	}
	return total3(total, 1, bad)
}

// sql gives the DuckDB text.
func (v interval) sql() string {
	return fmt.Sprintf("INTERVAL '%d months %d days %d microseconds'", v.months, v.days, v.micros)
}

func (v interval) negative() interval {
	return interval{months: -v.months, days: -v.days, micros: -v.micros}
}

// addTo adds the interval to a moment on the wall clock: months first, kept inside the target month, then days,
// then the rest.
func (v interval) addTo(t time.Time) time.Time {
	if v.months != 0 {
		first := time.Date(t.Year(), t.Month()+time.Month(v.months), 1, 0, 0, 0, 0, t.Location())
		last := time.Date(first.Year(), first.Month()+1, 0, 0, 0, 0, 0, t.Location()).Day()
		t = time.Date(first.Year(), first.Month(), min(t.Day(), last), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	}
	if v.days != 0 {
		t = time.Date(t.Year(), t.Month(), t.Day()+int(v.days), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), t.Location())
	}
	return time.UnixMicro(t.UnixMicro() + v.micros).In(t.Location())
}
