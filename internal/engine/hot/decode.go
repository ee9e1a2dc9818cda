package hot

import (
	"encoding/binary"
	"errors"
	"fmt"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// decoder knows how the rows of a result come, and makes chunks of them where they cannot pass as they are.
type decoder struct {
	kind    Kind
	columns []engine.Column
	come    []pgtypes.OID // the types in which the values come
	formats []int16       // in which they come
	raw     bool          // as they come they are what columns says

	chunk  engine.Chunk
	values []column
}

// describe compares what comes with what the client was told.
func (d *decoder) describe(come []engine.Column, s engine.Statement) error {
	d.columns = come
	if s.Columns != nil {
		d.columns = s.Columns
	}
	if len(d.columns) != len(come) {
		return fmt.Errorf("the hot store's result has %d columns, %d are expected", len(come), len(d.columns))
	}
	d.raw = true
	d.formats = make([]int16, len(come))
	copy(d.formats, s.Formats)
	if len(s.Formats) == 1 {
		for i := range d.formats {
			d.formats[i] = s.Formats[0] // as in the protocol, one stands for all
		}
	}
	for i, c := range come {
		d.come = append(d.come, c.Type.OID)
		d.raw = d.raw && sameBytes(d.kind, c.Type.OID, d.columns[i].Type.OID)
		d.values = append(d.values, column{typ: d.columns[i].Type, come: c.Type.OID, binary: d.formats[i] == 1})
	}
	return nil
}

// sameBytes reports whether a value of one type passes as one of the other: Redshift has no text and no json, its varchar
// stands for both, and in either format all three are their characters. But it writes more digits of a float than
// PostgreSQL.
func sameBytes(kind Kind, come, told pgtypes.OID) bool {
	if kind == Redshift && (come == pgtypes.Float4 || come == pgtypes.Float8) {
		return false
	}
	characters := func(t pgtypes.OID) bool { return t == pgtypes.Text || t == pgtypes.Varchar || t == pgtypes.JSON }
	return come == told || characters(come) && characters(told)
}

// Columns gives the columns as the client sees them.
func (d *decoder) Columns() []engine.Column { return d.columns }

// Formats gives the formats in which the rows come, nil if their types are not those of Columns.
func (d *decoder) Formats() []int16 {
	if !d.raw {
		return nil
	}
	return d.formats
}

// add takes one DataRow message.
func (d *decoder) add(message []byte) error {
	body := message[header:]
	if len(body) < 2 || int(binary.BigEndian.Uint16(body)) != len(d.values) {
		return errors.New("a row of the hot store has another number of columns than its description")
	}
	body = body[2:]
	for i := range d.values {
		if len(body) < 4 {
			return errors.New("a row of the hot store is cut off")
		}
		size := int(int32(binary.BigEndian.Uint32(body)))
		body = body[4:]
		if size > len(body) {
			return errors.New("a row of the hot store is cut off")
		}
		var value []byte
		if size >= 0 {
			value, body = body[:size:size], body[size:]
		}
		if err := d.values[i].add(value); err != nil {
			return err
		}
	}
	d.chunk.Rows++
	return nil
}

// clear begins a chunk.
func (d *decoder) clear() {
	for i := range d.values {
		d.values[i].reset()
	}
	d.chunk.Rows = 0
}

// vectors ends a chunk.
func (d *decoder) vectors() *engine.Chunk {
	d.chunk.Vectors = d.chunk.Vectors[:0]
	for i := range d.values {
		d.chunk.Vectors = append(d.chunk.Vectors, d.values[i].vector())
	}
	return &d.chunk
}
