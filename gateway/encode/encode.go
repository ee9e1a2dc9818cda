// Package encode turns column chunks into DataRow messages, in PostgreSQL's text and binary forms.
//
// How a column is written is chosen from (the client's type, the format, the vector's physical layout) once per
// result, not per value.
package encode

import (
	"encoding/binary"
	"math"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// The formats of a value, as Bind gives them.
const (
	TextFormat   int16 = 0
	BinaryFormat int16 = 1
)

// maxRowBytes bounds one row, as PostgreSQL bounds a message.
const maxRowBytes = 1 << 30

// Encoder writes the rows of one result. It is not safe for concurrent use.
type Encoder struct {
	columns []column
	style   pgtypes.Style
	zone    *pgtypes.Zone // of style
	err     error         // of the row being written
}

type appendFunc func(b []byte, v *engine.Vector, row int) []byte

type column struct {
	name   string
	typ    pgtypes.Type
	binary bool

	// write is for vectors of this layout.
	write    appendFunc
	physical engine.Physical
	scale    int

	element *column // of an array that comes as a list; nil before the first did
}

// Formats gives every one of n columns its format from Bind's codes: none is text, one is for all, else one each.
// Another number of codes is 08P01, a code that is not 0 or 1 is 22023.
func Formats(codes []int16, n int) ([]int16, error) {
	if len(codes) > 1 && len(codes) != n {
		return nil, pgerr.New(pgerr.ProtocolViolation, "bind message has %d result formats but query has %d columns", len(codes), n)
	}
	formats := make([]int16, n)
	for i := range formats {
		switch len(codes) {
		case 0:
		case 1:
			formats[i] = codes[0]
		default:
			formats[i] = codes[i]
		}
		if formats[i] != TextFormat && formats[i] != BinaryFormat {
			return nil, pgerr.New(pgerr.InvalidParameterValue, "unsupported format code: %d", formats[i])
		}
	}
	return formats, nil
}

// New makes an encoder for a result whose client was told columns and asked for formats, one per column or nil for
// text. style is the session's. A binary format of a type that has none here is 0A000.
func New(columns []engine.Column, formats []int16, style pgtypes.Style) (*Encoder, error) {
	e := &Encoder{columns: make([]column, len(columns)), style: style, zone: pgtypes.NewZone(style.Zone)}
	for i, c := range columns {
		e.columns[i] = column{name: c.Name, typ: c.Type, binary: formats != nil && formats[i] == BinaryFormat}
		if e.columns[i].binary && !pgtypes.HasBinary(c.Type.OID) {
			return nil, pgerr.New(pgerr.FeatureNotSupported,
				"column %q of type %s cannot be sent in binary format", c.Name, c.Type).WithHint("ask for the text format")
		}
	}
	return e, nil
}

// Rows appends DataRow messages for the rows of c from row from on, at most maxRows of them, and stops after the
// one that makes b longer than maxBytes. next is the first row that was not appended. A value that cannot be
// written as the client's type is an error; the rows before it are in b.
func (e *Encoder) Rows(b []byte, c *engine.Chunk, from, maxRows, maxBytes int) (out []byte, next int, err error) {
	if err := e.prepare(c); err != nil {
		return b, from, err
	}
	end := c.Rows
	if maxRows < end-from {
		end = from + maxRows
	}
	columns, vectors := e.columns, c.Vectors
	row := from
	for ; row < end && len(b) < maxBytes; row++ {
		start := len(b)
		b = append(b, 'D', 0, 0, 0, 0, byte(len(columns)>>8), byte(len(columns)))
		for i := range columns {
			v := &vectors[i]
			if !v.Valid(row) {
				b = append(b, 255, 255, 255, 255)
				continue
			}
			value := len(b)
			b = append(b, 0, 0, 0, 0)
			b = columns[i].write(b, v, row)
			binary.BigEndian.PutUint32(b[value:], uint32(len(b)-value-4))
		}
		if len(b)-start > maxRowBytes {
			e.fail(pgerr.New(pgerr.InsufficientResources, "a row is larger than %d bytes", maxRowBytes))
		}
		if e.err != nil {
			return b[:start], row, e.err
		}
		binary.BigEndian.PutUint32(b[start+1:], uint32(len(b)-start-1))
	}
	return b, row, nil
}

// fail keeps the first error of a row.
func (e *Encoder) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// prepare chooses the writers anew where a chunk's layout is not the one before's.
func (e *Encoder) prepare(c *engine.Chunk) error {
	if len(c.Vectors) != len(e.columns) {
		return pgerr.New(pgerr.InternalError, "result has %d columns, %d were described", len(c.Vectors), len(e.columns))
	}
	for i := range e.columns {
		if err := e.prepareColumn(&e.columns[i], &c.Vectors[i]); err != nil {
			return err
		}
	}
	return nil
}

func (e *Encoder) prepareColumn(c *column, v *engine.Vector) error {
	if v.Physical == engine.PhysicalList {
		if err := e.prepareElement(c, v.Child); err != nil {
			return err
		}
	}
	if c.write != nil && c.physical == v.Physical && c.scale == v.Scale {
		return nil
	}
	c.physical, c.scale = v.Physical, v.Scale
	c.write = e.choose(c)
	if c.write == nil {
		return pgerr.New(pgerr.InternalError, "column %q of type %s cannot be made of layout %d", c.name, c.typ, v.Physical)
	}
	return nil
}

// prepareElement is prepareColumn for the elements of an array. Of a type that is no array they are nothing.
func (e *Encoder) prepareElement(c *column, elements *engine.Vector) error {
	if c.element == nil {
		oid, ok := pgtypes.ElementOf(c.typ.OID)
		if !ok {
			return nil
		}
		c.element = &column{name: c.name, typ: pgtypes.Type{OID: oid, Typmod: c.typ.Typmod}, binary: c.binary}
	}
	return e.prepareColumn(c.element, elements)
}

func (e *Encoder) choose(c *column) appendFunc {
	switch {
	case c.physical == engine.PhysicalNull:
		return func(b []byte, _ *engine.Vector, _ int) []byte { return b }
	case c.physical == engine.PhysicalList && c.element == nil:
		return nil
	case c.physical == engine.PhysicalList && c.binary:
		return binaryList(c.element)
	case c.physical == engine.PhysicalList:
		return textList(c.element)
	case c.binary:
		return e.binaryOf(c)
	}
	return e.textOf(c)
}

// stringOf gives a string, from DuckDB's memory or Go's. It is as short-lived as the chunk.
func stringOf(p engine.Physical) func(v *engine.Vector, row int) string {
	if p == engine.PhysicalText {
		return func(v *engine.Vector, row int) string { return v.Text[row] }
	}
	return func(v *engine.Vector, row int) string { return v.Str[row].View() }
}

func isString(p engine.Physical) bool {
	return p == engine.PhysicalString || p == engine.PhysicalText
}

// integerOf gives a reader of an integer layout as int64; nil for the others. Unsigned values beyond the range
// come out as ok false.
func integerOf(p engine.Physical) func(v *engine.Vector, row int) (n int64, ok bool) {
	switch p {
	case engine.PhysicalI8:
		return func(v *engine.Vector, row int) (int64, bool) { return int64(v.I8[row]), true }
	case engine.PhysicalI16:
		return func(v *engine.Vector, row int) (int64, bool) { return int64(v.I16[row]), true }
	case engine.PhysicalI32:
		return func(v *engine.Vector, row int) (int64, bool) { return int64(v.I32[row]), true }
	case engine.PhysicalI64:
		return func(v *engine.Vector, row int) (int64, bool) { return v.I64[row], true }
	case engine.PhysicalI128:
		return func(v *engine.Vector, row int) (int64, bool) {
			n := v.I128[row]
			return int64(n.Lo), n.Hi == int64(n.Lo)>>63
		}
	case engine.PhysicalU8:
		return func(v *engine.Vector, row int) (int64, bool) { return int64(v.U8[row]), true }
	case engine.PhysicalU16:
		return func(v *engine.Vector, row int) (int64, bool) { return int64(v.U16[row]), true }
	case engine.PhysicalU32:
		return func(v *engine.Vector, row int) (int64, bool) { return int64(v.U32[row]), true }
	case engine.PhysicalU64:
		return func(v *engine.Vector, row int) (int64, bool) { return int64(v.U64[row]), v.U64[row] <= math.MaxInt64 }
	default:
		return nil
	}
}
