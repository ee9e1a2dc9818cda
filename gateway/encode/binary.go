package encode

import (
	"encoding/binary"
	"math"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// binaryOf chooses how a column is written in binary; nil if its layout cannot be that type.
func (e *Encoder) binaryOf(c *column) appendFunc {
	if isString(c.physical) {
		return e.binaryString(c)
	}
	switch c.typ.OID {
	case pgtypes.Bool:
		return binaryBool(c)
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.OIDType:
		return e.binaryInteger(c)
	case pgtypes.Float4, pgtypes.Float8:
		return binaryFloat(c)
	case pgtypes.Numeric:
		return e.binaryNumeric(c)
	case pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.UUID,
		pgtypes.Interval, pgtypes.Timetz:
		return binaryFixed(c)
	}
	return e.textOf(c) // the binary form of text is its text
}

// binaryString passes text and bytea through and reads the text form of every other type.
func (e *Encoder) binaryString(c *column) appendFunc {
	switch c.typ.OID {
	case pgtypes.Text, pgtypes.Varchar, pgtypes.BPChar, pgtypes.Name, pgtypes.JSON, pgtypes.Unknown:
		return e.textOf(c)
	case pgtypes.Char: // always one byte: the empty one is 0
		text := e.textOf(c)
		return func(b []byte, v *engine.Vector, row int) []byte {
			before := len(b)
			if b = text(b, v, row); len(b) == before {
				b = append(b, 0)
			}
			return b
		}
	case pgtypes.Bytea:
		if c.physical == engine.PhysicalString {
			return func(b []byte, v *engine.Vector, row int) []byte { return v.Str[row].AppendTo(b) }
		}
	}
	oid, read := c.typ.OID, stringOf(c.physical)
	return func(b []byte, v *engine.Vector, row int) []byte {
		out, err := pgtypes.TextToBinary(b, oid, read(v, row), nil)
		if err != nil {
			e.fail(err)
		}
		return out
	}
}

func binaryBool(c *column) appendFunc {
	if c.physical != engine.PhysicalBool {
		return nil
	}
	return func(b []byte, v *engine.Vector, row int) []byte {
		if v.Bool[row] {
			return append(b, 1)
		}
		return append(b, 0)
	}
}

func (e *Encoder) binaryInteger(c *column) appendFunc {
	size := sizeOf(c.typ.OID)
	if c.scale == 0 && c.typ.OID != pgtypes.OIDType {
		switch {
		case c.physical == engine.PhysicalI16 && size == 2:
			return func(b []byte, v *engine.Vector, row int) []byte {
				return binary.BigEndian.AppendUint16(b, uint16(v.I16[row]))
			}
		case c.physical == engine.PhysicalI32 && size == 4:
			return func(b []byte, v *engine.Vector, row int) []byte {
				return binary.BigEndian.AppendUint32(b, uint32(v.I32[row]))
			}
		case c.physical == engine.PhysicalI64 && size == 8:
			return func(b []byte, v *engine.Vector, row int) []byte {
				return binary.BigEndian.AppendUint64(b, uint64(v.I64[row]))
			}
		}
	}
	read := e.integer(c)
	switch {
	case read == nil:
		return nil
	case size == 2:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return binary.BigEndian.AppendUint16(b, uint16(read(v, row)))
		}
	case size == 4:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return binary.BigEndian.AppendUint32(b, uint32(read(v, row)))
		}
	}
	return func(b []byte, v *engine.Vector, row int) []byte {
		return binary.BigEndian.AppendUint64(b, uint64(read(v, row)))
	}
}

func binaryFloat(c *column) appendFunc {
	read := floatOf(c.physical, c.scale)
	switch {
	case read == nil:
		return nil
	case c.typ.OID == pgtypes.Float4:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return binary.BigEndian.AppendUint32(b, math.Float32bits(float32(read(v, row))))
		}
	}
	return func(b []byte, v *engine.Vector, row int) []byte {
		return binary.BigEndian.AppendUint64(b, math.Float64bits(read(v, row)))
	}
}

func (e *Encoder) binaryNumeric(c *column) appendFunc {
	text := e.decimalOf(c)
	if text == nil {
		return nil
	}
	var digits []byte
	return func(b []byte, v *engine.Vector, row int) []byte {
		digits = text(digits[:0], v, row)
		return pgtypes.AppendNumericBinary(b, digits)
	}
}

func binaryFixed(c *column) appendFunc {
	switch oid, p := c.typ.OID, c.physical; {
	case oid == pgtypes.Date && p == engine.PhysicalI32:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendDateBinary(b, v.I32[row]) }
	case oid == pgtypes.Time && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return binary.BigEndian.AppendUint64(b, uint64(v.I64[row]))
		}
	case oid == pgtypes.Timetz && p == engine.PhysicalU64:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return pgtypes.UnpackZonedTime(v.U64[row]).AppendBinary(b)
		}
	case (oid == pgtypes.Timestamp || oid == pgtypes.Timestamptz) && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendTimestampBinary(b, v.I64[row]) }
	case oid == pgtypes.Interval && p == engine.PhysicalInterval:
		return func(b []byte, v *engine.Vector, row int) []byte {
			x := v.Interval[row]
			return pgtypes.AppendIntervalBinary(b, x.Months, x.Days, x.Micros)
		}
	case oid == pgtypes.UUID && p == engine.PhysicalI128:
		return func(b []byte, v *engine.Vector, row int) []byte {
			u := uuidBytes(v.I128[row])
			return append(b, u[:]...)
		}
	}
	return nil
}
