package raw

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode/utf8"

	"tidegate/etl/pipeline"
	"tidegate/internal/engine"
)

// csvReader cuts a decompressed object into records of RFC 4180: fields between delimiters, a field that begins with a
// quote ends with one and may hold delimiters, newlines and doubled quotes. A quote inside another field is itself.
// A malformed record ends at its first newline, where reading goes on: a quote that nobody closes costs one line.
type csvReader struct {
	window
	pipeline.CSV
	given []string // names of the fields where there is no header

	names  [][]byte // of the object's fields; nil before its header is read
	header []byte   // as it is written
	lines  int64    // newlines before pos
	fields []csvField
	values []byte // of the current record, as JSON
	list   []member
}

// csvField is a field in the window, from a record's beginning.
type csvField struct {
	from, to int  // without the quotes around it
	quoted   bool // was in quotes
	doubled  bool // holds doubled quotes
}

// Outcomes of a record that is not whole; the position after it otherwise.
const (
	csvBad   = -1
	csvShort = -2
)

func newCSVReader(p *pipeline.Pipeline) *csvReader {
	r := &csvReader{CSV: p.Source.CSV}
	for _, f := range p.Source.Fields {
		r.given = append(r.given, f.Name)
	}
	return r
}

func (c *csvReader) reset(r io.Reader) {
	c.window.reset(r)
	c.names, c.header, c.lines = nil, nil, 0
	if c.Header {
		return
	}
	for _, name := range c.given {
		c.names = append(c.names, keyOf([]byte(name)))
	}
}

// keyOf gives a name as a member has it: as JSON, without the quotes.
func keyOf(name []byte) []byte {
	quoted := appendQuoted(nil, name)
	return quoted[1 : len(quoted)-1]
}

func (c *csvReader) next(r *record) error {
	if c.base == 0 && c.pos == 0 {
		if err := c.skipMark(); err != nil {
			return err
		}
	}
	for {
		if err := c.read(r); err != nil || r.blank {
			return err
		}
		if r.reason == "" && !utf8.Valid(r.raw) {
			r.reason = ReasonUTF8
		}
		if c.names != nil {
			break
		}
		if r.reason != "" {
			c.noHeader(r)
			return nil
		}
		for _, f := range c.fields {
			c.names = append(c.names, keyOf(c.text(r.raw, f)))
		}
		c.header = bytes.Clone(r.raw)
	}
	r.header = c.header
	switch {
	case r.reason != "":
	case len(c.fields) != len(c.names):
		r.reason = ReasonFieldCount
	default:
		c.members(r)
	}
	return nil
}

// noHeader ends the object with this record: nobody can tell what its fields are.
func (c *csvReader) noHeader(r *record) {
	if r.reason != ReasonTruncated && r.reason != ReasonCorrupt {
		r.reason = ReasonHeader
	}
	c.pos, c.eof, c.broken = c.end, true, ""
}

// read finds the next record and its fields.
func (c *csvReader) read(r *record) error {
	for {
		if c.pos == c.end && c.eof {
			return c.tail(r)
		}
		b := c.buf[c.pos:c.end]
		end := c.split(b)
		if end == csvShort && len(b) <= MaxRecord && !c.eof {
			if err := c.fill(); err != nil {
				return err
			}
			continue
		}
		line := c.lines + 1
		// The last record of an object that is cut off may be cut too.
		cut := c.broken != "" && end == len(b) && b[end-1] != '\n'
		if end < 0 || end > MaxRecord || cut {
			err := c.reject(r, ReasonInvalidCSV)
			r.line = line
			if c.pos > 0 && c.buf[c.pos-1] == '\n' {
				c.lines++
			}
			return err
		}
		c.lines += int64(bytes.Count(b[:end], []byte{'\n'}))
		c.take(r, c.pos, c.pos+len(withoutNewline(b[:end])), c.pos+end)
		r.line, r.blank = line, len(r.raw) == 0 && (!c.BlankIsNull || len(c.names) != 1)
		return nil
	}
}

func withoutNewline(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte{'\n'})
	return bytes.TrimSuffix(b, []byte{'\r'})
}

// split finds the fields of the record that begins at b[0] and gives the position after its newline, or an outcome.
func (c *csvReader) split(b []byte) int {
	c.fields = c.fields[:0]
	for i := 0; ; i++ {
		var f csvField
		if f, i = c.field(b, i); i < 0 {
			return csvShort
		}
		c.fields = append(c.fields, f)
		switch {
		case i == len(b) && !c.eof:
			return csvShort
		case i == len(b):
			return i
		case b[i] == '\n':
			return i + 1
		case b[i] != c.Delimiter:
			return csvBad
		}
	}
}

// field finds the field that begins at b[i] and the position after it; -1 if it has no end yet.
func (c *csvReader) field(b []byte, i int) (f csvField, after int) {
	if i < len(b) && b[i] == '"' {
		f = csvField{from: i + 1, quoted: true}
		if f.to, f.doubled = quoteEnd(b, i+1); f.to < 0 {
			return f, -1
		}
		after = f.to + 1
		if after < len(b) && b[after] == '\r' && (after+1 == len(b) || b[after+1] == '\n') {
			after++
		}
		return f, after
	}
	after = i
	for after < len(b) && b[after] != c.Delimiter && b[after] != '\n' {
		after++
	}
	f = csvField{from: i, to: after}
	switch {
	case after == len(b) && !c.eof:
		return f, -1
	case after == len(b) || b[after] == '\n':
		f.to = i + len(bytes.TrimSuffix(b[i:after], []byte{'\r'}))
	}
	return f, after
}

// quoteEnd finds the quote that ends a field; -1 if it is not there.
func quoteEnd(b []byte, i int) (end int, doubled bool) {
	for {
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1, doubled
		}
		if i += n; i+1 == len(b) || b[i+1] != '"' {
			return i, doubled
		}
		doubled = true
		i += 2
	}
}

// text gives a field's text; raw is its record.
func (c *csvReader) text(raw []byte, f csvField) []byte {
	text := raw[f.from:f.to]
	if f.doubled {
		text = bytes.ReplaceAll(text, []byte(`""`), []byte(`"`))
	}
	return text
}

// members makes the fields members of a JSON object: strings, or null for a field without quotes that is the word for it.
func (c *csvReader) members(r *record) {
	c.values, c.list = c.values[:0], c.list[:0]
	for i, f := range c.fields {
		from := len(c.values)
		if text := c.text(r.raw, f); !f.quoted && string(text) == c.NullAs {
			c.values = append(c.values, "null"...)
		} else {
			c.values = appendQuoted(c.values, text)
		}
		c.list = append(c.list, member{key: c.names[i], value: c.values[from:], escaped: bytes.IndexByte(c.names[i], '\\') >= 0})
	}
	r.members = c.list
}

// appendQuoted appends UTF-8 as a JSON string.
func appendQuoted(dst, text []byte) []byte {
	dst = append(dst, '"')
	for _, b := range text {
		switch {
		case b == '"' || b == '\\':
			dst = append(dst, '\\', b)
		case b < ' ':
			dst = fmt.Appendf(dst, `\u%04x`, b)
		default:
			dst = append(dst, b)
		}
	}
	return append(dst, '"')
}

// jsonOfText is the rule of a json field where fields are texts: the text is JSON.
func jsonOfText(set setter) setter {
	return func(to *engine.Builder, column int, value []byte) bool {
		text, ok := unquoted(value)
		return ok && json.Valid(text) && set(to, column, text)
	}
}
