package encode

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// sizeOf gives the bytes of an integer type.
func sizeOf(oid pgtypes.OID) int {
	switch oid {
	case pgtypes.Int2:
		return 2
	case pgtypes.Int8:
		return 8
	}
	return 4
}

// integer reads any number as an integer of the column's type, rounded as PostgreSQL's casts do: half away from
// zero from decimals, half to even from floats. What does not fit is 22003.
func (e *Encoder) integer(c *column) func(v *engine.Vector, row int) int64 {
	low, high := int64(math.MinInt64), int64(math.MaxInt64)
	switch c.typ.OID {
	case pgtypes.Int2:
		low, high = math.MinInt16, math.MaxInt16
	case pgtypes.Int4:
		low, high = math.MinInt32, math.MaxInt32
	case pgtypes.OIDType:
		low, high = 0, math.MaxUint32
	}
	typ := c.typ
	check := func(n int64, ok bool) int64 {
		if !ok || n < low || n > high {
			e.fail(pgerr.New(pgerr.NumericOutOfRange, "%s out of range", typ))
			return 0
		}
		return n
	}
	if c.physical == engine.PhysicalF32 || c.physical == engine.PhysicalF64 {
		read := floatOf(c.physical, 0)
		return func(v *engine.Vector, row int) int64 {
			f := math.RoundToEven(read(v, row))
			return check(int64(f), f >= math.MinInt64 && f < math.MaxInt64)
		}
	}
	read := integerOf(c.physical)
	if read == nil {
		return nil
	}
	if c.scale == 0 {
		return func(v *engine.Vector, row int) int64 { return check(read(v, row)) }
	}
	whole := column{typ: pgtypes.NumericOf(pgtypes.MaxPrecision, 0), physical: c.physical, scale: c.scale}
	text := e.decimalOf(&whole)
	return func(v *engine.Vector, row int) int64 {
		n, err := strconv.ParseInt(string(text(nil, v, row)), 10, 64)
		return check(n, err == nil)
	}
}

// floatOf reads any number as a float.
func floatOf(p engine.Physical, scale int) func(v *engine.Vector, row int) float64 {
	switch p {
	case engine.PhysicalF32:
		return func(v *engine.Vector, row int) float64 { return float64(v.F32[row]) }
	case engine.PhysicalF64:
		return func(v *engine.Vector, row int) float64 { return v.F64[row] }
	default: // the integers
	}
	text := plainDecimal(p)
	if text == nil {
		return nil
	}
	return func(v *engine.Vector, row int) float64 {
		var space [64]byte
		// Decimal digits always read as a float: the largest has 39.
		f, _ := strconv.ParseFloat(string(text(space[:0], v, row, scale)), 64)
		return f
	}
}

// plainDecimal writes an integer layout as a decimal of a scale.
func plainDecimal(p engine.Physical) func(b []byte, v *engine.Vector, row, scale int) []byte {
	switch p {
	case engine.PhysicalI128:
		return func(b []byte, v *engine.Vector, row, scale int) []byte {
			return pgtypes.AppendDecimal128(b, v.I128[row].Hi, v.I128[row].Lo, scale)
		}
	case engine.PhysicalU64:
		return func(b []byte, v *engine.Vector, row, scale int) []byte {
			return pgtypes.AppendDecimal128(b, 0, v.U64[row], scale)
		}
	default: // fits 64 bits, or is no integer
	}
	read := integerOf(p)
	if read == nil {
		return nil
	}
	return func(b []byte, v *engine.Vector, row, scale int) []byte {
		n, _ := read(v, row) // the layouts left here always fit
		return pgtypes.AppendDecimal(b, n, scale)
	}
}

// decimalOf writes any number as numeric text, with the scale of the column's modifier if it has one.
func (e *Encoder) decimalOf(c *column) appendFunc {
	scale := c.scale
	_, want, limited := c.typ.PrecisionScale()
	switch c.physical {
	case engine.PhysicalI16:
		if !limited || want == scale {
			return func(b []byte, v *engine.Vector, row int) []byte {
				return pgtypes.AppendDecimal(b, int64(v.I16[row]), scale)
			}
		}
	case engine.PhysicalI32:
		if !limited || want == scale {
			return func(b []byte, v *engine.Vector, row int) []byte {
				return pgtypes.AppendDecimal(b, int64(v.I32[row]), scale)
			}
		}
	case engine.PhysicalI64:
		if !limited || want == scale {
			return func(b []byte, v *engine.Vector, row int) []byte {
				return pgtypes.AppendDecimal(b, v.I64[row], scale)
			}
		}
	case engine.PhysicalF32, engine.PhysicalF64:
		return e.floatDecimal(c)
	default: // the rarer layouts
	}
	text := plainDecimal(c.physical)
	switch {
	case text == nil:
		return nil
	case !limited || want == scale:
		return func(b []byte, v *engine.Vector, row int) []byte { return text(b, v, row, scale) }
	}
	return func(b []byte, v *engine.Vector, row int) []byte {
		return appendRounded(b, text(nil, v, row, scale), want)
	}
}

// floatDecimal writes a float as PostgreSQL's cast to numeric does: 15 significant digits, 6 from single precision.
func (e *Encoder) floatDecimal(c *column) appendFunc {
	read, digits := floatOf(c.physical, 0), 15
	if c.physical == engine.PhysicalF32 {
		digits = 6
	}
	_, want, limited := c.typ.PrecisionScale()
	return func(b []byte, v *engine.Vector, row int) []byte {
		text, err := pgtypes.CheckNumeric(strconv.FormatFloat(read(v, row), 'g', digits, 64))
		if err != nil {
			e.fail(err)
			return b
		}
		if limited && text[len(text)-1] <= '9' {
			return appendRounded(b, []byte(text), want)
		}
		return append(b, text...)
	}
}

// appendRounded appends a decimal with another scale, half away from zero.
func appendRounded(b, text []byte, scale int) []byte {
	r, ok := new(big.Rat).SetString(string(text))
	if !ok {
		return append(b, text...)
	}
	rounded := r.FloatString(scale)
	if len(rounded) > 1 && rounded[0] == '-' && isZero(rounded[1:]) {
		rounded = rounded[1:]
	}
	return append(b, rounded...)
}

func isZero(text string) bool {
	for _, c := range text {
		if c != '0' && c != '.' {
			return false
		}
	}
	return true
}

// uuidBytes undoes what DuckDB does so that UUIDs order as signed integers: the top bit is flipped.
func uuidBytes(n engine.Int128) (u [16]byte) {
	binary.BigEndian.PutUint64(u[:], uint64(n.Hi)^1<<63)
	binary.BigEndian.PutUint64(u[8:], n.Lo)
	return u
}
