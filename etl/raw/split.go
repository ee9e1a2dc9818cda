package raw

import (
	"io"
	"unicode/utf8"
)

// splitter cuts a decompressed object into records: JSON objects, one a line or several on a line with nothing or
// white space between them. Text that is no record ends at the next newline, where reading goes on.
// Read = blank + rejected + good records; a record never spans a newline.
type splitter struct {
	window
	scan    scanner
	records int64
	started bool // the current line had a record
}

// reset starts on a new object.
func (s *splitter) reset(r io.Reader) {
	s.window.reset(r)
	s.records, s.started = 0, false
}

// next reads the next record.
func (s *splitter) next(r *record) error {
	err := s.read(r)
	s.records++
	r.line = s.records
	return err
}

func (s *splitter) read(r *record) error {
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
		if known || s.eof || end != scanShort || limit-s.pos > MaxRecord {
			s.started = false
			return s.reject(r, reasonOf(end))
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
	r.members = s.scan.members
	switch {
	case !object:
		r.reason = ReasonNotObject
	case s.scan.surrogate || s.scan.beyondASCII() && !utf8.Valid(r.raw):
		r.reason = ReasonUTF8
	}
}

func reasonOf(outcome int) string {
	if outcome == scanDeep {
		return ReasonTooDeep
	}
	return ReasonInvalidJSON
}
