package encode

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// TestNoAllocations proves that a row of every type and layout costs no memory, in both formats.
func TestNoAllocations(t *testing.T) { //nolint:paralleltest // other tests would allocate meanwhile
	for _, s := range flatSamples() {
		for _, format := range []int16{TextFormat, BinaryFormat} {
			name := fmt.Sprintf("%s_%d", s.name, format)
			e, err := New([]engine.Column{{Name: "c", Type: s.typ}}, []int16{format}, pgtypes.Style{})
			if err != nil {
				t.Fatal(err)
			}
			rows := s.rows()
			c := &engine.Chunk{Rows: rows, Vectors: []engine.Vector{s.vector}}
			buf := make([]byte, 0, 1<<20)
			encode := func() {
				if buf, _, err = e.Rows(buf[:0], c, 0, rows, 1<<30); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
			}
			encode() // the first rows choose the writers and grow their buffers
			if n := testing.AllocsPerRun(3, encode); n > 0 {
				t.Errorf("%s: %.0f allocations in %d rows", name, n, rows)
			}
		}
	}
}

// flatSamples are columns as DuckDB's vectors have them.
func flatSamples() []sample {
	r := rand.New(rand.NewPCG(7, 7))
	var out []sample
	for _, s := range samples() {
		if s.vector.Physical != engine.PhysicalText { // what others than DuckDB made
			out = append(out, s)
		}
	}
	words := sample{name: "word", typ: pgtypes.Of(pgtypes.Text), vector: engine.Vector{Physical: engine.PhysicalText}}
	for i := range 1000 {
		words.vector.Text = append(words.vector.Text, strconv.Itoa(i))
	}
	var lists []sample
	for _, s := range append(out, words) {
		info, _ := pgtypes.Lookup(s.typ.OID)
		list := sample{name: s.name + "_list", typ: pgtypes.Type{OID: info.Array, Typmod: s.typ.Typmod}}
		list.vector = engine.Vector{Physical: engine.PhysicalList, Child: &s.vector}
		for i := range s.rows() - 4 {
			list.vector.List = append(list.vector.List, engine.Span{Offset: uint64(i), Length: r.Uint64N(4)})
		}
		lists = append(lists, list)
	}
	return append(append(out, words), lists...)
}

// rows gives the number of values.
func (s *sample) rows() int {
	v := &s.vector
	return len(v.Bool) + len(v.I8) + len(v.I16) + len(v.I32) + len(v.I64) + len(v.I128) + len(v.U8) + len(v.U16) + len(v.U32) +
		len(v.U64) + len(v.F32) + len(v.F64) + len(v.Str) + len(v.Text) + len(v.Interval) + len(v.List)
}
