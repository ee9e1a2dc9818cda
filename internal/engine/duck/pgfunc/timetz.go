package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
)

// zonedTimes makes times with time zone. What has no zone of its own is of the one named on the day given, which is today
// there.
func zonedTimes() []udf.Function {
	zone := zones()
	return []udf.Function{
		udf.Of3("tg_timetz_of", func(s, name string, today udf.Date) (udf.Timetz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			t, err := pgtypes.ParseTimetz(s, int32(today), z)
			return udf.Timetz(t.Pack()), err
		}),
		udf.Of1("tg_time_of", func(s string) (udf.Time, error) {
			t, err := pgtypes.ParseTime(s)
			return udf.Time(t), err
		}),
		udf.Of3("tg_timetz_in", func(t udf.Time, name string, today udf.Date) (udf.Timetz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			return udf.Timetz(pgtypes.TimeIn(int64(t), int32(today), z).Pack()), nil
		}),
		udf.Of2("tg_timetz_at", func(at udf.Timestamptz, name string) (udf.Null[udf.Timetz], error) {
			z, err := zone(name)
			if err != nil || !pgtime.Finite(int64(at)) {
				return udf.Null[udf.Timetz]{}, err
			}
			return udf.Some(udf.Timetz(pgtypes.TimeAt(int64(at), z).Pack())), nil
		}),
		udf.Of2("tg_date_part", func(field string, t udf.Timetz) (string, error) {
			return written(pgtime.ZonedTimePart(field, pgtypes.UnpackZonedTime(uint64(t))))
		}),
		udf.Of2("tg_timetz_add", func(t udf.Timetz, v udf.Interval) (udf.Timetz, error) {
			z := pgtypes.UnpackZonedTime(uint64(t))
			return ofDay(z.Micros+v.Micros%pgtime.Day, z.Offset), nil
		}),
		udf.Of2("tg_timetz_on", func(t udf.Timetz, d udf.Date) (udf.Timestamptz, error) {
			if int32(d) < pgtypes.DateInfinity && int32(d) > pgtypes.DateNegativeInfinity && !pgtypes.SecondsInRange(int64(d)*86400) {
				return 0, pgerr.New(pgerr.DatetimeOverflow, "date out of range for timestamp")
			}
			at := micros(d)
			if z := pgtypes.UnpackZonedTime(uint64(t)); pgtime.Finite(at) {
				at += z.Micros - z.Offset*pgtime.Second
			}
			r, err := pgtime.InRange(at)
			return udf.Timestamptz(r), err
		}),
		udf.Of3("tg_timetz_zone", func(t udf.Timetz, name string, now udf.Timestamptz) (udf.Timetz, error) {
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			return moved(t, pgtypes.TimeAt(int64(now), z).Offset), nil
		}),
		udf.Of2("tg_timetz_offset", func(t udf.Timetz, seconds int32) (udf.Timetz, error) { return moved(t, int64(seconds)), nil }),
		udf.Of2("tg_round_time", func(t udf.Timetz, digits int32) (udf.Timetz, error) {
			z := pgtypes.UnpackZonedTime(uint64(t))
			z.Micros = pgtime.RoundTime(z.Micros, int(digits))
			return udf.Timetz(z.Pack()), nil
		}),
		udf.Of1("tg_timetz_key", func(t udf.Timetz) (int64, error) { return pgtypes.UnpackZonedTime(uint64(t)).Key(), nil }),
		udf.Of1("tg_timetz_text", func(t udf.Timetz) (string, error) {
			return string(pgtypes.UnpackZonedTime(uint64(t)).Append(nil)), nil
		}),
	}
}

// moved is the same instant of a day in a zone that is seconds east.
func moved(t udf.Timetz, offset int64) udf.Timetz {
	z := pgtypes.UnpackZonedTime(uint64(t))
	return ofDay(z.Micros+(offset-z.Offset)*pgtime.Second, offset)
}

// ofDay is a time that may have left the day, whose clock begins anew then.
func ofDay(micros, offset int64) udf.Timetz {
	micros %= pgtime.Day
	if micros < 0 {
		micros += pgtime.Day
	}
	return udf.Timetz(pgtypes.ZonedTime{Micros: micros, Offset: offset}.Pack())
}
