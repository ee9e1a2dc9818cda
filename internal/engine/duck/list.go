package duck

import (
	"strings"

	bind "github.com/duckdb/duckdb-go-bindings"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// listReader reads a list of scalars as a PostgreSQL array. A list of anything else becomes JSON.
func listReader(lt bind.LogicalType, kind bind.Type) reader {
	child := childType(lt, kind)
	defer bind.DestroyLogicalType(&child)
	element := readerOf(child)
	info, _ := pgtypes.Lookup(element.typ.OID)
	array := pgtypes.Type{OID: info.Array, Typmod: element.typ.Typmod}
	switch {
	case element.refused != "":
		return reader{refused: element.refused}
	case element.typ.OID == pgtypes.JSON && element.convert != "", isList(element):
		return reader{typ: pgtypes.Of(pgtypes.JSON), convert: "to_json($)"}
	case element.convert != "":
		return reader{typ: array, convert: "list_transform($, lambda x: " + strings.ReplaceAll(element.convert, "$", "x") + ")"}
	case kind == bind.TypeArray:
		return reader{typ: array, physical: engine.PhysicalList, read: arrayRead(element, uint64(bind.ArrayTypeArraySize(lt)))}
	}
	return reader{typ: array, physical: engine.PhysicalList, read: listRead(element)}
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

func listRead(element reader) readFunc {
	var elements engine.Vector
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		*dst = engine.Vector{
			Physical: engine.PhysicalList, Validity: validity(src, rows),
			List: view[engine.Span](src, rows), Child: &elements,
		}
		return readChild(element, &elements, bind.ListVectorGetChild(src), int(bind.ListVectorGetSize(src)))
	}
}

// arrayRead reads lists that all have one length, and no spans of their own.
func arrayRead(element reader, length uint64) readFunc {
	var elements engine.Vector
	var spans []engine.Span
	return func(dst *engine.Vector, src bind.Vector, rows int) error {
		for i := len(spans); i < rows; i++ {
			spans = append(spans, engine.Span{Offset: uint64(i) * length, Length: length})
		}
		*dst = engine.Vector{
			Physical: engine.PhysicalList, Validity: validity(src, rows), List: spans[:rows], Child: &elements,
		}
		return readChild(element, &elements, bind.ArrayVectorGetChild(src), rows*int(length))
	}
}

// readChild reads the elements of all rows. Where there are none, there need not be memory either.
func readChild(element reader, dst *engine.Vector, src bind.Vector, n int) error {
	if n == 0 {
		*dst = engine.Vector{Physical: element.physical}
		return nil
	}
	return element.read(dst, src, n)
}
