package udf_test

import "testing"

// BenchmarkMillion calls a function of text a million times per operation, beside a function of DuckDB's own.
func BenchmarkMillion(b *testing.B) {
	c := connect(b)
	for name, query := range map[string]string{
		"go":     "SELECT sum(strlen(t_twice(CAST(i AS VARCHAR)))) FROM range(1000000) t(i)",
		"duckdb": "SELECT sum(strlen(repeat(CAST(i AS VARCHAR), 2))) FROM range(1000000) t(i)",
		"number": "SELECT sum(t_div(i, 3)) FROM range(1000000) t(i)",
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := ask(c, query); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
