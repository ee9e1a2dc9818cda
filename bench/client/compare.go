package client

import (
	"context"
	"fmt"
	"time"

	"tidegate/bench/measure"
)

// Compare measures targets in turn, n rounds, and prints the last one's median beside each of the others'. subject opens
// what asks a target and gives what takes one sample of it.
func Compare(ctx context.Context, b *measure.Bench, metric, unit string, n int, targets []Target,
	subject func(Target) (func() (float64, error), error),
) error {
	subjects := make([]func() (float64, error), len(targets))
	for i, t := range targets {
		f, err := subject(t)
		if err != nil {
			return fmt.Errorf("%s: %s: %w", metric, t.Name, err)
		}
		subjects[i] = func() (float64, error) {
			v, err := f()
			if err != nil {
				return 0, fmt.Errorf("%s: %s: %w", metric, t.Name, err)
			}
			return v, nil
		}
	}
	medians, err := measure.Alternate(ctx, n, subjects...)
	if err != nil {
		return err
	}
	last := len(targets) - 1
	for i, t := range targets[:last] {
		if err := b.Compare(metric, unit, medians[last], t.Name, medians[i], n); err != nil {
			return err
		}
	}
	return nil
}

// Turn asks for one row n times and gives the median in microseconds. Samples are short turns, so that what else the
// machine does hits everybody.
func (c *Client) Turn(n int, next func() ([]byte, error)) (float64, error) {
	times := make([]float64, 0, n)
	for range n {
		m, err := next()
		if err != nil {
			return 0, err
		}
		began := time.Now()
		rows, err := c.Ask(m)
		times = append(times, microseconds(began))
		if err == nil && rows != 1 {
			err = fmt.Errorf("%d rows came, not 1", rows)
		}
		if err != nil {
			return 0, err
		}
	}
	return measure.Median(times), nil
}

// Dials opens and closes n sessions, one after the other, and gives the median from dialing to the first ReadyForQuery,
// in microseconds.
func (t Target) Dials(n int) (float64, error) {
	times := make([]float64, 0, n)
	for range n {
		began := time.Now()
		c, err := t.Dial()
		if err != nil {
			return 0, err
		}
		times = append(times, microseconds(began))
		if err := c.Close(); err != nil {
			return 0, err
		}
	}
	return measure.Median(times), nil
}

func microseconds(began time.Time) float64 {
	return float64(time.Since(began)) / float64(time.Microsecond)
}
