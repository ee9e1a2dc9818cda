package pgcopy

import "tidegate/internal/pgerr"

// ending is how lines end, as the first one does.
type ending uint8

const (
	unknownEnding ending = iota
	newline
	carriageReturn
	both
)

// readLine reads the next line into text. ended is set if there is no more after it.
func (r *Reader) readLine() error {
	r.line++
	r.whole = false
	if r.at > 0 {
		r.buf = append(r.buf[:0], r.buf[r.at:]...)
		r.at = 0
	}
	l := lineScan{Reader: r, escape: r.format.Escape, first: true}
	if r.format.Quote == r.format.Escape {
		l.escape = 0
	}
	end, err := l.scan()
	if err != nil {
		return err
	}
	r.text = append(r.text[:0], r.buf[:end]...)
	if err := r.checked(); err != nil {
		return err
	}
	if l.marker {
		return r.finish()
	}
	return nil
}

// lineScan looks for the end of one line, as CopyReadLineText does.
type lineScan struct {
	*Reader

	escape  byte
	quoted  bool // in quotes, of CSV
	escaped bool // the last character was an escape
	first   bool // of the line
	marker  bool // the line ended with \.
}

// scan gives where the line ends; at is behind its end then.
func (l *lineScan) scan() (end int, err error) {
	for {
		ok, err := l.has(l.at)
		if err != nil {
			return 0, err
		}
		if !ok {
			l.ended = true
			return len(l.buf), nil
		}
		c := l.buf[l.at]
		l.at++
		if l.format.CSV {
			l.quote(c)
		}
		var done bool
		switch {
		case c == '\r' && !l.quoted:
			end = l.at - 1
			done, err = true, l.carriageReturn()
		case c == '\n' && !l.quoted:
			end = l.at - 1
			done, err = true, l.newline()
		case c == '\\' && (!l.format.CSV || l.first):
			end = l.at - 1
			done, err = l.backslash()
		}
		if done || err != nil {
			return end, err
		}
		l.first = false
	}
}

// quote follows the quotes of CSV, and counts the lines that end in them.
func (l *lineScan) quote(c byte) {
	if l.quoted && c == l.escape {
		l.escaped = !l.escaped
	}
	if c == l.format.Quote && !l.escaped {
		l.quoted = !l.quoted
	}
	if c != l.escape {
		l.escaped = false
	}
	counts := byte('\r')
	if l.ending == newline {
		counts = '\n'
	}
	if l.quoted && c == counts {
		l.line++
	}
}

func (l *lineScan) carriageReturn() error {
	switch l.ending {
	case unknownEnding, both:
		ok, err := l.has(l.at)
		switch {
		case err != nil:
			return err
		case ok && l.buf[l.at] == '\n':
			l.at++
			l.ending = both
		case l.ending == both:
			return l.wrongEnd("carriage return", `\r`)
		default:
			l.ending = carriageReturn
		}
	case newline:
		return l.wrongEnd("carriage return", `\r`)
	default:
	}
	return nil
}

func (l *lineScan) newline() error {
	if l.ending == carriageReturn || l.ending == both {
		return l.wrongEnd("newline", `\n`)
	}
	l.ending = newline
	return nil
}

// backslash looks for the end-of-copy marker. Otherwise, but in CSV, the character after it is passed over.
func (l *lineScan) backslash() (done bool, err error) {
	ok, err := l.has(l.at)
	switch {
	case err != nil || !ok:
		return false, err
	case l.buf[l.at] != '.':
		if !l.format.CSV {
			l.at++
		}
		return false, nil
	}
	l.at++
	corrupt, differs := "end-of-copy marker corrupt", "end-of-copy marker does not match previous newline style"
	if l.ending == both {
		switch c, err := l.char(); {
		case err != nil:
			return false, err
		case c == '\n':
			return false, l.noMarker(differs)
		case c != '\r':
			return false, l.noMarker(corrupt)
		}
	}
	c, err := l.char()
	switch {
	case err != nil:
		return false, err
	case c != '\r' && c != '\n':
		return false, l.noMarker(corrupt)
	case (l.ending == newline || l.ending == both) && c != '\n', l.ending == carriageReturn && c != '\r':
		return false, pgerr.New(badFormat, "%s", differs)
	}
	l.marker = true
	return true, nil
}

// char reads one more character; 0 at the end.
func (l *lineScan) char() (byte, error) {
	ok, err := l.has(l.at)
	if err != nil || !ok {
		return 0, err
	}
	l.at++
	return l.buf[l.at-1], nil
}

// noMarker is what a \. is that is none: in CSV a value.
func (l *lineScan) noMarker(message string) error {
	if l.format.CSV {
		return nil
	}
	return pgerr.New(badFormat, "%s", message)
}
