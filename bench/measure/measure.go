// Package measure is what the suites of benchmarks have in common: lines of JSON, medians of alternating runs, and a
// stage for the servers of internal/testkit outside of a test.
package measure

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
)

// Bench is one run of a suite.
type Bench struct {
	Suite string
	Quick bool      // fewer samples over less data
	Out   io.Writer // lines of JSON
	Log   io.Writer // remarks for whoever watches
	TB    TB        // for internal/testkit
}

// Line is one metric. What there is no baseline for has "" and null.
type Line struct {
	Suite         string   `json:"suite"`
	Metric        string   `json:"metric"`
	Value         float64  `json:"value"`
	Unit          string   `json:"unit"`
	Baseline      string   `json:"baseline"`
	BaselineValue *float64 `json:"baseline_value"`
	Ratio         *float64 `json:"ratio"` // value / baseline_value; null if that is 0
	Samples       int      `json:"samples"`
}

// Samples is how many times everything is measured.
func (b *Bench) Samples() int {
	if b.Quick {
		return 3
	}
	return 5
}

// Measure is Alternate with as many rounds as the bench takes.
func (b *Bench) Measure(ctx context.Context, subjects ...func() (float64, error)) (medians []float64, samples int, err error) {
	samples = b.Samples()
	medians, err = Alternate(ctx, samples, subjects...)
	return medians, samples, err
}

// Part is one measurement of a suite.
type Part struct {
	Name    string
	Measure func(context.Context) error
}

// Parts measures one after the other. The error names the part.
func Parts(ctx context.Context, parts ...Part) error {
	for _, p := range parts {
		if err := p.Measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", p.Name, err)
		}
	}
	return nil
}

// Logf tells whoever watches something that is no metric.
func (b *Bench) Logf(format string, args ...any) { fmt.Fprintf(b.Log, format+"\n", args...) }

// Compare prints a metric beside its baseline.
func (b *Bench) Compare(metric, unit string, value float64, baseline string, baselineValue float64, samples int) error {
	l := Line{
		Suite: b.Suite, Metric: metric, Value: value, Unit: unit,
		Baseline: baseline, BaselineValue: &baselineValue, Samples: samples,
	}
	if baselineValue != 0 {
		ratio := value / baselineValue
		l.Ratio = &ratio
	}
	return b.print(l)
}

// Report prints a metric that has no baseline.
func (b *Bench) Report(metric, unit string, value float64, samples int) error {
	return b.print(Line{Suite: b.Suite, Metric: metric, Value: value, Unit: unit, Samples: samples})
}

func (b *Bench) print(l Line) error {
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write metric %s: %w", l.Metric, err)
	}
	_, err = b.Out.Write(append(text, '\n'))
	return err
}

// Alternate measures each of the subjects in turn, n rounds, and gives their medians. Every other round goes backwards,
// so that nobody always comes after the same neighbour. It ends with ctx, between two measurements.
func Alternate(ctx context.Context, n int, subjects ...func() (float64, error)) ([]float64, error) {
	samples := make([][]float64, len(subjects))
	for round := range n {
		for k := range subjects {
			i := k
			if round%2 == 1 {
				i = len(subjects) - 1 - k
			}
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			v, err := subjects[i]()
			if err != nil {
				return nil, err
			}
			samples[i] = append(samples[i], v)
		}
	}
	medians := make([]float64, len(subjects))
	for i, s := range samples {
		medians[i] = Median(s)
	}
	return medians, nil
}

// Median gives the middle value, of an even number the mean of the two in the middle; NaN of none.
func Median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	s := slices.Sorted(slices.Values(values))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

// GeometricMean of positive values; NaN of none.
func GeometricMean(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += math.Log(v)
	}
	return math.Exp(sum / float64(len(values)))
}
