package pgfloat

import "math"

// Pairs is what PostgreSQL's float8_regr_accum keeps of pairs. Its zero value is no pairs.
type Pairs struct {
	n        float64
	sx, sy   float64 // sums
	sxx, syy float64 // sums of the squares of the deviations from the averages
	sxy      float64 // the sum of their products

	// The first pair, and whether another one is different. Of constants the sums of squares are noise, which depends on
	// how often a pair was added: corr and its kin divide one by another.
	firstY, firstX float64
	various        bool
}

// Add takes a pair in; the dependent value is the first, as in SQL. It returns 22003 if finite values lead to an
// infinite sum.
func (p *Pairs) Add(y, x float64) error {
	before := *p
	p.n++
	p.sx += x
	p.sy += y
	if before.n == 0 {
		p.firstY, p.firstX = y, x
		// Of a single infinite value the variance is not 0.
		if !finite(x) {
			p.sxx, p.sxy = NaN(), NaN()
		}
		if !finite(y) {
			p.syy, p.sxy = NaN(), NaN()
		}
		return nil
	}
	p.various = p.various || y != p.firstY || x != p.firstX
	dx := x*p.n - p.sx
	dy := y*p.n - p.sy
	scale := 1 / (p.n * before.n)
	p.sxx += dx * dx * scale
	p.syy += dy * dy * scale
	p.sxy += dx * dy * scale
	return p.bounded(&before, y, x)
}

// bounded makes what infinite values made infinite NaN, and an error of what finite ones did.
func (p *Pairs) bounded(before *Pairs, y, x float64) error {
	finiteX := !math.IsInf(before.sx, 0) && !math.IsInf(x, 0)
	finiteY := !math.IsInf(before.sy, 0) && !math.IsInf(y, 0)
	endlessX := math.IsInf(p.sx, 0) || math.IsInf(p.sxx, 0)
	endlessY := math.IsInf(p.sy, 0) || math.IsInf(p.syy, 0)
	if endlessX && finiteX || endlessY && finiteY || math.IsInf(p.sxy, 0) && finiteX && finiteY {
		return overflow()
	}
	for _, s := range []*float64{&p.sxx, &p.syy, &p.sxy} {
		if math.IsInf(*s, 0) {
			*s = NaN()
		}
	}
	return nil
}

// Merge takes in the pairs of another part.
func (p *Pairs) Merge(o *Pairs) error {
	switch {
	case o.n == 0:
		return nil
	case p.n == 0:
		*p = *o
		return nil
	case !p.various && !o.various && p.firstY == o.firstY && p.firstX == o.firstX:
		return p.repeat(o.n)
	}
	r := Pairs{n: p.n + o.n, firstY: p.firstY, firstX: p.firstX, various: true}
	dx := p.sx/p.n - o.sx/o.n
	dy := p.sy/p.n - o.sy/o.n
	weight := p.n * o.n
	var err [5]error
	r.sx, err[0] = checked(p.sx+o.sx, p.sx, o.sx)
	r.sxx, err[1] = checked(p.sxx+o.sxx+weight*dx*dx/r.n, p.sxx, o.sxx)
	r.sy, err[2] = checked(p.sy+o.sy, p.sy, o.sy)
	r.syy, err[3] = checked(p.syy+o.syy+weight*dy*dy/r.n, p.syy, o.syy)
	r.sxy, err[4] = checked(p.sxy+o.sxy+weight*dx*dy/r.n, p.sxy, o.sxy)
	for _, e := range err {
		if e != nil {
			return e
		}
	}
	*p = r
	return nil
}

// repeat adds the one pair that there is n times: the noise is that of all rows in a row.
func (p *Pairs) repeat(n float64) error {
	for range int(n) {
		if err := p.Add(p.firstY, p.firstX); err != nil {
			return err
		}
	}
	return nil
}

// State gives what is known: the transition array of PostgreSQL's float8_regr_accum, and the pair behind it if there is
// only one. PairsOf reads it.
func (p *Pairs) State() []float64 {
	state := []float64{p.n, p.sx, p.sxx, p.sy, p.syy, p.sxy}
	if !p.various {
		state = append(state, p.firstY, p.firstX)
	}
	return state
}

// PairsOf gives the pairs whose State is state.
func PairsOf(state []float64) Pairs {
	p := Pairs{n: state[0], sx: state[1], sxx: state[2], sy: state[3], syy: state[4], sxy: state[5], various: len(state) == 6}
	if !p.various {
		p.firstY, p.firstX = state[6], state[7]
	}
	return p
}

// The functions below give PostgreSQL's aggregates of pairs; ok is false for NULL.

// AverageX is regr_avgx.
func (p *Pairs) AverageX() (r float64, ok bool) { return p.sx / p.n, p.n > 0 }

// AverageY is regr_avgy.
func (p *Pairs) AverageY() (r float64, ok bool) { return p.sy / p.n, p.n > 0 }

// SquaresX is regr_sxx.
func (p *Pairs) SquaresX() (r float64, ok bool) { return p.sxx, p.n > 0 }

// SquaresY is regr_syy.
func (p *Pairs) SquaresY() (r float64, ok bool) { return p.syy, p.n > 0 }

// Products is regr_sxy.
func (p *Pairs) Products() (r float64, ok bool) { return p.sxy, p.n > 0 }

// Covariance is covar_pop, and covar_samp of a sample.
func (p *Pairs) Covariance(sample bool) (r float64, ok bool) {
	if sample {
		return p.sxy / (p.n - 1), p.n > 1
	}
	return p.sxy / p.n, p.n > 0
}

// Correlation is corr.
func (p *Pairs) Correlation() (r float64, ok bool) {
	return p.sxy / math.Sqrt(p.sxx*p.syy), p.n > 0 && p.sxx != 0 && p.syy != 0
}

// Determination is regr_r2.
func (p *Pairs) Determination() (r float64, ok bool) {
	switch {
	case p.n == 0 || p.sxx == 0:
		return 0, false
	case p.syy == 0:
		return 1, true
	}
	return (p.sxy * p.sxy) / (p.sxx * p.syy), true
}

// Slope is regr_slope.
func (p *Pairs) Slope() (r float64, ok bool) { return p.sxy / p.sxx, p.n > 0 && p.sxx != 0 }

// Intercept is regr_intercept.
func (p *Pairs) Intercept() (r float64, ok bool) {
	return (p.sy - p.sx*p.sxy/p.sxx) / p.n, p.n > 0 && p.sxx != 0
}
