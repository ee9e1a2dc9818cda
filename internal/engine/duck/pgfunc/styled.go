package pgfunc

import (
	"fmt"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgtypes"
)

// styledTexts writes dates and intervals in the styles other than PostgreSQL's own, which are given by their names in
// DateStyle and IntervalStyle.
func styledTexts() []udf.Function {
	zone := zones()
	dates := remembered(func(name string) (s pgtypes.Style, err error) { return s, s.ParseDateStyle(name) })
	spans := remembered(func(name string) (pgtypes.Style, error) {
		style, ok := pgtypes.ParseIntervalStyle(name)
		if !ok {
			return pgtypes.Style{}, fmt.Errorf("there is no interval style %q", name)
		}
		return pgtypes.Style{Intervals: style}, nil
	})
	return []udf.Function{
		udf.Of2("tg_moment_styled", func(d udf.Date, style string) (string, error) {
			s, err := dates(style)
			return string(s.AppendDate(nil, int32(d))), err
		}),
		udf.Of2("tg_moment_styled", func(at udf.Timestamp, style string) (string, error) {
			s, err := dates(style)
			return string(s.AppendTimestamp(nil, int64(at))), err
		}),
		udf.Of3("tg_moment_styled", func(at udf.Timestamptz, name, style string) (string, error) {
			z, err := zone(name)
			if err != nil {
				return "", err
			}
			s, err := dates(style)
			return string(s.AppendTimestamptz(nil, int64(at), pgtypes.NewZone(z))), err
		}),
		udf.Of2("tg_interval_styled", func(v udf.Interval, style string) (string, error) {
			s, err := spans(style)
			return string(s.AppendInterval(nil, v.Months, v.Days, v.Micros)), err
		}),
	}
}
