package gateway

import (
	"encoding/binary"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/gateway/encode"
	"tidegate/internal/engine"
	"tidegate/internal/pgencoding"
	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// All that is inside is UTF-8. What a client with another encoding sends is converted when its messages are taken apart,
// what it gets when messages are complete; without one nobody comes here.

// checkEncoding takes every spelling of an encoding that PostgreSQL takes. With SQL_ASCII nothing is converted, so the
// client gets the same bytes.
func checkEncoding(name, value string) (string, error) {
	canonical, ok := pgencoding.Canonical(value)
	if !ok {
		return "", invalidValue(name, value)
	}
	_, err := pgencoding.Open(canonical)
	return canonical, err
}

// useEncoding makes the session's encoding that of its messages.
func (w *wire) useEncoding(canonical string) {
	if w.encoding != nil && w.encoding.Name() == canonical || w.encoding == nil && pgencoding.Plain(canonical) {
		return
	}
	w.encoding, _ = pgencoding.Open(canonical) // checked
}

// encoded is a message as the client reads it. Of an error that cannot be told the client is told why, as PostgreSQL does;
// in what stands beside an answer a ? is for what the client's encoding has not.
func (w *wire) encoded(m pgproto3.BackendMessage) pgproto3.BackendMessage {
	e := w.encoding
	switch m := m.(type) {
	case *pgproto3.ErrorResponse:
		told := *m
		for _, field := range []*string{
			&told.Message, &told.Detail, &told.Hint, &told.Where, &told.SchemaName, &told.TableName, &told.ColumnName,
			&told.DataTypeName, &told.ConstraintName,
		} {
			text, err := e.AppendEncoded(nil, []byte(*field))
			if err != nil {
				why, _ := flatten(err, "")
				return errorResponse(why, m.Severity)
			}
			*field = string(text)
		}
		return &told
	case *pgproto3.NoticeResponse:
		told := *m
		told.Message, told.Detail, told.Hint, told.Where = e.Replaced(m.Message), e.Replaced(m.Detail), e.Replaced(m.Hint), e.Replaced(m.Where)
		return &told
	case *pgproto3.ParameterStatus:
		return &pgproto3.ParameterStatus{Name: m.Name, Value: e.Replaced(m.Value)}
	case *pgproto3.NotificationResponse:
		return &pgproto3.NotificationResponse{PID: m.PID, Channel: e.Replaced(m.Channel), Payload: e.Replaced(m.Payload)}
	}
	return m
}

// encodeNames makes the names of columns the client's.
func (w *wire) encodeNames(m *pgproto3.RowDescription) (err error) {
	if w.encoding == nil {
		return nil
	}
	for i := range m.Fields {
		if m.Fields[i].Name, err = w.encoding.AppendEncoded(nil, m.Fields[i].Name); err != nil {
			return err
		}
	}
	return nil
}

// plainParam is a parameter's value in UTF-8.
func (w *wire) plainParam(oid pgtypes.OID, format int16, data []byte) ([]byte, error) {
	if w.encoding == nil || data == nil {
		return data, nil
	}
	if element, ok := pgtypes.ElementOf(oid); ok && format == encode.BinaryFormat && isTextual(element) {
		return convertArray(nil, data, w.encoding.AppendUTF8)
	}
	if format == encode.BinaryFormat && !isTextual(oid) {
		return data, nil
	}
	return w.encoding.AppendUTF8([]byte{}, data)
}

// isTextual reports whether the binary form of a type is its text.
func isTextual(t pgtypes.OID) bool {
	switch t {
	case 0, pgtypes.Unknown, pgtypes.Text, pgtypes.Varchar, pgtypes.BPChar, pgtypes.Name, pgtypes.Char, pgtypes.JSON, pgtypes.JSONB:
		return true // of jsonb there is a byte before it, which is ASCII
	}
	return false
}

// convert appends a text in another encoding.
type convert func(to, text []byte) ([]byte, error)

// encodedRows are rows in the client's encoding.
type encodedRows struct {
	rowWriter

	encoding *pgencoding.Encoding
	kinds    []convertKind // by column; nil: a message is one text
	signed   bool          // the first message may begin with COPY's signature
	plain    []byte
}

// convertKind says what of a value is text.
type convertKind uint8

const (
	wholeText convertKind = iota
	noText
	arrayOfTexts
)

// kindsOf says it of columns in their formats.
func kindsOf(columns []engine.Column, formats []int16) []convertKind {
	kinds := make([]convertKind, len(columns))
	for i, c := range columns {
		element, array := pgtypes.ElementOf(c.Type.OID)
		switch {
		case formats[i] != encode.BinaryFormat, isTextual(c.Type.OID):
		case array && isTextual(element):
			kinds[i] = arrayOfTexts
		default:
			kinds[i] = noText
		}
	}
	return kinds
}

// Rows appends rows in the client's encoding. An error is that of the row after those.
func (r *encodedRows) Rows(b []byte, c *engine.Chunk, from, maxRows, maxBytes int) (out []byte, next int, err error) {
	r.plain, next, err = r.rowWriter.Rows(r.plain[:0], c, from, maxRows, maxBytes)
	b, convertErr := r.messages(b, r.plain)
	if convertErr != nil {
		return b, from, convertErr
	}
	return b, next, err
}

// messages converts whole messages, up to the first that cannot be converted.
func (r *encodedRows) messages(b, plain []byte) ([]byte, error) {
	const head = 5
	for len(plain) > 0 {
		n := 1 + int(binary.BigEndian.Uint32(plain[1:]))
		m := plain[:n]
		plain = plain[n:]
		if pgencoding.ASCII(m) {
			b = append(b, m...)
			continue
		}
		start := len(b)
		b = append(b, m[:head]...)
		var err error
		if r.kinds == nil {
			b, err = r.encoding.AppendEncoded(b, m[head:])
		} else {
			b, err = r.fields(b, m[head:])
		}
		if err != nil {
			return b[:start], err
		}
		binary.BigEndian.PutUint32(b[start+1:], uint32(len(b)-start-1))
	}
	return b, nil
}

// fields converts the fields of a row.
func (r *encodedRows) fields(b, row []byte) ([]byte, error) {
	if r.signed {
		b, row = encode.TakeSignature(b, row)
	}
	b = append(b, row[:2]...)
	at := 2
	for _, kind := range r.kinds {
		if at >= len(row) {
			break // COPY's end in binary has no fields
		}
		size := int(int32(binary.BigEndian.Uint32(row[at:])))
		value := row[at+4 : at+4+max(size, 0)]
		start := len(b)
		b = append(b, row[at:at+4]...)
		at += 4 + len(value)
		var err error
		switch kind {
		case wholeText:
			b, err = r.encoding.AppendEncoded(b, value)
		case arrayOfTexts:
			b, err = convertArray(b, value, r.encoding.AppendEncoded)
		default:
			b = append(b, value...)
		}
		if err != nil {
			return b, err
		}
		if size >= 0 {
			binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
		}
	}
	return b, nil
}

// convertArray converts the elements of an array in binary, which is as array_send of PostgreSQL writes it. What is no
// array stays as it is, for those who read it.
func convertArray(to, array []byte, by convert) ([]byte, error) {
	const head, dimension = 12, 8
	if len(array) < head {
		return append(to, array...), nil
	}
	at := head + dimension*int(binary.BigEndian.Uint32(array))
	if at < head || at > len(array) {
		return append(to, array...), nil
	}
	to = append(to, array[:at]...)
	for at+4 <= len(array) {
		size := int(int32(binary.BigEndian.Uint32(array[at:])))
		start := len(to)
		to = append(to, array[at:at+4]...)
		at += 4
		if size < 0 || size > len(array)-at {
			continue
		}
		var err error
		if to, err = by(to, array[at:at+size]); err != nil {
			return to, err
		}
		binary.BigEndian.PutUint32(to[start:], uint32(len(to)-start-4))
		at += size
	}
	return append(to, array[at:]...), nil
}

// copyTexts are the bytes that a client sends after COPY FROM in another encoding, as UTF-8.
type copyTexts struct {
	from     func() ([]byte, error)
	encoding *pgencoding.Encoding
	rest     []byte // the beginning of a character
	text     []byte
	failed   error // what comes after text
}

// next gives what comes next. What stands before bytes that are no text is given first.
func (c *copyTexts) next() ([]byte, error) {
	if c.failed != nil {
		return nil, c.failed
	}
	data, err := c.from()
	ended := errors.Is(err, io.EOF)
	if err != nil && !ended {
		return nil, err
	}
	c.rest = append(c.rest, data...)
	whole := len(c.rest)
	if !ended {
		whole = c.encoding.Whole(c.rest)
	}
	c.text, c.failed = c.encoding.AppendUTF8(c.text[:0], c.rest[:whole])
	c.rest = append(c.rest[:0], c.rest[whole:]...)
	if c.failed == nil && ended {
		c.failed = io.EOF
	}
	if len(c.text) == 0 && c.failed != nil {
		return nil, c.failed
	}
	return c.text, nil
}

// convertedClient is a client of COPY FROM whose bytes are another server's to read, as UTF-8.
type convertedClient struct {
	engine.CopyClient
	texts copyTexts
}

// Next gives what the client has sent.
func (c *convertedClient) Next() ([]byte, error) { return c.texts.next() }

// toServer is a client whose rows pass to a server that reads UTF-8, unless the COPY names another encoding.
func (s *session) toServer(client engine.CopyClient, st *sql.Statement) (engine.CopyClient, error) {
	if s.wire.encoding == nil {
		return client, nil
	}
	options, err := st.CopyOptions()
	if err != nil {
		return nil, err
	}
	if options.Encoding != "" && !options.Binary {
		return client, nil
	}
	if err := s.textCopy(options); err != nil {
		return nil, err
	}
	return &convertedClient{client, copyTexts{from: client.Next, encoding: s.wire.encoding}}, nil
}

// textCopy refuses rows in binary whose texts would have to be converted.
func (s *session) textCopy(o sql.CopyOptions) error {
	if !o.Binary || s.wire.encoding == nil {
		return nil
	}
	return pgerr.New(pgerr.FeatureNotSupported, "COPY FROM in binary with client_encoding %s is not supported", s.wire.encoding.Name()).
		WithHint("Set client_encoding to UTF8.")
}

// copyEncoding gives the encoding of a COPY's texts: the one that it names, else the client's; nil is UTF-8.
func (s *session) copyEncoding(named string) (*pgencoding.Encoding, error) {
	if named == "" {
		return s.wire.encoding, nil
	}
	return pgencoding.Open(named)
}
