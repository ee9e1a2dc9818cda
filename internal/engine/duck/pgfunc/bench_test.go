package pgfunc_test

import (
	"testing"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine/duck/pgfunc"
	"tidegate/internal/engine/duck/udf"
)

// BenchmarkNumerics asks for a million rows per operation: native sums of DECIMALs, and wide numerics.
func BenchmarkNumerics(b *testing.B) {
	benchmark(b, "CREATE TABLE x AS SELECT i, CAST(i * 7.31 % 100000 AS DECIMAL(12,2)) AS n FROM range(1000000) t(i)", []question{
		{"sum", "SELECT sum(n) FROM x"},
		{"wide sum", "SELECT tg_num_sum(CASE WHEN i % 2 = 0 THEN CAST(n AS VARCHAR) ELSE '0' END) FROM x"},
		{"quotient", "SELECT max(tg_num_div(CAST(n AS VARCHAR), '7')) FROM x"},
		{"key", "SELECT max(tg_num_key(CAST(n AS VARCHAR))) FROM x"},
		{"squares", "SELECT tg_num_squares(CAST(n AS VARCHAR)) FROM x"},
		{"float", "SELECT sum(tg_float_mul(CAST(i AS DOUBLE), CAST(2 AS DOUBLE))) FROM x"},
	})
}

// BenchmarkFloatStatistics asks for ten million rows per operation: DuckDB's statistics of floats beside ours.
func BenchmarkFloatStatistics(b *testing.B) {
	benchmark(b, "CREATE TABLE x AS SELECT i % 1000 AS g, i % 1000000 AS many, random() AS f, random() AS h FROM range(10000000) t(i)", []question{
		{"avg duckdb", "SELECT avg(f) FROM x"},
		{"avg checked", "SELECT avg(f), bool_or(isinf(f)) FROM x"},
		{"avg checked huge", "SELECT avg(f), bool_or(NOT abs(f) < 1e150) FROM x"},
		{"avg min max", "SELECT avg(f), min(f), max(f) FROM x"},
		{"avg go", "SELECT tg_float_avg(f) FROM x"},
		{"avg groups duckdb", "SELECT count(*), sum(a) FROM (SELECT avg(f) a FROM x GROUP BY g)"},
		{"avg groups checked", "SELECT count(*), sum(a) FROM (SELECT avg(f) a, bool_or(isinf(f)) FROM x GROUP BY g)"},
		{"avg groups min max", "SELECT count(*), sum(a) FROM (SELECT avg(f) a, min(f), max(f) FROM x GROUP BY g)"},
		{"avg groups go", "SELECT count(*), sum(a) FROM (SELECT tg_float_avg(f) a FROM x GROUP BY g)"},
		{"avg many groups duckdb", "SELECT count(*), sum(a) FROM (SELECT avg(f) a FROM x GROUP BY many)"},
		{"avg many groups go", "SELECT count(*), sum(a) FROM (SELECT tg_float_avg(f) a FROM x GROUP BY many)"},
		{"stddev duckdb", "SELECT stddev_samp(f) FROM x"},
		{"stddev go", "SELECT tg_float_stddev_samp(f) FROM x"},
		{"corr duckdb", "SELECT corr(f, h) FROM x"},
		{"corr go", "SELECT tg_float_corr(f, h) FROM x"},
	})
}

type question struct{ name, query string }

// benchmark asks the questions over a table that setup makes.
func benchmark(b *testing.B, setup string, questions []question) {
	b.Helper()
	c := connect(b)
	run := func(query string) {
		var r bind.Result
		if bind.Query(c, query, &r) == bind.StateError {
			b.Fatal(bind.ResultError(&r))
		}
		bind.DestroyResult(&r)
	}
	run(setup)
	for _, q := range questions {
		b.Run(q.name, func(b *testing.B) {
			for b.Loop() {
				run(q.query)
			}
		})
	}
}

// connect opens a DuckDB that has the functions of this package.
func connect(tb testing.TB) bind.Connection {
	tb.Helper()
	var db bind.Database
	var c bind.Connection
	if bind.Open("", &db) == bind.StateError || bind.Connect(db, &c) == bind.StateError {
		tb.Fatal("open duckdb")
	}
	tb.Cleanup(func() {
		bind.Disconnect(&c)
		bind.Close(&db)
	})
	if err := udf.Register(c, pgfunc.All()); err != nil {
		tb.Fatal(err)
	}
	if err := udf.RegisterAggregates(c, pgfunc.Aggregates()); err != nil {
		tb.Fatal(err)
	}
	return c
}
