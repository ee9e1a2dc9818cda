package pgtypes

// fieldKind is what a part of a date's text looks like.
type fieldKind uint8

const (
	fieldNumber fieldKind = iota
	fieldWord
	fieldDate
	fieldTime
	fieldZone    // a sign and digits
	fieldSpecial // a sign and letters
)

type field struct {
	kind fieldKind
	text string // in lower case
}

// maxFields and maxFieldBytes bound a date's text, as in PostgreSQL.
const (
	maxFields     = 25
	maxFieldBytes = 128
)

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|' ' >= 'a' && c|' ' <= 'z' }
func isAlnum(c byte) bool { return isDigit(c) || isAlpha(c) }
func isPunct(c byte) bool { return c > ' ' && c < 0x7f && !isAlnum(c) }

// splitter cuts a date's text into fields, as ParseDateTime in PostgreSQL's datetime.c.
type splitter struct {
	text string
	at   int
	from int    // of the field in out
	out  []byte // the fields so far, each with a byte behind it
}

func (s *splitter) peek() byte {
	if s.at >= len(s.text) {
		return 0
	}
	return s.text[s.at]
}

// take appends the next byte to the field.
func (s *splitter) take() {
	c := s.text[s.at]
	if c >= 'A' && c <= 'Z' {
		c += 'a' - 'A'
	}
	s.out = append(s.out, c)
	s.at++
}

func (s *splitter) takeAll(belongs func(c byte) bool) {
	for s.at < len(s.text) && belongs(s.peek()) {
		s.take()
	}
}

// splitMoment gives the fields; ok is false if the text cannot be a date.
func splitMoment(text string) (fields []field, ok bool) {
	s := &splitter{text: text, out: make([]byte, 0, maxFieldBytes+1)}
	fields = make([]field, 0, 4)
	ends := make([]int, 0, 4)
	for s.at < len(text) {
		c := s.peek()
		if isBlank(c) {
			s.at++
			continue
		}
		if len(fields) >= maxFields {
			return nil, false
		}
		s.from = len(s.out)
		kind := fieldNumber
		switch {
		case isDigit(c):
			kind = s.number()
		case c == '.':
			s.take()
			s.takeAll(isDigit)
		case isAlpha(c):
			kind = s.word()
		case c == '+' || c == '-':
			if kind, ok = s.signed(); !ok {
				return nil, false
			}
		case isPunct(c): // only separates
			s.at++
			continue
		default:
			return nil, false
		}
		fields, ends = append(fields, field{kind: kind}), append(ends, len(s.out))
		if s.out = append(s.out, 0); len(s.out) > maxFieldBytes {
			return nil, false
		}
	}
	// One string for all of them.
	whole, from := string(s.out), 0
	for i, end := range ends {
		fields[i].text = whole[from:end]
		from = end + 1
	}
	return fields, true
}

// number takes what begins with a digit: a number, a time or a date, whose month may be a word.
func (s *splitter) number() fieldKind {
	s.takeAll(isDigit)
	delimiter := s.peek()
	switch delimiter {
	case ':':
		s.takeAll(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' })
		return fieldTime
	case '-', '/', '.':
	default:
		return fieldNumber
	}
	s.take()
	if !isDigit(s.peek()) {
		s.takeAll(func(c byte) bool { return isAlnum(c) || c == delimiter })
		return fieldDate
	}
	s.takeAll(isDigit)
	if s.peek() == delimiter {
		s.takeAll(func(c byte) bool { return isDigit(c) || c == delimiter })
		return fieldDate
	}
	if delimiter == '.' {
		return fieldNumber
	}
	return fieldDate
}

// word takes a month, a day, a zone, a word that stands for a moment, or a date that begins with its month.
func (s *splitter) word() fieldKind {
	s.takeAll(isAlpha)
	c := s.peek()
	isDate := c == '-' || c == '/' || c == '.'
	if !isDate && (c == '+' || isDigit(c)) {
		_, known := momentWords[string(s.out[s.from:])]
		isDate = !known
	}
	if !isDate {
		return fieldWord
	}
	s.takeAll(func(c byte) bool {
		return isAlnum(c) || c == '+' || c == '-' || c == '/' || c == '_' || c == '.' || c == ':'
	})
	return fieldDate
}

func (s *splitter) signed() (kind fieldKind, ok bool) {
	s.take()
	for isBlank(s.peek()) {
		s.at++
	}
	switch c := s.peek(); {
	case isDigit(c):
		s.takeAll(func(c byte) bool { return isDigit(c) || c == ':' || c == '.' || c == '-' })
		return fieldZone, true
	case isAlpha(c):
		s.takeAll(isAlpha)
		return fieldSpecial, true
	}
	return 0, false
}
