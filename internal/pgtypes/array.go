package pgtypes

import (
	"cmp"
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"time"

	"tidegate/internal/pgerr"
)

// ElementOf gives the element's type of an array type.
func ElementOf(array OID) (OID, bool) {
	if array == 0 {
		return 0, false
	}
	for i := range infos {
		if infos[i].Array == array {
			return infos[i].OID, true
		}
	}
	return 0, false
}

// vectorToBinary reads "1 2", which is sent as an array of one dimension that counts from 0, also when it is empty.
func vectorToBinary(b []byte, element OID, text string) ([]byte, error) {
	items := strings.Fields(text)
	for _, n := range []uint32{1, 0, element, uint32(len(items)), 0} { // dimensions, nulls, …, the lower bound
		b = binary.BigEndian.AppendUint32(b, n)
	}
	for _, item := range items {
		start := len(b)
		b = binary.BigEndian.AppendUint32(b, 0)
		var err error
		if b, err = intToBinary(b, element, item); err != nil {
			return b, err
		}
		binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	}
	return b, nil
}

// arrayToBinary reads a one-dimensional array's text form: {1,2,NULL,"a b"}, or [0:1]={1,2} of one that was a vector.
func arrayToBinary(b []byte, element OID, text string, zone *time.Location) ([]byte, error) {
	lower := uint32(1)
	if _, items, ok := strings.Cut(text, "]="); ok && strings.HasPrefix(text, "[0:") {
		lower, text = 0, items
	}
	items, err := ParseArray(text)
	if err != nil {
		return b, err
	}
	dimensions, nulls := uint32(1), uint32(0)
	if len(items) == 0 {
		dimensions = 0
	}
	for _, item := range items {
		if item == nil {
			nulls = 1
		}
	}
	b = binary.BigEndian.AppendUint32(b, dimensions)
	b = binary.BigEndian.AppendUint32(b, nulls)
	b = binary.BigEndian.AppendUint32(b, element)
	if len(items) == 0 {
		return b, nil
	}
	b = binary.BigEndian.AppendUint32(b, uint32(len(items)))
	b = binary.BigEndian.AppendUint32(b, lower)
	for _, item := range items {
		start := len(b)
		b = binary.BigEndian.AppendUint32(b, math.MaxUint32)
		if item == nil {
			continue
		}
		if b, err = TextToBinary(b, element, *item, zone); err != nil {
			return b, err
		}
		binary.BigEndian.PutUint32(b[start:], uint32(len(b)-start-4))
	}
	return b, nil
}

func badArray(text string) *pgerr.Error {
	return pgerr.New(pgerr.InvalidTextRepresentation, `malformed array literal: "%s"`, text)
}

// ParseArray gives the items of a one-dimensional array's text form, nil for NULL. An array of more dimensions or with
// other bounds is 0A000, what is no array is 22P02.
func ParseArray(text string) ([]*string, error) {
	p := arrayText{text: text}
	p.skipBlanks()
	switch p.peek() {
	case '{':
	case '[':
		return nil, cmp.Or(arrayMistake(text), error(pgerr.New(pgerr.FeatureNotSupported, "an array with bounds of its own is not supported: they begin at 1")))
	default:
		return nil, arrayMistake(text)
	}
	p.at++
	items, ok := p.items()
	p.skipBlanks()
	switch {
	case p.nested:
		return nil, cmp.Or(arrayMistake(text), error(pgerr.New(pgerr.FeatureNotSupported, "an array of more than one dimension is not supported")))
	case !ok || p.at < len(text):
		return nil, cmp.Or(arrayMistake(text), error(badArray(text)))
	}
	return items, nil
}

// arrayText is an array literal while it is read.
type arrayText struct {
	text   string
	at     int
	nested bool // a second dimension was met
}

// peek gives the next byte, 0 at the end.
func (p *arrayText) peek() byte {
	if p.at >= len(p.text) {
		return 0
	}
	return p.text[p.at]
}

func isBlank(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func (p *arrayText) skipBlanks() {
	for isBlank(p.peek()) {
		p.at++
	}
}

// items reads up to the closing brace.
func (p *arrayText) items() (items []*string, ok bool) {
	for {
		p.skipBlanks()
		if p.peek() == '}' && len(items) == 0 {
			p.at++
			return items, true
		}
		item, ok := p.item()
		if !ok {
			return nil, false
		}
		items = append(items, item)
		switch p.peek() {
		case ',':
			p.at++
		case '}':
			p.at++
			return items, true
		default:
			return nil, false
		}
	}
}

func (p *arrayText) item() (item *string, ok bool) {
	switch p.peek() {
	case '{':
		p.nested = true
		return nil, false
	case '"':
		s, ok := p.quoted()
		p.skipBlanks()
		return &s, ok
	}
	var b strings.Builder
	kept, escaped := 0, false // how much of it is no blank at the end
	for c := p.peek(); c != ',' && c != '}'; c = p.peek() {
		switch c {
		case 0, '"', '{':
			return nil, false
		case '\\':
			escaped = true
			p.at++
			if c = p.peek(); c == 0 {
				return nil, false
			}
			b.WriteByte(c)
			kept = b.Len()
		default:
			b.WriteByte(c)
			if !isBlank(c) {
				kept = b.Len()
			}
		}
		p.at++
	}
	s := b.String()[:kept]
	if strings.EqualFold(s, "NULL") && !escaped {
		return nil, true
	}
	return &s, s != ""
}

// quoted reads an item in quotes.
func (p *arrayText) quoted() (string, bool) {
	var b strings.Builder
	for p.at++; p.at < len(p.text); p.at++ {
		c := p.text[p.at]
		switch {
		case c == '"':
			p.at++
			return b.String(), true
		case c == '\\' && p.at+1 < len(p.text):
			p.at++
			b.WriteByte(p.text[p.at])
		default:
			b.WriteByte(c)
		}
	}
	return "", false
}

// AppendArray appends a one-dimensional array's text form; a nil item is NULL.
func AppendArray(b []byte, items []*string) []byte {
	b = append(b, '{')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		if item == nil {
			b = append(b, "NULL"...)
		} else {
			b = AppendArrayItem(b, *item)
		}
	}
	return append(b, '}')
}

// AppendArrayItem appends an item's text, quoted where array_out quotes.
func AppendArrayItem[T string | []byte](b []byte, s T) []byte {
	if !quotesItem(s) {
		return append(b, s...)
	}
	b = append(b, '"')
	for i := range len(s) {
		if s[i] == '"' || s[i] == '\\' {
			b = append(b, '\\')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

func quotesItem[T string | []byte](s T) bool {
	for i := range len(s) {
		switch s[i] {
		case '"', '\\', '{', '}', ',', ' ', '\t', '\n', '\v', '\f', '\r':
			return true
		}
	}
	null := len(s) == 4 && s[0]|' ' == 'n' && s[1]|' ' == 'u' && s[2]|' ' == 'l' && s[3]|' ' == 'l'
	return len(s) == 0 || null
}

// AppendRow appends a row's text form, as record_out writes it; a nil item is NULL.
func AppendRow(b []byte, items []*string) []byte {
	b = append(b, '(')
	for i, item := range items {
		if i > 0 {
			b = append(b, ',')
		}
		switch {
		case item == nil:
		case *item != "" && !strings.ContainsAny(*item, "\"\\(), \t\n\v\f\r"):
			b = append(b, *item...)
		default:
			b = append(b, '"')
			b = append(b, strings.NewReplacer(`"`, `""`, `\`, `\\`).Replace(*item)...)
			b = append(b, '"')
		}
	}
	return append(b, ')')
}

// arrayFromBinary gives a one-dimensional array's text form.
func arrayFromBinary(array, element OID, data []byte) (string, error) {
	count, data, err := arrayHead(element, data)
	if err != nil {
		return "", err
	}
	b := []byte{'{'}
	for i := range count {
		if i > 0 {
			b = append(b, ',')
		}
		if len(data) < 4 {
			return "", shortBinary()
		}
		size := int32(binary.BigEndian.Uint32(data))
		data = data[4:]
		if size == -1 {
			b = append(b, "NULL"...)
			continue
		}
		if size < 0 || int(size) > len(data) {
			return "", pgerr.New(pgerr.InvalidBinary, "insufficient data left in message")
		}
		item, err := BinaryToText(element, data[:size])
		if e, ok := errors.AsType[*pgerr.Error](err); ok && e.Message == IncorrectBinary {
			err = pgerr.New(pgerr.InvalidBinary, "improper binary format in array element %d", i+1)
		}
		if err != nil {
			return "", err
		}
		b = append(b, '"')
		b = append(b, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(item)...)
		b = append(b, '"')
		data = data[size:]
	}
	if len(data) != 0 {
		return "", badBinary(array)
	}
	return string(append(b, '}')), nil
}

// arrayHead reads what stands before the elements of an array, and gives their number.
func arrayHead(element OID, data []byte) (count uint32, rest []byte, err error) {
	words := [5]uint32{} // dimensions, flags, element, count, lower bound
	for i := range words {
		if i == 3 && words[0] == 0 {
			return 0, data, nil
		}
		if len(data) < 4 {
			return 0, nil, shortBinary()
		}
		words[i], data = binary.BigEndian.Uint32(data), data[4:]
		switch n := int32(words[i]); {
		case i == 0 && n < 0:
			return 0, nil, pgerr.New(pgerr.InvalidBinary, "invalid number of dimensions: %d", n)
		case i == 0 && n > maxDimensions:
			return 0, nil, tooManyDimensions(int(n))
		case i == 1 && n != 0 && n != 1:
			return 0, nil, pgerr.New(pgerr.InvalidBinary, "invalid array flags")
		case i == 2 && words[i] != element:
			return 0, nil, pgerr.New(pgerr.DatatypeMismatch, "binary data has array element type %d (%s) instead of expected %d (%s)",
				words[i], Of(words[i]), element, Of(element))
		}
	}
	switch {
	case words[0] > 1:
		return 0, nil, pgerr.New(pgerr.FeatureNotSupported, "array parameters of more than one dimension are not supported")
	case words[4] != 1:
		return 0, nil, pgerr.New(pgerr.FeatureNotSupported, "array parameters with bounds of their own are not supported: they begin at 1")
	}
	return words[3], data, nil
}
