// Package pgcopy reads what a client sends after COPY … FROM STDIN, as PostgreSQL's copyfromparse.c does: in the formats
// text, CSV and binary, with its errors and its words for the place of one.
package pgcopy

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// Format is how the rows are written.
type Format struct {
	CSV, Binary              bool
	Header, Match            bool // the first line is one; it must name the columns
	Delimiter, Quote, Escape byte // the last two of CSV
	Null                     string
	ForceNotNull, ForceNull  []bool // by field, of CSV; nil is none
}

// badFormat is the SQLSTATE of bytes that are no rows.
const badFormat pgerr.Code = "22P04"

// maxLineBytes bounds a line, which is held in memory: PostgreSQL's bound of a text.
const maxLineBytes = 1 << 30

// Reader reads rows. It is not safe for concurrent use.
type Reader struct {
	format  Format
	table   string
	columns []string
	next    func() ([]byte, error)

	buf    []byte // what was sent; at is the first byte of it that was not read yet
	at     int
	last   bool // there is no more than buf
	ended  bool
	broken bool // next has failed
	line   int64
	begun  bool
	ending ending
	text   []byte // the line, without its end
	whole  bool   // text is the line of line
	values []byte
	fields [][]byte
}

// NewReader reads rows of a table's columns. next gives the bytes that come next, which stay valid until it is called
// again, and io.EOF at their end; its other errors end the reading as they are.
func NewReader(f Format, table string, columns []string, next func() ([]byte, error)) *Reader {
	return &Reader{format: f, table: table, columns: columns, next: next}
}

// Next gives the fields of a row, nil for NULL; they are valid until the next call. After the last row it is io.EOF, and
// the client's bytes are read to their end. Errors of the row are *pgerr.Error, with their place; fields beside one have to
// be looked at first.
func (r *Reader) Next() ([][]byte, error) {
	fields, err := r.read()
	if e, ok := errors.AsType[*pgerr.Error](err); ok && e.Where == "" && r.begun {
		e.Where = r.Where()
	}
	return fields, err
}

func (r *Reader) read() ([][]byte, error) {
	switch {
	case r.ended:
		return nil, io.EOF
	case r.format.Binary:
		return r.readBinary()
	}
	if !r.begun {
		r.begun = true
		if err := r.header(); err != nil {
			return nil, err
		}
	}
	if err := r.readLine(); err != nil {
		return nil, err
	}
	if r.ended && len(r.text) == 0 {
		return nil, io.EOF
	}
	if err := r.split(); err != nil {
		return nil, err
	}
	switch {
	case len(r.fields) > len(r.columns):
		return nil, pgerr.New(badFormat, "extra data after last expected column")
	case len(r.fields) < len(r.columns):
		r.force()
		return r.fields, pgerr.New(badFormat, "missing data for column %q", r.columns[len(r.fields)])
	}
	r.force()
	return r.fields, nil
}

// header passes over the first line, if it is one.
func (r *Reader) header() error {
	if !r.format.Header && !r.format.Match {
		return nil
	}
	if err := r.readLine(); err != nil || !r.format.Match {
		return err
	}
	if err := r.split(); err != nil {
		return err
	}
	if len(r.fields) != len(r.columns) {
		return pgerr.New(badFormat, "wrong number of fields in header line: got %d, expected %d", len(r.fields), len(r.columns))
	}
	for i, name := range r.columns {
		switch got := r.fields[i]; {
		case got == nil:
			return pgerr.New(badFormat, "column name mismatch in header line field %d: got null value (\"%s\"), expected \"%s\"", i+1, r.format.Null, name)
		case string(got) != name:
			return pgerr.New(badFormat, "column name mismatch in header line field %d: got \"%s\", expected \"%s\"", i+1, got, name)
		}
	}
	return nil
}

// force makes of NULLs and texts what FORCE_NOT_NULL and FORCE_NULL want.
func (r *Reader) force() {
	if !r.format.CSV {
		return
	}
	for i, v := range r.fields {
		switch {
		case v == nil && i < len(r.format.ForceNotNull) && r.format.ForceNotNull[i]:
			r.fields[i] = []byte(r.format.Null)
		case v != nil && i < len(r.format.ForceNull) && r.format.ForceNull[i] && string(v) == r.format.Null:
			r.fields[i] = nil
		}
	}
}

func (r *Reader) split() error {
	if r.format.CSV {
		return r.splitCSV()
	}
	return r.splitText()
}

// more adds what the client sends next to buf; false: there is no more.
func (r *Reader) more() (bool, error) {
	if r.last {
		return false, nil
	}
	if len(r.buf)-r.at > maxLineBytes {
		return false, pgerr.New(pgerr.ProgramLimitExceeded, "out of memory").WithDetail("Cannot enlarge string buffer containing %d bytes.", len(r.buf)-r.at)
	}
	part, err := r.next()
	if errors.Is(err, io.EOF) {
		r.last = true
		return false, nil
	}
	if err != nil {
		code := pgerr.CodeOf(err)
		r.broken = code != pgerr.CharacterNotInRepertoire && code != pgerr.UntranslatableCharacter
		return false, err
	}
	r.buf = append(r.buf, part...)
	return true, nil
}

// has reports whether there is a byte at a place of buf, which may have to come first.
func (r *Reader) has(i int) (bool, error) {
	for i >= len(r.buf) {
		if more, err := r.more(); err != nil || !more {
			return false, err
		}
	}
	return true, nil
}

// finish passes over what the client still sends.
func (r *Reader) finish() error {
	r.ended = true
	for {
		r.buf, r.at = r.buf[:0], 0
		if more, err := r.more(); err != nil || !more {
			return err
		}
	}
}

// Broken reports whether the error of Next is the client's, not that of a row.
func (r *Reader) Broken() bool { return r.broken }

// Bytes is the length of the line, 0 in binary.
func (r *Reader) Bytes() int { return len(r.text) }

// Line is the number of the line that the last row ends in, of the row in binary.
func (r *Reader) Line() int64 { return r.line }

// shownBytes is how much of a text an error shows.
const shownBytes = 100

// Shown is a text as an error shows it.
func Shown(text []byte) string {
	if len(text) <= shownBytes {
		return string(text)
	}
	end := shownBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return string(text[:end]) + "..."
}

// Text is the line as an error shows it; in binary there is none.
func (r *Reader) Text() string { return Shown(r.text) }

// Where is the place of an error of the row.
func (r *Reader) Where() string {
	if !r.whole || r.format.Binary {
		return LinePlace(r.table, r.line)
	}
	return LineTextPlace(r.table, r.line, r.Text())
}

// LinePlace is the place of an error in a line of a table's rows.
func LinePlace(table string, line int64) string { return fmt.Sprintf("COPY %s, line %d", table, line) }

// LineTextPlace is that of an error that has to do with the line's text.
func LineTextPlace(table string, line int64, text string) string {
	return fmt.Sprintf("COPY %s, line %d: \"%s\"", table, line, text)
}

// ColumnPlace is that of an error in the value of a column; nil is NULL.
func ColumnPlace(table string, line int64, column string, value []byte) string {
	if value == nil {
		return fmt.Sprintf("COPY %s, line %d, column %s: null input", table, line, column)
	}
	return fmt.Sprintf("COPY %s, line %d, column %s: \"%s\"", table, line, column, Shown(value))
}

// BinaryPlace is that of an error in a column of binary rows.
func BinaryPlace(table string, line int64, column string) string {
	return fmt.Sprintf("COPY %s, line %d, column %s", table, line, column)
}

// signature begins the binary format.
const signature = "PGCOPY\n\xff\r\n\x00"

// take gives the next n bytes, or as many as there are.
func (r *Reader) take(n int) ([]byte, error) {
	if r.at > 0 {
		r.buf = append(r.buf[:0], r.buf[r.at:]...)
		r.at = 0
	}
	if n > 0 {
		if _, err := r.has(n - 1); err != nil {
			return nil, err
		}
	}
	n = min(n, len(r.buf))
	r.at = n
	return r.buf[:n], nil
}

func (r *Reader) int32() (n int32, ok bool, err error) {
	b, err := r.take(4)
	if err != nil || len(b) < 4 {
		return 0, false, err
	}
	return int32(binary.BigEndian.Uint32(b)), true, nil
}

// binaryHeader reads what stands before the rows. As in PostgreSQL its errors have no place.
func (r *Reader) binaryHeader() error {
	b, err := r.take(len(signature))
	if err != nil {
		return err
	}
	if string(b) != signature {
		return pgerr.New(badFormat, "COPY file signature not recognized")
	}
	flags, ok, err := r.int32()
	switch {
	case err != nil:
		return err
	case !ok:
		return pgerr.New(badFormat, "invalid COPY file header (missing flags)")
	case flags&(1<<16) != 0:
		return pgerr.New(badFormat, "invalid COPY file header (WITH OIDS)")
	case uint32(flags)>>16 != 0:
		return pgerr.New(badFormat, "unrecognized critical flags in COPY file header")
	}
	length, ok, err := r.int32()
	switch {
	case err != nil:
		return err
	case !ok || length < 0:
		return pgerr.New(badFormat, "invalid COPY file header (missing length)")
	}
	b, err = r.take(int(length))
	if err == nil && len(b) < int(length) {
		err = pgerr.New(badFormat, "invalid COPY file header (wrong length)")
	}
	return err
}

func (r *Reader) readBinary() ([][]byte, error) {
	if !r.begun {
		if err := r.binaryHeader(); err != nil {
			return nil, err
		}
		r.begun = true
	}
	r.line++
	b, err := r.take(2)
	if err != nil {
		return nil, err
	}
	if len(b) < 2 {
		return nil, r.endOr(r.finish())
	}
	count := int16(binary.BigEndian.Uint16(b))
	if count == -1 {
		if b, err = r.take(1); err == nil && len(b) > 0 {
			err = pgerr.New(badFormat, "received copy data after EOF marker")
		}
		return nil, r.endOr(err)
	}
	if int(count) != len(r.columns) {
		return nil, pgerr.New(badFormat, "row field count is %d, expected %d", count, len(r.columns))
	}
	return r.binaryFields()
}

// endOr is the end of the rows, unless something is wrong with it.
func (r *Reader) endOr(err error) error {
	if err != nil {
		return err
	}
	r.ended = true
	return io.EOF
}

func (r *Reader) binaryFields() ([][]byte, error) {
	r.values = r.values[:0]
	sizes := make([]int, len(r.columns))
	for i, name := range r.columns {
		fail := func(message string) error {
			e := pgerr.New(badFormat, "%s", message)
			e.Where = BinaryPlace(r.table, r.line, name)
			return e
		}
		size, ok, err := r.int32()
		switch {
		case err != nil:
			return nil, err
		case !ok:
			return nil, fail("unexpected EOF in COPY data")
		case size == -1:
			sizes[i] = -1
			continue
		case size < 0:
			return nil, fail("invalid field size")
		}
		b, err := r.take(int(size))
		if err != nil {
			return nil, err
		}
		if len(b) < int(size) {
			return nil, fail("unexpected EOF in COPY data")
		}
		sizes[i] = len(b)
		r.values = append(r.values, b...)
	}
	r.fields = r.fields[:0]
	at := 0
	for _, size := range sizes {
		if size < 0 {
			r.fields = append(r.fields, nil)
			continue
		}
		r.fields = append(r.fields, r.values[at:at+size:at+size])
		at += size
	}
	return r.fields, nil
}

// checked is a line that is text in UTF-8; an error of it is told without the line.
func (r *Reader) checked() error {
	_, err := pgtypes.CheckUTF8(r.text)
	r.whole = err == nil
	return err
}

// hints of the errors about ends of lines.
func (r *Reader) wrongEnd(what, written string) error {
	if r.format.CSV {
		return pgerr.New(badFormat, "unquoted %s found in data", what).WithHint("Use quoted CSV field to represent %s.", what)
	}
	return pgerr.New(badFormat, "literal %s found in data", what).WithHint(`Use "\%s" to represent %s.`, strings.TrimPrefix(written, `\`), what)
}
