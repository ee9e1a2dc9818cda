package engine

import "unsafe"

// Physical is how the values of a Vector lie in memory.
type Physical uint8

// The physical layouts. What they mean is told by the column's pgtypes.Type:
// Date is int32 days and Timestamp int64 microseconds, both from 1970-01-01; a decimal is its unscaled
// integer in I16, I32, I64 or I128 with Vector.Scale. A UUID is an I128 whose highest bit is turned, so that it sorts
// as a signed integer.
const (
	PhysicalBool Physical = iota
	PhysicalI8
	PhysicalI16
	PhysicalI32
	PhysicalI64
	PhysicalI128
	PhysicalU8
	PhysicalU16
	PhysicalU32
	PhysicalU64
	PhysicalF32
	PhysicalF64
	PhysicalString // text, json, bytea, in DuckDB's memory
	PhysicalText   // text in Go's memory, for rows that no DuckDB made
	PhysicalNull   // every value is NULL
	PhysicalInterval
	PhysicalList // of the elements in Vector.Child
)

// Chunk is up to a few thousand rows, column by column.
type Chunk struct {
	Rows    int
	Vectors []Vector

	memory []byte // under strings that Go's memory holds: see ReadStored
}

// Vector is one column of a chunk. Only the slice that Physical names is set; it has Chunk.Rows values
// and what stands at a NULL's place means nothing.
type Vector struct {
	Physical Physical
	Scale    int // of a decimal

	// Validity has bit i%64 of word i/64 set where row i is not NULL; nil means no NULLs.
	Validity []uint64

	Bool []bool
	I8   []int8
	I16  []int16
	I32  []int32
	I64  []int64
	I128 []Int128
	U8   []uint8
	U16  []uint16
	U32  []uint32
	U64  []uint64
	F32  []float32
	F64  []float64
	Str  []String
	Text []string

	Interval []Interval
	List     []Span
	Child    *Vector // of List: the elements of all rows
}

// Valid reports whether row i is not NULL.
func (v *Vector) Valid(i int) bool {
	return v.Physical != PhysicalNull && (v.Validity == nil || v.Validity[i>>6]&(1<<(uint(i)&63)) != 0)
}

// Int128 is a two's complement 128-bit integer.
type Int128 struct {
	Lo uint64
	Hi int64
}

// Interval is a span of time in the three units that do not convert into each other.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// Span says which elements of Vector.Child are a row's.
type Span struct{ Offset, Length uint64 }

// String is a string of a vector in DuckDB's own layout (duckdb_string_t): up to 12 bytes inline, else a pointer
// into memory that DuckDB owns. The pointer is a uintptr because inline text in a pointer field would be
// taken for an address by the garbage collector.
type String struct {
	length uint32
	prefix [4]byte
	ptr    uintptr
}

const inlineBytes = 12

// stringOver makes a String of bytes that somebody else keeps alive.
func stringOver(b []byte) String {
	s := String{length: uint32(len(b))}
	if len(b) <= inlineBytes {
		copy(unsafe.Slice((*byte)(unsafe.Pointer(&s.prefix)), inlineBytes), b)
		return s
	}
	copy(s.prefix[:], b)
	s.ptr = uintptr(unsafe.Pointer(unsafe.SliceData(b)))
	return s
}

// Bytes gives the string's bytes: a view, valid as long as the chunk.
func (s *String) Bytes() []byte {
	if s.length <= inlineBytes {
		return unsafe.Slice((*byte)(unsafe.Pointer(&s.prefix)), s.length)
	}
	return unsafe.Slice(*(**byte)(unsafe.Pointer(&s.ptr)), s.length)
}

// AppendTo appends the string to b.
func (s *String) AppendTo(b []byte) []byte {
	if s.length > inlineBytes {
		return append(b, s.Bytes()...)
	}
	// Always as many bytes, so that they need no loop; what is too much is written over.
	at := len(b)
	b = append(b, (*[inlineBytes]byte)(unsafe.Pointer(&s.prefix))[:]...)
	return b[:at+int(s.length)]
}

// View is Bytes as a string, and as short-lived.
func (s *String) View() string { return unsafe.String(unsafe.SliceData(s.Bytes()), s.length) }
