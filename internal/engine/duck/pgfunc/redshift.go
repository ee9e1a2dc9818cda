package pgfunc

import (
	"slices"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/redshift"
)

// redshiftFunctions is the functions that Redshift alone has.
func redshiftFunctions() []udf.Function {
	return slices.Concat(redshiftDates(), redshiftPatterns(), redshiftTexts(), redshiftMeans())
}

// redshiftMeans gives a sum divided by a count the type of AVG: of whole numbers, which DuckDB sums as HUGEINT, BIGINT.
// The quotient is within the range of what was summed.
func redshiftMeans() []udf.Function {
	return []udf.Function{
		udf.Of1("tg_rs_mean", func(n udf.Hugeint) (int64, error) { return int64(n.Lo), nil }),
		udf.Of1("tg_rs_mean", func(x float64) (float64, error) { return x, nil }),
	}
}

// part finds a date part. The binder knows the names that there are.
func part(name string) redshift.Part {
	p, _ := redshift.PartOf(name)
	return p
}

func redshiftDates() []udf.Function {
	zones := new(redshift.Zones)
	type moment = udf.Timestamp
	return []udf.Function{
		udf.Of3("tg_rs_date_add", func(p string, n int64, at moment) (moment, error) {
			moved, err := redshift.DateAdd(part(p), n, int64(at))
			return moment(moved), err
		}),
		udf.Of3("tg_rs_date_diff", func(p string, a, b moment) (int64, error) {
			return redshift.DateDiff(part(p), int64(a), int64(b)), nil
		}),
		udf.Of2("tg_rs_add_months", func(at moment, n int64) (moment, error) {
			moved, err := redshift.AddMonths(int64(at), n)
			return moment(moved), err
		}),
		udf.Of2("tg_rs_months_between", func(a, b moment) (float64, error) {
			return redshift.MonthsBetween(int64(a), int64(b)), nil
		}),
		udf.Of1("tg_rs_last_day", func(d udf.Date) (udf.Date, error) { return udf.Date(redshift.LastDay(int32(d))), nil }),
		udf.Of2("tg_rs_next_day", func(d udf.Date, name string) (udf.Date, error) {
			next, err := redshift.NextDay(int32(d), name)
			return udf.Date(next), err
		}),
		udf.Of2("tg_rs_date_part", func(p string, at moment) (float64, error) { return redshift.DatePart(part(p), int64(at)), nil }),
		udf.Of2("tg_rs_extract", func(p string, at moment) (int64, error) { return redshift.Extract(part(p), int64(at)), nil }),
		udf.Of3("tg_rs_convert_timezone", func(from, to string, at moment) (moment, error) {
			moved, err := zones.Convert(from, to, int64(at))
			return moment(moved), err
		}),
	}
}

func redshiftPatterns() []udf.Function {
	patterns := new(redshift.Patterns)
	return []udf.Function{
		udf.Of4("tg_rs_regexp_count", patterns.Count),
		udf.Of4("tg_rs_regexp_substr", func(text, pattern string, n []udf.Null[int32], parameters string) (udf.Null[string], error) {
			if !given(n) {
				return udf.Null[string]{}, nil
			}
			v, err := patterns.Substr(text, pattern, n[0].V, n[1].V, parameters)
			return udf.Some(v), err
		}),
		udf.Of4("tg_rs_regexp_instr", func(text, pattern string, n []udf.Null[int32], parameters string) (udf.Null[int32], error) {
			if !given(n) {
				return udf.Null[int32]{}, nil
			}
			v, err := patterns.Instr(text, pattern, n[0].V, n[1].V, n[2].V, parameters)
			return udf.Some(v), err
		}),
		udf.Of4("tg_rs_regexp_replace", func(text string, pattern []udf.Null[string], position int32, parameters string) (udf.Null[string], error) {
			if !pattern[0].Valid || !pattern[1].Valid {
				return udf.Null[string]{}, nil
			}
			v, err := patterns.Replace(text, pattern[0].V, pattern[1].V, position, parameters)
			return udf.Some(v), err
		}),
	}
}

// given reports whether no number of a list is NULL.
func given(list []udf.Null[int32]) bool {
	return !slices.ContainsFunc(list, func(n udf.Null[int32]) bool { return !n.Valid })
}

// perhaps makes what may be NULL of a value and whether there is one.
func perhaps(value string, ok bool, err error) (udf.Null[string], error) {
	return udf.Null[string]{V: value, Valid: ok}, err
}

func redshiftTexts() []udf.Function {
	return []udf.Function{
		udf.Of2("tg_rs_strtol", redshift.Strtol),
		udf.Of3("tg_rs_divide", redshift.Divide),
		udf.Of1("tg_rs_limited", redshift.Limited),
		udf.Of1("tg_rs_crc32", func(s string) (string, error) { return redshift.CRC32(s), nil }),
		udf.Of2("tg_rs_sha2", func(s string, bits int32) (string, error) { return redshift.SHA2(s, bits), nil }),
		udf.Of1("tg_rs_fnv", func(s string) (int64, error) { return redshift.FNV(s), nil }),
		udf.Of1("tg_rs_fnv", func(n int32) (int64, error) { return redshift.FNVInt4(n), nil }),
		udf.Of2("tg_rs_cut", func(s string, n int32) (string, error) { return redshift.Cut(s, n), nil }),
		udf.Of1("tg_rs_is_json", func(s string) (bool, error) { return redshift.IsJSON(s), nil }),
		udf.Of1("tg_rs_is_json_array", func(s string) (bool, error) { return redshift.IsJSONArray(s), nil }),
		udf.Of1("tg_rs_json_length", redshift.JSONLength),
		udf.Of2("tg_rs_json_element", func(s string, i int32) (udf.Null[string], error) { return perhaps(redshift.JSONElement(s, i)) }),
		udf.Of2("tg_rs_json_path", func(s string, path []udf.Null[string]) (udf.Null[string], error) {
			keys := make([]string, len(path))
			for i, p := range path {
				if !p.Valid {
					return udf.Null[string]{}, nil
				}
				keys[i] = p.V
			}
			return perhaps(redshift.JSONPath(s, keys))
		}),
	}
}
