package pgfunc_test

import (
	"testing"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine/duck/pgfunc"
	"tidegate/internal/engine/duck/udf"
)

// BenchmarkNumerics asks for a million rows per operation: native sums of DECIMALs, and wide numerics.
func BenchmarkNumerics(b *testing.B) {
	var db bind.Database
	var c bind.Connection
	if bind.Open("", &db) == bind.StateError || bind.Connect(db, &c) == bind.StateError {
		b.Fatal("open duckdb")
	}
	defer bind.Close(&db)
	defer bind.Disconnect(&c)
	if err := udf.Register(c, pgfunc.All()); err != nil {
		b.Fatal(err)
	}
	if err := udf.RegisterAggregates(c, pgfunc.Aggregates()); err != nil {
		b.Fatal(err)
	}
	run := func(query string) {
		var r bind.Result
		if bind.Query(c, query, &r) == bind.StateError {
			b.Fatal(bind.ResultError(&r))
		}
		bind.DestroyResult(&r)
	}
	run("CREATE TABLE x AS SELECT i, CAST(i * 7.31 % 100000 AS DECIMAL(12,2)) AS n FROM range(1000000) t(i)")
	for _, test := range []struct{ name, query string }{
		{"sum", "SELECT sum(n) FROM x"},
		{"wide sum", "SELECT tg_num_sum(CASE WHEN i % 2 = 0 THEN CAST(n AS VARCHAR) ELSE '0' END) FROM x"},
		{"quotient", "SELECT max(tg_num_div(CAST(n AS VARCHAR), '7')) FROM x"},
		{"key", "SELECT max(tg_num_key(CAST(n AS VARCHAR))) FROM x"},
		{"squares", "SELECT tg_num_squares(CAST(n AS VARCHAR)) FROM x"},
		{"float", "SELECT sum(tg_float_mul(CAST(i AS DOUBLE), CAST(2 AS DOUBLE))) FROM x"},
	} {
		b.Run(test.name, func(b *testing.B) {
			for b.Loop() {
				run(test.query)
			}
		})
	}
}
