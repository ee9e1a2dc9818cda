package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgfloat"
)

// A statistic of floats has three forms: the aggregate tg_float_x; tg_float_x_merged, an aggregate of the states that
// tg_float_moments or tg_float_pairs gave of parts; and tg_float_x_list, a function of a list of the values in the order
// that counts, in which a pair is two elements. All leave out NULLs, and pairs with a NULL.
type statistic[S any] struct {
	name string
	of   func(*S) (r float64, ok bool)
}

func momentStatistics() []statistic[pgfloat.Moments] {
	return []statistic[pgfloat.Moments]{
		{"avg", (*pgfloat.Moments).Average},
		{"var_pop", func(m *pgfloat.Moments) (float64, bool) { return m.Variance(false) }},
		{"var_samp", func(m *pgfloat.Moments) (float64, bool) { return m.Variance(true) }},
		{"stddev_pop", func(m *pgfloat.Moments) (float64, bool) { return m.Deviation(false) }},
		{"stddev_samp", func(m *pgfloat.Moments) (float64, bool) { return m.Deviation(true) }},
	}
}

func pairStatistics() []statistic[pgfloat.Pairs] {
	return []statistic[pgfloat.Pairs]{
		{"corr", (*pgfloat.Pairs).Correlation},
		{"covar_pop", func(p *pgfloat.Pairs) (float64, bool) { return p.Covariance(false) }},
		{"covar_samp", func(p *pgfloat.Pairs) (float64, bool) { return p.Covariance(true) }},
		{"regr_avgx", (*pgfloat.Pairs).AverageX},
		{"regr_avgy", (*pgfloat.Pairs).AverageY},
		{"regr_sxx", (*pgfloat.Pairs).SquaresX},
		{"regr_syy", (*pgfloat.Pairs).SquaresY},
		{"regr_sxy", (*pgfloat.Pairs).Products},
		{"regr_slope", (*pgfloat.Pairs).Slope},
		{"regr_intercept", (*pgfloat.Pairs).Intercept},
		{"regr_r2", (*pgfloat.Pairs).Determination},
	}
}

func floatAggregates() []udf.Aggregate {
	list := []udf.Aggregate{
		summingFloats[float64]("tg_float_sum"), summingFloats[float32]("tg_float4_sum"),
		udf.Aggregate1("tg_float_moments", (*pgfloat.Moments).Add, udf.Accumulator[pgfloat.Moments, []udf.Null[float64]]{
			Merge: (*pgfloat.Moments).Merge, Result: stateOf((*pgfloat.Moments).State),
		}),
		udf.Aggregate2("tg_float_pairs", (*pgfloat.Pairs).Add, udf.Accumulator[pgfloat.Pairs, []udf.Null[float64]]{
			Merge: (*pgfloat.Pairs).Merge, Result: stateOf((*pgfloat.Pairs).State),
		}),
	}
	for _, s := range momentStatistics() {
		name, acc := "tg_float_"+s.name, udf.Accumulator[pgfloat.Moments, float64]{Merge: (*pgfloat.Moments).Merge, Result: resultOf(s.of)}
		list = append(list, udf.Aggregate1(name, (*pgfloat.Moments).Add, acc), udf.Aggregate1(name+"_merged", addState(acc, pgfloat.MomentsOf), acc))
	}
	for _, s := range pairStatistics() {
		name, acc := "tg_float_"+s.name, udf.Accumulator[pgfloat.Pairs, float64]{Merge: (*pgfloat.Pairs).Merge, Result: resultOf(s.of)}
		list = append(list, udf.Aggregate2(name, (*pgfloat.Pairs).Add, acc), udf.Aggregate1(name+"_merged", addState(acc, pgfloat.PairsOf), acc))
	}
	return list
}

func summingFloats[T float32 | float64](name string) udf.Aggregate {
	return udf.Aggregate1(name, (*pgfloat.Sum[T]).Add, udf.Accumulator[pgfloat.Sum[T], T]{
		Merge: (*pgfloat.Sum[T]).Merge, Result: resultOf((*pgfloat.Sum[T]).Total),
	})
}

// resultOf makes a result of a number, and of whether there is one.
func resultOf[S, R any](of func(*S) (R, bool)) func(*S) (udf.Null[R], error) {
	return func(s *S) (udf.Null[R], error) {
		v, ok := of(s)
		return udf.Null[R]{V: v, Valid: ok}, nil
	}
}

func stateOf[S any](of func(*S) []float64) func(*S) (udf.Null[[]udf.Null[float64]], error) {
	return func(s *S) (udf.Null[[]udf.Null[float64]], error) {
		var list []udf.Null[float64]
		for _, v := range of(s) {
			list = append(list, udf.Some(v))
		}
		return udf.Some(list), nil
	}
}

// addState makes a step that takes in the state of a part.
func addState[S, R any](acc udf.Accumulator[S, R], of func([]float64) S) func(*S, []udf.Null[float64]) error {
	return func(s *S, list []udf.Null[float64]) error {
		state := make([]float64, len(list))
		for i, v := range list {
			state[i] = v.V
		}
		part := of(state)
		return acc.Merge(s, &part)
	}
}

// floatLists is the statistics of lists.
func floatLists() []udf.Function {
	list := []udf.Function{
		ofList("tg_float_sum_list", (*pgfloat.Sum[float64]).Add, (*pgfloat.Sum[float64]).Total),
		ofList("tg_float4_sum_list", (*pgfloat.Sum[float32]).Add, (*pgfloat.Sum[float32]).Total),
		udf.Of2("tg_float_percentiles", percentiles),
	}
	for _, s := range momentStatistics() {
		list = append(list, ofList("tg_float_"+s.name+"_list", (*pgfloat.Moments).Add, s.of))
	}
	for _, s := range pairStatistics() {
		list = append(list, udf.Of1("tg_float_"+s.name+"_list", func(values []udf.Null[float64]) (udf.Null[float64], error) {
			var pairs pgfloat.Pairs
			for i := 0; i < len(values); i += 2 {
				if y, x := values[i], values[i+1]; y.Valid && x.Valid {
					if err := pairs.Add(y.V, x.V); err != nil {
						return udf.Null[float64]{}, err
					}
				}
			}
			return resultOf(s.of)(&pairs)
		}))
	}
	return list
}

func ofList[S, T any](name string, add func(*S, T) error, of func(*S) (T, bool)) udf.Function {
	return udf.Of1(name, func(values []udf.Null[T]) (udf.Null[T], error) {
		s := new(S)
		for _, v := range values {
			if !v.Valid {
				continue
			}
			if err := add(s, v.V); err != nil {
				return udf.Null[T]{}, err
			}
		}
		return resultOf(of)(s)
	})
}

// percentiles gives those of an ordered list, NULL of one without values.
func percentiles(list, fractions []udf.Null[float64]) (out udf.Null[[]udf.Null[float64]], err error) {
	var values []float64
	for _, v := range list {
		if v.Valid {
			values = append(values, v.V)
		}
	}
	for _, f := range fractions {
		f.V = pgfloat.Percentile(values, f.V)
		out.V = append(out.V, f)
	}
	out.Valid = len(values) > 0
	return out, nil
}
