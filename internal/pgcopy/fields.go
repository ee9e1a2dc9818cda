package pgcopy

import (
	"bytes"

	"tidegate/internal/pgerr"
	"tidegate/internal/pgtypes"
)

// splitText takes a line of the text format apart, as CopyReadAttributesText does.
func (r *Reader) splitText() error {
	r.fields = r.fields[:0]
	r.room()
	for at, more := 0, true; more; {
		var raw []byte
		field := r.text[at:]
		end := plainEnd(field, r.format.Delimiter)
		if end == len(field) || field[end] == r.format.Delimiter {
			raw = field[:end]
			at, more = at+end+1, end < len(field)
			r.add(raw, string(raw) == r.format.Null)
			continue
		}
		from := len(r.values)
		raw, at, more = r.unescape(at)
		value := r.values[from:len(r.values):len(r.values)]
		null := string(raw) == r.format.Null
		r.add(value, null)
		if !null {
			if _, err := pgtypes.CheckUTF8(value); err != nil {
				return err
			}
		}
	}
	return nil
}

// room makes values large enough for the fields of the line, which point into it.
func (r *Reader) room() {
	if cap(r.values) < len(r.text) {
		r.values = make([]byte, 0, len(r.text))
	}
	r.values = r.values[:0]
}

func (r *Reader) add(value []byte, null bool) {
	if null {
		value = nil
	} else if value == nil {
		value = []byte{}
	}
	r.fields = append(r.fields, value)
}

// plainEnd gives where a field ends, or its first backslash.
func plainEnd(field []byte, delimiter byte) int {
	end := bytes.IndexByte(field, delimiter)
	if end < 0 {
		end = len(field)
	}
	if escape := bytes.IndexByte(field[:end], '\\'); escape >= 0 {
		return escape
	}
	return end
}

// unescape reads a field with backslashes into values. raw is how it stands in the line, next where the one after it
// begins.
func (r *Reader) unescape(at int) (raw []byte, next int, more bool) {
	line, start := r.text, at
	for {
		end := at
		if at >= len(line) {
			return line[start:end], at, false
		}
		c := line[at]
		at++
		if c == r.format.Delimiter {
			return line[start:end], at, true
		}
		if c == '\\' {
			if at >= len(line) {
				return line[start:end], at, false
			}
			c, at = unescaped(line, at)
		}
		r.values = append(r.values, c)
	}
}

// unescaped gives the character that stands behind a backslash, and where the next one is.
func unescaped(line []byte, at int) (byte, int) {
	c := line[at]
	at++
	switch c {
	case '0', '1', '2', '3', '4', '5', '6', '7':
		v := c - '0'
		for n := 0; n < 2 && at < len(line) && line[at] >= '0' && line[at] <= '7'; n++ {
			v = v<<3 + line[at] - '0'
			at++
		}
		return v, at
	case 'x':
		v, n := byte(0), 0
		for ; n < 2 && at < len(line) && hex(line[at]) < 16; n++ {
			v = v<<4 + hex(line[at])
			at++
		}
		if n > 0 {
			return v, at
		}
	case 'b':
		c = '\b'
	case 'f':
		c = '\f'
	case 'n':
		c = '\n'
	case 'r':
		c = '\r'
	case 't':
		c = '\t'
	case 'v':
		c = '\v'
	}
	return c, at
}

// hex is the value of a hexadecimal digit; of others 16.
func hex(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return c | 0x20 - 'a' + 10
	}
	return 16
}

// splitCSV takes a line of CSV apart, as CopyReadAttributesCSV does.
func (r *Reader) splitCSV() error {
	r.fields = r.fields[:0]
	r.room()
	for at, more := 0, true; more; {
		start, from, quoted := at, len(r.values), false
		var end int
		for {
			end = at
			if at >= len(r.text) {
				more = false
				break
			}
			c := r.text[at]
			at++
			if c == r.format.Delimiter {
				break
			}
			if c != r.format.Quote {
				r.values = append(r.values, c)
				continue
			}
			quoted = true
			var err error
			if at, err = r.quotedPart(at); err != nil {
				return err
			}
		}
		null := !quoted && string(r.text[start:end]) == r.format.Null
		r.add(r.values[from:len(r.values):len(r.values)], null)
	}
	return nil
}

// quotedPart reads what stands in quotes into values and gives where it goes on behind them.
func (r *Reader) quotedPart(at int) (int, error) {
	line := r.text
	for {
		if at >= len(line) {
			return 0, pgerr.New(badFormat, "unterminated CSV quoted field")
		}
		c := line[at]
		at++
		if c == r.format.Escape && at < len(line) && (line[at] == r.format.Escape || line[at] == r.format.Quote) {
			r.values = append(r.values, line[at])
			at++
			continue
		}
		if c == r.format.Quote {
			return at, nil
		}
		r.values = append(r.values, c)
	}
}
