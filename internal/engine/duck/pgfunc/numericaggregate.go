package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgnumeric"
)

// numericAggregates is the aggregates of numbers.
func numericAggregates() []udf.Aggregate {
	return []udf.Aggregate{
		summing("tg_num_sum", same), summing("tg_num_squares", square),
		summingEachOnce("tg_num_sum_distinct", same), summingEachOnce("tg_num_squares_distinct", square),
		extremeOf("tg_num_max", 1), extremeOf("tg_num_min", -1),
	}
}

func same(n number) (number, error) { return n, nil }

func square(n number) (number, error) { return pgnumeric.Mul(n, n) }

func result(s *pgnumeric.Sum) (udf.Null[string], error) {
	return udf.Null[string]{V: s.Result().String(), Valid: s.Count > 0}, nil
}

// summing makes an aggregate that adds what of gives for each value.
func summing(name string, of func(number) (number, error)) udf.Aggregate {
	return udf.Aggregate1(name, func(s *pgnumeric.Sum, text string) error {
		n, err := pgnumeric.Parse(text)
		if err != nil {
			return err
		}
		if n, err = of(n); err == nil {
			s.Add(n)
		}
		return err
	}, udf.Accumulator[pgnumeric.Sum, string]{
		Merge:  func(into, from *pgnumeric.Sum) error { into.Merge(from); return nil },
		Result: result,
	})
}

// each holds the values of a group by their keys.
type each struct{ values map[string]number }

// summingEachOnce is summing with DISTINCT: of equal values with several scales the first counts.
func summingEachOnce(name string, of func(number) (number, error)) udf.Aggregate {
	put := func(s *each, key string, n number) {
		if s.values == nil {
			s.values = map[string]number{}
		}
		if _, ok := s.values[key]; !ok {
			s.values[key] = n
		}
	}
	return udf.Aggregate1(name, func(s *each, text string) error {
		n, err := pgnumeric.Parse(text)
		if err == nil {
			put(s, n.Key(), n)
		}
		return err
	}, udf.Accumulator[each, string]{
		Merge: func(into, from *each) error {
			for key, n := range from.values {
				put(into, key, n)
			}
			return nil
		},
		Result: func(s *each) (udf.Null[string], error) {
			var sum pgnumeric.Sum
			for _, n := range s.values {
				v, err := of(n)
				if err != nil {
					return udf.Null[string]{}, err
				}
				sum.Add(v)
			}
			return result(&sum)
		},
	})
}

// extremeOf makes max, or min for the way -1. Of equal values the last is taken, as PostgreSQL does.
func extremeOf(name string, way int) udf.Aggregate {
	keep := func(s *udf.Null[number], n number) {
		if !s.Valid || s.V.Compare(n)*way <= 0 {
			*s = udf.Some(n)
		}
	}
	return udf.Aggregate1(name, func(s *udf.Null[number], text string) error {
		n, err := pgnumeric.Parse(text)
		if err == nil {
			keep(s, n)
		}
		return err
	}, udf.Accumulator[udf.Null[number], string]{
		Merge: func(into, from *udf.Null[number]) error {
			if from.Valid {
				keep(into, from.V)
			}
			return nil
		},
		Result: func(s *udf.Null[number]) (udf.Null[string], error) {
			return udf.Null[string]{V: s.V.String(), Valid: s.Valid}, nil
		},
	})
}
