package engine

import (
	"encoding/binary"
	"fmt"
	"unsafe"
)

// AppendStored appends the rows from one on as bytes that ReadStored reads, in this process: layouts are the machine's.
func (c *Chunk) AppendStored(b []byte, from int) []byte {
	at := make([]int, c.Rows-from)
	for i := range at {
		at[i] = from + i
	}
	return c.appendRows(b, at)
}

func (c *Chunk) appendRows(b []byte, at []int) []byte {
	b = binary.LittleEndian.AppendUint32(b, uint32(len(at)))
	for i := range c.Vectors {
		b = c.Vectors[i].appendStored(b, at)
	}
	return b
}

// Gather copies rows of a chunk, in the order in which they are given, into Go's memory: the copy stays valid. The second
// value is about how many bytes the copy holds.
func (c *Chunk) Gather(rows []int) (*Chunk, int64) {
	b := c.appendRows(nil, rows)
	copied, err := ReadStored(b, len(c.Vectors))
	if err != nil {
		panic(err) // it was written above
	}
	return copied, 2 * int64(len(b)) // texts are in b, all else is read out of it
}

// ReadStored gives the chunk of AppendStored with its columns' number. It keeps b, which nobody may change.
func ReadStored(b []byte, columns int) (*Chunk, error) {
	r := storedReader{b: b}
	c := &Chunk{Rows: int(r.number()), Vectors: make([]Vector, columns), memory: b}
	for i := range c.Vectors {
		r.vector(&c.Vectors[i], c.Rows)
	}
	if r.short || len(r.b) > 0 {
		return nil, fmt.Errorf("read stored rows: %d bytes are left of %d rows in %d columns", len(r.b), c.Rows, columns)
	}
	return c, nil
}

// appendStored appends the values at places.
func (v *Vector) appendStored(b []byte, at []int) []byte {
	b = append(b, byte(v.Physical), byte(v.Scale))
	b = v.appendValidity(b, at)
	switch v.Physical {
	case PhysicalNull:
	case PhysicalBool:
		b = appendFixed(b, v.Bool, at)
	case PhysicalI8:
		b = appendFixed(b, v.I8, at)
	case PhysicalI16:
		b = appendFixed(b, v.I16, at)
	case PhysicalI32:
		b = appendFixed(b, v.I32, at)
	case PhysicalI64:
		b = appendFixed(b, v.I64, at)
	case PhysicalI128:
		b = appendFixed(b, v.I128, at)
	case PhysicalU8:
		b = appendFixed(b, v.U8, at)
	case PhysicalU16:
		b = appendFixed(b, v.U16, at)
	case PhysicalU32:
		b = appendFixed(b, v.U32, at)
	case PhysicalU64:
		b = appendFixed(b, v.U64, at)
	case PhysicalF32:
		b = appendFixed(b, v.F32, at)
	case PhysicalF64:
		b = appendFixed(b, v.F64, at)
	case PhysicalInterval:
		b = appendFixed(b, v.Interval, at)
	case PhysicalString:
		b = v.appendTexts(b, at, func(i int) string { return v.Str[i].View() })
	case PhysicalText:
		b = v.appendTexts(b, at, func(i int) string { return v.Text[i] })
	case PhysicalList:
		b = v.appendLists(b, at)
	default:
		panic(fmt.Sprintf("engine: vectors of layout %d are not stored", v.Physical))
	}
	return b
}

// appendValidity writes a bit for each value, or that none is NULL.
func (v *Vector) appendValidity(b []byte, at []int) []byte {
	if v.Validity == nil {
		return append(b, 0)
	}
	b = append(b, 1)
	words := make([]uint64, (len(at)+63)/64)
	for i, from := range at {
		if v.Valid(from) {
			words[i>>6] |= 1 << (uint(i) & 63)
		}
	}
	for _, w := range words {
		b = binary.NativeEndian.AppendUint64(b, w)
	}
	return b
}

func appendFixed[T any](b []byte, values []T, at []int) []byte {
	var one T
	for _, i := range at {
		b = append(b, unsafe.Slice((*byte)(unsafe.Pointer(&values[i])), int(unsafe.Sizeof(one)))...)
	}
	return b
}

// appendTexts does not look at what stands at a NULL's place.
func (v *Vector) appendTexts(b []byte, at []int, text func(i int) string) []byte {
	for _, i := range at {
		s := ""
		if v.Valid(i) {
			s = text(i)
		}
		b = append(binary.LittleEndian.AppendUint32(b, uint32(len(s))), s...)
	}
	return b
}

// appendLists writes the lists' lengths and then the elements, one list after the other.
func (v *Vector) appendLists(b []byte, at []int) []byte {
	var elements []int
	for _, i := range at {
		n := 0
		if v.Valid(i) {
			n = int(v.List[i].Length)
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(n))
		for k := range n {
			elements = append(elements, int(v.List[i].Offset)+k)
		}
	}
	return v.Child.appendStored(b, elements)
}

// storedReader takes values from the front of b.
type storedReader struct {
	b     []byte
	short bool // there was less than was asked for
}

func (r *storedReader) take(n int) []byte {
	if n < 0 || n > len(r.b) {
		r.short, r.b = true, nil
		return make([]byte, max(n, 0))
	}
	taken := r.b[:n:n]
	r.b = r.b[n:]
	return taken
}

func (r *storedReader) number() uint32 { return binary.LittleEndian.Uint32(r.take(4)) }

// takeFixed copies: values must lie as their type wants it.
func takeFixed[T any](r *storedReader, n int) []T {
	values := make([]T, n)
	if n > 0 {
		var one T
		size := n * int(unsafe.Sizeof(one))
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&values[0])), size), r.take(size))
	}
	return values
}

func (r *storedReader) vector(v *Vector, rows int) {
	head := r.take(3)
	v.Physical, v.Scale = Physical(head[0]), int(head[1])
	if head[2] != 0 {
		v.Validity = takeFixed[uint64](r, (rows+63)/64)
	}
	switch v.Physical {
	case PhysicalNull:
	case PhysicalBool:
		v.Bool = takeFixed[bool](r, rows)
	case PhysicalI8:
		v.I8 = takeFixed[int8](r, rows)
	case PhysicalI16:
		v.I16 = takeFixed[int16](r, rows)
	case PhysicalI32:
		v.I32 = takeFixed[int32](r, rows)
	case PhysicalI64:
		v.I64 = takeFixed[int64](r, rows)
	case PhysicalI128:
		v.I128 = takeFixed[Int128](r, rows)
	case PhysicalU8:
		v.U8 = takeFixed[uint8](r, rows)
	case PhysicalU16:
		v.U16 = takeFixed[uint16](r, rows)
	case PhysicalU32:
		v.U32 = takeFixed[uint32](r, rows)
	case PhysicalU64:
		v.U64 = takeFixed[uint64](r, rows)
	case PhysicalF32:
		v.F32 = takeFixed[float32](r, rows)
	case PhysicalF64:
		v.F64 = takeFixed[float64](r, rows)
	case PhysicalInterval:
		v.Interval = takeFixed[Interval](r, rows)
	case PhysicalString:
		v.Str = make([]String, rows)
		for i := range v.Str {
			v.Str[i] = stringOver(r.take(int(r.number())))
		}
	case PhysicalText:
		v.Text = make([]string, rows)
		for i := range v.Text {
			v.Text[i] = string(r.take(int(r.number())))
		}
	case PhysicalList:
		r.lists(v, rows)
	default:
		r.short = true
	}
}

func (r *storedReader) lists(v *Vector, rows int) {
	v.List, v.Child = make([]Span, rows), &Vector{}
	total := uint64(0)
	for i := range v.List {
		v.List[i] = Span{Offset: total, Length: uint64(r.number())}
		total += v.List[i].Length
	}
	r.vector(v.Child, int(total))
}
