package gateway

import (
	"bytes"
	"encoding/binary"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/pgencoding"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// messages are the newest of each kind that comes with every execution of a prepared statement: they are decoded to the
// same memory.
type messages struct {
	bind    pgproto3.Bind
	execute pgproto3.Execute
}

// decode reads a message's body; what it gives is valid until the next one of its kind. Errors are those of PostgreSQL's
// pqformat.c, after which a session goes on. encoding is the client's, nil UTF-8; values of parameters stay as they are.
func (last *messages) decode(kind byte, body []byte, encoding *pgencoding.Encoding) (pgproto3.FrontendMessage, error) {
	d := decoder{rest: body, encoding: encoding}
	var m pgproto3.FrontendMessage
	switch kind {
	case 'Q':
		m = &pgproto3.Query{String: d.text()}
	case 'P':
		m = d.parse()
	case 'B':
		m = d.bind(&last.bind)
	case 'E':
		last.execute = pgproto3.Execute{Portal: d.textAs(last.execute.Portal), MaxRows: d.rows()}
		m = &last.execute
	case 'D':
		m = &pgproto3.Describe{ObjectType: d.object("DESCRIBE"), Name: d.text()}
	case 'C':
		m = &pgproto3.Close{ObjectType: d.object("CLOSE"), Name: d.text()}
	case 'S':
		m = &pgproto3.Sync{}
	case 'H':
		m = &pgproto3.Flush{}
	case 'F':
		return nil, pgerr.New(pgerr.FeatureNotSupported, "function call messages are not supported")
	}
	if d.err == nil && len(d.rest) > 0 {
		d.fail("invalid message format")
	}
	return m, d.err
}

// decoder reads the parts of a message. After the first error all that it gives is zero.
type decoder struct {
	rest     []byte
	err      error
	encoding *pgencoding.Encoding // nil is UTF-8
}

func (d *decoder) fail(format string, args ...any) {
	if d.err == nil {
		d.err = pgerr.New(pgerr.ProtocolViolation, format, args...)
	}
	d.rest = nil
}

func (d *decoder) text() string {
	end := bytes.IndexByte(d.rest, 0)
	if end < 0 {
		d.fail("invalid string in message")
		return ""
	}
	s, err := d.plain(d.rest[:end])
	if err != nil && d.err == nil {
		d.err, d.rest = err, nil
		return ""
	}
	d.rest = d.rest[end+1:]
	return s
}

// textAs is text that is likely to be the same as before.
func (d *decoder) textAs(before string) string {
	n := len(before)
	if d.encoding == nil && n < len(d.rest) && d.rest[n] == 0 && string(d.rest[:n]) == before {
		d.rest = d.rest[n+1:]
		return before
	}
	return d.text()
}

func (d *decoder) plain(text []byte) (string, error) {
	if d.encoding == nil {
		return pgtypes.CheckUTF8(text)
	}
	converted, err := d.encoding.AppendUTF8(nil, text)
	return string(converted), err
}

// take gives the next n bytes of the body itself.
func (d *decoder) take(n int) []byte {
	if n < 0 || n > len(d.rest) {
		d.fail("insufficient data left in message")
		return nil
	}
	b := d.rest[:n:n]
	d.rest = d.rest[n:]
	return b
}

func (d *decoder) short() int {
	b := d.take(2)
	if b == nil {
		return 0
	}
	return int(binary.BigEndian.Uint16(b))
}

func (d *decoder) long() int32 {
	b := d.take(4)
	if b == nil {
		return 0
	}
	return int32(binary.BigEndian.Uint32(b))
}

// rows is the limit of Execute: none if it is not positive.
func (d *decoder) rows() uint32 { return uint32(max(d.long(), 0)) }

func (d *decoder) object(message string) byte {
	if len(d.rest) == 0 {
		d.fail("no data left in message")
		return 0
	}
	kind := d.take(1)[0]
	if kind != 'S' && kind != 'P' {
		d.fail("invalid %s message subtype %d", message, kind)
	}
	return kind
}

func (d *decoder) parse() *pgproto3.Parse {
	m := &pgproto3.Parse{Name: d.text(), Query: d.text()}
	for n := d.short(); n > 0 && d.err == nil; n-- {
		m.ParameterOIDs = append(m.ParameterOIDs, uint32(d.long()))
	}
	return m
}

// bind's parameters are the body's own bytes; nil is NULL. Without its names it is nil.
func (d *decoder) bind(m *pgproto3.Bind) *pgproto3.Bind {
	*m = pgproto3.Bind{DestinationPortal: d.textAs(m.DestinationPortal), PreparedStatement: d.textAs(m.PreparedStatement)}
	if d.err != nil {
		return nil
	}
	m.ParameterFormatCodes = d.formats()
	for n, i := d.short(), 0; i < n && d.err == nil; i++ {
		var value []byte
		if size := d.long(); size != -1 {
			value = d.take(int(size))
		}
		if d.err != nil {
			d.err = paramError(d.err, m.DestinationPortal, i)
		}
		m.Parameters = append(m.Parameters, value)
	}
	m.ResultFormatCodes = d.formats()
	return m
}

func (d *decoder) formats() []int16 {
	var codes []int16
	for n := d.short(); n > 0 && d.err == nil; n-- {
		codes = append(codes, int16(d.short()))
	}
	return codes
}
