package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
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
		udf.Of1("tg_timetz_key", func(t udf.Timetz) (int64, error) { return pgtypes.UnpackZonedTime(uint64(t)).Key(), nil }),
		udf.Of1("tg_timetz_text", func(t udf.Timetz) (string, error) {
			return string(pgtypes.UnpackZonedTime(uint64(t)).Append(nil)), nil
		}),
	}
}
