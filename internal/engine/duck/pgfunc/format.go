package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgformat"
	"tidegate/internal/pgnumeric"
)

// formats is to_char, to_date, to_timestamp and to_number.
func formats() []udf.Function {
	format := remembered(func(text string) (*pgformat.DateFormat, error) { return pgformat.ParseDateFormat(text), nil })
	zone := zones()
	text := func(s string, ok bool, err error) (udf.Null[string], error) {
		return udf.Null[string]{V: s, Valid: ok}, err
	}
	dates := []udf.Function{
		udf.Of2("tg_to_char", func(at udf.Timestamp, f string) (udf.Null[string], error) {
			p, _ := format(f)
			return text(p.Timestamp(int64(at)))
		}),
		udf.Of3("tg_to_char", func(at udf.Timestamptz, f, name string) (udf.Null[string], error) {
			p, _ := format(f)
			z, err := zone(name)
			if err != nil {
				return udf.Null[string]{}, err
			}
			return text(p.Timestamptz(int64(at), z))
		}),
		udf.Of2("tg_to_char", func(v udf.Interval, f string) (udf.Null[string], error) {
			p, _ := format(f)
			return text(p.Interval(span(v)))
		}),
		udf.Of2("tg_to_date", func(s, f string) (udf.Date, error) {
			p, _ := format(f)
			d, err := p.Date(s)
			return udf.Date(d), err
		}),
		udf.Of3("tg_to_timestamp", func(s, f, name string) (udf.Timestamptz, error) {
			p, _ := format(f)
			z, err := zone(name)
			if err != nil {
				return 0, err
			}
			at, err := p.Instant(s, z)
			return udf.Timestamptz(at), err
		}),
	}
	return append(dates, numberFormats()...)
}

func numberFormats() []udf.Function {
	format := remembered(pgformat.ParseNumberFormat)
	return []udf.Function{
		ofFormat(format, func(f *pgformat.NumberFormat, n int32) (string, error) { return f.Int4(n) }),
		ofFormat(format, func(f *pgformat.NumberFormat, n int64) (string, error) { return f.Int8(n) }),
		ofFormat(format, func(f *pgformat.NumberFormat, n float32) (string, error) { return f.Float4(n) }),
		ofFormat(format, func(f *pgformat.NumberFormat, n float64) (string, error) { return f.Float8(n) }),
		ofFormat(format, func(f *pgformat.NumberFormat, s string) (string, error) { // a numeric
			n, err := pgnumeric.Parse(s)
			if err != nil {
				return "", err
			}
			return f.Numeric(n)
		}),
		udf.Of2("tg_to_number", func(s, text string) (udf.Null[string], error) {
			f, err := format(text)
			if err != nil {
				return udf.Null[string]{}, err
			}
			n, ok, err := f.Number(s)
			if err != nil || !ok {
				return udf.Null[string]{}, err
			}
			return udf.Some(n.String()), nil
		}),
	}
}

func ofFormat[A any](format func(string) (*pgformat.NumberFormat, error), write func(*pgformat.NumberFormat, A) (string, error)) udf.Function {
	return udf.Of2("tg_to_char", func(n A, text string) (string, error) {
		f, err := format(text)
		if err != nil {
			return "", err
		}
		return write(f, n)
	})
}
