package pgformat

import (
	"math"
	"strconv"
	"strings"

	"tidegate/internal/pgerr"
)

// found is what a format read from a text: 0 is not given.
type found struct {
	calendar                                         calendar
	hour, minute, second, daySeconds, millis, micros int
	pm, bc                                           int
	clock12                                          bool
	precision                                        int // of the last FF1 to FF6
	day, month, year, weekday, yearDay               int
	week, weekOfMonth, century, julian               int
	yearDigits                                       int
	zoneSign, zoneHours, zoneMinutes                 int
}

// reader reads a text by a format.
type reader struct {
	found
	whole, rest string
	exact       bool
	// skipped counts the blanks that the text had and the format had not.
	skipped int
}

// read reads as much of the format as there is text.
func (f *DateFormat) read(text string) (found, error) {
	r := reader{whole: text, rest: text}
	for i, p := range f.parts {
		if r.rest == "" {
			break
		}
		if !r.exact && p.field != exact && (p.kind == word || i == 0) {
			r.skipBlanks()
		}
		if r.rest == "" && p.kind != word {
			break
		}
		if p.kind != word {
			r.literal(p)
			continue
		}
		if err := r.template(f.parts, i); err != nil {
			return found{}, err
		}
		if !r.exact {
			r.skipped = 0
			r.skipBlanks()
		}
	}
	return r.found, nil
}

func (r *reader) skipBlanks() {
	for r.rest != "" && isSpace(r.rest[0]) {
		r.rest = r.rest[1:]
		r.skipped++
	}
}

// literal passes a character of the format that is no template. It need not be the text's.
func (r *reader) literal(p part) {
	switch {
	case r.exact:
		_, r.rest = firstChar(r.rest)
	case p.kind == blank || p.kind == separator:
		r.skipped--
		if isSpace(r.rest[0]) || isSeparator(r.rest[0]) {
			r.rest = r.rest[1:]
			r.skipped++
		}
	case r.skipped > 0: // it was passed with the blanks before
		r.skipped--
	default:
		_, r.rest = firstChar(r.rest)
	}
}

func (r *reader) template(parts []part, i int) error {
	p := parts[i]
	if p.calendar != anyCalendar {
		if r.calendar != anyCalendar && r.calendar != p.calendar {
			return pgerr.New(pgerr.InvalidDatetimeFormat, "invalid combination of date conventions").
				WithHint("Do not mix Gregorian and ISO week date conventions in a formatting template.")
		}
		r.calendar = p.calendar
	}
	switch p.field {
	case exact:
		r.exact = true
		return nil
	case zoneName, zoneOffset:
		return pgerr.New(pgerr.FeatureNotSupported, "formatting field \"%s\" is only supported in to_char", p.name)
	case meridiem, meridiemShort, era, eraShort, monthName, monthShort, monthRoman, dayName, dayShort:
		return r.readName(p)
	case yearWithComma:
		return r.commaYear(p)
	case zoneHours:
		r.sign()
	case zoneMinutes:
		if r.zoneSign == 0 {
			r.zoneSign = 1
		}
	default:
	}
	n, used, err := r.number(parts, i)
	if err != nil {
		return err
	}
	if err := r.store(p, n, used); err != nil {
		return err
	}
	if p.field != zoneHours && p.field != zoneMinutes {
		r.passOrdinal(p)
	}
	return nil
}

func (r *reader) passOrdinal(p part) {
	for range len(p.th) {
		if r.rest != "" {
			_, r.rest = firstChar(r.rest)
		}
	}
}

// sign reads the sign of TZH. A minus may have been passed as a separator.
func (r *reader) sign() {
	before := strings.TrimSuffix(r.whole, r.rest)
	switch {
	case r.rest != "" && strings.IndexByte("+- ", r.rest[0]) >= 0:
		r.zoneSign = 1
		if r.rest[0] == '-' {
			r.zoneSign = -1
		}
		r.rest = r.rest[1:]
	case r.skipped > 0 && strings.HasSuffix(before, "-"):
		r.zoneSign = -1
	default:
		r.zoneSign = 1
	}
}

// width is how many characters a number has at most, unless it reads on.
func (p part) width() int {
	switch p.field {
	case hour12, hour24, zoneHours, zoneMinutes:
		return 2
	case millisecond, isoDayOfYear:
		return 3
	case microsecond:
		return 6
	case isoDayOfWeek:
		return 1
	case fraction:
		return p.digits
	default:
	}
	return len(p.name)
}

// readsOn reports whether the number at i ends where its digits do: nothing behind it begins with one.
func readsOn(parts []part, i int) bool {
	p := parts[i]
	if p.fill || p.th != "" || i+1 == len(parts) {
		return true
	}
	next := parts[i+1]
	if next.kind == word {
		return !next.number
	}
	return len(next.text) != 1 || !isDigit(next.text[0])
}

// number reads an integer; used counts the blanks before it too.
func (r *reader) number(parts []part, i int) (n, used int, err error) {
	p, text := parts[i], r.rest
	r.rest = strings.TrimLeft(r.rest, " \t\n\v\f\r")
	width := p.width()
	head := r.rest[:min(width, len(r.rest))]
	value, digits := leadingInt(r.rest)
	passed := digits
	if !readsOn(parts, i) {
		if len(r.rest) < width {
			return 0, 0, r.invalid("source string too short for \"%s\" formatting field", p.name).
				WithDetail("Field requires %d characters, but only %d remain.", width, len(r.rest)).
				WithHint("If your source string is not fixed-width, try using the \"FM\" modifier.")
		}
		value, digits = leadingInt(head)
		passed = len(text) - len(r.rest) + digits // blanks alone are read as 0
		if digits > 0 && digits < width {
			return 0, 0, r.invalid("invalid value \"%s\" for \"%s\"", head, p.name).
				WithDetail("Field requires %d characters, but only %d could be parsed.", width, digits).
				WithHint("If your source string is not fixed-width, try using the \"FM\" modifier.")
		}
	}
	if passed == 0 {
		return 0, 0, r.invalid("invalid value \"%s\" for \"%s\"", head, p.name).WithDetail("Value must be an integer.")
	}
	r.rest = r.rest[digits:]
	if value < math.MinInt32 || value > math.MaxInt32 {
		return 0, 0, pgerr.New(pgerr.DatetimeOverflow, "value for \"%s\" in source string is out of range", p.name).
			WithDetail("Value must be in the range %d to %d.", math.MinInt32, math.MaxInt32)
	}
	return int(value), len(text) - len(r.rest), nil
}

func (r *reader) invalid(format string, args ...any) *pgerr.Error {
	return pgerr.New(pgerr.InvalidDatetimeFormat, format, args...)
}

// leadingInt reads an integer as C's strtol does. What is out of range saturates.
func leadingInt(s string) (n int64, used int) {
	i := 0
	for i < len(s) && isSpace(s[i]) {
		i++
	}
	start := i
	if i < len(s) && (s[i] == '+' || s[i] == '-') {
		i++
	}
	first := i
	for i < len(s) && isDigit(s[i]) {
		i++
	}
	if i == first {
		return 0, 0
	}
	n, err := strconv.ParseInt(s[start:i], 10, 64)
	if err != nil {
		n = math.MaxInt64
	}
	return n, i
}

// set gives a field a value; another one than it has is an error.
func (r *reader) set(dest *int, n int, p part) error {
	if *dest != 0 && *dest != n {
		return r.invalid("conflicting values for \"%s\" field in formatting string", p.name).
			WithDetail("This value contradicts a previous setting for the same field type.")
	}
	*dest = n
	return nil
}

// store keeps the number n, which had used characters.
func (r *reader) store(p part, n, used int) error {
	switch p.field {
	case quarter:
		return nil // which day of the quarter it would be is not clear
	case year, isoYear:
		if err := r.set(&r.year, n, p); err != nil {
			return err
		}
		r.yearDigits = p.digits
		if used < 4 && p.digits < 4 {
			r.year = nearYear(r.year)
		}
		return nil
	case isoDayOfWeek:
		if err := r.set(&r.weekday, n, p); err != nil {
			return err
		}
		if r.weekday++; r.weekday > 7 {
			r.weekday = 1
		}
		return nil
	case millisecond:
		return r.storeFraction(&r.millis, n, used, 3, p)
	case fraction:
		r.precision = p.digits
		return r.storeFraction(&r.micros, n, used, 6, p)
	case microsecond:
		return r.storeFraction(&r.micros, n, used, 6, p)
	case hour12:
		r.clock12 = true
	default:
	}
	return r.set(r.destination(p.field), n, p)
}

// storeFraction keeps digits behind the point: 25 milliseconds are 0.25 seconds, 025 are 0.025.
func (r *reader) storeFraction(dest *int, n, used, digits int, p part) error {
	if err := r.set(dest, n, p); err != nil {
		return err
	}
	for range digits - used {
		*dest *= 10
	}
	return nil
}

func (r *reader) destination(f field) *int {
	switch f {
	case hour12, hour24:
		return &r.hour
	case minute:
		return &r.minute
	case second:
		return &r.second
	case daySeconds:
		return &r.daySeconds
	case zoneHours:
		return &r.zoneHours
	case zoneMinutes:
		return &r.zoneMinutes
	case century:
		return &r.century
	case month:
		return &r.month
	case weekOfYear, isoWeek:
		return &r.week
	case weekOfMonth:
		return &r.weekOfMonth
	case dayOfYear, isoDayOfYear:
		return &r.yearDay
	case dayOfMonth:
		return &r.day
	case dayOfWeek:
		return &r.weekday
	default:
	}
	return &r.julian
}

// nearYear completes a year of less than four digits to the one nearest to 2020.
func nearYear(y int) int {
	switch {
	case y < 70:
		return y + 2000
	case y < 100:
		return y + 1900
	case y < 520:
		return y + 2000
	case y < 1000:
		return y + 1000
	}
	return y
}

// commaYear reads 2,018.
func (r *reader) commaYear(p part) error {
	thousands, used := leadingInt(r.rest)
	rest := r.rest[used:]
	if used == 0 || rest == "" || rest[0] != ',' {
		return r.invalid("invalid input string for \"Y,YYY\"")
	}
	rest = rest[1:]
	trimmed := strings.TrimLeft(rest, " \t\n\v\f\r")
	years, used := leadingInt(trimmed[:min(3, len(trimmed))])
	if used == 0 {
		return r.invalid("invalid input string for \"Y,YYY\"")
	}
	if thousands < math.MinInt32/1000 || thousands > math.MaxInt32/1000-1 {
		return pgerr.New(pgerr.DatetimeOverflow, "value for \"Y,YYY\" in source string is out of range")
	}
	if err := r.set(&r.year, int(thousands*1000+years), p); err != nil {
		return err
	}
	r.yearDigits = 4
	r.rest = trimmed[used:]
	r.passOrdinal(p)
	return nil
}

func (r *reader) readName(p part) error {
	list := names(p.field)
	n := -1
	for i, name := range list {
		if len(r.rest) >= len(name) && strings.EqualFold(r.rest[:len(name)], name) {
			n = i
			r.rest = r.rest[len(name):]
			break
		}
	}
	if n < 0 {
		word := r.rest
		if i := strings.IndexAny(word, " \t\n\r\f\v"); i >= 0 {
			word = word[:i]
		}
		return r.invalid("invalid value \"%s\" for \"%s\"", word, p.name).
			WithDetail("The given value did not match any of the allowed values for this field.")
	}
	switch p.field {
	case meridiem, meridiemShort:
		r.clock12 = true
		return r.set(&r.pm, n%2, p)
	case era, eraShort:
		return r.set(&r.bc, n%2, p)
	case monthName, monthShort:
		return r.set(&r.month, n+1, p)
	case monthRoman:
		return r.set(&r.month, 12-n, p)
	default:
	}
	if err := r.set(&r.weekday, n, p); err != nil {
		return err
	}
	r.weekday++
	return nil
}

// names are what a template of names reads, in any case. The longer Roman numerals come first.
func names(f field) []string {
	switch f {
	case meridiem:
		return []string{"A.M.", "P.M."}
	case meridiemShort:
		return []string{"AM", "PM"}
	case era:
		return []string{"A.D.", "B.C."}
	case eraShort:
		return []string{"AD", "BC"}
	case monthName:
		return monthNames[:]
	case dayName:
		return dayNames[:]
	case monthRoman:
		return []string{"XII", "XI", "X", "IX", "VIII", "VII", "VI", "V", "IV", "III", "II", "I"}
	default:
	}
	full := monthNames[:]
	if f == dayShort {
		full = dayNames[:]
	}
	var short []string
	for _, n := range full {
		short = append(short, n[:3])
	}
	return short
}
