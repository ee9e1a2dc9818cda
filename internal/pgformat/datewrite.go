package pgformat

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtime"
)

// moment is what a format writes.
type moment struct {
	pgtime.Fields
	span bool // of an interval: no calendar and no zone
}

// Timestamp writes a timestamp. ok is false for NULL: of the infinities, and of an empty format.
func (f *DateFormat) Timestamp(timestamp int64) (text string, ok bool, err error) {
	if !pgtime.Finite(timestamp) {
		return "", false, nil
	}
	return f.write(moment{Fields: pgtime.FieldsOf(timestamp)})
}

// Timestamptz writes an instant in a zone.
func (f *DateFormat) Timestamptz(instant int64, zone *time.Location) (text string, ok bool, err error) {
	if !pgtime.Finite(instant) {
		return "", false, nil
	}
	return f.write(moment{Fields: pgtime.FieldsIn(instant, zone)})
}

// Interval writes an interval: hours beyond a day stay hours, and months beyond a year become years.
func (f *DateFormat) Interval(v pgtime.Interval) (text string, ok bool, err error) {
	m := moment{span: true}
	m.Year, m.Month, m.Day = int(v.Months/12), int(v.Months%12), int(v.Days)
	m.Hour, m.Minute = int(v.Micros/pgtime.Hour), int(v.Micros/pgtime.Minute%60)
	m.Second, m.Micros = int(v.Micros/pgtime.Second%60), int(v.Micros%pgtime.Second)
	m.YearDay = (m.Year*12+m.Month)*30 + m.Day
	return f.write(m)
}

func (f *DateFormat) write(m moment) (string, bool, error) {
	if f.text == "" {
		return "", false, nil
	}
	var out strings.Builder
	for _, p := range f.parts {
		if p.kind != word {
			out.WriteString(p.text)
			continue
		}
		if m.span && p.needsCalendar() {
			return "", false, pgerr.New(pgerr.InvalidDatetimeFormat, "invalid format specification for an interval value").
				WithHint("Intervals are not tied to specific calendar dates.")
		}
		text, number := m.field(p)
		out.WriteString(text)
		if number && p.th != "" {
			th, err := ordinal(text, p.th)
			if err != nil {
				return "", false, err
			}
			out.WriteString(th)
		}
	}
	return out.String(), true, nil
}

func (p part) needsCalendar() bool {
	switch p.field {
	case zoneName, zoneHours, zoneMinutes, zoneOffset, era, eraShort, monthName, monthShort, dayName, dayShort, dayOfWeek, isoDayOfWeek:
		return true
	default:
	}
	return false
}

// padded writes a number with a width, which FM takes away, and one more for a minus.
func (p part) padded(width, n int, negative bool) string {
	if p.fill {
		return strconv.Itoa(n)
	}
	if negative {
		width++
	}
	return fmt.Sprintf("%0*d", width, n)
}

// field writes one template; number says that TH may follow.
func (m moment) field(p part) (text string, number bool) {
	switch p.field {
	case meridiem, meridiemShort, era, eraShort, monthName, monthShort, monthRoman, dayName, dayShort:
		return m.name(p), false
	case zoneName, zoneHours, zoneMinutes, zoneOffset:
		return m.zone(p), false
	case exact:
		return "", false
	case hour12, hour24, minute, second, fraction, millisecond, microsecond, daySeconds:
		return m.clock(p), true
	case century, yearWithComma, year, isoYear:
		return m.years(p), true
	default:
	}
	return m.date(p), p.field != quarter || m.Month != 0
}

func (m moment) clock(p part) string {
	switch p.field {
	case hour12:
		h := m.Hour % 12
		if h == 0 {
			h = 12
		}
		return p.padded(2, h, m.Hour < 0)
	case hour24:
		return p.padded(2, m.Hour, m.Hour < 0)
	case minute:
		return p.padded(2, m.Minute, m.Minute < 0)
	case second:
		return p.padded(2, m.Second, m.Second < 0)
	case daySeconds:
		return strconv.Itoa(m.Hour*3600 + m.Minute*60 + m.Second)
	default:
	}
	digits := map[field]int{fraction: p.digits, millisecond: 3, microsecond: 6}[p.field]
	n := m.Micros
	for range 6 - digits {
		n /= 10
	}
	return fmt.Sprintf("%0*d", digits, n)
}

// shownYear is the year of its era.
func (m moment) shownYear(year int) int {
	if year <= 0 && !m.span {
		return 1 - year
	}
	return year
}

func (m moment) years(p part) string {
	switch p.field {
	case century:
		return m.century(p)
	case yearWithComma:
		y := m.shownYear(m.Year)
		return fmt.Sprintf("%d,%03d", y/1000, y%1000)
	default:
	}
	y := m.Year
	if p.field == isoYear {
		y, _ = pgtime.ISOWeek(m.Year, m.Month, m.Day)
	}
	y = m.shownYear(y)
	switch p.digits {
	case 1:
		return strconv.Itoa(y % 10)
	case 2:
		y %= 100
	case 3:
		y %= 1000
	}
	return p.padded(p.digits, y, m.shownYear(m.Year) < 0)
}

func (m moment) century(p part) string {
	c := m.Year / 100
	switch {
	case m.span:
	case m.Year > 0:
		c = (m.Year-1)/100 + 1
	default:
		c--
	}
	if c > 99 || c < -99 {
		return strconv.Itoa(c)
	}
	return p.padded(2, c, c < 0)
}

func (m moment) date(p part) string {
	switch p.field {
	case quarter:
		if m.Month == 0 {
			return ""
		}
		return strconv.Itoa((m.Month-1)/3 + 1)
	case month:
		return p.padded(2, m.Month, m.Month < 0)
	case weekOfYear:
		return p.padded(2, (m.YearDay-1)/7+1, false)
	case weekOfMonth:
		return strconv.Itoa((m.Day-1)/7 + 1)
	case isoWeek:
		_, w := pgtime.ISOWeek(m.Year, m.Month, m.Day)
		return p.padded(2, w, false)
	case dayOfYear:
		return p.padded(3, m.YearDay, false)
	case isoDayOfYear:
		return p.padded(3, pgtime.ISOYearDay(m.Year, m.Month, m.Day), false)
	case dayOfMonth:
		return p.padded(2, m.Day, false)
	case dayOfWeek:
		return strconv.Itoa(m.Weekday + 1)
	case isoDayOfWeek:
		return strconv.Itoa((m.Weekday+6)%7 + 1)
	default:
	}
	return strconv.Itoa(pgtime.Julian(m.Year, m.Month, m.Day))
}

func (m moment) zone(p part) string {
	hours, minutes := max(m.Offset, -m.Offset)/3600, max(m.Offset, -m.Offset)%3600/60
	sign := "+"
	if m.Offset < 0 {
		sign = "-"
	}
	switch p.field {
	case zoneName:
		if p.letters == lower {
			return strings.ToLower(m.Zone)
		}
		return m.Zone
	case zoneHours:
		return fmt.Sprintf("%s%02d", sign, hours)
	case zoneMinutes:
		return fmt.Sprintf("%02d", minutes)
	default:
	}
	text := sign + p.padded(2, hours, false)
	if max(m.Offset, -m.Offset)%3600 != 0 {
		text += fmt.Sprintf(":%02d", minutes)
	}
	return text
}

func (m moment) name(p part) string {
	text, width := "", 0
	switch p.field {
	case meridiem:
		text = [...]string{"A.M.", "P.M."}[later((m.Hour%24) >= 12)]
	case meridiemShort:
		text = [...]string{"AM", "PM"}[later((m.Hour%24) >= 12)]
	case era:
		text = [...]string{"A.D.", "B.C."}[later(m.Year <= 0)]
	case eraShort:
		text = [...]string{"AD", "BC"}[later(m.Year <= 0)]
	case monthName:
		text, width = monthNames[m.Month-1], 9
	case monthShort:
		text = monthNames[m.Month-1][:3]
	case dayName:
		text, width = dayNames[m.Weekday], 9
	case dayShort:
		text = dayNames[m.Weekday][:3]
	case monthRoman:
		text, width = m.roman(), 4
	default:
	}
	switch p.letters {
	case upper:
		text = strings.ToUpper(text)
	case lower:
		text = strings.ToLower(text)
	default:
	}
	if p.fill || p.local && p.field != monthRoman || text == "" {
		return text
	}
	return fmt.Sprintf("%-*s", width, text)
}

func later(b bool) int {
	if b {
		return 1
	}
	return 0
}

var (
	monthNames = [...]string{
		"January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
	}
	dayNames    = [...]string{"Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}
	romanMonths = [...]string{"I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII"}
)

// roman is the month in Roman numerals. An interval of whole years is in its last month: XII, or I of a negative one.
func (m moment) roman() string {
	switch {
	case m.Month == 0 && m.Year == 0:
		return ""
	case m.Month > 0:
		return romanMonths[m.Month-1]
	case m.Month < 0:
		return romanMonths[12+m.Month]
	case m.Year > 0:
		return romanMonths[11]
	}
	return romanMonths[0]
}

// ordinal gives the ending of a number's text: st, nd, rd, th, in capitals for TH.
func ordinal(number, th string) (string, error) {
	last := number[len(number)-1]
	if !isDigit(last) {
		return "", pgerr.New(pgerr.InvalidTextRepresentation, "\"%s\" is not a number", number)
	}
	ending := "th"
	if len(number) < 2 || number[len(number)-2] != '1' {
		switch last {
		case '1':
			ending = "st"
		case '2':
			ending = "nd"
		case '3':
			ending = "rd"
		}
	}
	if th == "TH" {
		ending = strings.ToUpper(ending)
	}
	return ending, nil
}
