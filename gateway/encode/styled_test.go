package encode

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/internal/testkit"
)

// styled are the samples again in each style that shows them otherwise.
func styled() []sample {
	var out []sample
	for _, s := range samples() {
		for _, style := range stylesOf(s.typ.OID) {
			x := s
			style.Zone = s.style.Zone
			x.style = style
			x.name = fmt.Sprintf("%s_%s_%s_%d_%t", s.name, strings.ReplaceAll(style.DateStyleText(), ", ", ""), style.Intervals,
				style.FewerDigits, style.EscapeBytea)
			out = append(out, x)
		}
	}
	return out
}

// stylesOf gives the styles other than the zero Style in which values of a type may have another text.
func stylesOf(oid pgtypes.OID) (all []pgtypes.Style) {
	for dates := range pgtypes.DatesPostgres + 1 {
		for order := range pgtypes.OrderYMD + 1 {
			all = append(all, pgtypes.Style{Dates: dates, Order: order})
		}
	}
	for style := range pgtypes.IntervalsISO + 1 {
		all = append(all, pgtypes.Style{Intervals: style})
	}
	for _, n := range []int{1, 4, 10, 16} {
		all = append(all, pgtypes.Style{FewerDigits: n})
	}
	all = append(all, pgtypes.Style{EscapeBytea: true})
	kept := all[:0]
	for _, style := range all {
		if style.Shows(oid) {
			kept = append(kept, style)
		}
	}
	return kept
}

// TestLists compares lists of every type and style with slices of PostgreSQL's arrays.
func TestLists(t *testing.T) {
	t.Parallel()
	cluster := testkit.Postgres(t)
	for _, s := range append(samples(), styled()...) {
		info, _ := pgtypes.Lookup(s.typ.OID)
		if s.format != BinaryFormat || s.vector.Physical == engine.PhysicalText || info.Array == 0 {
			continue // of those there are values that an array cannot be told in binary, or no vectors
		}
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			conn := connect(t, cluster, s.style)
			const n = 200
			list := sample{typ: pgtypes.Of(info.Array), style: s.style}
			list.vector = engine.Vector{Physical: engine.PhysicalList, Child: &s.vector}
			var low, high [][]byte
			for i := range n {
				length := i % 5
				list.vector.List = append(list.vector.List, engine.Span{Offset: uint64(i), Length: uint64(length)})
				low = append(low, binary.BigEndian.AppendUint32(nil, uint32(i+1)))
				high = append(high, binary.BigEndian.AppendUint32(nil, uint32(i+length)))
			}
			list.params = low // one for each row
			statement := "select ($1::" + s.typ.String() + "[])[low:high] from unnest($2::int[], $3::int[]) x(low, high)"
			args := [][]byte{arrayOf(s.typ.OID, s.params[:n+5]), arrayOf(pgtypes.Int4, low), arrayOf(pgtypes.Int4, high)}
			for _, format := range []int16{TextFormat, BinaryFormat} {
				r := conn.ExecParams(t.Context(), statement, args, nil, []int16{BinaryFormat}, []int16{format}).Read()
				if r.Err != nil {
					t.Fatal(r.Err)
				}
				got := fromEncoder(t, &list, format)
				for i, row := range r.Rows {
					if got[i] != cell(row[0]) {
						t.Fatalf("format %d, row %d: got %q, want %q", format, i, got[i], row[0])
					}
				}
			}
		})
	}
}
