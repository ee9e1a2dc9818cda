package redshift

import (
	"math"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

const (
	microsPerSecond = 1_000_000
	microsPerDay    = 24 * 3600 * microsPerSecond
	secondsPerDay   = 24 * 3600
)

// The ends of PostgreSQL's timestamps: 4713 BC and 294276 AD.
const minMicros, endMicros = -210866803200000000, 9223371331200000000

func outOfRange() error {
	return pgerr.New(pgerr.DatetimeOverflow, "timestamp out of range")
}

func at(micros int64) time.Time { return time.UnixMicro(micros).UTC() }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// fixed are the microseconds of the parts that are always as long.
var fixed = map[Part]int64{
	Week: 7 * microsPerDay, Day: microsPerDay, Hour: 3600 * microsPerSecond, Minute: 60 * microsPerSecond,
	Second: microsPerSecond, Millisecond: 1000, Microsecond: 1,
}

// years are the years of the parts that are years.
var years = map[Part]int64{Millennium: 1000, Century: 100, Decade: 10, Year: 1}

// DateAdd is DATEADD. A month that is too short ends it: 31 January and a month is the last of February. But a year
// after 29 February is 1 March: so the documentation says of the two.
func DateAdd(part Part, n, micros int64) (int64, error) {
	if unit, ok := fixed[part]; ok {
		if n > math.MaxInt64/unit || n < math.MinInt64/unit {
			return 0, outOfRange()
		}
		return checked(micros, n*unit)
	}
	count := n
	if y, ok := years[part]; ok {
		count *= y * 12
	} else if part == Quarter {
		count *= 3
	}
	const most = 12 * 300000
	if n > most || n < -most || count > most || count < -most {
		return 0, outOfRange()
	}
	return addMonths(micros, count, years[part] > 0)
}

func checked(micros, add int64) (int64, error) {
	sum := micros + add
	if (add > 0) != (sum > micros) && add != 0 || sum < minMicros || sum >= endMicros {
		return 0, outOfRange()
	}
	return sum, nil
}

// addMonths adds months; overflowing says that days that the month has not are those of the next.
func addMonths(micros, n int64, overflowing bool) (int64, error) {
	t := at(micros)
	month := int64(t.Year())*12 + int64(t.Month()) - 1 + n
	y, m := int(floorDiv(month, 12)), time.Month(month-floorDiv(month, 12)*12+1)
	day := t.Day()
	if !overflowing {
		day = min(day, daysIn(y, m))
	}
	moved := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay
	return checked(moved*microsPerDay, micros-floorDiv(micros, microsPerDay)*microsPerDay)
}

func daysIn(year int, m time.Month) int {
	return time.Date(year, m+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// AddMonths is ADD_MONTHS: the last day of a month stays the last day.
func AddMonths(micros, n int64) (int64, error) {
	moved, err := DateAdd(Month, n, micros)
	if t := at(micros); err == nil && t.Day() == daysIn(t.Year(), t.Month()) {
		m := at(moved)
		return checked(moved, int64(daysIn(m.Year(), m.Month())-m.Day())*microsPerDay)
	}
	return moved, err
}

// DateDiff is DATEDIFF: how many times the part begins between a and b.
func DateDiff(part Part, a, b int64) int64 { return count(part, b) - count(part, a) }

// count numbers the periods of a part. Weeks begin on Monday, as those of DATE_TRUNC do.
func count(part Part, micros int64) int64 {
	if unit, ok := fixed[part]; ok {
		if part == Week {
			return floorDiv(micros+3*microsPerDay, unit) // 1970 began on a Thursday
		}
		return floorDiv(micros, unit)
	}
	t := at(micros)
	y := int64(t.Year())
	switch part {
	case Quarter:
		return y*4 + int64(t.Month()-1)/3
	case Month:
		return y*12 + int64(t.Month()-1)
	case Century, Millennium:
		return floorDiv(y-1, years[part])
	default:
		return floorDiv(y, years[part])
	}
}

// MonthsBetween is MONTHS_BETWEEN: whole between the same days, and between last days, of months; else days are
// counted as parts of 31.
func MonthsBetween(a, b int64) float64 {
	x, y := at(a), at(b)
	months := float64(count(Month, a) - count(Month, b))
	last := func(t time.Time) bool { return t.Day() == daysIn(t.Year(), t.Month()) }
	if x.Day() == y.Day() || last(x) && last(y) {
		return months
	}
	ofMonth := func(t time.Time, micros int64) int64 {
		return int64(t.Day())*microsPerDay + micros - floorDiv(micros, microsPerDay)*microsPerDay
	}
	return months + float64(ofMonth(x, a)-ofMonth(y, b))/(31*microsPerDay)
}

// LastDay is LAST_DAY.
func LastDay(days int32) int32 {
	t := at(int64(days) * microsPerDay)
	return days + int32(daysIn(t.Year(), t.Month())-t.Day())
}

// weekdays are the names of the days from Sunday, as NEXT_DAY reads them.
var weekdays = []string{
	"su sun sunday", "m mo mon monday", "tu tue tues tuesday", "w we wed wednesday", "th thu thurs thursday", "f fr fri friday", "sa sat saturday",
}

// NextDay is NEXT_DAY: the first such day after the date.
func NextDay(days int32, name string) (int32, error) {
	name = strings.ToLower(strings.TrimSpace(name))
	for i, list := range weekdays {
		if name != "" && strings.Contains(" "+list+" ", " "+name+" ") {
			now := int32(at(int64(days) * microsPerDay).Weekday())
			return days + (int32(i)-now+6)%7 + 1, nil
		}
	}
	return 0, pgerr.New(pgerr.InvalidParameterValue, "%q is no day of the week", name)
}

// DatePart is DATE_PART; of seconds and their parts it gives all of the seconds.
func DatePart(part Part, micros int64) float64 {
	ofMinute := micros - floorDiv(micros, fixed[Minute])*fixed[Minute]
	switch part {
	case Epoch:
		return float64(micros) / microsPerSecond
	case Second:
		return float64(ofMinute) / microsPerSecond
	case Millisecond:
		return float64(ofMinute) / 1000
	case Microsecond:
		return float64(ofMinute)
	default:
		return float64(wholePart(part, micros))
	}
}

// Extract is EXTRACT, which is whole: seconds without their parts, milliseconds without the seconds.
func Extract(part Part, micros int64) int64 {
	switch part {
	case Epoch:
		return floorDiv(micros, microsPerSecond)
	case Second:
		return floorDiv(micros, microsPerSecond) - floorDiv(micros, fixed[Minute])*60
	case Millisecond:
		return floorDiv(micros, 1000) - floorDiv(micros, microsPerSecond)*1000
	default:
		return wholePart(part, micros)
	}
}

func wholePart(part Part, micros int64) int64 {
	t := at(micros)
	year := int64(t.Year())
	if year <= 0 {
		year-- // there is no year 0
	}
	switch part {
	case Millennium, Century:
		if unit := years[part]; year > 0 {
			return (year + unit - 1) / unit
		}
		return -((years[part] - 1 - year) / years[part])
	case Decade:
		// The first decade is the years 1 to 9.
		return floorDiv(int64(t.Year()), 10) + 1
	case Year:
		return year
	case Quarter:
		return int64(t.Month()-1)/3 + 1
	case Month:
		return int64(t.Month())
	case Week:
		_, week := t.ISOWeek()
		return int64(week)
	case Day:
		return int64(t.Day())
	case DayOfWeek:
		return int64(t.Weekday())
	case DayOfYear:
		return int64(t.YearDay())
	case Hour:
		return int64(t.Hour())
	default:
		return int64(t.Minute())
	}
}
