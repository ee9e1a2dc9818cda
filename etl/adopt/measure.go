package adopt

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// measure is one number of a day that both sides must give alike.
type measure struct {
	what      string // "column load: values", for the report
	lake, hot string // how each side is asked
	// plain makes texts that mean the same number one text; nil leaves them.
	plain func(string) string
}

// measures are what is compared of a day: rows, values of each column, sums of numbers, ends of times and floats, and a
// checksum of the rows.
func measures(columns []catalog.Column, hot Dialect) []measure {
	all := []measure{{what: "rows", lake: asText("count(*)"), hot: asText("count(*)")}}
	var lakeValues, hotValues []string
	for _, c := range columns {
		all = append(all, columnMeasures(c, hot)...)
		// What one side cannot write, the other leaves out too.
		there, ok1 := DuckDB.canonical(c.Name, c.Type)
		here, ok2 := hot.canonical(c.Name, c.Type)
		if ok1 && ok2 {
			lakeValues, hotValues = append(lakeValues, there), append(hotValues, here)
		}
	}
	return append(all, measure{what: checksumOfRows, lake: DuckDB.checksum(lakeValues), hot: hot.checksum(hotValues)})
}

const checksumOfRows = "checksum of the rows"

func columnMeasures(c catalog.Column, hot Dialect) []measure {
	of := func(what, format string, plain func(string) string) measure {
		return measure{
			what: "column " + c.Name + ": " + what, plain: plain,
			lake: asText(fmt.Sprintf(format, DuckDB.value(c.Name, c.Type))), hot: asText(fmt.Sprintf(format, hot.value(c.Name, c.Type))),
		}
	}
	all := []measure{of("values", "count(%s)", nil)}
	switch c.Type.OID {
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Numeric:
		all = append(all, of("sum", "sum(%s)", plainNumber))
	case pgtypes.Date, pgtypes.Timestamp:
		all = append(all, of("smallest", "min(%s)", nil), of("largest", "max(%s)", nil))
	case pgtypes.Timestamptz:
		all = append(all, of("smallest", "min(%s AT TIME ZONE 'UTC')", nil), of("largest", "max(%s AT TIME ZONE 'UTC')", nil))
	case pgtypes.Float4, pgtypes.Float8:
		all = append(all, of("smallest", "min(%s)", plainFloat), of("largest", "max(%s)", plainFloat))
	}
	return all
}

// plainNumber leaves out zeros behind the point: engines give sums different scales.
func plainNumber(s string) string {
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return s
	}
	return r.RatString()
}

// plainFloat writes the value that the text stands for: engines differ in when they write an exponent.
func plainFloat(s string) string {
	f, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return s
	}
	if f == 0 {
		return "0"
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}

// query sums up the days of a range, one row each: the day, then the measures.
func (d Dialect) query(from string, c catalog.Column, calendar *catalog.Calendar, within catalog.DayRange, all []measure) string {
	targets := []string{asText(calendar.DaySQL(quoteName(c.Name), c.Type, within)) + " AS tg_day"}
	for i, m := range all {
		asked := m.hot
		if d == DuckDB {
			asked = m.lake
		}
		targets = append(targets, fmt.Sprintf("%s AS tg_%d", asked, i))
	}
	name := quoteName(c.Name)
	return fmt.Sprintf("SELECT %s FROM %s AS tg WHERE %s >= %s AND %s < %s GROUP BY 1", strings.Join(targets, ", "), from,
		name, calendar.StartSQL(c.Type, within.First), name, calendar.StartSQL(c.Type, within.Last+1))
}

// sum is one side of a day, measure by measure.
type sum []string

// sumSeparator is in no number and no time.
const sumSeparator = "|"

func (s sum) String() string { return strings.Join(s, sumSeparator) }

func parseSum(text string, n int) (sum, bool) {
	s := sum(strings.Split(text, sumSeparator))
	return s, len(s) == n
}

// nothing is the sum of a day without rows.
func nothing(all []measure) sum {
	s := make(sum, len(all))
	for i, m := range all {
		if m.what == "rows" || strings.HasSuffix(m.what, ": values") {
			s[i] = "0"
		}
	}
	return s
}

// sumOf makes of what an engine said the sum to compare; NULL is "".
func sumOf(all []measure, said []string) sum {
	s := make(sum, len(all))
	for i, m := range all {
		if s[i] = said[i]; m.plain != nil && said[i] != "" {
			s[i] = m.plain(said[i])
		}
	}
	return s
}

// difference says the first measure that is not the same, in words for people; "" if all are.
func difference(all []measure, warehouse, lake sum) string {
	for i, m := range all {
		if warehouse[i] == lake[i] {
			continue
		}
		shown := func(s string) string {
			if s == "" {
				return "none"
			}
			return s
		}
		if m.what == checksumOfRows {
			return "a value of some row (the checksums differ)"
		}
		return fmt.Sprintf("%s %s, in the lake %s", m.what, shown(warehouse[i]), shown(lake[i]))
	}
	return ""
}
