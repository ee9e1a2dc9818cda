package pgtime_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtime"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

func asked(t *testing.T, c *pgx.Conn, expression string, args ...any) string {
	t.Helper()
	var text string
	err := c.QueryRow(t.Context(), "SELECT ("+expression+")::text", args...).Scan(&text)
	var bad *pgconn.PgError
	switch {
	case errors.As(err, &bad):
		return bad.Code + ": " + bad.Message
	case err != nil:
		t.Fatal(err)
	}
	return text
}

func told(v pgtime.Interval, err error) string {
	if bad, ok := errors.AsType[*pgerr.Error](err); ok {
		return string(bad.Code) + ": " + bad.Message
	}
	return string(pgtypes.AppendInterval(nil, v.Months, v.Days, v.Micros))
}

func pick[T any](r *rand.Rand, list []T) T { return list[r.IntN(len(list))] }

func intervalText(r *rand.Rand) string {
	number := func() string {
		n := strconv.Itoa(r.IntN(pick(r, []int{3, 30, 400, 100000})))
		return pick(r, []string{"", "", "", "-", "+", "- "}) + n + pick(r, []string{"", "", "", ".", ".5", ".25", ".1234567", "0000000000"})
	}
	if r.IntN(4) == 0 {
		var b strings.Builder
		b.WriteString("P")
		for range 1 + r.IntN(5) {
			b.WriteString(strings.ReplaceAll(number(), " ", "") + pick(r, []string{"Y", "M", "D", "W", "T", "H", "S", "-", ":", ""}))
		}
		return b.String()
	}
	var words []string
	for range 1 + r.IntN(4) {
		switch r.IntN(7) {
		case 0:
			words = append(words, fmt.Sprintf("%s%d:%02d%s", pick(r, []string{"", "-", "+"}), r.IntN(100), r.IntN(62), pick(r, []string{"", ":07", ":59.999", ":61", ".5", ":"})))
		case 1:
			words = append(words, fmt.Sprintf("%s%d-%d", pick(r, []string{"", "-", "+"}), r.IntN(20), r.IntN(14)))
		case 2:
			words = append(words, pick(r, []string{"ago", "@", ",", "5days", "3", "x", "1e3", "2-3-4", "", "now", "1 m", "5 quarters"}))
		default:
			words = append(words, number()+" "+pick(r, []string{
				"years", "year", "y", "mons", "month", "days", "d", "weeks", "hours", "h", "mins", "secs", "s", "seconds", "ms", "us", "microseconds", "decades", "centuries", "millennium", "c", "quarter",
			}))
		}
	}
	return strings.Join(words, " ")
}

// TestReadIntervals reads seeded texts, with and without the fields of a type.
func TestReadIntervals(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	r := rand.New(rand.NewPCG(15, 5))
	ranges := map[string]pgtime.Range{
		"": pgtime.AllFields, "year": pgtime.RangeYear, "month": pgtime.RangeMonth, "day": pgtime.RangeDay, "hour": pgtime.RangeHour,
		"minute": pgtime.RangeMinute, "second": pgtime.RangeSecond, "year to month": pgtime.RangeYear | pgtime.RangeMonth,
		"day to hour": pgtime.RangeDay | pgtime.RangeHour, "day to minute": pgtime.RangeDay | pgtime.RangeHour | pgtime.RangeMinute,
		"day to second": pgtime.RangeDay | pgtime.RangeHour | pgtime.RangeMinute | pgtime.RangeSecond, "hour to minute": pgtime.RangeHour | pgtime.RangeMinute,
		"hour to second": pgtime.RangeHour | pgtime.RangeMinute | pgtime.RangeSecond, "minute to second": pgtime.RangeMinute | pgtime.RangeSecond,
	}
	var names []string
	for name := range ranges {
		names = append(names, name)
	}
	for i := range 20000 {
		text, name := intervalText(r), ""
		if i%3 == 0 {
			name = pick(r, names)
		}
		literal := "interval '" + text + "' " + name
		v, err := pgtime.ParseInterval(text, ranges[name])
		if got, want := told(v.Limit(ranges[name], -1), err), asked(t, c, literal); got != want {
			t.Errorf("%s: got %q, want %q", literal, got, want)
		}
	}
}

func interval(r *rand.Rand) pgtime.Interval {
	v := pgtime.Interval{Months: int32(r.IntN(80) - 40), Days: int32(r.IntN(100) - 50), Micros: r.Int64N(4e11) - 2e11}
	switch r.IntN(6) {
	case 0:
		v = pgtime.Interval{Months: int32(r.Uint32()), Days: int32(r.Uint32()), Micros: int64(r.Uint64())}
	case 1:
		v.Micros = int64(r.IntN(9)-4) * pgtime.Day / 2
	case 2:
		v.Days = int32(r.IntN(9)-4) * 15
	}
	return v
}

// TestIntervals computes with seeded intervals.
func TestIntervals(t *testing.T) {
	t.Parallel()
	c := testkit.Postgres(t).Connect(t)
	r := rand.New(rand.NewPCG(15, 6))
	at := func() int64 { return r.Int64N(2e17) - 1e17 }
	for range 6000 {
		v, w := interval(r), interval(r)
		factor := pick(r, []float64{0, 1, -1, 0.5, 1.5, 2, 1.0 / 3, 1e10, 1e-10, r.NormFloat64() * 10})
		a, b := at(), at()
		if r.IntN(3) == 0 {
			b = a + int64(r.IntN(800)-400)*pgtime.Day
		}
		stride := pgtime.Interval{Months: v.Months / 40, Days: v.Days, Micros: v.Micros}
		left, right := told(v, nil), told(w, nil)
		ta, tb := string(pgtypes.AppendTimestamp(nil, a)), string(pgtypes.AppendTimestamp(nil, b))
		hi, lo := v.Total()
		hj, lj := w.Total()
		for _, test := range []struct {
			sql  string
			got  string
			args []any
		}{
			{"$1::text::interval + $2::text::interval", told(v.Add(w)), []any{left, right}},
			{"$1::text::interval - $2::text::interval", told(v.Sub(w)), []any{left, right}},
			{"- $1::text::interval", told(v.Neg()), []any{left}},
			{"$1::text::interval * $2::float8", told(v.Mul(factor)), []any{left, factor}},
			{"$1::text::interval / $2::float8", told(v.Div(factor)), []any{left, factor}},
			{"justify_hours($1::text::interval)", told(v.JustifyHours()), []any{left}},
			{"justify_days($1::text::interval)", told(v.JustifyDays()), []any{left}},
			{"justify_interval($1::text::interval)", told(v.Justify()), []any{left}},
			{"age($1::text::timestamp, $2::text::timestamp)", told(pgtime.Age(a, b)), []any{ta, tb}},
			{"$1::text::interval < $2::text::interval", strconv.FormatBool(hi < hj || hi == hj && lo < lj), []any{left, right}},
			{"date_bin($1::text::interval, $2::text::timestamp, $3::text::timestamp)", binned(pgtime.Bin(stride, a, b)), []any{told(stride, nil), ta, tb}},
		} {
			if want := asked(t, c, test.sql, test.args...); test.got != want {
				t.Errorf("%s of %v: got %q, want %q", test.sql, test.args, test.got, want)
			}
		}
	}
}

func binned(at int64, err error) string {
	if err != nil {
		return told(pgtime.Interval{}, err)
	}
	return string(pgtypes.AppendTimestamp(nil, at))
}
