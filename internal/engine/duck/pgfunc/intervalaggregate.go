package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgtime"
)

// timeAggregates is the aggregates of intervals.
func timeAggregates() []udf.Aggregate {
	total := func(s *intervalSum) (pgtime.Interval, error) { return s.total, nil }
	mean := func(s *intervalSum) (pgtime.Interval, error) { return s.total.Div(float64(s.rows)) }
	return []udf.Aggregate{
		udf.Aggregate1("tg_interval_sum", (*intervalSum).add, intervalResult(total)),
		udf.Aggregate1("tg_interval_avg", (*intervalSum).add, intervalResult(mean)),
		intervalsOnce("tg_interval_sum_distinct", total), intervalsOnce("tg_interval_avg_distinct", mean),
		extremeIntervalOf("tg_interval_max", 1), extremeIntervalOf("tg_interval_min", -1),
	}
}

// intervalSum is the state of sum and avg.
type intervalSum struct {
	total pgtime.Interval
	rows  int64
}

func (s *intervalSum) add(v udf.Interval) (err error) {
	s.total, err = s.total.Add(span(v))
	s.rows++
	return err
}

// of gives what by makes of the sum, NULL of no rows.
func (s *intervalSum) of(by func(*intervalSum) (pgtime.Interval, error)) (udf.Null[udf.Interval], error) {
	if s.rows == 0 {
		return udf.Null[udf.Interval]{}, nil
	}
	v, err := spanned(by(s))
	return udf.Some(v), err
}

func intervalResult(by func(*intervalSum) (pgtime.Interval, error)) udf.Accumulator[intervalSum, udf.Interval] {
	return udf.Accumulator[intervalSum, udf.Interval]{
		Merge: func(into, from *intervalSum) (err error) {
			into.total, err = into.total.Add(from.total)
			into.rows += from.rows
			return err
		},
		Result: func(s *intervalSum) (udf.Null[udf.Interval], error) { return s.of(by) },
	}
}

// eachInterval holds the intervals of a group by what they are compared by.
type eachInterval struct{ values map[udf.Hugeint]udf.Interval }

func (s *eachInterval) add(v udf.Interval) error {
	if s.values == nil {
		s.values = map[udf.Hugeint]udf.Interval{}
	}
	if _, ok := s.values[intervalKey(v)]; !ok {
		s.values[intervalKey(v)] = v
	}
	return nil
}

// intervalsOnce makes sum or avg with DISTINCT: of intervals that are the same the first counts.
func intervalsOnce(name string, by func(*intervalSum) (pgtime.Interval, error)) udf.Aggregate {
	return udf.Aggregate1(name, (*eachInterval).add, udf.Accumulator[eachInterval, udf.Interval]{
		Merge: func(into, from *eachInterval) error {
			for _, v := range from.values {
				if err := into.add(v); err != nil {
					return err
				}
			}
			return nil
		},
		Result: func(s *eachInterval) (udf.Null[udf.Interval], error) {
			var sum intervalSum
			for _, v := range s.values {
				if err := sum.add(v); err != nil {
					return udf.Null[udf.Interval]{}, err
				}
			}
			return sum.of(by)
		},
	})
}

// extremeIntervalOf makes max, or min for the way -1. Of intervals that are the same the last is taken, as PostgreSQL does.
func extremeIntervalOf(name string, way int) udf.Aggregate {
	type state = udf.Null[udf.Interval]
	keep := func(s *state, v state) {
		if v.Valid && (!s.Valid || span(s.V).Compare(span(v.V))*way <= 0) {
			*s = v
		}
	}
	add := func(s *state, v udf.Interval) error {
		keep(s, udf.Some(v))
		return nil
	}
	return udf.Aggregate1(name, add, udf.Accumulator[state, udf.Interval]{
		Merge: func(into, from *state) error {
			keep(into, *from)
			return nil
		},
		Result: func(s *state) (state, error) { return *s, nil },
	})
}
