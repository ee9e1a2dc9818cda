package gateway

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgencoding"
	"tidegate/internal/pgtypes"
)

// flushBytes is how much of an answer is gathered before it is written.
const flushBytes = 64 << 10

// heldBack is how long rows may wait for others before they are written.
const heldBack = 100 * time.Millisecond

// keptBytes bounds the buffer that an idle session keeps.
const keptBytes = 16 << 10

// wire gathers messages to the client. The first error stays: nothing is written after it.
type wire struct {
	conn     io.Writer
	buf      []byte
	err      error
	encoding *pgencoding.Encoding // of the client; nil is UTF-8
	passing  passing              // of the result that passes now
}

func (w *wire) send(m pgproto3.BackendMessage) {
	if w.err != nil {
		return
	}
	if w.encoding != nil {
		m = w.encoded(m)
	}
	buf, err := m.Encode(w.buf)
	if err != nil {
		w.err = fmt.Errorf("encode %T: %w", m, err)
		return
	}
	w.buf = buf
}

// complete sends CommandComplete, which every statement has: pgproto3 wants its tag as bytes of their own.
func (w *wire) complete(tag string) {
	if w.err != nil {
		return
	}
	w.buf = binary.BigEndian.AppendUint32(append(w.buf, 'C'), uint32(4+len(tag)+1))
	w.buf = append(append(w.buf, tag...), 0)
}

// flush writes everything. Its error is errGone with the cause: a client that cannot be written to is gone.
func (w *wire) flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	if _, err := w.conn.Write(w.buf); err != nil {
		w.err = fmt.Errorf("%w: %w", errGone, err)
	}
	w.buf = w.buf[:0]
	return w.err
}

// passing takes whole messages that another server wrote.
type passing struct {
	*wire

	written time.Time // when the last of them went to the client
}

// Write gathers the messages of p. Its error is that of flush.
func (w *passing) Write(p []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.buf = append(w.buf, p...)
	if len(w.buf) >= flushBytes || time.Since(w.written) > heldBack {
		if err := w.flush(); err != nil {
			return 0, err
		}
		w.written = time.Now()
	}
	return len(p), nil
}

// shrink gives a large buffer back if nothing waits in it.
func (w *wire) shrink() {
	if len(w.buf) == 0 && cap(w.buf) > keptBytes {
		w.buf = make([]byte, 0, keptBytes)
	}
}

// rowDescription describes a result's columns; formats is nil for text.
func rowDescription(columns []engine.Column, formats []int16) *pgproto3.RowDescription {
	m := &pgproto3.RowDescription{Fields: make([]pgproto3.FieldDescription, len(columns))}
	for i, c := range columns {
		m.Fields[i] = pgproto3.FieldDescription{
			Name:                 []byte(c.Name),
			TableOID:             uint32(c.Origin.Relation),
			TableAttributeNumber: uint16(c.Origin.Attribute),
			DataTypeOID:          c.Type.OID,
			DataTypeSize:         c.Type.Len(),
			TypeModifier:         c.Type.Typmod,
		}
		if formats != nil {
			m.Fields[i].Format = formats[i]
		}
	}
	return m
}

// shown gives columns as a client may see them: unknown types break drivers, so they are text.
func shown(columns []engine.Column) []engine.Column {
	out := make([]engine.Column, len(columns))
	for i, c := range columns {
		if c.Type.OID == 0 || c.Type.OID == pgtypes.Unknown {
			c.Type = pgtypes.Of(pgtypes.Text)
		}
		if c.Type.OID != pgtypes.Numeric && c.Type.OID != pgtypes.Varchar && c.Type.OID != pgtypes.BPChar && !limitsSeconds(c.Type.OID) && c.Type.Typmod == 0 {
			c.Type.Typmod = -1 // a type that was made without Of
		}
		out[i] = c
	}
	return out
}

// clampRows makes a row limit of the protocol an int; 0 is none.
func clampRows(n uint32) int64 {
	if n == 0 {
		return math.MaxInt64
	}
	return int64(n)
}

// limitsSeconds reports whether a type's modifier may be 0: no digits behind the seconds.
func limitsSeconds(t pgtypes.OID) bool {
	return t == pgtypes.Timestamp || t == pgtypes.Timestamptz || t == pgtypes.Time || t == pgtypes.Timetz
}
