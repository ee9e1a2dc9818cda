package raw

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"

	"tidegate/internal/pgtypes"
)

// maxAvroBlock is the largest block of an object, in bytes, compressed or not. It bounds memory.
const maxAvroBlock = 256 << 20

// avroReader reads the records of Avro object container files. A block that cannot be read ends the object with one
// rejected record: nobody can tell how many records were in it. Records have no text of their own; the quarantine has
// them as JSON.
type avroReader struct {
	in     noted
	ocf    *ocf.Reader // nil before the header is read
	fields []avro.SchemaField
	done   bool
	line   int64

	text []byte // the record as JSON
	list []member
}

// noted remembers the error that its reader ended with, which decoders may hide.
type noted struct {
	io.Reader
	err error // not io.EOF
}

func (n *noted) Read(p []byte) (int, error) {
	k, err := n.Reader.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		n.err = err
	}
	return k, err
}

func (a *avroReader) reset(r io.Reader) {
	*a = avroReader{in: noted{Reader: r}, text: a.text, list: a.list}
}

func (a *avroReader) next(r *record) error {
	*r = record{line: a.line + 1}
	if a.done {
		return io.EOF
	}
	var value any
	err := a.open()
	if err == nil {
		err = a.ocf.Decode(&value)
	}
	if err != nil {
		a.done = true
		if a.ocf != nil {
			err = errors.Join(err, a.ocf.Close())
		}
		return a.judge(err, r)
	}
	a.line++
	a.record(value, r)
	return nil
}

// open reads the header. An object without a byte has no records.
func (a *avroReader) open() (err error) {
	if a.ocf != nil {
		return nil
	}
	buffered := bufio.NewReaderSize(&a.in, firstBuffer)
	if _, err := buffered.Peek(1); errors.Is(err, io.EOF) {
		return io.EOF
	}
	a.ocf, err = ocf.NewReader(buffered, ocf.WithMaxBlockBytes(maxAvroBlock), ocf.WithMaxDecompressedBlockBytes(maxAvroBlock))
	if err != nil {
		return err
	}
	a.fields = a.ocf.Schema().Root().Fields
	return nil
}

// judge tells the end of an object from a broken one, and that from a failing transport.
func (a *avroReader) judge(err error, r *record) error {
	var broken *breakage
	switch {
	case errors.As(a.in.err, &broken):
		r.reason = broken.reason
	case a.in.err != nil:
		return a.in.err
	case errors.Is(err, io.EOF):
		return io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.reason = ReasonTruncated
	default:
		r.reason = ReasonCorrupt
	}
	return nil
}

// record makes the decoded value a record of JSON.
func (a *avroReader) record(value any, r *record) {
	w := avroJSON{out: a.text[:0]}
	a.list = a.list[:0]
	if fields, ok := value.(map[string]any); ok && a.fields != nil {
		w.out = append(w.out, '{')
		for i, f := range a.fields {
			if i > 0 {
				w.out = append(w.out, ',')
			}
			from := len(w.out)
			w.text(f.Name)
			key := w.out[from+1 : len(w.out)-1]
			w.out = append(w.out, ':')
			from = len(w.out)
			w.value(fields[f.Name], &f.Type)
			a.list = append(a.list, member{key: key, value: w.out[from:]})
		}
		w.out = append(w.out, '}')
	} else {
		r.reason = ReasonNotObject
		w.value(value, a.ocf.Schema().Root())
	}
	a.text = w.out
	r.raw, r.members, r.size = w.out, a.list, int64(len(w.out))
	switch {
	case r.size > MaxRecord:
		r.raw, r.reason = r.raw[:maxRawKept], ReasonTooLarge
	case w.reason != "":
		r.reason = w.reason
	}
}

// avroJSON writes decoded values as JSON that the fields' types take: times as ISO 8601, decimals as numbers, bytes as
// PostgreSQL writes bytea.
type avroJSON struct {
	out    []byte
	reason string // why the record cannot be one of a table
}

func (w *avroJSON) text(s string) {
	if !utf8.ValidString(s) {
		w.reason = ReasonUTF8
	}
	w.out = appendQuoted(w.out, []byte(s))
}

// value writes a value. The decoder goes no deeper than a thousand levels.
func (w *avroJSON) value(value any, of *avro.SchemaNode) {
	switch v := value.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case bool:
		w.out = strconv.AppendBool(w.out, v)
	case int32:
		w.out = strconv.AppendInt(w.out, int64(v), 10)
	case int64:
		w.out = strconv.AppendInt(w.out, v, 10)
	case float32:
		w.float(float64(v), 32)
	case float64:
		w.float(v, 64)
	case string:
		w.text(v)
	case []byte:
		w.text(string(pgtypes.AppendBytea(nil, v)))
	case [16]byte:
		w.text(string(pgtypes.AppendUUID(nil, v)))
	case time.Time:
		layout := "2006-01-02T15:04:05.999999999Z"
		if isDate(of) {
			layout = "2006-01-02"
		}
		w.text(v.UTC().Format(layout))
	case time.Duration:
		w.text(time.Unix(0, int64(v)).UTC().Format("15:04:05.999999"))
	case *big.Rat:
		digits, _ := v.FloatPrec() // of a decimal it is exact
		w.out = append(w.out, v.FloatString(digits)...)
	case []any:
		w.list(v, of)
	case map[string]any:
		w.object(v, of)
	default: // of the library, as avro.Duration
		text, err := json.Marshal(v)
		if err != nil {
			w.reason = ReasonCorrupt
		}
		w.out = append(w.out, text...)
	}
}

func (w *avroJSON) float(f float64, bits int) {
	switch {
	case math.IsNaN(f):
		w.text("NaN")
	case math.IsInf(f, 1):
		w.text("Infinity")
	case math.IsInf(f, -1):
		w.text("-Infinity")
	default:
		w.out = strconv.AppendFloat(w.out, f, 'g', -1, bits)
	}
}

func (w *avroJSON) list(elements []any, of *avro.SchemaNode) {
	element := inside(of, func(n *avro.SchemaNode) *avro.SchemaNode { return n.Items })
	w.out = append(w.out, '[')
	for i, e := range elements {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.value(e, element)
	}
	w.out = append(w.out, ']')
}

// object writes a map or a record, in order of names.
func (w *avroJSON) object(members map[string]any, of *avro.SchemaNode) {
	w.out = append(w.out, '{')
	for i, name := range slices.Sorted(maps.Keys(members)) {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		w.text(name)
		w.out = append(w.out, ':')
		w.value(members[name], inside(of, func(n *avro.SchemaNode) *avro.SchemaNode {
			for j := range n.Fields {
				if n.Fields[j].Name == name {
					return &n.Fields[j].Type
				}
			}
			return n.Values
		}))
	}
	w.out = append(w.out, '}')
}

// inside finds the schema of a part of a value: in the value's, or in the first branch of a union that has one. Nil if
// none has: where a type is named again, its parts are not told.
func inside(of *avro.SchemaNode, find func(*avro.SchemaNode) *avro.SchemaNode) *avro.SchemaNode {
	if of == nil {
		return nil
	}
	if n := find(of); n != nil {
		return n
	}
	for i := range of.Branches {
		if n := find(&of.Branches[i]); n != nil {
			return n
		}
	}
	return nil
}

// isDate tells days from instants, which are decoded alike: by the first of the two in the value's schema.
func isDate(of *avro.SchemaNode) bool {
	n := inside(of, func(n *avro.SchemaNode) *avro.SchemaNode {
		if n.LogicalType == "date" || strings.Contains(n.LogicalType, "timestamp-") {
			return n
		}
		return nil
	})
	return n != nil && n.LogicalType == "date"
}
