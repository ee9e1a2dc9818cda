package pgjson

import "tidegate/internal/pgerr"

// kindNames are the words of the messages about casts of jsonb.
var kindNames = map[Kind]string{Null: "null", String: "string", Number: "numeric", Bool: "boolean", Array: "array", Object: "object"}

// cast gives the text of a scalar of the kind; any other is 22023.
func cast(text string, want Kind, typ string) (string, error) {
	if kind := Typeof(text); kind != want {
		return "", pgerr.New(pgerr.InvalidParameterValue, "cannot cast jsonb %s to type %s", kindNames[kind], typ)
	}
	return text, nil
}

// ToBool casts a jsonb to boolean.
func ToBool(text string) (bool, error) {
	v, err := cast(text, Bool, "boolean")
	return v == "true", err
}

// ToNumber gives the text of a jsonb's number, to be cast to a type of numbers.
func ToNumber(text, typ string) (string, error) { return cast(text, Number, typ) }
