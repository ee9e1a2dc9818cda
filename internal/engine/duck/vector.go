package duck

import (
	"unsafe"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
)

// view gives the vector's values where DuckDB has them. Chunks of a result are flat: one value per row.
func view[T any](src bind.Vector, rows int) []T {
	return unsafe.Slice((*T)(bind.VectorGetData(src)), rows)
}

// validity gives the vector's NULL bits; nil if it has no NULLs.
func validity(src bind.Vector, rows int) []uint64 {
	p := (*uint64)(bind.VectorGetValidity(src))
	if p == nil {
		return nil
	}
	return unsafe.Slice(p, (rows+63)/64)
}

func readBool(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalBool, Validity: validity(src, rows), Bool: view[bool](src, rows)}
	return nil
}

func readI8(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalI8, Validity: validity(src, rows), I8: view[int8](src, rows)}
	return nil
}

func readU8(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalU8, Validity: validity(src, rows), U8: view[uint8](src, rows)}
	return nil
}

func readU16(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalU16, Validity: validity(src, rows), U16: view[uint16](src, rows)}
	return nil
}

func readU32(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalU32, Validity: validity(src, rows), U32: view[uint32](src, rows)}
	return nil
}

func readU64(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalU64, Validity: validity(src, rows), U64: view[uint64](src, rows)}
	return nil
}

func readF32(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalF32, Validity: validity(src, rows), F32: view[float32](src, rows)}
	return nil
}

func readF64(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{Physical: engine.PhysicalF64, Validity: validity(src, rows), F64: view[float64](src, rows)}
	return nil
}

// readString takes duckdb_string_t for engine.String: the layouts are the same.
func readString(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{
		Physical: engine.PhysicalString,
		Validity: validity(src, rows),
		Str:      view[engine.String](src, rows),
	}
	return nil
}

// readInterval takes duckdb_interval for engine.Interval: the layouts are the same.
func readInterval(dst *engine.Vector, src bind.Vector, rows int) error {
	*dst = engine.Vector{
		Physical: engine.PhysicalInterval,
		Validity: validity(src, rows),
		Interval: view[engine.Interval](src, rows),
	}
	return nil
}

func readNull(dst *engine.Vector, _ bind.Vector, _ int) error {
	*dst = engine.Vector{Physical: engine.PhysicalNull}
	return nil
}

type readFunc func(dst *engine.Vector, src bind.Vector, rows int) error

func readI16(scale int) readFunc {
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		*dst = engine.Vector{
			Physical: engine.PhysicalI16, Scale: scale,
			Validity: validity(src, rows), I16: view[int16](src, rows),
		}
		return nil
	}
}

func readI32(scale int) readFunc {
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		*dst = engine.Vector{
			Physical: engine.PhysicalI32, Scale: scale,
			Validity: validity(src, rows), I32: view[int32](src, rows),
		}
		return nil
	}
}

func readI64(scale int) readFunc {
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		*dst = engine.Vector{
			Physical: engine.PhysicalI64, Scale: scale,
			Validity: validity(src, rows), I64: view[int64](src, rows),
		}
		return nil
	}
}

func readI128(scale int) readFunc {
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		*dst = engine.Vector{
			Physical: engine.PhysicalI128, Scale: scale,
			Validity: validity(src, rows), I128: view[engine.Int128](src, rows),
		}
		return nil
	}
}

// readU128 reads UHUGEINT, of which only the lower half fits a signed 128-bit integer.
func readU128(dst *engine.Vector, src bind.Vector, rows int) error {
	if err := readI128(0)(dst, src, rows); err != nil {
		return err
	}
	for i := range rows {
		if dst.Valid(i) && dst.I128[i].Hi < 0 {
			return pgerr.New(pgerr.NumericOutOfRange, "numeric value has more than 38 digits")
		}
	}
	return nil
}
