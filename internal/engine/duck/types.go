package duck

import (
	"strconv"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// reader is how one column of a result is read.
type reader struct {
	typ      pgtypes.Type // what the client sees if nobody says otherwise
	physical engine.Physical
	width    int // decimal digits of a numeric
	scale    int // of a numeric

	// read fills dst with rows values of src. It may keep a buffer that the next read uses again.
	read func(dst *engine.Vector, src bind.Vector, rows int) error

	// convert is what DuckDB must make of a value first, with $ for the value; "" reads it as it is.
	convert string
	// refused says why the column cannot be read at all.
	refused string
}

// readerOf maps a DuckDB type to PostgreSQL's and to the way it is read.
func readerOf(lt bind.LogicalType) reader {
	switch t := bind.GetTypeId(lt); t {
	case bind.TypeDecimal:
		return decimalReader(lt)
	case bind.TypeVarchar:
		if bind.LogicalTypeGetAlias(lt) == "JSON" {
			return reader{typ: pgtypes.Of(pgtypes.JSON), physical: engine.PhysicalString, read: readString}
		}
		return reader{typ: pgtypes.Of(pgtypes.Text), physical: engine.PhysicalString, read: readString}
	case bind.TypeEnum:
		return enumReader(lt)
	case bind.TypeList, bind.TypeArray:
		return listReader(lt, t)
	default:
		return scalarReader(t)
	}
}

// scalarReader is readerOf for types that have no parts.
func scalarReader(t bind.Type) reader {
	if r, ok := integerReader(t); ok {
		return r
	}
	switch t {
	case bind.TypeBoolean:
		return reader{typ: pgtypes.Of(pgtypes.Bool), physical: engine.PhysicalBool, read: readBool}
	case bind.TypeFloat:
		return reader{typ: pgtypes.Of(pgtypes.Float4), physical: engine.PhysicalF32, read: readF32}
	case bind.TypeDouble:
		return reader{typ: pgtypes.Of(pgtypes.Float8), physical: engine.PhysicalF64, read: readF64}
	case bind.TypeBlob:
		return reader{typ: pgtypes.Of(pgtypes.Bytea), physical: engine.PhysicalString, read: readString}
	case bind.TypeSQLNull:
		return reader{typ: pgtypes.Of(pgtypes.Text), physical: engine.PhysicalNull, read: readNull}
	case bind.TypeUUID:
		return reader{typ: pgtypes.Of(pgtypes.UUID), physical: engine.PhysicalI128, read: readI128(0)}
	case bind.TypeInterval:
		return reader{typ: pgtypes.Of(pgtypes.Interval), physical: engine.PhysicalInterval, read: readInterval}
	case bind.TypeStruct, bind.TypeMap, bind.TypeUnion:
		return reader{typ: pgtypes.Of(pgtypes.JSON), convert: "to_json($)"}
	case bind.TypeBit:
		return reader{typ: pgtypes.Of(pgtypes.Text), convert: "CAST($ AS VARCHAR)"}
	case bind.TypeTimeNS:
		return reader{typ: pgtypes.Of(pgtypes.Time), convert: "CAST($ AS TIME)"}
	case bind.TypeInvalid:
		return reader{refused: "its type could not be determined"}
	default:
		return timeReader(t)
	}
}

func integerReader(t bind.Type) (reader, bool) {
	switch t {
	case bind.TypeTinyInt:
		return reader{typ: pgtypes.Of(pgtypes.Int2), physical: engine.PhysicalI8, read: readI8}, true
	case bind.TypeUTinyInt:
		return reader{typ: pgtypes.Of(pgtypes.Int2), physical: engine.PhysicalU8, read: readU8}, true
	case bind.TypeSmallInt:
		return reader{typ: pgtypes.Of(pgtypes.Int2), physical: engine.PhysicalI16, read: readI16(0)}, true
	case bind.TypeUSmallInt:
		return reader{typ: pgtypes.Of(pgtypes.Int4), physical: engine.PhysicalU16, read: readU16}, true
	case bind.TypeInteger:
		return reader{typ: pgtypes.Of(pgtypes.Int4), physical: engine.PhysicalI32, read: readI32(0)}, true
	case bind.TypeUInteger:
		return reader{typ: pgtypes.Of(pgtypes.Int8), physical: engine.PhysicalU32, read: readU32}, true
	case bind.TypeBigInt:
		return reader{typ: pgtypes.Of(pgtypes.Int8), physical: engine.PhysicalI64, read: readI64(0)}, true
	case bind.TypeUBigInt:
		return reader{typ: pgtypes.NumericOf(20, 0), physical: engine.PhysicalU64, width: 20, read: readU64}, true
	case bind.TypeHugeInt:
		return reader{typ: pgtypes.Of(pgtypes.Numeric), physical: engine.PhysicalI128, width: 39, read: readI128(0)}, true
	case bind.TypeUHugeInt:
		return reader{typ: pgtypes.Of(pgtypes.Numeric), physical: engine.PhysicalI128, width: 39, read: readU128}, true
	default:
		return reader{}, false
	}
}

func timeReader(t bind.Type) reader {
	switch t {
	case bind.TypeDate:
		return reader{typ: pgtypes.Of(pgtypes.Date), physical: engine.PhysicalI32, read: readI32(0)}
	case bind.TypeTime:
		return reader{typ: pgtypes.Of(pgtypes.Time), physical: engine.PhysicalI64, read: readI64(0)}
	case bind.TypeTimeTZ:
		return reader{typ: pgtypes.Of(pgtypes.Timetz), physical: engine.PhysicalU64, read: readU64}
	case bind.TypeTimestamp:
		return reader{typ: pgtypes.Of(pgtypes.Timestamp), physical: engine.PhysicalI64, read: readI64(0)}
	case bind.TypeTimestampTZ:
		return reader{typ: pgtypes.Of(pgtypes.Timestamptz), physical: engine.PhysicalI64, read: readI64(0)}
	case bind.TypeTimestampS:
		return reader{typ: pgtypes.Of(pgtypes.Timestamp), physical: engine.PhysicalI64, read: microsRead(fromSeconds)}
	case bind.TypeTimestampMS:
		return reader{typ: pgtypes.Of(pgtypes.Timestamp), physical: engine.PhysicalI64, read: microsRead(fromMillis)}
	case bind.TypeTimestampNS:
		return reader{typ: pgtypes.Of(pgtypes.Timestamp), physical: engine.PhysicalI64, read: microsRead(fromNanos)}
	default:
		return reader{refused: "its type is not supported"}
	}
}

func decimalReader(lt bind.LogicalType) reader {
	width, scale := int(bind.DecimalWidth(lt)), int(bind.DecimalScale(lt))
	r := reader{typ: pgtypes.NumericOf(width, scale), width: width, scale: scale}
	switch bind.DecimalInternalType(lt) {
	case bind.TypeSmallInt:
		r.physical, r.read = engine.PhysicalI16, readI16(scale)
	case bind.TypeInteger:
		r.physical, r.read = engine.PhysicalI32, readI32(scale)
	case bind.TypeBigInt:
		r.physical, r.read = engine.PhysicalI64, readI64(scale)
	default:
		r.physical, r.read = engine.PhysicalI128, readI128(scale)
	}
	return r
}

// fits reports whether the column's values can be shown as want without a conversion by DuckDB.
func (r reader) fits(want pgtypes.Type) bool {
	if want.OID == 0 || r.physical == engine.PhysicalNull && r.convert == "" {
		return true
	}
	switch pgtypes.ClassOf(want.OID) {
	case pgtypes.ClassText:
		return r.isText()
	case pgtypes.ClassNumeric:
		if r.isText() { // PostgreSQL's own text of numerics without a fixed scale
			return true
		}
		if r.typ.OID != pgtypes.Numeric {
			return false
		}
		precision, scale, ok := want.PrecisionScale()
		return !ok || scale == r.scale && r.width <= precision
	default:
	}
	switch want.OID {
	case pgtypes.OIDType:
		return r.physical == engine.PhysicalU32
	case pgtypes.JSON, pgtypes.JSONB, pgtypes.Char, pgtypes.BPChar, pgtypes.Unknown:
		return r.isText()
	}
	if _, known := pgtypes.Lookup(want.OID); !known {
		return r.isText() || isList(r) // arrays and catalog types: their text form is what there is
	}
	return want.OID == r.typ.OID
}

// isText reports whether the values are text in PostgreSQL's form already.
func (r reader) isText() bool {
	switch r.physical {
	case engine.PhysicalString:
		return r.typ.OID != pgtypes.Bytea
	case engine.PhysicalText:
		return true
	default:
		return r.convert != "" && (r.typ.OID == pgtypes.Text || r.typ.OID == pgtypes.JSON)
	}
}

// cast gives the text that converts a value to the type; "" where DuckDB cannot. What would become DuckDB's own text
// where the client expects PostgreSQL's of an array is not converted, and so refused.
func (r reader) cast(value string, want pgtypes.Type) string {
	_, known := pgtypes.Lookup(want.OID)
	isText := pgtypes.ClassOf(want.OID) == pgtypes.ClassText
	switch {
	case !known && r.refused != "", isText && isList(r):
		return ""
	case isText && r.typ.OID == pgtypes.Timetz:
		return "tg_timetz_text(" + value + ")"
	case isText && r.typ.OID == pgtypes.Interval:
		return "tg_interval_text(" + value + ")"
	}
	return "CAST(" + value + " AS " + want.DuckDB() + ")"
}

func itoa(n int) string { return strconv.Itoa(n) }
