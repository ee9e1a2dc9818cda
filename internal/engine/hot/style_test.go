package hot_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/internal/engine"
	"tidegate/internal/engine/enginetest"
	"tidegate/internal/engine/hot"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// TestStyles asks in several styles over one connection: each statement is written and read in its own, prepared or not.
func TestStyles(t *testing.T) {
	t.Parallel()
	pg := testkit.Postgres(t)
	e := open(t, hot.Options{URL: pg.DSN(), Pool: 1})
	ask := func(style pgtypes.Style, args []engine.Arg) [][]string {
		t.Helper()
		sql := "select date '01/02/2018', interval '-1 02:03:04', 0.1::float8 + 0.2::float8, '\\xff5c'::bytea"
		if args != nil {
			sql += ", $1::int"
		}
		rows, err := e.Query(t.Context(), engine.Statement{SQL: sql, Style: style, Args: args})
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		table := enginetest.Table(t, rows)
		return [][]string{table[0][:4]}
	}
	plain := [][]string{{"2018-01-02", "-1 days +02:03:04", "0.30000000000000004", `\xff5c`}}
	styled := [][]string{{"01/02/2018", "-1 2:03:04", "0.3", `\377\\`}}
	style := pgtypes.Style{
		Dates: pgtypes.DatesSQL, Order: pgtypes.OrderDMY, Intervals: pgtypes.IntervalsSQL, FewerDigits: 1, EscapeBytea: true,
	}
	for range 3 {
		for _, args := range [][]engine.Arg{nil, {{Text: "1"}}} {
			if d := cmp.Diff(plain, ask(pgtypes.Style{}, args)); d != "" {
				t.Errorf("zero style (-want +got):\n%s", d)
			}
			if d := cmp.Diff(styled, ask(style, args)); d != "" {
				t.Errorf("styled (-want +got):\n%s", d)
			}
		}
	}
	redshift := open(t, hot.Options{Kind: hot.Redshift, URL: pg.DSN(), Pool: 1})
	_, err := redshift.Query(t.Context(), engine.Statement{SQL: "select 1", Style: style})
	if pgerr.CodeOf(err) != pgerr.FeatureNotSupported {
		t.Errorf("Redshift in a style: %v", err)
	}
}
