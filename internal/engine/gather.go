package engine

import "tidegate/internal/pgtypes"

// Gather copies rows of a chunk, in the order in which they are given, into Go's memory: the copy stays valid. columns
// are the result's. The second value is about how many bytes the copy holds.
func (c *Chunk) Gather(columns []Column, rows []int) (*Chunk, int64) {
	copied := &Chunk{Rows: len(rows), Vectors: make([]Vector, len(c.Vectors))}
	var size int64
	for i := range c.Vectors {
		copied.Vectors[i] = c.Vectors[i].gather(columns[i].Type.OID, rows)
		size += int64(len(rows)) * 16
		for _, text := range copied.Vectors[i].Text {
			size += int64(len(text))
		}
	}
	return copied, size
}

func (v *Vector) gather(oid pgtypes.OID, rows []int) Vector {
	g := Vector{
		Physical: v.Physical, Scale: v.Scale,
		Bool: pick(v.Bool, rows), I8: pick(v.I8, rows), I16: pick(v.I16, rows), I32: pick(v.I32, rows), I64: pick(v.I64, rows),
		I128: pick(v.I128, rows), U8: pick(v.U8, rows), U16: pick(v.U16, rows), U32: pick(v.U32, rows), U64: pick(v.U64, rows),
		F32: pick(v.F32, rows), F64: pick(v.F64, rows), Text: pick(v.Text, rows),
	}
	if v.Validity != nil {
		g.Validity = make([]uint64, (len(rows)+63)/64)
	}
	if v.Physical == PhysicalString {
		g.Physical, g.Text = PhysicalText, make([]string, len(rows))
	}
	for to, row := range rows {
		if !v.Valid(row) {
			continue
		}
		if v.Validity != nil {
			g.Validity[to>>6] |= 1 << (uint(to) & 63)
		}
		switch {
		case v.Physical != PhysicalString:
		case oid == pgtypes.Bytea: // text of Go's is what PostgreSQL writes
			g.Text[to] = string(pgtypes.AppendBytea(nil, v.Str[row].Bytes()))
		default:
			g.Text[to] = string(v.Str[row].Bytes())
		}
	}
	return g
}

func pick[T any](from []T, rows []int) []T {
	if from == nil {
		return nil
	}
	to := make([]T, len(rows))
	for i, row := range rows {
		to[i] = from[row]
	}
	return to
}
