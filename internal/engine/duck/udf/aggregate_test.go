package udf_test

import (
	"math/big"
	"strings"
	"testing"

	"tidegate/internal/engine/duck/udf"
	"tidegate/internal/pgerr"
)

func aggregates() []udf.Aggregate {
	sum := udf.Accumulator[big.Int, string]{
		Merge:  func(into, from *big.Int) error { into.Add(into, from); return nil },
		Result: func(s *big.Int) (udf.Null[string], error) { return udf.Some(s.String()), nil },
	}
	longest := udf.Accumulator[string, string]{
		Merge: func(into, from *string) error {
			if len(*from) > len(*into) {
				*into = *from
			}
			return nil
		},
		Result: func(s *string) (udf.Null[string], error) { return udf.Null[string]{V: *s, Valid: *s != ""}, nil },
	}
	return []udf.Aggregate{
		udf.Aggregate1("t_sum", func(s *big.Int, x int64) error {
			if x < 0 {
				return pgerr.New(pgerr.NumericOutOfRange, "negative")
			}
			s.Add(s, big.NewInt(x))
			return nil
		}, sum),
		udf.Aggregate1("t_longest", func(s *string, x string) error {
			if len(x) > len(*s) {
				*s = strings.Clone(x)
			}
			return nil
		}, longest),
		udf.Aggregate2("t_dot", func(s *big.Int, x, y int64) error { s.Add(s, big.NewInt(x*y)); return nil }, sum),
	}
}

// TestAggregates calls aggregates over one group and many, over windows, with DISTINCT, FILTER, NULLs and no rows.
func TestAggregates(t *testing.T) {
	t.Parallel()
	c := connect(t)
	for _, test := range []struct{ query, want string }{
		{"SELECT t_sum(i) FROM range(1000000) t(i)", "499999500000"},
		{"SELECT t_sum(i), t_longest('x') FROM range(0) t(i)", "0 "},
		{"SELECT count(*), sum(s::HUGEINT) FROM (SELECT t_sum(i) s FROM range(300000) t(i) GROUP BY i % 50000)", "50000 44999850000"},
		{"SELECT t_sum(DISTINCT i % 10) FILTER (WHERE i % 2 = 0) FROM range(1000) t(i)", "20"},
		{"SELECT t_sum(CASE WHEN i % 2 = 0 THEN i END) FROM range(10) t(i)", "20"},
		{"SELECT string_agg(s, ',' ORDER BY i) FROM (SELECT i, t_sum(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) s FROM range(5) t(i))", "0,1,3,5,7"},
		{"SELECT string_agg(s, ',' ORDER BY i) FROM (SELECT i, t_longest(repeat('x', (i * 7 % 5)::INT)) OVER (PARTITION BY i % 2 ORDER BY i) s FROM range(5) t(i))", "xx,xxxx,xx,xxxx"},
		{"SELECT t_dot(i, j) FROM (VALUES (1, 2), (NULL, 3), (3, 4)) v(i, j)", "14"},
		{"SELECT sum(t_sum(i)::HUGEINT) OVER () FROM range(10) t(i) GROUP BY i % 2 LIMIT 1", "45"},
	} {
		if got, err := ask(c, test.query); err != nil || got != test.want {
			t.Errorf("%s: got %q, %v, want %q", test.query, got, err, test.want)
		}
	}
	if _, err := ask(c, "SELECT t_sum(i - 5000) FROM range(10000) t(i)"); err == nil || !strings.Contains(err.Error(), "22003: negative") {
		t.Errorf("got %v", err)
	}
}
