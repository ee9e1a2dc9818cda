package encode

import (
	"encoding/binary"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// textList writes an array of one dimension as array_out does.
func textList(element *column) appendFunc {
	var item []byte
	return func(b []byte, v *engine.Vector, row int) []byte {
		span, child := v.List[row], v.Child
		b = append(b, '{')
		for i := range int(span.Length) {
			if i > 0 {
				b = append(b, ',')
			}
			at := int(span.Offset) + i
			if !child.Valid(at) {
				b = append(b, "NULL"...)
				continue
			}
			item = element.write(item[:0], child, at)
			b = pgtypes.AppendArrayItem(b, item)
		}
		return append(b, '}')
	}
}

// binaryList writes an array of one dimension whose first element is number 1.
func binaryList(element *column) appendFunc {
	return func(b []byte, v *engine.Vector, row int) []byte {
		span, child := v.List[row], v.Child
		first, n := int(span.Offset), int(span.Length)
		dimensions, nulls := uint32(0), uint32(0)
		if n > 0 {
			dimensions = 1
		}
		for i := range n {
			if !child.Valid(first + i) {
				nulls = 1
			}
		}
		b = binary.BigEndian.AppendUint32(b, dimensions)
		b = binary.BigEndian.AppendUint32(b, nulls)
		b = binary.BigEndian.AppendUint32(b, element.typ.OID)
		if n == 0 {
			return b
		}
		b = binary.BigEndian.AppendUint32(b, uint32(n))
		b = binary.BigEndian.AppendUint32(b, 1)
		for i := range n {
			start := len(b)
			b = append(b, 255, 255, 255, 255)
			if child.Valid(first + i) {
				b = element.write(b, child, first+i)
				binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
			}
		}
		return b
	}
}
