package duck

import (
	"errors"
	"io"
	"testing"

	"tidegate/internal/engine"
)

// BenchmarkStream reads 2 M rows of six columns and touches every string.
func BenchmarkStream(b *testing.B) {
	db, err := Open(b.Context(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	s, err := db.Session(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	if _, err := s.Exec(b.Context(), "create table t as select i::int as id, (i * 7919)::bigint as big, i::double as dbl, "+
		"'user_' || (i % 1000) as name, timestamp '2024-01-01' + interval (i) second as ts, (i % 2 = 0) as flag from range(2000000) r(i)"); err != nil {
		b.Fatal(err)
	}
	s.Close()
	b.ReportAllocs()
	for b.Loop() {
		rows, err := db.Query(b.Context(), engine.Statement{SQL: "select * from t"})
		if err != nil {
			b.Fatal(err)
		}
		n, bytes := 0, 0
		for {
			chunk, err := rows.Next(b.Context())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
			n += chunk.Rows
			for i := range chunk.Vectors[3].Str {
				bytes += len(chunk.Vectors[3].Str[i].Bytes())
			}
		}
		rows.Close()
		if n != 2000000 || bytes == 0 {
			b.Fatalf("%d rows", n)
		}
	}
}

// BenchmarkSelectOne is the shortest way through the engine: prepare, execute, one chunk, close.
func BenchmarkSelectOne(b *testing.B) {
	db, err := Open(b.Context(), Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	for b.Loop() {
		rows, err := db.Query(b.Context(), engine.Statement{SQL: "select 1"})
		if err != nil {
			b.Fatal(err)
		}
		for err == nil {
			_, err = rows.Next(b.Context())
		}
		rows.Close()
	}
}
