package udf

import (
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// inlined is how long a text may be to lie in the vector itself.
const inlined = 12

// stringT is duckdb_string_t: a short text is inline, of a longer one bytes holds a prefix and the address.
type stringT struct {
	length uint32
	bytes  [inlined]byte
}

// text gives the bytes where they are.
func (s *stringT) text() string {
	if s.length <= inlined {
		return unsafe.String(&s.bytes[0], s.length)
	}
	return unsafe.String(*(**byte)(unsafe.Pointer(&s.bytes[4])), s.length)
}

func texts() column[string] {
	return column[string]{
		typed: simple(bind.TypeVarchar),
		reader: func(v bind.Vector, n int) reader[string] {
			data := view[stringT](v, n)
			return reader[string]{valid: validity(v, n), at: func(i int) string { return data[i].text() }}
		},
		writer: func(v bind.Vector, n int) writer[string] {
			put := assign(v, n)
			return writer[string]{
				set:  func(i int, x string) { put(i, unsafe.Slice(unsafe.StringData(x), len(x))) },
				null: nulls(v, n), finish: done,
			}
		},
	}
}

func blobs() column[[]byte] {
	return column[[]byte]{
		typed: simple(bind.TypeBlob),
		reader: func(v bind.Vector, n int) reader[[]byte] {
			data := view[stringT](v, n)
			return reader[[]byte]{valid: validity(v, n), at: func(i int) []byte {
				s := data[i].text()
				return unsafe.Slice(unsafe.StringData(s), len(s))
			}}
		},
		writer: func(v bind.Vector, n int) writer[[]byte] {
			return writer[[]byte]{set: assign(v, n), null: nulls(v, n), finish: done}
		},
	}
}

// assign writes a text: a short one without a call into C.
func assign(v bind.Vector, n int) func(i int, x []byte) {
	data := view[stringT](v, n)
	return func(i int, x []byte) {
		if len(x) > inlined {
			bind.UnsafeVectorAssignStringElementLen(v, bind.IdxT(i), x)
			return
		}
		s := stringT{length: uint32(len(x))}
		copy(s.bytes[:], x)
		data[i] = s
	}
}
