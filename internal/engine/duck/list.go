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
	text := pgtypes.Of(pgtypes.Text)
	switch t := bind.GetTypeId(child); t {
	case bind.TypeList, bind.TypeArray, bind.TypeStruct, bind.TypeMap, bind.TypeUnion:
		return reader{typ: pgtypes.Of(pgtypes.JSON), convert: "to_json($)"}
	case bind.TypeFloat, bind.TypeDouble, bind.TypeInterval, bind.TypeBlob:
		// Their text in DuckDB is not PostgreSQL's.
		return reader{refused: "arrays of its element type are not supported"}
	case bind.TypeDate, bind.TypeTimestamp, bind.TypeTimestampS, bind.TypeTimestampMS, bind.TypeTimestampNS,
		bind.TypeTimestampTZ:
		return reader{typ: text, convert: "list_transform(CAST($ AS VARCHAR[]), lambda x: replace(x, ' (BC)', ' BC'))"}
	default:
		element := readerOf(child)
		if element.refused != "" {
			return reader{refused: element.refused}
		}
		if kind == bind.TypeArray || !directElement(element) {
			return reader{typ: text, convert: "CAST($ AS VARCHAR[])"}
		}
		return reader{typ: text, physical: engine.PhysicalText, read: listRead(element)}
	}
}

func childType(lt bind.LogicalType, kind bind.Type) bind.LogicalType {
	if kind == bind.TypeArray {
		return bind.ArrayTypeChildType(lt)
	}
	return bind.ListTypeChildType(lt)
}

// directElement reports whether appendElement knows the values.
func directElement(r reader) bool {
	switch r.typ.OID {
	case pgtypes.Bool, pgtypes.Int2, pgtypes.Int4, pgtypes.Int8, pgtypes.Text, pgtypes.JSON, pgtypes.UUID:
		return r.read != nil
	default:
		return false
	}
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
				scratch = appendArray(scratch[:0], &elements, int(e.offset), int(e.length))
				texts[i] = string(scratch)
			}
		}
		return nil
	}
}

// appendArray writes elements first to first+n-1 as PostgreSQL's array_out does.
func appendArray(b []byte, v *engine.Vector, first, n int) []byte {
	b = append(b, '{')
	for i := first; i < first+n; i++ {
		if i > first {
			b = append(b, ',')
		}
		b = appendElement(b, v, i)
	}
	return append(b, '}')
}

func appendElement(b []byte, v *engine.Vector, i int) []byte {
	if !v.Valid(i) {
		return append(b, "NULL"...)
	}
	switch v.Physical {
	case engine.PhysicalBool:
		if v.Bool[i] {
			return append(b, 't')
		}
		return append(b, 'f')
	case engine.PhysicalI8:
		return strconv.AppendInt(b, int64(v.I8[i]), 10)
	case engine.PhysicalI16:
		return strconv.AppendInt(b, int64(v.I16[i]), 10)
	case engine.PhysicalI32:
		return strconv.AppendInt(b, int64(v.I32[i]), 10)
	case engine.PhysicalI64:
		return strconv.AppendInt(b, v.I64[i], 10)
	case engine.PhysicalU8:
		return strconv.AppendUint(b, uint64(v.U8[i]), 10)
	case engine.PhysicalU16:
		return strconv.AppendUint(b, uint64(v.U16[i]), 10)
	case engine.PhysicalU32:
		return strconv.AppendUint(b, uint64(v.U32[i]), 10)
	case engine.PhysicalString:
		return appendQuoted(b, string(v.Str[i].Bytes()))
	default:
		return appendQuoted(b, v.Text[i])
	}
}

// appendQuoted writes a text element, quoted where array_out quotes.
func appendQuoted(b []byte, s string) []byte {
	if s != "" && !strings.ContainsAny(s, "\"\\{}, \t\n\v\f\r") && !strings.EqualFold(s, "null") {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}
