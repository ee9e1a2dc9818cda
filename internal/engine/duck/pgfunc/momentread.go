package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// momentReaders reads dates and times as literals are read: DuckDB's own casts take other forms, and shift a timestamp by
// the zone behind it, which PostgreSQL does not look at.
func momentReaders() []udf.Function {
	zone := zones()
	ordered := remembered(func(order string) (s pgtypes.Style, err error) { return s, s.ParseDateStyle(order) })
	return []udf.Function{
		udf.Of2("tg_ordered_date_of", func(s, order string) (udf.Date, error) {
			style, err := ordered(order)
			if err != nil {
				return 0, err
			}
			d, err := style.ParseDate(s)
			return udf.Date(d), err
		}),
		udf.Of2("tg_ordered_timestamp_of", func(s, order string) (udf.Timestamp, error) {
			style, err := ordered(order)
			if err != nil {
				return 0, err
			}
			at, err := style.ParseTimestamp(s)
			return udf.Timestamp(at), err
		}),
		udf.Of3("tg_ordered_timestamptz_of", func(s, name, order string) (udf.Timestamptz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			style, err := ordered(order)
			if err != nil {
				return 0, err
			}
			style.Zone = z
			at, err := style.ParseTimestamptz(s)
			return udf.Timestamptz(at), err
		}),
		udf.Of1("tg_date_of", func(s string) (udf.Date, error) {
			d, err := pgtypes.ParseDate(s)
			return udf.Date(d), err
		}),
		udf.Of3("tg_date_days", func(d udf.Date, op string, n int32) (udf.Date, error) {
			days := int64(n)
			if op == "-" {
				days = -days
			}
			return dateAfter(d, days)
		}),
		udf.Of1("tg_timestamp_of", func(s string) (udf.Timestamp, error) {
			at, err := pgtypes.ParseTimestamp(s)
			return udf.Timestamp(at), err
		}),
		udf.Of2("tg_timestamptz_of", func(s, name string) (udf.Timestamptz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			at, err := pgtypes.ParseTimestamptz(s, z)
			return udf.Timestamptz(at), err
		}),
	}
}

// dateAfter gives the date some days later. DuckDB's dates reach further than PostgreSQL's.
func dateAfter(d udf.Date, days int64) (udf.Date, error) {
	if int32(d) == pgtypes.DateInfinity || int32(d) == pgtypes.DateNegativeInfinity {
		return d, nil
	}
	if days += int64(d); !pgtypes.DateInRange(days) {
		return 0, pgerr.New(pgerr.DatetimeOverflow, "date out of range")
	}
	return udf.Date(days), nil
}
