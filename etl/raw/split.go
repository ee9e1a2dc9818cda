package raw

import (
	"bytes"
	"errors"
	"io"
)

// MaxRecord is the largest record that is accepted, in bytes. It bounds memory, and DuckDB's reader has a bound too.
const MaxRecord = 16 << 20

// maxRawKept is how much of a record that is too large goes to the quarantine.
const maxRawKept = 64 << 10

// Reasons why a record is rejected, beside those that name a field: missing_field(f), bad_type(f), future_time(f).
const (
	ReasonInvalidJSON = "invalid_json"
	ReasonNotObject   = "not_an_object"
	ReasonUTF8        = "invalid_utf8" // bytes that are no UTF-8, or half a surrogate pair as an escape
	ReasonTooLarge    = "too_large"    // longer than MaxRecord
	ReasonTooDeep     = "too_deep"     // nested deeper than 1000
	ReasonTruncated   = "truncated_object"
	ReasonCorrupt     = "corrupt_object" // the compressed data is broken; what follows the break is lost
)

// record is one record of an object as it was read. The slices and the scanner's members are valid until the
// next call of splitter.next.
type record struct {
	raw    []byte
	offset int64 // of raw in the decompressed object
	size   int64 // of the record; more than len(raw) if it is too large
	blank  bool
	reason string // "" for a well-formed JSON object
}

// splitter cuts a decompressed object into records: JSON objects, one a line or several on a line with nothing or
// white space between them. Text that is no record ends at the next newline, where reading goes on.
// Read = blank + rejected + good records; a record never spans a newline.
type splitter struct {
	scan scanner

	r        io.Reader
	buf      []byte
	pos, end int   // unread part of buf
	newline  int   // index of a newline in buf at or after pos, or -1
	searched int   // no newline in buf[pos:searched] if newline < 0
	base     int64 // offset of buf[0] in the object
	started  bool  // the current line had a record
	eof      bool
	broken   string // reason of the one record that stands for a broken tail, until it is told
}

const firstBuffer = 256 << 10

// reset starts on a new object.
func (s *splitter) reset(r io.Reader) {
	if s.buf == nil {
		s.buf = make([]byte, firstBuffer)
	}
	*s = splitter{scan: s.scan, r: r, buf: s.buf, newline: -1}
}

// breakage is what the decompressor found wrong with the object itself, as opposed to reading it.
type breakage struct{ reason string }

func (b *breakage) Error() string { return b.reason }

// fill reads more. The buffer is doubled if the current record fills it.
func (s *splitter) fill() error {
	if s.pos > 0 {
		copy(s.buf, s.buf[s.pos:s.end])
		s.base += int64(s.pos)
		s.end -= s.pos
		s.searched -= s.pos
		s.pos = 0
	}
	if s.end == len(s.buf) {
		s.buf = append(s.buf, make([]byte, len(s.buf))...)
	}
	s.newline = -1
	// At least as much again as the record has: a large one is scanned a logarithmic number of times.
	for want := min(len(s.buf), max(1, 2*s.end)); s.end < want && !s.eof; {
		n, err := s.r.Read(s.buf[s.end:])
		s.end += n
		var broken *breakage
		switch {
		case errors.Is(err, io.EOF):
			s.eof = true
		case errors.As(err, &broken):
			s.eof, s.broken = true, broken.reason
		case err != nil:
			return err
		}
	}
	return nil
}

// findNewline looks for the end of the line in what is read.
func (s *splitter) findNewline() bool {
	if s.newline >= s.pos {
		return true
	}
	from := max(s.pos, s.searched)
	i := bytes.IndexByte(s.buf[from:s.end], '\n')
	if i < 0 {
		s.newline, s.searched = -1, s.end
		return false
	}
	s.newline, s.searched = from+i, 0
	return true
}

// next reads the next record, or returns io.EOF. Any other error is the reader's.
func (s *splitter) next(r *record) error {
	if s.base == 0 && s.pos == 0 {
		if err := s.skipMark(); err != nil {
			return err
		}
	}
	for {
		if s.pos == s.end {
			if s.eof {
				return s.tail(r)
			}
			if err := s.fill(); err != nil {
				return err
			}
			continue
		}
		start := s.pos
		s.pos = s.skipBlank()
		if s.pos == s.end {
			if !s.eof {
				s.pos = start
				if err := s.fillBlank(); err != nil {
					return err
				}
				continue
			}
			if s.started {
				continue
			}
			s.take(r, start, s.end, s.end)
			r.blank = true
			return nil
		}
		if s.buf[s.pos] != '\n' {
			return s.value(r)
		}
		if s.started {
			s.started = false
			s.pos++
			continue
		}
		s.take(r, start, s.pos, s.pos+1)
		r.blank = true
		return nil
	}
}

// skipMark passes over a byte order mark, with which some programs begin every file.
func (s *splitter) skipMark() error {
	const mark = "\uFEFF"
	for s.end < len(mark) && !s.eof {
		if err := s.fill(); err != nil {
			return err
		}
	}
	if bytes.HasPrefix(s.buf[:s.end], []byte(mark)) {
		s.pos = len(mark)
	}
	return nil
}

// skipBlank gives the position of the next byte that is a newline or no white space.
func (s *splitter) skipBlank() int {
	i := s.pos
	for i < s.end && (s.buf[i] == ' ' || s.buf[i] == '\t' || s.buf[i] == '\r') {
		i++
	}
	return i
}

// fillBlank reads on inside white space, of which no more than firstBuffer is kept.
func (s *splitter) fillBlank() error {
	if s.end-s.pos >= firstBuffer {
		s.pos = s.end
	}
	return s.fill()
}

// take makes buf[from:to] the record and moves to next.
func (s *splitter) take(r *record, from, to, next int) {
	*r = record{raw: s.buf[from:to], offset: s.base + int64(from), size: int64(to - from)}
	s.pos = next
}

// tail ends the object; a broken one has a last, rejected record.
func (s *splitter) tail(r *record) error {
	if s.broken == "" {
		return io.EOF
	}
	s.take(r, s.end, s.end, s.end)
	r.reason, s.broken = s.broken, ""
	return nil
}

// value reads the record that begins at pos, which is no white space.
func (s *splitter) value(r *record) error {
	for {
		known := s.findNewline()
		limit := s.end
		if known {
			limit = s.newline
		}
		end := s.scan.scan(s.buf[s.pos:limit])
		if end >= 0 {
			after := s.pos + end
			next := skipSpace(s.buf[:limit], after)
			switch object := s.buf[s.pos] == '{'; {
			case next == limit && !known && !s.eof:
				end = scanShort // what follows is not known yet
			case next-s.pos > MaxRecord:
				end = scanBad // with the rest of its line, whether that is in the buffer or not
			case next == limit || object && s.buf[next] == '{':
				s.good(r, after, next, object)
				return nil
			default:
				end = scanBad
			}
		}
		if known || s.eof {
			s.bad(r, limit, known, end)
			return nil
		}
		if end != scanShort || limit-s.pos > MaxRecord {
			return s.discard(r, end)
		}
		if err := s.fill(); err != nil {
			return err
		}
	}
}

// good takes a JSON value.
func (s *splitter) good(r *record, end, next int, object bool) {
	s.take(r, s.pos, end, next)
	s.started = true
	if !object {
		r.reason = ReasonNotObject
	}
}

// bad takes the rest of the line, which is whole in the buffer.
func (s *splitter) bad(r *record, limit int, known bool, outcome int) {
	next := limit
	if known {
		next++
	}
	s.take(r, s.pos, limit, next)
	s.started = false
	r.reason = reasonOf(outcome)
	if s.broken != "" && !known {
		r.reason, s.broken = s.broken, ""
	}
	r.cut()
}

// cut makes a record that is longer than MaxRecord one that is too large.
func (r *record) cut() {
	if r.size > MaxRecord {
		r.raw, r.reason = r.raw[:maxRawKept], ReasonTooLarge
	}
}

func reasonOf(outcome int) string {
	if outcome == scanDeep {
		return ReasonTooDeep
	}
	return ReasonInvalidJSON
}

// discard drops text up to the next newline, which is not in the buffer yet; only a record's worth is kept.
func (s *splitter) discard(r *record, outcome int) error {
	offset := s.base + int64(s.pos)
	var kept []byte
	for !s.findNewline() && !s.eof {
		kept = keep(kept, s.buf[s.pos:s.end])
		s.pos = s.end
		if err := s.fill(); err != nil {
			return err
		}
	}
	limit, known := s.end, s.newline >= s.pos
	if known {
		limit = s.newline
	}
	kept = keep(kept, s.buf[s.pos:limit])
	s.bad(r, limit, known, outcome)
	r.size += r.offset - offset
	r.raw, r.offset = kept, offset
	r.cut()
	return nil
}

func keep(kept, b []byte) []byte {
	return append(kept, b[:min(len(b), max(0, MaxRecord-len(kept)))]...)
}
