package engine

import (
	"math"
	"slices"
	"unsafe"
)

// ChunkRows is how many rows a Builder's chunk has at most: DuckDB's size of a vector.
const ChunkRows = 2048

// chunkTextBytes is how much text a chunk holds before it is full; its last row may go beyond.
const chunkTextBytes = 4 << 20

// Builder makes chunks row by row, in Go's memory. The values of a row are set in any order, each column's once, then
// the row is kept or dropped. It is not safe for concurrent use.
type Builder struct {
	chunk Chunk
	valid [][]uint64 // by column
	nulls []bool     // by column: some row is NULL
	texts []byte     // of all rows; a String's ptr is an offset in it until Chunk
	kept  int        // bytes of texts that belong to kept rows
}

// NewBuilder makes a Builder of columns of these layouts: fixed widths up to 128 bits, and PhysicalString.
func NewBuilder(columns []Physical) *Builder {
	b := &Builder{chunk: Chunk{Vectors: make([]Vector, len(columns))}, nulls: make([]bool, len(columns))}
	for i, p := range columns {
		v := &b.chunk.Vectors[i]
		v.Physical = p
		switch p {
		case PhysicalBool:
			v.Bool = make([]bool, ChunkRows)
		case PhysicalI16:
			v.I16 = make([]int16, ChunkRows)
		case PhysicalI32:
			v.I32 = make([]int32, ChunkRows)
		case PhysicalI64:
			v.I64 = make([]int64, ChunkRows)
		case PhysicalI128:
			v.I128 = make([]Int128, ChunkRows)
		case PhysicalF32:
			v.F32 = make([]float32, ChunkRows)
		case PhysicalF64:
			v.F64 = make([]float64, ChunkRows)
		case PhysicalString:
			v.Str = make([]String, ChunkRows)
		default:
			panic("engine: no builder for this layout")
		}
		b.valid = append(b.valid, slices.Repeat([]uint64{math.MaxUint64}, ChunkRows/64))
	}
	return b
}

// Rows gives the number of rows that were kept: the place of the row in the making.
func (b *Builder) Rows() int { return b.chunk.Rows }

// Vector gives a column, whose value at Rows the caller sets, but for a text.
func (b *Builder) Vector(column int) *Vector { return &b.chunk.Vectors[column] }

// SetText copies a text into a column of PhysicalString.
func (b *Builder) SetText(column int, text []byte) {
	s := String{length: uint32(len(text))}
	if len(text) <= inlineBytes {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&s.prefix)), inlineBytes), text)
	} else {
		copy(s.prefix[:], text)
		s.ptr = uintptr(len(b.texts))
		b.texts = append(b.texts, text...)
	}
	b.chunk.Vectors[column].Str[b.chunk.Rows] = s
}

// SetNull makes a column NULL.
func (b *Builder) SetNull(column int) {
	if texts := b.chunk.Vectors[column].Str; texts != nil {
		texts[b.chunk.Rows] = String{} // there may be one whose text is elsewhere now
	}
	b.nulls[column] = true
	b.valid[column][b.chunk.Rows/64] &^= 1 << (b.chunk.Rows % 64)
}

// Keep ends the row.
func (b *Builder) Keep() {
	b.chunk.Rows++
	b.kept = len(b.texts)
}

// Drop forgets what was set of the row.
func (b *Builder) Drop() {
	for i := range b.valid {
		b.valid[i][b.chunk.Rows/64] |= 1 << (b.chunk.Rows % 64)
	}
	b.texts = b.texts[:b.kept]
}

// Full reports whether the next row needs a new chunk: Chunk, then Reset.
func (b *Builder) Full() bool { return b.chunk.Rows == ChunkRows || b.kept >= chunkTextBytes }

// Chunk gives the rows that were kept. It is valid until Reset, which must come before another row.
func (b *Builder) Chunk() *Chunk {
	base := uintptr(unsafe.Pointer(unsafe.SliceData(b.texts)))
	for i := range b.chunk.Vectors {
		v := &b.chunk.Vectors[i]
		if v.Validity = nil; b.nulls[i] {
			v.Validity = b.valid[i]
		}
		if v.Physical != PhysicalString {
			continue
		}
		for row := range v.Str[:b.chunk.Rows] {
			if v.Str[row].length > inlineBytes && v.Valid(row) {
				v.Str[row].ptr += base
			}
		}
	}
	b.chunk.memory = b.texts
	return &b.chunk
}

// Reset begins a chunk without rows in the same memory.
func (b *Builder) Reset() {
	for i := range b.valid {
		if b.nulls[i] {
			b.nulls[i] = false
			for word := range b.valid[i] {
				b.valid[i][word] = math.MaxUint64
			}
		}
	}
	b.chunk.Rows, b.texts, b.kept = 0, b.texts[:0], 0
}

// Texts gives the Go memory that the chunk's texts lie in, nil if they lie in DuckDB's.
func (c *Chunk) Texts() []byte { return c.memory }
