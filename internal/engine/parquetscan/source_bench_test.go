package parquetscan_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/engine/parquetscan"
)

// BenchmarkPartitionColumn groups by a partition column, whose values come from the path or from the list, and
// compares with DuckDB's own Hive columns. Each table has 10 M rows.
func BenchmarkPartitionColumn(b *testing.B) {
	for _, n := range []int{14, 2000} {
		l := newLake(b, b.TempDir())
		first := l.write(b, "", "first.parquet",
			fmt.Sprintf("select i as id, 'u' || (i %% 1000) as name from range(%d) t(i)", 10_000_000/n))
		var inPath []file
		var paths []string
		for i := range n {
			partition := fmt.Sprintf("dt=2018-%02d-%02d", 1+i/28%12, 1+i%28)
			path := filepath.Join(l.dir, partition, fmt.Sprintf("run=%d", i), "0000.parquet")
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.Link(first.Path, path)); err != nil {
				b.Fatal(err)
			}
			inPath = append(inPath, file{path, partition})
			paths = append(paths, "'"+path+"'")
		}
		columns := []column{{Name: "id", DuckDBType: "BIGINT"}, {Name: "dt", DuckDBType: "DATE", Partition: true}}
		for _, way := range []struct{ name, source string }{
			{"hive", "read_parquet([" + strings.Join(paths, ",") + "], hive_partitioning=true, hive_types={'dt': DATE})"},
			{"path", parquetscan.ParquetSource(inPath, columns)},
			{"list", parquetscan.ParquetSource(unlinked(b, l, inPath), columns)},
		} {
			b.Run(fmt.Sprintf("%d files/%s", n, way.name), func(b *testing.B) {
				for b.Loop() {
					run(b, l, "select dt, count(*), sum(id) from "+way.source+" t group by dt")
				}
			})
		}
	}
}

// unlinked gives the same files under paths without a partition.
func unlinked(b *testing.B, l *lake, files []file) []file {
	b.Helper()
	moved := make([]file, len(files))
	for i, f := range files {
		path := filepath.Join(l.dir, fmt.Sprintf("%d.parquet", i))
		if err := os.Link(f.Path, path); err != nil {
			b.Fatal(err)
		}
		moved[i] = file{path, f.Partition}
	}
	return moved
}

func run(b *testing.B, l *lake, sql string) {
	b.Helper()
	rows, err := l.db.Query(b.Context(), engine.Statement{SQL: sql})
	if err != nil {
		b.Fatal(err)
	}
	for {
		if _, err := rows.Next(b.Context()); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			b.Fatal(err)
		}
	}
	rows.Close()
}
