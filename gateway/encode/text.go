package encode

import (
	"strconv"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// textOf chooses how a column is written as text; nil if its layout cannot be that type.
func (e *Encoder) textOf(c *column) appendFunc {
	oid := c.typ.OID
	if oid == pgtypes.Bytea && c.physical == engine.PhysicalString {
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendBytea(b, v.Str[row].Bytes()) }
	}
	switch c.physical {
	case engine.PhysicalString:
		return func(b []byte, v *engine.Vector, row int) []byte { return append(b, v.Str[row].Bytes()...) }
	case engine.PhysicalText:
		return func(b []byte, v *engine.Vector, row int) []byte { return append(b, v.Text[row]...) }
	case engine.PhysicalBool:
		return textBool(oid)
	default: // the numbers
	}
	switch oid {
	case pgtypes.Bool:
		return nil
	case pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.OIDType:
		return e.textInteger(c)
	case pgtypes.Float4, pgtypes.Float8:
		return e.textFloat(c)
	case pgtypes.Numeric:
		return e.decimalOf(c)
	case pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.UUID,
		pgtypes.Interval:
		return e.textFixed(c)
	case pgtypes.Text, pgtypes.Varchar, pgtypes.BPChar, pgtypes.Name, pgtypes.Char, pgtypes.JSON, pgtypes.Unknown:
		return e.textNatural(c)
	}
	return nil
}

func textBool(oid pgtypes.OID) appendFunc {
	switch oid {
	case pgtypes.Bool:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendBool(b, v.Bool[row]) }
	case pgtypes.Text, pgtypes.Varchar, pgtypes.Unknown:
		return func(b []byte, v *engine.Vector, row int) []byte { return strconv.AppendBool(b, v.Bool[row]) }
	}
	return nil
}

// textInteger writes layouts that fit the type as they are; the others go through the range check.
func (e *Encoder) textInteger(c *column) appendFunc {
	size := sizeOf(c.typ.OID)
	if c.scale == 0 && c.typ.OID != pgtypes.OIDType {
		switch {
		case c.physical == engine.PhysicalI16:
			return func(b []byte, v *engine.Vector, row int) []byte { return strconv.AppendInt(b, int64(v.I16[row]), 10) }
		case c.physical == engine.PhysicalI32 && size >= 4:
			return func(b []byte, v *engine.Vector, row int) []byte { return strconv.AppendInt(b, int64(v.I32[row]), 10) }
		case c.physical == engine.PhysicalI64 && size == 8:
			return func(b []byte, v *engine.Vector, row int) []byte { return strconv.AppendInt(b, v.I64[row], 10) }
		}
	}
	read := e.integer(c)
	if read == nil {
		return nil
	}
	return func(b []byte, v *engine.Vector, row int) []byte { return strconv.AppendInt(b, read(v, row), 10) }
}

func (e *Encoder) textFloat(c *column) appendFunc {
	single := c.typ.OID == pgtypes.Float4
	switch {
	case c.physical == engine.PhysicalF64 && !single:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendFloat8(b, v.F64[row]) }
	case c.physical == engine.PhysicalF32 && single:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendFloat4(b, v.F32[row]) }
	}
	read := floatOf(c.physical, c.scale)
	switch {
	case read == nil:
		return nil
	case single:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return pgtypes.AppendFloat4(b, float32(read(v, row)))
		}
	}
	return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendFloat8(b, read(v, row)) }
}

// textFixed writes the types that have one layout each.
func (e *Encoder) textFixed(c *column) appendFunc {
	switch oid, p := c.typ.OID, c.physical; {
	case oid == pgtypes.Date && p == engine.PhysicalI32:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendDate(b, v.I32[row]) }
	case oid == pgtypes.Time && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendTime(b, v.I64[row]) }
	case oid == pgtypes.Timestamp && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendTimestamp(b, v.I64[row]) }
	case oid == pgtypes.Timestamptz && p == engine.PhysicalI64:
		zone := e.zone
		return func(b []byte, v *engine.Vector, row int) []byte {
			return pgtypes.AppendTimestamptz(b, v.I64[row], zone)
		}
	case oid == pgtypes.Interval && p == engine.PhysicalInterval:
		return func(b []byte, v *engine.Vector, row int) []byte {
			x := v.Interval[row]
			return pgtypes.AppendInterval(b, x.Months, x.Days, x.Micros)
		}
	case oid == pgtypes.UUID && p == engine.PhysicalI128:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendUUID(b, uuidBytes(v.I128[row])) }
	}
	return nil
}

// textNatural writes a number of a layout into a text column.
func (e *Encoder) textNatural(c *column) appendFunc {
	number := *c
	switch c.physical {
	case engine.PhysicalF32:
		number.typ = pgtypes.Of(pgtypes.Float4)
		return e.textFloat(&number)
	case engine.PhysicalF64:
		number.typ = pgtypes.Of(pgtypes.Float8)
		return e.textFloat(&number)
	default:
		number.typ = pgtypes.Of(pgtypes.Numeric)
		return e.decimalOf(&number)
	}
}
