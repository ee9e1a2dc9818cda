package pgtime

import (
	"math"
	"slices"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// Unit is a unit of time that an interval's text and EXTRACT name.
type Unit uint16

// The units, from short to long.
const (
	NoUnit Unit = iota
	Microsecond
	Millisecond
	SecondUnit
	MinuteUnit
	HourUnit
	DayUnit
	Week
	Month
	Quarter
	Year
	Decade
	Century
	Millennium
	agoUnit
	timezoneUnit
	timezoneHour
	timezoneMinute
)

// units are PostgreSQL's words for units, in small letters. Longer words are compared by their first ten letters.
var units = map[string]Unit{
	"us": Microsecond, "usec": Microsecond, "usecs": Microsecond, "usecond": Microsecond, "useconds": Microsecond, "microsecon": Microsecond,
	"ms": Millisecond, "msec": Millisecond, "msecs": Millisecond, "msecond": Millisecond, "mseconds": Millisecond, "millisecon": Millisecond,
	"s": SecondUnit, "sec": SecondUnit, "secs": SecondUnit, "second": SecondUnit, "seconds": SecondUnit,
	"m": MinuteUnit, "min": MinuteUnit, "mins": MinuteUnit, "minute": MinuteUnit, "minutes": MinuteUnit,
	"h": HourUnit, "hr": HourUnit, "hrs": HourUnit, "hour": HourUnit, "hours": HourUnit,
	"d": DayUnit, "day": DayUnit, "days": DayUnit, "w": Week, "week": Week, "weeks": Week,
	"mon": Month, "mons": Month, "month": Month, "months": Month, "qtr": Quarter, "quarter": Quarter,
	"y": Year, "yr": Year, "yrs": Year, "year": Year, "years": Year,
	"dec": Decade, "decs": Decade, "decade": Decade, "decades": Decade,
	"c": Century, "cent": Century, "century": Century, "centuries": Century,
	"mil": Millennium, "mils": Millennium, "millennia": Millennium, "millennium": Millennium,
	"ago": agoUnit, "timezone": timezoneUnit, "timezone_h": timezoneHour, "timezone_m": timezoneMinute,
}

func unitNamed(word string) Unit { return units[word[:min(10, len(word))]] }

// A Range says which fields an interval has by its type, as INTERVAL DAY TO SECOND: the bits of PostgreSQL's typmod.
type Range uint16

// The fields of a range.
const (
	RangeMonth  Range = 1 << 1
	RangeYear   Range = 1 << 2
	RangeDay    Range = 1 << 3
	RangeHour   Range = 1 << 10
	RangeMinute Range = 1 << 11
	RangeSecond Range = 1 << 12
	AllFields   Range = 0x7fff
)

// last is the unit of a number without one.
func (r Range) last() Unit {
	switch {
	case r == AllFields, r&RangeSecond != 0:
		return SecondUnit
	case r&RangeMinute != 0:
		return MinuteUnit
	case r&RangeHour != 0:
		return HourUnit
	case r&RangeDay != 0:
		return DayUnit
	case r&RangeMonth != 0:
		return Month
	case r&RangeYear != 0:
		return Year
	}
	return SecondUnit
}

// Limit cuts an interval to the fields of its type, and its seconds to so many digits; a negative number keeps all.
func (v Interval) Limit(r Range, digits int) Interval {
	switch r {
	case AllFields, 0:
	case RangeYear:
		v = Interval{Months: v.Months / 12 * 12}
	case RangeMonth, RangeYear | RangeMonth:
		v = Interval{Months: v.Months}
	case RangeDay:
		v.Micros = 0
	default:
		switch r.last() {
		case HourUnit:
			v.Micros = v.Micros / Hour * Hour
		case MinuteUnit:
			v.Micros = v.Micros / Minute * Minute
		default:
		}
	}
	if digits >= 0 && digits < 6 {
		v.Micros = roundTo(v.Micros, unitOf(digits))
	}
	return v
}

// failure is why a text is no interval.
type failure uint8

const (
	fine failure = iota
	malformed
	tooLarge
)

// ParseInterval reads an interval as the type's input does: 22007, or 22015 for a field out of range.
func ParseInterval(text string, r Range) (Interval, error) {
	p := intervalParser{fields: r}
	why := malformed
	if words, ok := splitInterval(text); ok {
		why = p.verbose(words)
	}
	if why == malformed {
		p = intervalParser{fields: r}
		why = p.iso(text)
	}
	switch why {
	case tooLarge:
		return Interval{}, pgerr.New("22015", "interval field value out of range: \"%s\"", text)
	case malformed:
		return Interval{}, pgerr.New(pgerr.InvalidDatetimeFormat, "invalid input syntax for type interval: \"%s\"", text)
	default:
	}
	return p.v, nil
}

// ParseStandard is ParseInterval with IntervalStyle sql_standard: if a text begins with a minus and has no other sign, all
// of its parts are negative, and "ago" turns them.
func ParseStandard(text string, r Range) (Interval, error) {
	v, err := ParseInterval(text, r)
	words, ok := splitInterval(text)
	if err != nil || !ok || words[0][0] != '-' {
		return v, err
	}
	ago := false
	for _, w := range words[1:] {
		if w[0] == '-' || w[0] == '+' {
			return v, nil
		}
		ago = ago || isLetter(w[0]) && unitNamed(w) == agoUnit
	}
	below := func(n int64) int64 { return min(n, -n) }
	v = Interval{Months: int32(below(int64(v.Months))), Days: int32(below(int64(v.Days))), Micros: below(v.Micros)}
	if ago {
		v = Interval{Months: -v.Months, Days: -v.Days, Micros: -v.Micros}
	}
	return v, nil
}

// notInterval stands for what may be part of a date, or a zone, and not of an interval.
const notInterval = "?"

// splitInterval cuts a text into numbers, times, signed ones of both, and words. ok is false if it cannot be one.
func splitInterval(s string) (words []string, ok bool) {
	for s != "" {
		c := s[0]
		n := 1
		switch {
		case isSpace(c):
			s = s[1:]
			continue
		case isDigit(c), c == '.':
			n = numberEnd(s)
		case isLetter(c):
			for n < len(s) && isLetter(s[n]) {
				n++
			}
			if n < len(s) && (strings.IndexByte("-/.+", s[n]) >= 0 || isDigit(s[n])) {
				for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || strings.IndexByte("+-/_.:", s[n]) >= 0) {
					n++
				}
				words, s = append(words, notInterval), s[n:]
				continue
			}
		case c == '+' || c == '-':
			rest := strings.TrimLeft(s[1:], " \t\n\v\f\r")
			if rest == "" || !isDigit(rest[0]) && rest[0] != '.' {
				return nil, false
			}
			for n = 1; n < len(rest) && (isDigit(rest[n]) || strings.IndexByte(":.-", rest[n]) >= 0); n++ {
				continue
			}
			words = append(words, s[:1]+rest[:n])
			s = rest[n:]
			continue
		case c < ' ' || c >= 0x7f:
			return nil, false
		default: // other punctuation only separates
			s = s[1:]
			continue
		}
		words = append(words, strings.ToLower(s[:n]))
		s = s[n:]
	}
	return words, len(words) > 0
}

// numberEnd is where the number, time or date that s begins with ends.
func numberEnd(s string) int {
	n := 0
	for n < len(s) && isDigit(s[n]) {
		n++
	}
	switch {
	case n == 0: // a point
		n++
		for n < len(s) && isDigit(s[n]) {
			n++
		}
	case n < len(s) && s[n] == ':':
		for n < len(s) && (isDigit(s[n]) || s[n] == ':' || s[n] == '.') {
			n++
		}
	case n < len(s) && strings.IndexByte("-/.", s[n]) >= 0:
		delimiter := s[n]
		n++
		digits := n < len(s) && isDigit(s[n])
		for n < len(s) && (isDigit(s[n]) || !digits && (isLetter(s[n]) || s[n] == delimiter)) {
			n++
		}
		if digits && n < len(s) && s[n] == delimiter {
			for n < len(s) && (isDigit(s[n]) || s[n] == delimiter) {
				n++
			}
		}
	}
	return n
}

func isSpace(c byte) bool  { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

type intervalParser struct {
	v      Interval
	fields Range
	seen   uint32 // a bit per unit
	ago    bool
}

// all three units of seconds: a fraction of a second is of all of them.
const allSeconds = 1<<Microsecond | 1<<Millisecond | 1<<SecondUnit

// verbose reads 1 year -2 days 03:04:05 ago from the right: a unit comes before its number so.
func (p *intervalParser) verbose(words []string) failure {
	unit := NoUnit
	for _, w := range slices.Backward(words) {
		var seen uint32
		var why failure
		switch {
		case isLetter(w[0]):
			switch unit = unitNamed(w); unit {
			case NoUnit:
				return malformed
			case agoUnit:
				p.ago = true // a number before it has no unit
			default:
			}
			continue
		case strings.Contains(w, ":"):
			if seen, why = p.clock(w); why == tooLarge && !isDigit(w[0]) {
				why = malformed // PostgreSQL tries to read it as a number then
			}
			unit = DayUnit
		default:
			if unit == NoUnit {
				unit = p.fields.last()
			}
			seen, unit, why = p.number(w, unit)
		}
		if why != fine {
			return why
		}
		if p.seen&seen != 0 {
			return malformed
		}
		p.seen |= seen
	}
	if p.seen == 0 {
		return malformed
	}
	if p.ago {
		v, err := p.v.Neg()
		if err != nil {
			return tooLarge
		}
		p.v = v
	}
	return fine
}

// clock reads [+-]HH:MM[:SS[.f]], or MM:SS.f.
func (p *intervalParser) clock(w string) (seen uint32, why failure) {
	body := strings.TrimLeft(w, "+-")
	parts := strings.Split(body, ":")
	if len(parts) > 3 {
		return 0, malformed
	}
	whole, fraction, fractional := strings.Cut(parts[len(parts)-1], ".")
	parts[len(parts)-1] = whole
	var n [3]int64
	for i, part := range parts {
		if part == "" && i > 0 {
			continue // strtol reads nothing as 0
		}
		v, err := strconv.ParseInt(part, 10, 64)
		if err != nil || i > 0 && v > math.MaxInt32 {
			if part == "" || strings.Trim(part, "0123456789") != "" {
				return 0, malformed
			}
			return 0, tooLarge
		}
		n[i] = v
	}
	if len(parts) == 2 && (fractional || p.fields == RangeMinute|RangeSecond) {
		n = [3]int64{0, n[0], n[1]}
	}
	var micros float64
	if fractional && fraction != "" {
		f, err := strconv.ParseFloat("0."+fraction, 64)
		if err != nil {
			return 0, malformed
		}
		micros = math.RoundToEven(f * 1e6)
	}
	if n[1] < 0 || n[1] > 59 || n[2] < 0 || n[2] > 60 || n[0] > math.MaxInt64/Hour {
		return 0, tooLarge
	}
	total, ok := add64(n[0]*Hour, n[1]*Minute+n[2]*Second+int64(micros))
	if !ok {
		return 0, tooLarge
	}
	if w[0] == '-' {
		total = -total
	}
	p.v.Micros = total
	return allSeconds | 1<<MinuteUnit | 1<<HourUnit, fine
}

// number reads a number of a unit, or years-months; next is the unit of what stands before it.
func (p *intervalParser) number(w string, unit Unit) (seen uint32, next Unit, why failure) {
	sign := 0
	if w[0] == '-' || w[0] == '+' {
		sign = 1
	}
	end := sign
	for end < len(w) && isDigit(w[end]) {
		end++
	}
	var whole int64
	if end > sign {
		var err error
		if whole, err = strconv.ParseInt(w[:end], 10, 64); err != nil {
			return 0, unit, tooLarge
		}
	}
	fraction := 0.0
	switch rest := w[end:]; {
	case rest == "":
	case rest[0] == '-':
		months, err := strconv.ParseInt(rest[1:], 10, 64)
		switch {
		case err != nil && strings.Trim(rest[1:], "0123456789") != "":
			return 0, unit, malformed
		case err != nil && rest != "-", months < 0 || months > 11 || whole > math.MaxInt32 || whole < math.MinInt32:
			return 0, unit, tooLarge
		}
		if w[0] == '-' {
			months = -months
		}
		unit, whole = Month, whole*12+months
	case rest[0] == '.':
		if rest != "." {
			f, err := strconv.ParseFloat("0"+rest, 64)
			if err != nil {
				return 0, unit, malformed
			}
			fraction = f
		}
		if w[0] == '-' {
			fraction = -fraction
		}
	default:
		return 0, unit, malformed
	}
	if unit == Quarter || unit >= agoUnit {
		return 0, unit, malformed
	}
	if !p.add(unit, whole, fraction) {
		return 0, unit, tooLarge
	}
	seen = 1 << unit
	if unit == SecondUnit && fraction != 0 {
		seen = allSeconds
	}
	if unit == HourUnit {
		unit = DayUnit
	}
	return seen, unit, fine
}

// add adds a number of a unit; false if it is out of range.
func (p *intervalParser) add(unit Unit, whole int64, fraction float64) bool {
	years := map[Unit]int64{Year: 1, Decade: 10, Century: 100, Millennium: 1000}[unit]
	micros := map[Unit]int64{Microsecond: 1, Millisecond: 1000, SecondUnit: Second, MinuteUnit: Minute, HourUnit: Hour}[unit]
	switch {
	case years > 0:
		extra := math.RoundToEven(fraction * float64(years) * 12)
		return p.addMonths(whole, 12*years) && p.addMonths(int64(extra), 1)
	case micros > 0:
		return p.addMicros(whole, micros) && p.addFraction(fraction, micros)
	case unit == Month:
		return p.addMonths(whole, 1) && p.addDays(fraction, 30)
	case unit == Week:
		return p.addWholeDays(whole, 7) && p.addDays(fraction, 7)
	}
	return p.addWholeDays(whole, 1) && p.addFraction(fraction, Day)
}

func multiplied(n, by int64) (int64, bool) {
	if n > math.MaxInt64/by || n < math.MinInt64/by {
		return 0, false
	}
	return n * by, true
}

func (p *intervalParser) addMonths(n, by int64) bool {
	n, ok := multiplied(n, by)
	if !ok || n != int64(int32(n)) {
		return false
	}
	p.v.Months, ok = add32(p.v.Months, int32(n))
	return ok
}

func (p *intervalParser) addWholeDays(n, by int64) bool {
	n, ok := multiplied(n, by)
	if !ok || n != int64(int32(n)) {
		return false
	}
	p.v.Days, ok = add32(p.v.Days, int32(n))
	return ok
}

// addDays adds a fraction of so many days: whole ones, and the rest as time.
func (p *intervalParser) addDays(fraction, days float64) bool {
	n := math.Trunc(fraction * days)
	return p.addWholeDays(int64(n), 1) && p.addFraction(fraction*days-n, Day)
}

func (p *intervalParser) addMicros(n, by int64) bool {
	n, ok := multiplied(n, by)
	if !ok {
		return false
	}
	p.v.Micros, ok = add64(p.v.Micros, n)
	return ok
}

func (p *intervalParser) addFraction(fraction float64, unit int64) bool {
	exact := fraction * float64(unit)
	n := math.Trunc(exact)
	switch rest := exact - n; {
	case rest > 0.5:
		n++
	case rest < -0.5:
		n--
	}
	var ok bool
	p.v.Micros, ok = add64(p.v.Micros, int64(n))
	return ok
}
