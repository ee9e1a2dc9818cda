package pgfunc

import (
	"slices"
	"time"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// dates is the functions of dates, times, intervals and their formats. A zone is given by its name.
func dates() []udf.Function {
	return slices.Concat(formats(), dateParts(), moments(), momentTexts(), momentReaders(), intervals(), styledTexts(), zonedTimes())
}

func span(v udf.Interval) pgtime.Interval {
	return pgtime.Interval{Months: v.Months, Days: v.Days, Micros: v.Micros}
}

func spanned(v pgtime.Interval, err error) (udf.Interval, error) {
	return udf.Interval{Months: v.Months, Days: v.Days, Micros: v.Micros}, err
}

func zones() func(string) (*time.Location, error) { return remembered(pgtime.FindZone) }

// micros is the timestamp of a date.
func micros(d udf.Date) int64 {
	switch int32(d) {
	case pgtypes.DateInfinity:
		return pgtypes.TimestampInfinity
	case pgtypes.DateNegativeInfinity:
		return pgtypes.TimestampNegativeInfinity
	}
	return int64(d) * pgtime.Day
}

func dateParts() []udf.Function {
	zone := zones()
	text := func(n pgnumeric.Numeric, ok bool, err error) (udf.Null[string], error) {
		if err != nil || !ok {
			return udf.Null[string]{}, err
		}
		return udf.Some(n.String()), nil
	}
	return []udf.Function{
		udf.Of2("tg_date_part", func(field string, d udf.Date) (udf.Null[string], error) {
			return text(pgtime.DatePart(field, pgtime.KindDate, micros(d), nil))
		}),
		udf.Of2("tg_date_part", func(field string, at udf.Timestamp) (udf.Null[string], error) {
			return text(pgtime.DatePart(field, pgtime.KindTimestamp, int64(at), nil))
		}),
		udf.Of3("tg_date_part", func(field string, at udf.Timestamptz, name string) (udf.Null[string], error) {
			z, err := zone(name)
			if err != nil {
				return udf.Null[string]{}, err
			}
			return text(pgtime.DatePart(field, pgtime.KindTimestamptz, int64(at), z))
		}),
		udf.Of2("tg_date_part", func(field string, v udf.Interval) (string, error) {
			return written(pgtime.IntervalPart(field, span(v)))
		}),
		udf.Of2("tg_date_part", func(field string, t udf.Time) (string, error) { return written(pgtime.TimePart(field, int64(t))) }),
		udf.Of2("tg_date_trunc", func(field string, at udf.Timestamp) (udf.Timestamp, error) {
			v, err := pgtime.Trunc(field, int64(at))
			return udf.Timestamp(v), err
		}),
		udf.Of3("tg_date_trunc", func(field string, at udf.Timestamptz, name string) (udf.Timestamptz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			v, err := pgtime.TruncIn(field, int64(at), z)
			return udf.Timestamptz(v), err
		}),
		udf.Of2("tg_date_trunc", func(field string, v udf.Interval) (udf.Interval, error) { return spanned(span(v).Trunc(field)) }),
	}
}

// moments is what makes and changes dates and timestamps.
func moments() []udf.Function {
	zone := zones()
	return []udf.Function{
		udf.Of2("tg_add", func(at udf.Timestamp, v udf.Interval) (udf.Timestamp, error) {
			r, err := span(v).AddTo(int64(at))
			return udf.Timestamp(r), err
		}),
		udf.Of1("tg_instant_of", func(seconds float64) (udf.Timestamptz, error) {
			r, err := pgtime.FromSeconds(seconds)
			return udf.Timestamptz(r), err
		}),
		udf.Of2("tg_days_between", func(from, to udf.Date) (int32, error) {
			if !pgtime.Finite(micros(from)) || !pgtime.Finite(micros(to)) {
				return 0, pgerr.New("22008", "cannot subtract infinite dates")
			}
			return int32(to) - int32(from), nil
		}),
		udf.Of4("tg_overlaps", func(a, b, c, d udf.Null[udf.Timestamp]) (udf.Null[bool], error) {
			return overlaps(a, b, c, d), nil
		}),
		udf.Of3("tg_add_in", func(at udf.Timestamptz, v udf.Interval, name string) (udf.Timestamptz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			r, err := span(v).AddIn(int64(at), z)
			return udf.Timestamptz(r), err
		}),
		udf.Of2("tg_at_zone", func(name string, at udf.Timestamptz) (udf.Timestamp, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			r, err := pgtime.InRange(pgtime.Local(int64(at), z))
			return udf.Timestamp(r), err
		}),
		udf.Of2("tg_at_zone", func(name string, at udf.Timestamp) (udf.Timestamptz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			r, err := pgtime.InRange(pgtime.Instant(int64(at), z))
			return udf.Timestamptz(r), err
		}),
		udf.Of2("tg_round_time", func(at udf.Timestamp, digits int32) (udf.Timestamp, error) {
			return udf.Timestamp(pgtime.RoundTimestamp(int64(at), int(digits))), nil
		}),
		udf.Of2("tg_round_time", func(at udf.Timestamptz, digits int32) (udf.Timestamptz, error) {
			return udf.Timestamptz(pgtime.RoundTimestamp(int64(at), int(digits))), nil
		}),
		udf.Of2("tg_round_time", func(at udf.Time, digits int32) (udf.Time, error) {
			return udf.Time(pgtime.RoundTime(int64(at), int(digits))), nil
		}),
		udf.Of3("tg_make_date", func(year, month, day int32) (udf.Date, error) {
			d, err := pgtime.MakeDate(year, month, day)
			return udf.Date(d), err
		}),
		udf.Of3("tg_make_time", func(hour, minute int32, second float64) (udf.Time, error) {
			t, err := pgtime.MakeTime(hour, minute, second)
			return udf.Time(t), err
		}),
		udf.Variadic("tg_make_timestamp", func(a []udf.Null[float64]) (udf.Null[udf.Timestamp], error) {
			if slices.ContainsFunc(a, func(x udf.Null[float64]) bool { return !x.Valid }) {
				return udf.Null[udf.Timestamp]{}, nil
			}
			t, err := pgtime.MakeTimestamp(int32(a[0].V), int32(a[1].V), int32(a[2].V), int32(a[3].V), int32(a[4].V), a[5].V)
			return udf.Some(udf.Timestamp(t)), err
		}),
		udf.Of3("tg_bin", func(stride udf.Interval, at, origin udf.Timestamp) (udf.Timestamp, error) {
			v, err := pgtime.Bin(span(stride), int64(at), int64(origin))
			return udf.Timestamp(v), err
		}),
		udf.Of3("tg_bin", func(stride udf.Interval, at, origin udf.Timestamptz) (udf.Timestamptz, error) {
			v, err := pgtime.Bin(span(stride), int64(at), int64(origin))
			return udf.Timestamptz(v), err
		}),
	}
}

// momentTexts is PostgreSQL's texts. DuckDB writes years before Christ, and offsets with seconds, differently.
func momentTexts() []udf.Function {
	zone := zones()
	return []udf.Function{
		udf.Of1("tg_moment_text", func(d udf.Date) (string, error) { return string(pgtypes.AppendDate(nil, int32(d))), nil }),
		udf.Of1("tg_moment_text", func(at udf.Timestamp) (string, error) { return string(pgtypes.AppendTimestamp(nil, int64(at))), nil }),
		udf.Of2("tg_moment_text", func(at udf.Timestamptz, name string) (string, error) {
			z, err := zone(name)
			if err != nil {
				return "", err
			}
			return string(pgtypes.AppendTimestamptz(nil, int64(at), pgtypes.NewZone(z))), nil
		}),
	}
}

func intervals() []udf.Function {
	one := func(name string, f func(pgtime.Interval) (pgtime.Interval, error)) udf.Function {
		return udf.Of1(name, func(v udf.Interval) (udf.Interval, error) { return spanned(f(span(v))) })
	}
	return []udf.Function{
		one("tg_justify_hours", pgtime.Interval.JustifyHours), one("tg_justify_days", pgtime.Interval.JustifyDays), one("tg_justify_interval", pgtime.Interval.Justify),
		one("tg_interval_neg", pgtime.Interval.Neg),
		udf.Of2("tg_interval_plus", func(v, w udf.Interval) (udf.Interval, error) { return spanned(span(v).Add(span(w))) }),
		udf.Of2("tg_interval_minus", func(v, w udf.Interval) (udf.Interval, error) { return spanned(span(v).Sub(span(w))) }),
		udf.Of2("tg_interval_mul", func(v udf.Interval, f float64) (udf.Interval, error) { return spanned(span(v).Mul(f)) }),
		udf.Of2("tg_interval_div", func(v udf.Interval, f float64) (udf.Interval, error) { return spanned(span(v).Div(f)) }),
		udf.Of2("tg_age", func(a, b udf.Timestamp) (udf.Interval, error) { return spanned(pgtime.Age(int64(a), int64(b))) }),
		udf.Of3("tg_interval", func(text string, fields, digits int32) (udf.Interval, error) {
			v, err := pgtime.ParseInterval(text, pgtime.Range(fields))
			return spanned(v.Limit(pgtime.Range(fields), int(digits)), err)
		}),
		udf.Of3("tg_interval_standard", func(text string, fields, digits int32) (udf.Interval, error) {
			v, err := pgtime.ParseStandard(text, pgtime.Range(fields))
			return spanned(v.Limit(pgtime.Range(fields), int(digits)), err)
		}),
		udf.Of3("tg_interval_limit", func(v udf.Interval, fields, digits int32) (udf.Interval, error) {
			return spanned(span(v).Limit(pgtime.Range(fields), int(digits)), nil)
		}),
		udf.Of1("tg_interval_text", func(v udf.Interval) (string, error) {
			return string(pgtypes.AppendInterval(nil, v.Months, v.Days, v.Micros)), nil
		}),
		udf.Of1("tg_interval_total", func(v udf.Interval) (udf.Hugeint, error) { return intervalKey(v), nil }),
		extremeInterval("tg_interval_greatest", 1), extremeInterval("tg_interval_least", -1),
		udf.Variadic("tg_make_interval", func(a []udf.Null[float64]) (udf.Null[udf.Interval], error) {
			var n [7]float64
			for i, x := range a {
				if !x.Valid {
					return udf.Null[udf.Interval]{}, nil
				}
				n[i] = x.V
			}
			v, err := spanned(pgtime.MakeInterval(int32(n[0]), int32(n[1]), int32(n[2]), int32(n[3]), int32(n[4]), int32(n[5]), n[6]))
			return udf.Some(v), err
		}),
	}
}

// intervalKey is what intervals are compared by.
func intervalKey(v udf.Interval) udf.Hugeint {
	hi, lo := span(v).Total()
	return udf.Hugeint{Lo: lo, Hi: hi}
}

// extremeInterval makes greatest, for 1, and least, for -1: NULLs are left out.
func extremeInterval(name string, sign int) udf.Function {
	return udf.Variadic(name, func(a []udf.Null[udf.Interval]) (best udf.Null[udf.Interval], err error) {
		for _, x := range a {
			if x.Valid && (!best.Valid || span(x.V).Compare(span(best.V)) == sign) {
				best = x
			}
		}
		return best, nil
	})
}

// overlaps tells whether two periods have a moment in common; an end that is NULL is not known.
func overlaps(a, b, c, d udf.Null[udf.Timestamp]) udf.Null[bool] {
	a, b = ordered(a, b)
	c, d = ordered(c, d)
	switch {
	case !a.Valid || !c.Valid:
		return udf.Null[bool]{}
	case a.V == c.V:
		return udf.Null[bool]{V: true, Valid: b.Valid && d.Valid}
	case a.V > c.V:
		b, c, d = d, a, b
	}
	switch { // a is earlier
	case !b.Valid:
		return udf.Null[bool]{}
	case c.V < b.V:
		return udf.Some(true)
	}
	return udf.Null[bool]{Valid: d.Valid}
}

func ordered(a, b udf.Null[udf.Timestamp]) (udf.Null[udf.Timestamp], udf.Null[udf.Timestamp]) {
	if !a.Valid || b.Valid && a.V > b.V {
		return b, a
	}
	return a, b
}
