package pgfloat_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgfloat"
	"tidegate/internal/testkit"
)

// statistic is an aggregate of PostgreSQL's over x, or y and x, and what this package has for it.
type statistic struct {
	sql string
	of  func(m *pgfloat.Moments, p *pgfloat.Pairs) (float64, bool)
}

func statistics() []statistic {
	one := func(f func(*pgfloat.Moments) (float64, bool)) func(*pgfloat.Moments, *pgfloat.Pairs) (float64, bool) {
		return func(m *pgfloat.Moments, _ *pgfloat.Pairs) (float64, bool) { return f(m) }
	}
	two := func(f func(*pgfloat.Pairs) (float64, bool)) func(*pgfloat.Moments, *pgfloat.Pairs) (float64, bool) {
		return func(_ *pgfloat.Moments, p *pgfloat.Pairs) (float64, bool) { return f(p) }
	}
	return []statistic{
		{"avg(x)", one((*pgfloat.Moments).Average)},
		{"var_pop(x)", one(func(m *pgfloat.Moments) (float64, bool) { return m.Variance(false) })},
		{"var_samp(x)", one(func(m *pgfloat.Moments) (float64, bool) { return m.Variance(true) })},
		{"stddev_pop(x)", one(func(m *pgfloat.Moments) (float64, bool) { return m.Deviation(false) })},
		{"stddev_samp(x)", one(func(m *pgfloat.Moments) (float64, bool) { return m.Deviation(true) })},
		{"regr_avgx(y, x)", two((*pgfloat.Pairs).AverageX)},
		{"regr_avgy(y, x)", two((*pgfloat.Pairs).AverageY)},
		{"regr_sxx(y, x)", two((*pgfloat.Pairs).SquaresX)},
		{"regr_syy(y, x)", two((*pgfloat.Pairs).SquaresY)},
		{"regr_sxy(y, x)", two((*pgfloat.Pairs).Products)},
		{"covar_pop(y, x)", two(func(p *pgfloat.Pairs) (float64, bool) { return p.Covariance(false) })},
		{"covar_samp(y, x)", two(func(p *pgfloat.Pairs) (float64, bool) { return p.Covariance(true) })},
		{"corr(y, x)", two((*pgfloat.Pairs).Correlation)},
		{"regr_r2(y, x)", two((*pgfloat.Pairs).Determination)},
		{"regr_slope(y, x)", two((*pgfloat.Pairs).Slope)},
		{"regr_intercept(y, x)", two((*pgfloat.Pairs).Intercept)},
	}
}

// value is one of those that break things, or of any size.
func value(r *rand.Rand) float64 {
	odd := []float64{
		0, math.Copysign(0, -1), 1, 1, 1.5, 0.1, -2.5, 1e-5, 123456.789, 1e15, 5e-324, 1e154, -1e160, 1e300, math.MaxFloat64, -math.MaxFloat64,
		math.Inf(1), math.Inf(-1), math.NaN(),
	}
	switch i := r.IntN(3 * len(odd)); {
	case i < len(odd):
		return odd[i]
	case i < 2*len(odd):
		return math.Ldexp(r.Float64()-0.5, r.IntN(40))
	}
	return math.Ldexp(r.Float64()-0.5, r.IntN(2000)-1000)
}

// lists gives pairs of lists of values, among them lists of one value.
func lists(r *rand.Rand) (ys, xs []float64) {
	constant, plain := r.IntN(4), r.IntN(2) == 0
	for i := range r.IntN(12) {
		y, x := value(r), value(r)
		if plain {
			y, x = math.Round(r.Float64()*100)/10, math.Round(r.Float64()*100)/10
		}
		if i > 0 && constant&1 != 0 {
			x = xs[0]
		}
		if i > 0 && constant&2 != 0 {
			y = ys[0]
		}
		ys, xs = append(ys, y), append(xs, x)
	}
	return ys, xs
}

// TestPostgres compares every statistic of random lists with PostgreSQL's, bit by bit.
func TestPostgres(t *testing.T) {
	t.Parallel()
	conn := testkit.Postgres(t).Connect(t)
	r := rand.New(rand.NewPCG(1, 2))
	all := statistics()
	for range 2000 {
		ys, xs := lists(r)
		s := all[r.IntN(len(all))]
		m, p, err := added(ys, xs, strings.Contains(s.sql, "y"))
		var got *float64
		if v, ok := s.of(m, p); ok && err == nil {
			got = &v
		}
		want, code := asked(t, conn, "select "+s.sql+" from unnest($1::float8[], $2::float8[]) t(y, x)", ys, xs)
		if string(pgerr.CodeOf(err)) != code || !same(got, want) {
			t.Errorf("%s of %v, %v = %v, %v, want %v, %s", s.sql, ys, xs, text(got), err, text(want), code)
		}
	}
}

// added adds the lists as pairs, or the second one alone.
func added(ys, xs []float64, pairs bool) (*pgfloat.Moments, *pgfloat.Pairs, error) {
	m, p := new(pgfloat.Moments), new(pgfloat.Pairs)
	for i := range xs {
		var err error
		if pairs {
			err = p.Add(ys[i], xs[i])
		} else {
			err = m.Add(xs[i])
		}
		if err != nil {
			return m, p, err
		}
	}
	return m, p, nil
}

func asked(t *testing.T, conn *pgx.Conn, query string, args ...any) (v *float64, code string) {
	t.Helper()
	err := conn.QueryRow(context.Background(), query, args...).Scan(&v)
	if p, ok := errors.AsType[*pgconn.PgError](err); ok {
		return nil, p.Code
	}
	if err != nil {
		t.Fatal(err)
	}
	return v, ""
}

func same(a, b *float64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return math.Float64bits(*a) == math.Float64bits(*b) || math.IsNaN(*a) && math.IsNaN(*b)
}

func text(v *float64) any {
	if v == nil {
		return "NULL"
	}
	return *v
}

// TestMerge compares parts that are merged with what PostgreSQL's own functions make of them; of one pair, with what it makes
// of all in a row.
func TestMerge(t *testing.T) {
	t.Parallel()
	conn := testkit.Postgres(t).Connect(t)
	if _, err := conn.Exec(context.Background(), `
		create aggregate moments (float8) (sfunc = float8_accum, stype = float8[], initcond = '{0,0,0}');
		create aggregate pairs (float8, float8) (sfunc = float8_regr_accum, stype = float8[], initcond = '{0,0,0,0,0,0}')`); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(3, 4))
	all := statistics()
	for range 2000 {
		ys, xs := lists(r)
		cut := r.IntN(len(xs) + 1)
		s := all[r.IntN(len(all))]
		name, arguments, _ := strings.Cut(s.sql, "(")
		pairs := strings.Contains(arguments, "y")
		state, combine := "moments", "float8_combine"
		if pairs {
			state, combine = "pairs", "float8_regr_combine"
		}
		part := func(i int) string {
			from := []string{" from unnest($1::float8[], $2::float8[]) t(y, x))", " from unnest($3::float8[], $4::float8[]) t(y, x))"}
			return "(select " + state + "(" + arguments + from[i]
		}
		want, code := asked(t, conn, "select float8_"+name+"("+combine+"("+part(0)+", "+part(1)+"))", ys[:cut], xs[:cut], ys[cut:], xs[cut:])
		if pairs && len(slices.Compact(slices.Clone(ys))) < 2 && len(slices.Compact(slices.Clone(xs))) < 2 {
			want, code = asked(t, conn, "select "+s.sql+" from unnest($1::float8[], $2::float8[]) t(y, x)", ys, xs)
		}
		got, err := merged(s, ys, xs, cut, pairs)
		if string(pgerr.CodeOf(err)) != code || !same(got, want) {
			t.Errorf("%s of %v, %v cut at %d = %v, %v, want %v, %s", s.sql, ys, xs, cut, text(got), err, text(want), code)
		}
	}
}

// merged gives the statistic of two parts; an error of the second comes after one of the first.
func merged(s statistic, ys, xs []float64, cut int, pairs bool) (*float64, error) {
	m, p, err := added(ys[:cut], xs[:cut], pairs)
	if err != nil {
		return nil, err
	}
	m2, p2, err := added(ys[cut:], xs[cut:], pairs)
	if err == nil && pairs {
		err = p.Merge(p2)
	} else if err == nil {
		err = m.Merge(m2)
	}
	v, ok := s.of(m, p)
	if err != nil || !ok {
		return nil, err
	}
	return &v, nil
}
