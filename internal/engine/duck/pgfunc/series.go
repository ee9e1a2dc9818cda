package pgfunc

import (
	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
)

// series is what generate_series needs beside DuckDB's own.
func series() []udf.Function {
	return []udf.Function{
		udf.Of4("tg_num_series", func(start, stop, step string, limit int32) ([]optional, error) {
			var bounds [3]number
			for i, text := range []string{start, stop, step} {
				n, err := pgnumeric.Parse(text)
				if err != nil {
					return nil, err
				}
				bounds[i] = n
			}
			return numericSeries(bounds[0], bounds[1], bounds[2], int(limit))
		}),
		udf.Of1("tg_series_step", seriesStep),
	}
}

// numericSeries adds the step again and again, so that every value has the scale of the sum.
func numericSeries(start, stop, step number, limit int) ([]optional, error) {
	for _, x := range []struct {
		name string
		n    number
	}{{"start value", start}, {"stop value", stop}, {"step size", step}} {
		switch {
		case x.n.IsNaN():
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be NaN", x.name)
		case x.n.Special():
			return nil, pgerr.New(pgerr.InvalidParameterValue, "%s cannot be infinity", x.name)
		}
	}
	if step.Sign() == 0 {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "step size cannot equal zero")
	}
	out := []optional{}
	for n := start; n.Compare(stop)*step.Sign() <= 0; {
		if len(out) == limit {
			return nil, pgerr.New("54000", "generate_series of more than %d numerics is not supported here", limit)
		}
		out = append(out, udf.Some(n.String()))
		var err error
		if n, err = pgnumeric.Add(n, step); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// seriesStep refuses the steps that DuckDB does not take, or takes otherwise.
func seriesStep(step udf.Interval) (udf.Interval, error) {
	up := step.Months > 0 || step.Days > 0 || step.Micros > 0
	down := step.Months < 0 || step.Days < 0 || step.Micros < 0
	switch {
	case !up && !down:
		return step, pgerr.New(pgerr.InvalidParameterValue, "step size cannot equal zero")
	case up && down:
		return step, pgerr.New(pgerr.FeatureNotSupported, "generate_series with a step whose parts have several signs is not supported")
	}
	return step, nil
}
