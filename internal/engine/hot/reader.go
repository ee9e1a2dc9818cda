package hot

import (
	"encoding/binary"
	"fmt"
	"io"
)

// Messages of the protocol that a result is made of.
const (
	kindParseComplete   = '1'
	kindBindComplete    = '2'
	kindCommandComplete = 'C'
	kindDataRow         = 'D'
	kindError           = 'E'
	kindEmptyQuery      = 'I'
	kindNoData          = 'n'
	kindRowDescription  = 'T'
	kindReady           = 'Z'

	kindCopyBoth             = 'W'
	kindCopyIn               = 'G'
	kindCopyOut              = 'H'
	kindNotice               = 'N'
	kindParameterDescription = 't'
	kindSuspended            = 's'
)

const (
	readBytes = 64 << 10
	keptBytes = 1 << 20 // a larger buffer does not stay with an idle connection
	header    = 5       // kind and length
	maxBytes  = 1 << 30 // of one message
)

// reader takes messages from a connection without decoding them.
type reader struct {
	src      io.Reader
	buf      []byte
	from, to int // what is read and not taken yet
}

// ensure makes n bytes available.
func (r *reader) ensure(n int) error {
	if r.to-r.from >= n {
		return nil
	}
	if r.from > 0 {
		r.to = copy(r.buf, r.buf[r.from:r.to])
		r.from = 0
	}
	if n > len(r.buf) {
		grown := make([]byte, max(n, readBytes, 2*len(r.buf)))
		copy(grown, r.buf[:r.to])
		r.buf = grown
	}
	for r.to < n {
		got, err := r.src.Read(r.buf[r.to:])
		r.to += got
		if err != nil && r.to < n {
			return err
		}
	}
	return nil
}

// next gives the kind and the length of the message in front, header included. Only the header is sure to be read.
func (r *reader) next() (kind byte, size int, err error) {
	if err := r.ensure(header); err != nil {
		return 0, 0, err
	}
	length := binary.BigEndian.Uint32(r.buf[r.from+1:])
	if length < header-1 || length > maxBytes {
		return 0, 0, fmt.Errorf("message %q has a length of %d", r.buf[r.from], length)
	}
	return r.buf[r.from], int(length) + 1, nil
}

// message takes the next message. body is valid until the next call.
func (r *reader) message() (kind byte, body []byte, err error) {
	kind, size, err := r.next()
	if err == nil {
		err = r.ensure(size)
	}
	if err != nil {
		return 0, nil, err
	}
	body = r.buf[r.from+header : r.from+size]
	r.from += size
	return kind, body, nil
}

// rows takes the DataRow messages that stand in front and are wholly read, at most limit; it waits for one only if
// there is none. With n == 0 another message is in front. data is valid until the next call.
func (r *reader) rows(limit int64) (data []byte, n int64, err error) {
	kind, size, err := r.next()
	if err == nil && kind == kindDataRow {
		err = r.ensure(size)
	}
	if err != nil {
		return nil, 0, err
	}
	begin := r.from
	for n < limit && r.to-r.from >= header && r.buf[r.from] == kindDataRow {
		length := int(binary.BigEndian.Uint32(r.buf[r.from+1:]))
		if length < header+1 || length > maxBytes || r.to-r.from < length+1 {
			break // a broken length is next's to refuse
		}
		r.from += length + 1
		n++
	}
	return r.buf[begin:r.from], n, nil
}

// messages takes the messages that stand in front and are wholly read, at least one, up to ReadyForQuery; ready tells
// that this is the last of them. data is valid until the next call.
func (r *reader) messages() (data []byte, ready bool, err error) {
	_, size, err := r.next()
	if err == nil {
		err = r.ensure(size)
	}
	if err != nil {
		return nil, false, err
	}
	begin := r.from
	for !ready && r.waiting() {
		length := int(binary.BigEndian.Uint32(r.buf[r.from+1:]))
		if length < header-1 || length > maxBytes {
			break // a broken length is next's to refuse
		}
		ready = r.buf[r.from] == kindReady
		r.from += length + 1
	}
	return r.buf[begin:r.from], ready, nil
}

// whole reports whether the answer seems to be here to its end: a row that looks as ReadyForQuery does would be taken
// for it.
func (r *reader) whole() bool {
	n := r.to - header - 1
	return n >= r.from && r.buf[n] == kindReady && binary.BigEndian.Uint32(r.buf[n+1:]) == header
}

// detach leaves the buffer to whoever has a part of it, and goes on in a new one.
func (r *reader) detach() {
	buf := make([]byte, max(readBytes, r.to-r.from))
	r.to = copy(buf, r.buf[r.from:r.to])
	r.buf, r.from = buf, 0
}

// waiting reports whether a whole message is there to be taken without reading.
func (r *reader) waiting() bool {
	if r.to-r.from < header {
		return false
	}
	return r.to-r.from >= int(binary.BigEndian.Uint32(r.buf[r.from+1:]))+1
}

// shrink gives a large buffer back.
func (r *reader) shrink() {
	if len(r.buf) > keptBytes && r.from == r.to {
		r.buf, r.from, r.to = nil, 0, 0
	}
}
