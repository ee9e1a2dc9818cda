package gateway

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"io"

	"tidegate/internal/pgerr"
)

// maxSmallBytes bounds the messages that only carry a name or nothing, as in PostgreSQL (PQ_SMALL_MESSAGE_LIMIT).
const maxSmallBytes = 10_000

// inbox takes a client's messages apart from each other.
type inbox struct {
	from *bufio.Reader
	max  int          // bytes of a message
	body bytes.Buffer // of a message that is longer than what is read at once
}

func newInbox(from io.Reader, limit int) *inbox {
	return &inbox{from: bufio.NewReaderSize(from, 4<<10), max: limit}
}

// peek gives the first byte of the next message, which stays.
func (in *inbox) peek() (kind byte, err error) {
	b, err := in.from.Peek(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

// whole reports whether a message can be taken without waiting for the client.
func (in *inbox) whole() bool {
	const head = 5
	n := in.from.Buffered()
	if n < head {
		return false
	}
	b, err := in.from.Peek(head)
	return err == nil && uint64(binary.BigEndian.Uint32(b[1:])) < uint64(n)
}

// next gives a message's kind and its body, which is valid until the next call. What is no message of the protocol is a
// *pgerr.Error, or io.ErrUnexpectedEOF where PostgreSQL hangs up without a word; other errors are the connection's.
func (in *inbox) next() (kind byte, body []byte, err error) {
	if in.body.Cap() > keptBytes {
		in.body = bytes.Buffer{}
	}
	if kind, err = in.from.ReadByte(); err != nil {
		return 0, nil, err
	}
	limit := in.max
	switch kind {
	case 'Q', 'F', 'P', 'B', 'd':
	case 'X', 'S', 'H', 'E', 'D', 'C', 'c', 'f':
		limit = min(limit, maxSmallBytes)
	default:
		return 0, nil, pgerr.New(pgerr.ProtocolViolation, "invalid frontend message type %d", kind)
	}
	head, err := in.take(4)
	if err != nil {
		return 0, nil, err
	}
	size := int64(int32(binary.BigEndian.Uint32(head))) - 4
	switch {
	case size < 0, size > int64(limit) && limit < in.max:
		return 0, nil, io.ErrUnexpectedEOF
	case size > int64(limit):
		return 0, nil, pgerr.New(pgerr.ProtocolViolation, "message of %d bytes is longer than %d", size, limit)
	}
	if size <= int64(in.from.Size()) {
		body, err = in.take(int(size))
	} else {
		body, err = in.gather(size)
	}
	return kind, body, err
}

// take gives bytes where they were read to: they are copied nowhere.
func (in *inbox) take(n int) ([]byte, error) {
	b, err := in.from.Peek(n)
	if err != nil {
		return nil, err
	}
	_, err = in.from.Discard(n)
	return b, err
}

// gather is take of more than is read at once. What it holds grows with what comes, not with what was announced.
func (in *inbox) gather(n int64) ([]byte, error) {
	in.body.Reset()
	_, err := io.CopyN(&in.body, in.from, n)
	return in.body.Bytes(), err
}
