package raw

import (
	"bytes"
	"errors"
	"io"
)

// MaxRecord is the largest record that is accepted, in bytes. It bounds memory.
const MaxRecord = 16 << 20

// maxRawKept is how much of a record that is too large goes to the quarantine.
const maxRawKept = 64 << 10

// window is the part of a decompressed object that is in memory.
type window struct {
	r        io.Reader
	buf      []byte
	pos, end int   // unread part of buf
	newline  int   // index of a newline in buf at or after pos, or -1
	searched int   // no newline in buf[pos:searched] if newline < 0
	base     int64 // offset of buf[0] in the object
	eof      bool
	broken   string // reason of the one record that stands for a broken tail, until it is told
}

const firstBuffer = 256 << 10

// reset starts on a new object, in the same memory.
func (w *window) reset(r io.Reader) {
	if w.buf == nil {
		w.buf = make([]byte, firstBuffer)
	}
	*w = window{r: r, buf: w.buf, newline: -1}
}

// breakage is what the decompressor found wrong with the object itself, as opposed to reading it.
type breakage struct{ reason string }

func (b *breakage) Error() string { return b.reason }

// fill reads more. The buffer is doubled if the current record fills it.
func (w *window) fill() error {
	if w.pos > 0 {
		copy(w.buf, w.buf[w.pos:w.end])
		w.base += int64(w.pos)
		w.end -= w.pos
		w.searched -= w.pos
		w.pos = 0
	}
	if w.end == len(w.buf) {
		w.buf = append(w.buf, make([]byte, len(w.buf))...)
	}
	w.newline = -1
	// At least as much again as the record has: a large one is scanned a logarithmic number of times.
	for want := min(len(w.buf), max(1, 2*w.end)); w.end < want && !w.eof; {
		n, err := w.r.Read(w.buf[w.end:])
		w.end += n
		var broken *breakage
		switch {
		case errors.Is(err, io.EOF):
			w.eof = true
		case errors.As(err, &broken):
			w.eof, w.broken = true, broken.reason
		case err != nil:
			return err
		}
	}
	return nil
}

// findNewline looks for the end of the line in what is read.
func (w *window) findNewline() bool {
	if w.newline >= w.pos {
		return true
	}
	from := max(w.pos, w.searched)
	i := bytes.IndexByte(w.buf[from:w.end], '\n')
	if i < 0 {
		w.newline, w.searched = -1, w.end
		return false
	}
	w.newline, w.searched = from+i, 0
	return true
}

// skipMark passes over a byte order mark, with which some programs begin every file.
func (w *window) skipMark() error {
	const mark = "\uFEFF"
	for w.end < len(mark) && !w.eof {
		if err := w.fill(); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(w.buf[:w.end], []byte(mark)) {
		w.pos = len(mark)
	}
	return nil
}

// take makes buf[from:to] the record and moves to next.
func (w *window) take(r *record, from, to, next int) {
	*r = record{raw: w.buf[from:to], offset: w.base + int64(from), size: int64(to - from)}
	w.pos = next
}

// tail ends the object; a broken one has a last, rejected record.
func (w *window) tail(r *record) error {
	if w.broken == "" {
		return io.EOF
	}
	w.take(r, w.end, w.end, w.end)
	r.reason, w.broken = w.broken, ""
	return nil
}

// reject takes the rest of the line as a record with a reason, of which no more than a record's worth is kept.
func (w *window) reject(r *record, reason string) error {
	offset := w.base + int64(w.pos)
	var kept []byte
	for !w.findNewline() && !w.eof {
		kept = keep(kept, w.buf[w.pos:w.end])
		w.pos = w.end
		if err := w.fill(); err != nil {
			return err
		}
	}
	limit, known := w.end, w.newline >= w.pos
	next := limit
	if known {
		limit, next = w.newline, w.newline+1
	}
	from := w.pos
	w.take(r, from, limit, next)
	if r.offset > offset {
		r.raw = keep(kept, w.buf[from:limit])
		r.size += r.offset - offset
		r.offset = offset
	}
	r.reason = reason
	if w.broken != "" && !known {
		r.reason, w.broken = w.broken, ""
	}
	if r.size > MaxRecord {
		r.raw, r.reason = r.raw[:maxRawKept], ReasonTooLarge
	}
	return nil
}

func keep(kept, b []byte) []byte {
	return append(kept, b[:min(len(b), max(0, MaxRecord-len(kept)))]...)
}
