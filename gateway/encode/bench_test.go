package encode

import (
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// BenchmarkRows encodes six mixed columns as text; the unit to look at is rows per second.
func BenchmarkRows(b *testing.B) {
	const n = 2048
	c := &engine.Chunk{Rows: n, Vectors: []engine.Vector{
		{Physical: engine.PhysicalI32},
		{Physical: engine.PhysicalI64},
		{Physical: engine.PhysicalF64},
		{Physical: engine.PhysicalText},
		{Physical: engine.PhysicalI64},
		{Physical: engine.PhysicalBool},
	}}
	for i := range n {
		c.Vectors[0].I32 = append(c.Vectors[0].I32, int32(i))
		c.Vectors[1].I64 = append(c.Vectors[1].I64, int64(i)*7919)
		c.Vectors[2].F64 = append(c.Vectors[2].F64, float64(i)/3)
		c.Vectors[3].Text = append(c.Vectors[3].Text, "user_123")
		c.Vectors[4].I64 = append(c.Vectors[4].I64, 1704067200000000+int64(i)*1_000_000)
		c.Vectors[5].Bool = append(c.Vectors[5].Bool, i%2 == 0)
	}
	var columns []engine.Column
	for _, oid := range []pgtypes.OID{pgtypes.Int4, pgtypes.Int8, pgtypes.Float8, pgtypes.Text, pgtypes.Timestamp, pgtypes.Bool} {
		columns = append(columns, engine.Column{Name: "c", Type: pgtypes.Of(oid)})
	}
	e, err := New(columns, nil, pgtypes.Style{})
	if err != nil {
		b.Fatal(err)
	}
	var buf []byte
	for b.Loop() {
		if buf, _, err = e.Rows(buf[:0], c, 0, n, 1<<30); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*n/b.Elapsed().Seconds(), "rows/s")
}
