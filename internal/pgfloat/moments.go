// Package pgfloat computes PostgreSQL's statistics of floats: averages, variances, and the regression of pairs. Its
// numbers are those of PostgreSQL 15 to the last bit when the rows come in the same order, and so are its errors: this is
// the algorithm of Youngs and Cramer as float.c has it, with the same operations in the same order.
package pgfloat

import (
	"math"

	"tidegate/internal/pgerr"
)

// Moments is what PostgreSQL's float8_accum keeps of values. Its zero value is no values.
type Moments struct {
	n   float64
	sx  float64 // the sum
	sxx float64 // the sum of the squares of the deviations from the average
}

// Add takes a value in. It returns 22003 if finite values lead to an infinite sum of squares.
func (m *Moments) Add(x float64) error {
	before := *m
	m.n++
	m.sx += x
	if before.n == 0 {
		// Of a single infinite value the variance is not 0.
		if !finite(x) {
			m.sxx = NaN()
		}
		return nil
	}
	d := x*m.n - m.sx
	m.sxx += d * d / (m.n * before.n)
	if math.IsInf(m.sx, 0) || math.IsInf(m.sxx, 0) {
		if !math.IsInf(before.sx, 0) && !math.IsInf(x, 0) {
			return overflow()
		}
		m.sxx = NaN()
	}
	return nil
}

// Merge takes in the values of another part.
func (m *Moments) Merge(o *Moments) error {
	switch {
	case o.n == 0:
		return nil
	case m.n == 0:
		*m = *o
		return nil
	}
	n := m.n + o.n
	sx, err := checked(m.sx+o.sx, m.sx, o.sx)
	if err != nil {
		return err
	}
	d := m.sx/m.n - o.sx/o.n
	sxx, err := checked(m.sxx+o.sxx+m.n*o.n*d*d/n, m.sxx, o.sxx)
	*m = Moments{n: n, sx: sx, sxx: sxx}
	return err
}

// Average gives the average; ok is false, for NULL, if there are no values.
func (m *Moments) Average() (r float64, ok bool) { return m.sx / m.n, m.n > 0 }

// Variance gives the variance of a population or a sample; ok is false if there are not enough values.
func (m *Moments) Variance(sample bool) (r float64, ok bool) {
	if sample {
		return m.sxx / (m.n - 1), m.n > 1
	}
	return m.sxx / m.n, m.n > 0
}

// Deviation gives the root of the variance.
func (m *Moments) Deviation(sample bool) (r float64, ok bool) {
	r, ok = m.Variance(sample)
	return math.Sqrt(r), ok
}

// State gives what is known in PostgreSQL's form, the transition array of float8_accum. MomentsOf reads it.
func (m *Moments) State() []float64 { return []float64{m.n, m.sx, m.sxx} }

// MomentsOf gives the moments whose State is state.
func MomentsOf(state []float64) Moments { return Moments{n: state[0], sx: state[1], sxx: state[2]} }

func finite(x float64) bool { return !math.IsInf(x, 0) && !math.IsNaN(x) }

// checked returns 22003 if r is infinite, and neither of the values that it is made of is.
func checked[T float32 | float64](r, x, y T) (T, error) {
	if isInf(r) && !isInf(x) && !isInf(y) {
		return 0, overflow()
	}
	return r, nil
}

func isInf[T float32 | float64](x T) bool { return math.IsInf(float64(x), 0) }

func overflow() error { return pgerr.New(pgerr.NumericOutOfRange, "value out of range: overflow") }
