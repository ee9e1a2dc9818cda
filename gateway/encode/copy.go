package encode

import (
	"bytes"
	"encoding/binary"

	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// CopyFormat is the form in which COPY writes rows.
type CopyFormat struct {
	CSV, Binary              bool
	Header                   bool
	Delimiter, Quote, Escape byte // the last two of CSV
	Null                     string
	Forced                   []bool // of CSV: the columns that are always quoted
}

// Copier writes the rows of one result as CopyData messages, one for each line or tuple, as PostgreSQL cuts them. It is
// not safe for concurrent use.
type Copier struct {
	encoder *Encoder
	format  CopyFormat
	value   []byte
	started bool
}

// NewCopier makes a Copier for the columns of a result. style is the session's. A binary form of a type that has none
// here is 0A000.
func NewCopier(columns []engine.Column, f CopyFormat, style pgtypes.Style) (*Copier, error) {
	formats := make([]int16, len(columns))
	if f.Binary {
		for i := range formats {
			formats[i] = BinaryFormat
		}
	}
	e, err := New(columns, formats, style)
	return &Copier{encoder: e, format: f}, err
}

// Binary says that every value is in binary.
func (c *Copier) Binary() bool { return c.format.Binary }

// begin appends what comes before the first row: the line of names or, in front of the first tuple, the signature.
func (c *Copier) begin(b []byte) []byte {
	c.started = true
	if !c.format.Header {
		return b
	}
	b, start := openCopyData(b)
	for i := range c.encoder.columns {
		if i > 0 {
			b = append(b, c.format.Delimiter)
		}
		b = c.field(b, []byte(c.encoder.columns[i].name), false)
	}
	return closeCopyData(append(b, '\n'), start)
}

// signature begins COPY's binary form: its name, no flags, no extension.
var signature = []byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00")

// TakeSignature moves the signature in front of a tuple, if there is one, from tuple to b.
func TakeSignature(b, tuple []byte) (to, rest []byte) {
	if rest, ok := bytes.CutPrefix(tuple, signature); ok {
		return append(b, signature...), rest
	}
	return b, tuple
}

// End appends what follows the last row.
func (c *Copier) End(b []byte) []byte {
	first := !c.started
	if first {
		b = c.begin(b)
	}
	if !c.format.Binary {
		return b
	}
	b, start := openCopyData(b)
	if first {
		b = append(b, signature...)
	}
	return closeCopyData(append(b, 0xff, 0xff), start)
}

// Rows is Rows of an Encoder.
func (c *Copier) Rows(b []byte, chunk *engine.Chunk, from, maxRows, maxBytes int) (out []byte, next int, err error) {
	e := c.encoder
	if err := e.prepare(chunk); err != nil {
		return b, from, err
	}
	end := chunk.Rows
	if maxRows < end-from {
		end = from + maxRows
	}
	row := from
	for ; row < end && len(b) < maxBytes; row++ {
		whole := len(b)
		first := !c.started
		if first {
			b = c.begin(b)
		}
		var start int
		b, start = openCopyData(b)
		if c.format.Binary {
			if first {
				b = append(b, signature...)
			}
			b = c.tuple(b, chunk, row)
		} else {
			b = append(c.line(b, chunk, row), '\n')
		}
		if len(b)-start > maxRowBytes {
			e.fail(pgerr.New(pgerr.InsufficientResources, "a row is larger than %d bytes", maxRowBytes))
		}
		if e.err != nil {
			return b[:whole], row, e.err
		}
		b = closeCopyData(b, start)
	}
	return b, row, nil
}

// tuple appends a row in binary: what follows the head of a DataRow.
func (c *Copier) tuple(b []byte, chunk *engine.Chunk, row int) []byte {
	columns := c.encoder.columns
	b = binary.BigEndian.AppendUint16(b, uint16(len(columns)))
	for i := range columns {
		v := &chunk.Vectors[i]
		if !v.Valid(row) {
			b = append(b, 255, 255, 255, 255)
			continue
		}
		value := len(b)
		b = append(b, 0, 0, 0, 0)
		b = columns[i].write(b, v, row)
		binary.BigEndian.PutUint32(b[value:], uint32(len(b)-value-4))
	}
	return b
}

func (c *Copier) line(b []byte, chunk *engine.Chunk, row int) []byte {
	columns := c.encoder.columns
	for i := range columns {
		if i > 0 {
			b = append(b, c.format.Delimiter)
		}
		v := &chunk.Vectors[i]
		if !v.Valid(row) {
			b = append(b, c.format.Null...)
			continue
		}
		c.value = columns[i].write(c.value[:0], v, row)
		b = c.field(b, c.value, c.format.Forced != nil && c.format.Forced[i])
	}
	return b
}

// field appends a value with what the format needs around and inside it.
func (c *Copier) field(b, value []byte, forced bool) []byte {
	if c.format.CSV {
		return c.csv(b, value, forced)
	}
	return c.escaped(b, value)
}

// escaped is PostgreSQL's CopyAttributeOutText.
func (c *Copier) escaped(b, value []byte) []byte {
	for _, x := range value {
		switch {
		case x == c.format.Delimiter || x == '\\':
			if x == '\t' {
				b = append(b, '\\', 't')
				continue
			}
			b = append(b, '\\', x)
		case x >= 0x20:
			b = append(b, x)
		default:
			if i := bytes.IndexByte([]byte("\b\f\n\r\t\v"), x); i >= 0 {
				b = append(b, '\\', "bfnrtv"[i])
				continue
			}
			b = append(b, x)
		}
	}
	return b
}

// csv is PostgreSQL's CopyAttributeOutCSV.
func (c *Copier) csv(b, value []byte, forced bool) []byte {
	f := &c.format
	quoted := forced || string(value) == f.Null || len(c.encoder.columns) == 1 && string(value) == `\.`
	for i := 0; i < len(value) && !quoted; i++ {
		x := value[i]
		quoted = x == f.Delimiter || x == f.Quote || x == '\n' || x == '\r'
	}
	if !quoted {
		return append(b, value...)
	}
	b = append(b, f.Quote)
	for _, x := range value {
		if x == f.Quote || x == f.Escape {
			b = append(b, f.Escape)
		}
		b = append(b, x)
	}
	return append(b, f.Quote)
}

func openCopyData(b []byte) (out []byte, start int) {
	return append(b, 'd', 0, 0, 0, 0), len(b)
}

func closeCopyData(b []byte, start int) []byte {
	binary.BigEndian.PutUint32(b[start+1:], uint32(len(b)-start-1))
	return b
}
