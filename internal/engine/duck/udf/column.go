package udf

import (
	"fmt"
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"
)

// A function's values are string (VARCHAR), []byte (BLOB), bool, int16, int32, int64, uint32, float32, float64 and the types
// below. A list of T is []Null[T], and what may be NULL is Null[T].

// Date is DATE: days since 1970.
type Date int32

// Time is TIME: microseconds since midnight.
type Time int64

// Timetz is TIMETZ, as pgtypes.ZonedTime packs it.
type Timetz uint64

// Timestamp is TIMESTAMP: microseconds since 1970.
type Timestamp int64

// Timestamptz is TIMESTAMPTZ: microseconds since 1970 in UTC.
type Timestamptz int64

// Interval is INTERVAL.
type Interval struct {
	Months, Days int32
	Micros       int64
}

// Hugeint is HUGEINT, two's complement.
type Hugeint struct {
	Lo uint64
	Hi int64
}

// Null is a value that may be NULL.
type Null[T any] struct {
	V     T
	Valid bool
}

// Some gives the value that is not NULL.
func Some[T any](v T) Null[T] { return Null[T]{V: v, Valid: true} }

// typed is a DuckDB type.
type typed struct {
	make     func() bind.LogicalType // the caller destroys it
	nullable bool                    // the Go type has NULL
}

func simple(t bind.Type) typed {
	return typed{make: func() bind.LogicalType { return bind.CreateLogicalType(t) }}
}

// column reads and writes the vectors of one type.
type column[T any] struct {
	typed
	reader func(v bind.Vector, n int) reader[T]
	writer func(v bind.Vector, n int) writer[T]
}

type reader[T any] struct {
	valid func(i int) bool
	at    func(i int) T
}

// writer writes rows in their order. Every row is set or null; finish comes last.
type writer[T any] struct {
	set    func(i int, x T)
	null   func(i int)
	finish func() error
}

// columnOf gives the column of a Go type. A type that has none is a mistake in the list of functions: it panics.
func columnOf[T any]() column[T] {
	for _, try := range []func() (column[T], bool){
		of[T](texts()), of[T](blobs()), of[T](fixed[bool](bind.TypeBoolean)),
		of[T](fixed[int16](bind.TypeSmallInt)), of[T](fixed[int32](bind.TypeInteger)), of[T](fixed[int64](bind.TypeBigInt)), of[T](fixed[uint32](bind.TypeUInteger)),
		of[T](fixed[float32](bind.TypeFloat)), of[T](fixed[float64](bind.TypeDouble)), of[T](fixed[Hugeint](bind.TypeHugeInt)),
		of[T](fixed[Date](bind.TypeDate)), of[T](fixed[Time](bind.TypeTime)), of[T](fixed[Timestamp](bind.TypeTimestamp)),
		of[T](fixed[Timestamptz](bind.TypeTimestampTZ)), of[T](fixed[Interval](bind.TypeInterval)),
		of[T](fixed[Timetz](bind.TypeTimeTZ)),
	} {
		if c, ok := try(); ok {
			return c
		}
	}
	panic(fmt.Sprintf("no DuckDB type for %T", *new(T)))
}

// of tries whether T is B, a list of B, or either of them with NULL.
func of[T, B any](base column[B]) func() (column[T], bool) {
	return func() (column[T], bool) {
		for _, c := range []any{base, nullable(base), list(base), nullable(list(base))} {
			if c, ok := c.(column[T]); ok {
				return c, true
			}
		}
		return column[T]{}, false
	}
}

// nullable is the column of c's values and NULL.
func nullable[T any](c column[T]) column[Null[T]] {
	n := column[Null[T]]{typed: c.typed}
	n.nullable = true
	n.reader = func(v bind.Vector, rows int) reader[Null[T]] {
		r := c.reader(v, rows)
		return reader[Null[T]]{
			valid: func(int) bool { return true },
			at: func(i int) Null[T] {
				if !r.valid(i) {
					return Null[T]{}
				}
				return Some(r.at(i))
			},
		}
	}
	n.writer = func(v bind.Vector, rows int) writer[Null[T]] {
		w := c.writer(v, rows)
		return writer[Null[T]]{null: w.null, finish: w.finish, set: func(i int, x Null[T]) {
			if x.Valid {
				w.set(i, x.V)
			} else {
				w.null(i)
			}
		}}
	}
	return n
}

// fixed is the column of values that DuckDB holds as Go does.
func fixed[T any](t bind.Type) column[T] {
	return column[T]{
		typed: simple(t),
		reader: func(v bind.Vector, n int) reader[T] {
			data := view[T](v, n)
			return reader[T]{valid: validity(v, n), at: func(i int) T { return data[i] }}
		},
		writer: func(v bind.Vector, n int) writer[T] {
			data := view[T](v, n)
			return writer[T]{set: func(i int, x T) { data[i] = x }, null: nulls(v, n), finish: done}
		},
	}
}

func done() error { return nil }

// view gives the vector's memory.
func view[T any](v bind.Vector, n int) []T { return unsafe.Slice((*T)(bind.VectorGetData(v)), n) }

// validity tells which rows are not NULL.
func validity(v bind.Vector, n int) func(i int) bool {
	p := (*uint64)(bind.VectorGetValidity(v))
	if p == nil {
		return func(int) bool { return true }
	}
	bits := unsafe.Slice(p, (n+63)/64)
	return func(i int) bool { return bits[i/64]>>(i%64)&1 == 1 }
}

// nulls makes rows NULL.
func nulls(v bind.Vector, n int) func(i int) {
	var bits []uint64
	return func(i int) {
		if bits == nil {
			bind.VectorEnsureValidityWritable(v)
			bits = unsafe.Slice((*uint64)(bind.VectorGetValidity(v)), (n+63)/64)
		}
		bits[i/64] &^= 1 << (i % 64)
	}
}
