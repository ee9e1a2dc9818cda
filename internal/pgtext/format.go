package pgtext

import (
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	"tidegate/internal/pgerr"
)

// Format is format(): %[n$][-][width]s, I and L. The arguments are the texts that their types' output writes; nil is
// NULL.
func Format(format string, args []*string) (string, error) {
	p := formatter{rest: format, args: args}
	for p.rest != "" {
		before, directive, found := strings.Cut(p.rest, "%")
		p.out.WriteString(before)
		if !found {
			break
		}
		p.rest = directive
		if err := p.directive(); err != nil {
			return "", err
		}
	}
	return p.out.String(), nil
}

type formatter struct {
	rest string // of the format
	args []*string
	next int // the argument that was taken last, from 1
	out  strings.Builder
}

// directive writes what follows a percent sign.
func (p *formatter) directive() error {
	if strings.HasPrefix(p.rest, "%") {
		p.out.WriteByte('%')
		p.rest = p.rest[1:]
		return nil
	}
	position, width, left, err := p.options()
	if err != nil {
		return err
	}
	if p.rest == "" {
		return unterminated()
	}
	kind := p.rest[0]
	if !strings.ContainsRune("sIL", rune(kind)) {
		r, _ := utf8.DecodeRuneInString(p.rest)
		return pgerr.New(pgerr.InvalidParameterValue, "unrecognized format() type specifier \"%c\"", r)
	}
	p.rest = p.rest[1:]
	arg, err := p.argument(position)
	if err != nil {
		return err
	}
	text := ""
	switch {
	case arg == nil && kind == 'I':
		return pgerr.New("22004", "null values cannot be formatted as an SQL identifier")
	case arg == nil && kind == 'L':
		text = "NULL"
	case arg == nil:
	case kind == 'I':
		text = QuoteIdent(*arg)
	case kind == 'L':
		text = QuoteLiteral(*arg)
	default:
		text = *arg
	}
	return p.pad(text, width, left)
}

// options reads what stands before the letter: position is 0 without one.
func (p *formatter) options() (position, width int, left bool, err error) {
	n, found, err := p.number()
	if err != nil {
		return 0, 0, false, err
	}
	if found {
		if p.rest == "" {
			return 0, 0, false, unterminated()
		}
		if p.rest[0] != '$' {
			return 0, n, false, nil
		}
		if n == 0 {
			return 0, 0, false, argumentZero()
		}
		position, p.rest = n, p.rest[1:]
	}
	for strings.HasPrefix(p.rest, "-") {
		left, p.rest = true, p.rest[1:]
	}
	if strings.HasPrefix(p.rest, "*") {
		p.rest = p.rest[1:]
		width, err = p.widthArgument()
	} else {
		width, _, err = p.number()
	}
	return position, width, left, err
}

// widthArgument reads the rest of * and *n$, and the argument that it means.
func (p *formatter) widthArgument() (int, error) {
	n, found, err := p.number()
	switch {
	case err != nil:
		return 0, err
	case found && !strings.HasPrefix(p.rest, "$"):
		if p.rest == "" {
			return 0, unterminated()
		}
		return 0, pgerr.New(pgerr.InvalidParameterValue, "width argument position must be ended by \"$\"")
	case found && n == 0:
		return 0, argumentZero()
	case found:
		p.rest = p.rest[1:]
	}
	if p.rest == "" {
		return 0, unterminated()
	}
	if !strings.ContainsRune("sIL", rune(p.rest[0])) {
		r, _ := utf8.DecodeRuneInString(p.rest)
		return 0, pgerr.New(pgerr.InvalidParameterValue, "unrecognized format() type specifier \"%c\"", r)
	}
	arg, err := p.argument(n)
	if arg == nil || err != nil {
		return 0, err
	}
	width, err := strconv.ParseInt(strings.TrimSpace(*arg), 10, 32)
	if err == nil {
		return int(width), nil
	}
	if strings.Contains(err.Error(), "range") {
		return 0, pgerr.New(pgerr.NumericOutOfRange, "value \"%s\" is out of range for type integer", *arg)
	}
	return 0, pgerr.New(pgerr.InvalidTextRepresentation, "invalid input syntax for type integer: \"%s\"", *arg)
}

// argument gives the argument with a number, or the next one.
func (p *formatter) argument(position int) (*string, error) {
	if position == 0 {
		position = p.next + 1
	}
	p.next = position
	if position > len(p.args) {
		return nil, pgerr.New(pgerr.InvalidParameterValue, "too few arguments for format()")
	}
	return p.args[position-1], nil
}

func (p *formatter) number() (n int, found bool, err error) {
	for p.rest != "" && '0' <= p.rest[0] && p.rest[0] <= '9' {
		if n = n*10 + int(p.rest[0]-'0'); n > math.MaxInt32 {
			return 0, false, pgerr.New(pgerr.NumericOutOfRange, "number is out of range")
		}
		found, p.rest = true, p.rest[1:]
	}
	if p.rest == "" {
		err = unterminated()
	}
	return n, found, err
}

// pad fills up with blanks to the width; a negative one means to the right.
func (p *formatter) pad(text string, width int, left bool) error {
	if width < 0 {
		if width <= math.MinInt32 {
			return pgerr.New(pgerr.NumericOutOfRange, "number is out of range")
		}
		left, width = true, -width
	}
	if width > maxText {
		return pgerr.New(programLimit, "requested length too large")
	}
	blanks := strings.Repeat(" ", max(width-utf8.RuneCountInString(text), 0))
	if left {
		p.out.WriteString(text + blanks)
	} else {
		p.out.WriteString(blanks + text)
	}
	return nil
}

func unterminated() error {
	return pgerr.New(pgerr.InvalidParameterValue, "unterminated format() type specifier")
}

func argumentZero() error {
	return pgerr.New(pgerr.InvalidParameterValue, "format specifies argument 0, but arguments are numbered from 1")
}
