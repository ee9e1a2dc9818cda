package encode

import (
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// BenchmarkRows encodes mixed columns as text, as the suite "wire" asks for them; the unit to look at is rows per second.
func BenchmarkRows(b *testing.B) {
	columns, c := mixed(2048)
	for _, p := range []struct {
		name string
		n    int
	}{{"six", 6}, {"nine", 9}} {
		b.Run(p.name, func(b *testing.B) {
			e, err := New(columns[:p.n], nil, pgtypes.Style{})
			if err != nil {
				b.Fatal(err)
			}
			some := &engine.Chunk{Rows: c.Rows, Vectors: c.Vectors[:p.n]}
			var buf []byte
			for b.Loop() {
				if buf, _, err = e.Rows(buf[:0], some, 0, some.Rows, 1<<30); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N)*float64(some.Rows)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// mixed makes n rows of one column of each common kind; the last three are a numeric, one with NULLs, and a date.
func mixed(n int) ([]engine.Column, *engine.Chunk) {
	var columns []engine.Column
	for _, t := range []pgtypes.Type{
		pgtypes.Of(pgtypes.Int4), pgtypes.Of(pgtypes.Int8), pgtypes.Of(pgtypes.Float8), pgtypes.Of(pgtypes.Text),
		pgtypes.Of(pgtypes.Timestamp), pgtypes.Of(pgtypes.Bool), pgtypes.NumericOf(12, 2), pgtypes.Of(pgtypes.Int4), pgtypes.Of(pgtypes.Date),
	} {
		columns = append(columns, engine.Column{Name: "c", Type: t})
	}
	v := make([]engine.Vector, len(columns))
	for i, p := range []engine.Physical{
		engine.PhysicalI32, engine.PhysicalI64, engine.PhysicalF64, engine.PhysicalText,
		engine.PhysicalI64, engine.PhysicalBool, engine.PhysicalI64, engine.PhysicalI32, engine.PhysicalI32,
	} {
		v[i].Physical = p
	}
	v[6].Scale, v[7].Validity = 2, make([]uint64, (n+63)/64)
	for i := range n {
		id := 1_000_000 + i
		v[0].I32 = append(v[0].I32, int32(id))
		v[1].I64 = append(v[1].I64, int64(id)*7919000003)
		v[2].F64 = append(v[2].F64, float64(id)/3)
		v[3].Text = append(v[3].Text, "user_123")
		v[4].I64 = append(v[4].I64, 1517443200000000+int64(id)*400_000)
		v[5].Bool = append(v[5].Bool, i%2 == 0)
		v[6].I64 = append(v[6].I64, int64(id)*31%100_000_000)
		v[7].I32 = append(v[7].I32, int32(id%1000))
		if id%7 != 0 {
			v[7].Validity[i>>6] |= 1 << (uint(i) & 63)
		}
		v[8].I32 = append(v[8].I32, int32(17563+id%3000))
	}
	return columns, &engine.Chunk{Rows: n, Vectors: v}
}
