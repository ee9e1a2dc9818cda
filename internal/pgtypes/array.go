package pgtypes

import (
	"encoding/binary"
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

// arrayToBinary reads a one-dimensional array's text form: {1,2,NULL,"a b"}.
func arrayToBinary(b []byte, element OID, text string, zone *time.Location) ([]byte, error) {
	items, err := splitArray(text)
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
	b = binary.BigEndian.AppendUint32(b, 1) // the lower bound
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

func badArray(text string) error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "malformed array literal: %q", text)
}

// splitArray gives the items of a one-dimensional array literal, nil for NULL.
func splitArray(text string) ([]*string, error) {
	body, ok := strings.CutPrefix(text, "{")
	body, closed := strings.CutSuffix(body, "}")
	if !ok || !closed {
		return nil, badArray(text)
	}
	var items []*string
	for len(body) > 0 {
		item, quoted, rest, ok := cutItem(body)
		if !ok || (item == "" && !quoted) {
			return nil, badArray(text)
		}
		if !quoted && strings.EqualFold(item, "NULL") {
			items = append(items, nil)
		} else {
			items = append(items, &item)
		}
		if rest == "" {
			break
		}
		if body = rest[1:]; body == "" {
			return nil, badArray(text)
		}
	}
	return items, nil
}

// cutItem takes one item off; rest is empty or begins with a comma.
func cutItem(s string) (item string, quoted bool, rest string, ok bool) {
	var b strings.Builder
	inside := false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '\\':
			i++
			if i == len(s) {
				return "", false, "", false
			}
			b.WriteByte(s[i])
		case c == '"':
			quoted, inside = true, !inside
		case !inside && c == ',':
			return b.String(), quoted, s[i:], true
		case !inside && (c == '{' || c == '}'):
			return "", false, "", false
		default:
			b.WriteByte(c)
		}
	}
	return b.String(), quoted, "", !inside
}

// arrayFromBinary gives a one-dimensional array's text form.
func arrayFromBinary(array, element OID, data []byte) (string, error) {
	if len(data) < 12 {
		return "", badBinary(array)
	}
	dimensions := binary.BigEndian.Uint32(data)
	if binary.BigEndian.Uint32(data[8:]) != element {
		return "", badBinary(array)
	}
	switch {
	case dimensions == 0 && len(data) == 12:
		return "{}", nil
	case dimensions > 1:
		return "", pgerr.New(pgerr.FeatureNotSupported, "array parameters of more than one dimension are not supported")
	case len(data) < 20:
		return "", badBinary(array)
	}
	count := binary.BigEndian.Uint32(data[12:])
	data = data[20:]
	b := []byte{'{'}
	for i := range count {
		if i > 0 {
			b = append(b, ',')
		}
		if len(data) < 4 {
			return "", badBinary(array)
		}
		size := int32(binary.BigEndian.Uint32(data))
		data = data[4:]
		if size == -1 {
			b = append(b, "NULL"...)
			continue
		}
		if size < 0 || int(size) > len(data) {
			return "", badBinary(array)
		}
		item, err := BinaryToText(element, data[:size])
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
