package pgnumeric_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgnumeric"
	"tidegate/internal/testkit"
)

// operation is a function of this package and PostgreSQL's expression for it, over a, b and n.
type operation struct {
	sql   string
	apply func(a, b pgnumeric.Numeric, n int) (string, error)
}

func numeric(v pgnumeric.Numeric, err error) (string, error) { return v.String(), err }

func unary(f func(pgnumeric.Numeric) (pgnumeric.Numeric, error)) func(a, b pgnumeric.Numeric, n int) (string, error) {
	return func(a, _ pgnumeric.Numeric, _ int) (string, error) { return numeric(f(a)) }
}

func binary(f func(a, b pgnumeric.Numeric) (pgnumeric.Numeric, error)) func(a, b pgnumeric.Numeric, n int) (string, error) {
	return func(a, b pgnumeric.Numeric, _ int) (string, error) { return numeric(f(a, b)) }
}

func sure(f func(pgnumeric.Numeric) pgnumeric.Numeric) func(a, b pgnumeric.Numeric, n int) (string, error) {
	return func(a, _ pgnumeric.Numeric, _ int) (string, error) { return f(a).String(), nil }
}

func operations() []operation {
	return []operation{
		{"a", sure(func(a pgnumeric.Numeric) pgnumeric.Numeric { return a })},
		{"-a", sure(pgnumeric.Numeric.Neg)},
		{"abs(a)", sure(pgnumeric.Numeric.Abs)},
		{"sign(a)", sure(pgnumeric.Numeric.Signum)},
		{"a + b", binary(pgnumeric.Add)},
		{"a - b", binary(pgnumeric.Sub)},
		{"a * b", binary(pgnumeric.Mul)},
		{"a / b", binary(pgnumeric.Div)},
		{"a % b", binary(pgnumeric.Mod)},
		{"div(a, b)", binary(pgnumeric.DivTrunc)},
		{"gcd(a, b)", binary(func(a, b pgnumeric.Numeric) (pgnumeric.Numeric, error) { return pgnumeric.GCD(a, b), nil })},
		{"lcm(a, b)", binary(pgnumeric.LCM)},
		{"sqrt(a)", unary(pgnumeric.Sqrt)},
		{"exp(a)", unary(pgnumeric.Exp)},
		{"ln(a)", unary(pgnumeric.Ln)},
		{"log(a)", unary(pgnumeric.Log10)},
		{"log(a, b)", binary(pgnumeric.Log)},
		{"power(a, b)", binary(pgnumeric.Power)},
		{"power(a, n)", func(a, _ pgnumeric.Numeric, n int) (string, error) {
			return numeric(pgnumeric.Power(a, pgnumeric.Int(int64(n))))
		}},
		{"floor(a)", sure(pgnumeric.Numeric.Floor)},
		{"ceil(a)", sure(pgnumeric.Numeric.Ceil)},
		{"trim_scale(a)", sure(pgnumeric.Numeric.TrimScale)},
		{"round(a, n)", func(a, _ pgnumeric.Numeric, n int) (string, error) { return numeric(a.Round(n)) }},
		{"trunc(a, n)", func(a, _ pgnumeric.Numeric, n int) (string, error) { return a.Trunc(n).String(), nil }},
		{"(a < b)::int - (a > b)::int", func(a, b pgnumeric.Numeric, _ int) (string, error) {
			return strconv.Itoa(max(-1, min(1, b.Compare(a)))), nil
		}},
		{"(a < b)::int - (a > b)::int ", func(a, b pgnumeric.Numeric, _ int) (string, error) {
			return strconv.Itoa(strings.Compare(b.Key(), a.Key())), nil
		}},
		{"a::numeric(12,3)", func(a, _ pgnumeric.Numeric, _ int) (string, error) { return numeric(a.Fit(12, 3)) }},
		{"a::numeric(3,5)", func(a, _ pgnumeric.Numeric, _ int) (string, error) { return numeric(a.Fit(3, 5)) }},
		{"a::numeric(5,-2)", func(a, _ pgnumeric.Numeric, _ int) (string, error) { return numeric(a.Fit(5, -2)) }},
		{"a::int8", func(a, _ pgnumeric.Numeric, _ int) (string, error) {
			v, err := a.Int64("bigint", -1<<63, 1<<63-1)
			return strconv.FormatInt(v, 10), err
		}},
		{"a::float8::numeric", func(a, _ pgnumeric.Numeric, _ int) (string, error) {
			f, err := a.Float8()
			return pgnumeric.FromFloat8(f).String(), err
		}},
		{"a::float4::numeric", func(a, _ pgnumeric.Numeric, _ int) (string, error) {
			f, err := a.Float4()
			return pgnumeric.FromFloat4(f).String(), err
		}},
		{"width_bucket(a, b, b + 10, 7)", func(a, b pgnumeric.Numeric, _ int) (string, error) {
			high, err := pgnumeric.Add(b, pgnumeric.Int(10))
			if err != nil {
				return "", err
			}
			v, err := pgnumeric.Bucket(a, b, high, 7)
			return strconv.Itoa(int(v)), err
		}},
		{"factorial(n)", func(_, _ pgnumeric.Numeric, n int) (string, error) { return numeric(pgnumeric.Factorial(int64(n))) }},
	}
}

// edges are values that every operation is tried with, each against each.
var edges = []string{
	"0", "0.00", "1", "-1", "1.0000", "0.5", "-2.5", "2", "10", "100", "0.1", "9999", "10000", "9999.9999", "0.0001", "0.00001",
	"NaN", "Infinity", "-Infinity", "123456789012345678901234567890.123456789", "1e-30", "1e40", "0.95", "1.00000001", "3",
}

// randomText makes a numeric of any size.
func randomText(r *rand.Rand) string {
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte(byte('0' + r.IntN(10)))
		}
		return b.String()
	}
	text := strings.Repeat("-", r.IntN(3)/2) + digits(1+r.IntN(1+r.IntN(20)))
	if n := r.IntN(1 + r.IntN(24)); n > 0 {
		text += "." + strings.Repeat("0", r.IntN(n+1)) + digits(n)
	}
	return text
}

// TestAgainstPostgreSQL compares every operation with PostgreSQL's, for edges and for seeded random values.
func TestAgainstPostgreSQL(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pg := testkit.Postgres(t).Connect(t)
	if _, err := pg.Exec(ctx, "create table pairs (i int, a numeric, b numeric, n int)"); err != nil {
		t.Fatal(err)
	}
	// try answers with the value, or with the SQLSTATE of the error.
	if _, err := pg.Exec(ctx, `create function try(e text, a numeric, b numeric, n int) returns text language plpgsql as $$
		declare r text;
		begin
			execute 'select (' || e || ')::text from (values ($1::numeric, $2::numeric, $3::int)) v(a, b, n)' into r using a, b, n;
			return r;
		exception when others then return sqlstate;
		end $$`); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(15, 2026))
	var pairs [][2]string
	for _, a := range edges {
		for _, b := range edges {
			pairs = append(pairs, [2]string{a, b})
		}
	}
	for range 600 {
		pairs = append(pairs, [2]string{randomText(r), randomText(r)})
	}
	rows := make([][]any, len(pairs))
	for i, p := range pairs {
		rows[i] = []any{i, p[0], p[1], r.IntN(24) - 8}
		if _, err := pg.Exec(ctx, "insert into pairs values ($1, $2::text::numeric, $3::text::numeric, $4)", rows[i]...); err != nil {
			t.Fatal(err)
		}
	}
	for _, op := range operations() {
		for i, want := range answers(ctx, t, pg, op.sql) {
			got := ours(t, op, pairs[i], rows[i][3].(int))
			if got == string(pgerr.FeatureNotSupported) && len(want) > 1000 {
				continue // what apd does not compute
			}
			if got != want {
				t.Errorf("%s for a = %s, b = %s, n = %d: got %s, want %s", op.sql, pairs[i][0], pairs[i][1], rows[i][3], got, want)
			}
		}
	}
}

func answers(ctx context.Context, t *testing.T, pg *pgx.Conn, op string) []string {
	t.Helper()
	rows, err := pg.Query(ctx, "select try($1, a, b, n) from pairs order by i", op)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// ours is the text of our value, or the SQLSTATE.
func ours(t *testing.T, op operation, pair [2]string, n int) string {
	t.Helper()
	a, err := pgnumeric.Parse(pair[0])
	if err != nil {
		t.Fatal(err)
	}
	b, err := pgnumeric.Parse(pair[1])
	if err != nil {
		t.Fatal(err)
	}
	text, err := op.apply(a, b, n)
	if err != nil {
		return string(pgerr.CodeOf(err))
	}
	return text
}

// TestTexts compares what is read, and what is refused.
func TestTexts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pg := testkit.Postgres(t).Connect(t)
	for _, text := range []string{
		"1", " 1.50 ", "+7", "-0", "-0.00", "00012.340", ".5", "5.", "1e3", "1.5E-3", "1e+2", "", " ", ".", "-", "e5", "1e", "1..2", "1.2.3", "0x10",
		"nan", "NaN", "inf", "+Infinity", "-inf", "Infinity", "infinite", "1_000", "12a", "--1", "+-1", "\t3\n", "1 2", "123456789012345678901234567890",
		"0.0000000000000000000000000000001", "99999999999999999999.5e-10",
	} {
		want := ""
		if err := pg.QueryRow(ctx, "select $1::text::numeric::text", text).Scan(&want); err != nil {
			var p *pgconn.PgError
			if !errors.As(err, &p) {
				t.Fatal(err)
			}
			want = p.Code
		}
		n, err := pgnumeric.Parse(text)
		got := n.String()
		if err != nil {
			got = string(pgerr.CodeOf(err))
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

// TestAggregates compares sums, averages and variances of random lists.
func TestAggregates(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pg := testkit.Postgres(t).Connect(t)
	r := rand.New(rand.NewPCG(4, 2026))
	for range 300 {
		list := make([]string, 1+r.IntN(6))
		for i := range list {
			list[i] = randomText(r)
			if r.IntN(60) == 0 {
				list[i] = edges[r.IntN(len(edges))]
			}
		}
		var want [6]*string
		err := pg.QueryRow(ctx, `select sum(x)::text, avg(x)::text, var_pop(x)::text, var_samp(x)::text, stddev_pop(x)::text, stddev_samp(x)::text
			from unnest($1::text[]::numeric[]) x`, list).Scan(&want[0], &want[1], &want[2], &want[3], &want[4], &want[5])
		if err != nil {
			t.Fatal(err)
		}
		for i, got := range summaries(t, list) {
			if w := want[i]; w == nil && got != "" || w != nil && *w != got {
				t.Errorf("%v: summary %d: got %s, want %s", list, i, got, fmt.Sprint(w))
			}
		}
	}
}

func summaries(t *testing.T, list []string) (out [6]string) {
	t.Helper()
	var sum, squares, rest pgnumeric.Sum
	for i, text := range list {
		n, err := pgnumeric.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		square, err := pgnumeric.Mul(n, n)
		if err != nil {
			t.Fatal(err)
		}
		squares.Add(square)
		if i%2 == 0 {
			sum.Add(n)
		} else {
			rest.Add(n)
		}
	}
	sum.Merge(&rest)
	avg, err := pgnumeric.Div(sum.Result(), pgnumeric.Int(sum.Count))
	if err != nil {
		t.Fatal(err)
	}
	out[0], out[1] = sum.Result().String(), avg.String()
	for i, f := range []struct{ sample, root bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		v, ok, err := pgnumeric.Variance(sum.Result(), squares.Result(), sum.Count, f.sample, f.root)
		if err != nil {
			t.Fatal(err)
		}
		if ok {
			out[2+i] = v.String()
		}
	}
	return out
}
