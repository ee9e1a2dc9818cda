package duck

import (
	"math"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// microsRead reads a timestamp of another unit into a buffer of its own, in microseconds.
func microsRead(micros func(int64) (int64, bool)) readFunc {
	var buffer []int64
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		in := view[int64](src, rows)
		buffer = grow(buffer, rows)
		*dst = engine.Vector{Physical: engine.PhysicalI64, Validity: validity(src, rows), I64: buffer}
		for i, v := range in {
			if !dst.Valid(i) {
				continue
			}
			// Infinity is the same pair of numbers in every unit.
			if v == math.MaxInt64 || v == -math.MaxInt64 {
				buffer[i] = v
				continue
			}
			m, ok := micros(v)
			if !ok {
				return pgerr.New(pgerr.DatetimeOverflow, "timestamp out of range")
			}
			buffer[i] = m
		}
		return nil
	}
}

func fromSeconds(v int64) (int64, bool) { return times(v, 1_000_000) }

func fromMillis(v int64) (int64, bool) { return times(v, 1000) }

func times(v, factor int64) (int64, bool) {
	return v * factor, v <= math.MaxInt64/factor && v >= math.MinInt64/factor
}

// fromNanos rounds down: the digits behind the microsecond are cut off.
func fromNanos(v int64) (int64, bool) {
	m := v / 1e3
	if v%1e3 < 0 {
		m--
	}
	return m, true
}

func grow[T any](b []T, n int) []T {
	if cap(b) < n {
		return make([]T, n)
	}
	return b[:n]
}

// enumReader reads an ENUM as its labels.
func enumReader(lt bind.LogicalType) reader {
	labels := make([]string, bind.EnumDictionarySize(lt))
	for i := range labels {
		labels[i] = bind.EnumDictionaryValue(lt, bind.IdxT(i))
	}
	r := reader{typ: pgtypes.Of(pgtypes.Text), physical: engine.PhysicalText}
	switch bind.EnumInternalType(lt) {
	case bind.TypeUTinyInt:
		r.read = labelRead[uint8](labels)
	case bind.TypeUSmallInt:
		r.read = labelRead[uint16](labels)
	default:
		r.read = labelRead[uint32](labels)
	}
	return r
}

func labelRead[T uint8 | uint16 | uint32](labels []string) readFunc {
	var texts []string
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		in := view[T](src, rows)
		texts = grow(texts, rows)
		*dst = engine.Vector{Physical: engine.PhysicalText, Validity: validity(src, rows), Text: texts}
		for i, v := range in {
			if dst.Valid(i) {
				texts[i] = labels[v]
			}
		}
		return nil
	}
}
