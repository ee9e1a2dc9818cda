package duck

import (
	"strconv"
	"strings"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// listReader reads a list of scalars as the text of a PostgreSQL array: {a,"b c",NULL}. A list of anything else
// becomes JSON.
func listReader(lt bind.LogicalType, kind bind.Type) reader {
	child := childType(lt, kind)
	defer bind.DestroyLogicalType(&child)
	element := readerOf(child)
	info, _ := pgtypes.Lookup(element.typ.OID)
	array := pgtypes.Of(info.Array)
	switch {
	case element.refused != "":
		return reader{refused: element.refused}
	case element.typ.OID == pgtypes.JSON && element.convert != "", isList(element):
		return reader{typ: pgtypes.Of(pgtypes.JSON), convert: "to_json($)"}
	case kind == bind.TypeArray:
		return reader{typ: array, convert: "list_transform($, lambda x: x)"}
	case element.convert != "":
		return reader{typ: array, convert: "list_transform($, lambda x: " + strings.ReplaceAll(element.convert, "$", "x") + ")"}
	case element.typ.OID == pgtypes.Timestamptz:
		// Only DuckDB knows the session's zone.
		return reader{typ: array, convert: "list_transform($, lambda x: tg_moment_text(x, current_setting('TimeZone')))"}
	}
	return reader{typ: array, physical: engine.PhysicalText, read: listRead(element)}
}

// isList reports whether the column is a list itself.
func isList(r reader) bool {
	_, ok := pgtypes.ElementOf(r.typ.OID)
	return ok
}

func childType(lt bind.LogicalType, kind bind.Type) bind.LogicalType {
	if kind == bind.TypeArray {
		return bind.ArrayTypeChildType(lt)
	}
	return bind.ListTypeChildType(lt)
}

// listEntry is duckdb_list_entry: where a row's elements lie in the child vector.
type listEntry struct{ offset, length uint64 }

func listRead(element reader) readFunc {
	var texts []string
	var scratch []byte
	var elements engine.Vector
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		entries := view[listEntry](src, rows)
		size := int(bind.ListVectorGetSize(src))
		if size > 0 {
			if err := element.read(&elements, bind.ListVectorGetChild(src), size); err != nil {
				return err
			}
		}
		texts = grow(texts, rows)
		*dst = engine.Vector{Physical: engine.PhysicalText, Validity: validity(src, rows), Text: texts}
		for i, e := range entries {
			if dst.Valid(i) {
				scratch = appendArray(scratch[:0], &elements, element.typ.OID, int(e.offset), int(e.length))
				texts[i] = string(scratch)
			}
		}
		return nil
	}
}

// appendArray writes elements first to first+n-1 as PostgreSQL's array_out does.
func appendArray(b []byte, v *engine.Vector, oid pgtypes.OID, first, n int) []byte {
	b = append(b, '{')
	for i := first; i < first+n; i++ {
		if i > first {
			b = append(b, ',')
		}
		if !v.Valid(i) {
			b = append(b, "NULL"...)
			continue
		}
		b = pgtypes.AppendArrayItem(b, string(appendElement(nil, v, oid, i)))
	}
	return append(b, '}')
}

// appendElement writes one value in PostgreSQL's text form.
func appendElement(b []byte, v *engine.Vector, oid pgtypes.OID, i int) []byte {
	switch v.Physical {
	case engine.PhysicalBool:
		return pgtypes.AppendBool(b, v.Bool[i])
	case engine.PhysicalF32:
		return pgtypes.AppendFloat4(b, v.F32[i])
	case engine.PhysicalF64:
		return pgtypes.AppendFloat8(b, v.F64[i])
	case engine.PhysicalString:
		if oid == pgtypes.Bytea {
			return pgtypes.AppendBytea(b, v.Str[i].Bytes())
		}
		return append(b, v.Str[i].Bytes()...)
	case engine.PhysicalText:
		return append(b, v.Text[i]...)
	case engine.PhysicalU64:
		return strconv.AppendUint(b, v.U64[i], 10)
	case engine.PhysicalI128:
		return pgtypes.AppendDecimal128(b, v.I128[i].Hi, v.I128[i].Lo, v.Scale)
	default:
		return appendInteger(b, integerAt(v, i), v.Scale, oid)
	}
}

func appendInteger(b []byte, n int64, scale int, oid pgtypes.OID) []byte {
	switch oid {
	case pgtypes.Date:
		return pgtypes.AppendDate(b, int32(n))
	case pgtypes.Time:
		return pgtypes.AppendTime(b, n)
	case pgtypes.Timestamp:
		return pgtypes.AppendTimestamp(b, n)
	default:
		return pgtypes.AppendDecimal(b, n, scale)
	}
}

func integerAt(v *engine.Vector, i int) int64 {
	switch v.Physical {
	case engine.PhysicalI8:
		return int64(v.I8[i])
	case engine.PhysicalI16:
		return int64(v.I16[i])
	case engine.PhysicalI32:
		return int64(v.I32[i])
	case engine.PhysicalU8:
		return int64(v.U8[i])
	case engine.PhysicalU16:
		return int64(v.U16[i])
	case engine.PhysicalU32:
		return int64(v.U32[i])
	default:
		return v.I64[i]
	}
}
