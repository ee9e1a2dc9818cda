package pgfunc_test

import (
	"fmt"
	"testing"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// TestForms compares the three forms of a statistic of floats: in one pass, merged of parts, and of a list.
func TestForms(t *testing.T) {
	t.Parallel()
	c := connect(t)
	run := func(query string) {
		t.Helper()
		var r bind.Result
		defer bind.DestroyResult(&r)
		if bind.Query(c, query, &r) == bind.StateError {
			t.Errorf("%s: %s", query, bind.ResultError(&r))
		}
	}
	run("SET threads = 1")
	run("CREATE TABLE x AS SELECT i, CASE WHEN i % 5 > 0 THEN sin(i) * i END AS f, CASE WHEN i % 7 > 0 THEN cos(i) + i END AS h FROM range(10000) t(i)")
	of := func(statistic, state, arguments, item, list string) {
		t.Helper()
		run(fmt.Sprintf(`SELECT CASE WHEN whole IS NULL OR listed IS DISTINCT FROM whole OR NOT coalesce(abs(merged - whole) <= 1e-12 * abs(whole), false)
			THEN error(whole || ' in one pass, ' || listed || ' of a list, ' || merged || ' merged') END FROM (SELECT
			(SELECT tg_float_%[1]s(%[3]s) FROM x) AS whole,
			(SELECT tg_float_%[1]s_merged(s) FROM (SELECT tg_float_%[2]s(%[3]s) AS s FROM x GROUP BY i %% 6)) AS merged,
			(SELECT tg_float_%[1]s_list(%[5]s) FROM (SELECT list(%[4]s ORDER BY i) AS l FROM x)) AS listed)`, statistic, state, arguments, item, list))
	}
	for _, s := range []string{"avg", "var_pop", "var_samp", "stddev_pop", "stddev_samp"} {
		of(s, "moments", "f", "f", "l")
	}
	for _, s := range []string{
		"corr", "covar_pop", "covar_samp", "regr_avgx", "regr_avgy", "regr_sxx", "regr_syy", "regr_sxy", "regr_slope", "regr_intercept", "regr_r2",
	} {
		of(s, "pairs", "f, h", "[f, h]", "flatten(l)")
	}
}
