// Package redshift is the functions that Redshift alone has, or has with another meaning than PostgreSQL, as Redshift's
// documentation describes them. DuckDB calls them (internal/engine/duck/pgfunc), and the binder folds constants with
// them. Timestamps are microseconds since 1970, dates are days since 1970.
package redshift

import "strings"

// Part is a date part.
type Part string

// The date parts.
const (
	Millennium  Part = "millennium"
	Century     Part = "century"
	Decade      Part = "decade"
	Year        Part = "year"
	Quarter     Part = "quarter"
	Month       Part = "month"
	Week        Part = "week"
	Day         Part = "day"
	Hour        Part = "hour"
	Minute      Part = "minute"
	Second      Part = "second"
	Millisecond Part = "millisecond"
	Microsecond Part = "microsecond"
	Epoch       Part = "epoch"
	DayOfWeek   Part = "dow"
	DayOfYear   Part = "doy"
)

// partNames are the names of each part: "Date parts for date or timestamp functions".
var partNames = map[Part]string{
	Millennium: "millennium millennia mil mils", Century: "century centuries c cent cents", Decade: "decade decades dec decs",
	Year: "year years y yr yrs", Quarter: "quarter quarters qtr qtrs", Month: "month months mon mons", Week: "week weeks w",
	Day: "day days d", Hour: "hour hours h hr hrs", Minute: "minute minutes m min mins", Second: "second seconds s sec secs",
	Millisecond: "millisecond milliseconds ms msec msecs msecond mseconds millisec millisecs millisecon",
	Microsecond: "microsecond microseconds microsec microsecs usecond useconds us usec usecs",
	Epoch:       "epoch", DayOfWeek: "dayofweek dow dw weekday", DayOfYear: "dayofyear doy dy yearday",
}

// PartOf finds a part by any of its names, in any case.
func PartOf(name string) (Part, bool) {
	name = strings.ToLower(name)
	if name == "" || strings.Contains(name, " ") {
		return "", false
	}
	for part, list := range partNames {
		if strings.Contains(" "+list+" ", " "+name+" ") {
			return part, true
		}
	}
	return "", false
}

// Counts says that DATEADD and DATEDIFF take the part.
func (p Part) Counts() bool { return p != Epoch && p != DayOfWeek && p != DayOfYear }
