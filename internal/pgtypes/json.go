package pgtypes

import (
	"encoding/json"
	"errors"
	"fmt"
)

// MarshalText writes a type as String does, so that a durable record says "numeric(12,2)" and not an OID.
func (t Type) MarshalText() ([]byte, error) {
	_, known := Lookup(t.OID)
	if _, array := ElementOf(t.OID); !known && !array {
		return nil, fmt.Errorf("type with OID %d has no name to be written by", t.OID)
	}
	return []byte(t.String()), nil
}

// UnmarshalText reads what MarshalText wrote.
func (t *Type) UnmarshalText(b []byte) error {
	parsed, err := Parse(string(b))
	*t = parsed
	return err
}

// classNames are the classes' names in durable records.
var classNames = map[Class]string{
	ClassBool: "bool", ClassInt: "int", ClassFloat: "float", ClassNumeric: "numeric", ClassText: "text",
	ClassDate: "date", ClassTimestamp: "timestamp", ClassTimestamptz: "timestamptz",
}

// MarshalJSON writes an object with one member, named by the class: {"int":7}, {"numeric":"1.50"},
// {"timestamptz":1517443200000000} (microseconds), {"date":17563} (days).
func (d Datum) MarshalJSON() ([]byte, error) {
	name, ok := classNames[d.Class]
	if !ok {
		return nil, fmt.Errorf("a datum of class %d has no written form", d.Class)
	}
	var value any = d.I
	switch d.Class {
	case ClassBool:
		value = d.I != 0
	case ClassFloat:
		value = d.F
	case ClassText, ClassNumeric:
		value = d.S
	default:
	}
	return json.Marshal(map[string]any{name: value})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (d *Datum) UnmarshalJSON(b []byte) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(b, &members); err != nil {
		return err
	}
	for class, name := range classNames {
		if value, ok := members[name]; ok && len(members) == 1 {
			*d = Datum{Class: class}
			return d.readValue(value)
		}
	}
	return errors.New("a bound must be an object with one member named by its class")
}

func (d *Datum) readValue(value json.RawMessage) error {
	switch d.Class {
	case ClassBool:
		var b bool
		err := json.Unmarshal(value, &b)
		if b {
			d.I = 1
		}
		return err
	case ClassFloat:
		return json.Unmarshal(value, &d.F)
	case ClassText, ClassNumeric:
		return json.Unmarshal(value, &d.S)
	default:
		return json.Unmarshal(value, &d.I)
	}
}
