package encode

import (
	"strconv"
	"strings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// textOf chooses how a column is written as text; nil if its layout cannot be that type.
func (e *Encoder) textOf(c *column) appendFunc {
	oid := c.typ.OID
	switch c.physical {
	case engine.PhysicalString, engine.PhysicalText:
		return e.textString(c)
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
	case pgtypes.Date, pgtypes.Time, pgtypes.Timestamp, pgtypes.Timestamptz, pgtypes.UUID, pgtypes.Interval,
		pgtypes.Timetz:
		return e.textFixed(c)
	case pgtypes.Text, pgtypes.Varchar, pgtypes.BPChar, pgtypes.Name, pgtypes.Char, pgtypes.JSON, pgtypes.Unknown:
		return e.textNatural(c)
	}
	return nil
}

// textString passes strings through: they are PostgreSQL's text of the type, in the zero Style. In another style they are
// read and written again.
func (e *Encoder) textString(c *column) appendFunc {
	switch oid := c.typ.OID; {
	case oid == pgtypes.Bytea && c.physical == engine.PhysicalString:
		style := e.style
		return func(b []byte, v *engine.Vector, row int) []byte { return style.AppendBytea(b, v.Str[row].Bytes()) }
	case pgtypes.IsObject(oid):
		return objectName(stringOf(c.physical))
	case e.style.Shows(oid):
		style, read := e.style, stringOf(c.physical)
		return func(b []byte, v *engine.Vector, row int) []byte {
			out, err := style.AppendShown(b, oid, read(v, row), e.zone)
			if err != nil {
				e.fail(err)
			}
			return out
		}
	case c.physical == engine.PhysicalString:
		return func(b []byte, v *engine.Vector, row int) []byte { return v.Str[row].AppendTo(b) }
	}
	return func(b []byte, v *engine.Vector, row int) []byte { return append(b, v.Text[row]...) }
}

// objectName writes the name alone of an object's number and name.
func objectName(read func(*engine.Vector, int) string) appendFunc {
	return func(b []byte, v *engine.Vector, row int) []byte {
		_, name, _ := strings.Cut(read(v, row), " ")
		return append(b, name...)
	}
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
			return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendInt(b, int64(v.I16[row])) }
		case c.physical == engine.PhysicalI32 && size >= 4:
			return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendInt(b, int64(v.I32[row])) }
		case c.physical == engine.PhysicalI64 && size == 8:
			return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendInt(b, v.I64[row]) }
		}
	}
	read := e.integer(c)
	if read == nil {
		return nil
	}
	return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendInt(b, read(v, row)) }
}

func (e *Encoder) textFloat(c *column) appendFunc {
	single, style := c.typ.OID == pgtypes.Float4, e.style
	switch {
	case c.physical == engine.PhysicalF64 && !single && style.FewerDigits == 0:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendFloat8(b, v.F64[row]) }
	case c.physical == engine.PhysicalF32 && single:
		return func(b []byte, v *engine.Vector, row int) []byte { return style.AppendFloat4(b, v.F32[row]) }
	}
	read := floatOf(c.physical, c.scale)
	switch {
	case read == nil:
		return nil
	case single:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return style.AppendFloat4(b, float32(read(v, row)))
		}
	}
	return func(b []byte, v *engine.Vector, row int) []byte { return style.AppendFloat8(b, read(v, row)) }
}

// textFixed writes the types that have one layout each.
func (e *Encoder) textFixed(c *column) appendFunc {
	style := e.style
	switch oid, p := c.typ.OID, c.physical; {
	case oid == pgtypes.Time && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendTime(b, v.I64[row]) }
	case oid == pgtypes.Timetz && p == engine.PhysicalU64:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.UnpackZonedTime(v.U64[row]).Append(b) }
	case oid == pgtypes.Interval && p == engine.PhysicalInterval:
		return func(b []byte, v *engine.Vector, row int) []byte {
			x := v.Interval[row]
			return style.AppendInterval(b, x.Months, x.Days, x.Micros)
		}
	case oid == pgtypes.UUID && p == engine.PhysicalI128:
		return func(b []byte, v *engine.Vector, row int) []byte { return pgtypes.AppendUUID(b, uuidBytes(v.I128[row])) }
	case style.Dates != pgtypes.DatesISO:
		return e.textStyled(c)
	}
	return e.textMoment(c)
}

// textMoment writes dates and timestamps in DateStyle ISO.
func (e *Encoder) textMoment(c *column) appendFunc {
	days, zone := &pgtypes.Days{}, e.zone
	switch oid, p := c.typ.OID, c.physical; {
	case oid == pgtypes.Date && p == engine.PhysicalI32:
		return func(b []byte, v *engine.Vector, row int) []byte { return days.AppendDate(b, v.I32[row]) }
	case oid == pgtypes.Timestamp && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte { return days.AppendTimestamp(b, v.I64[row]) }
	case oid == pgtypes.Timestamptz && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte { return days.AppendTimestamptz(b, v.I64[row], zone) }
	}
	return nil
}

// textStyled is textMoment in the other styles.
func (e *Encoder) textStyled(c *column) appendFunc {
	style, zone := e.style, e.zone
	switch oid, p := c.typ.OID, c.physical; {
	case oid == pgtypes.Date && p == engine.PhysicalI32:
		return func(b []byte, v *engine.Vector, row int) []byte { return style.AppendDate(b, v.I32[row]) }
	case oid == pgtypes.Timestamp && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte { return style.AppendTimestamp(b, v.I64[row]) }
	case oid == pgtypes.Timestamptz && p == engine.PhysicalI64:
		return func(b []byte, v *engine.Vector, row int) []byte {
			return style.AppendTimestamptz(b, v.I64[row], zone)
		}
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
