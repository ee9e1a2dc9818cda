package redshift

import (
	"bytes"
	"encoding/json"

	"tidegate/internal/pgerr"
)

// maxPath is how deep JSON_EXTRACT_PATH_TEXT looks.
const maxPath = 5

func invalidJSON() error {
	return pgerr.New(pgerr.InvalidTextRepresentation, "JSON parsing error")
}

// JSONPath is JSON_EXTRACT_PATH_TEXT. ok is false for NULL: the path leads nowhere, or to null.
func JSONPath(text string, path []string) (value string, ok bool, err error) {
	if len(path) > maxPath {
		return "", false, pgerr.New(pgerr.InvalidParameterValue, "JSON_EXTRACT_PATH_TEXT looks %d levels deep", maxPath)
	}
	if !json.Valid([]byte(text)) {
		return "", false, invalidJSON()
	}
	at := json.RawMessage(text)
	for _, key := range path {
		var object map[string]json.RawMessage
		if bytes.HasPrefix(bytes.TrimSpace(at), []byte("{")) {
			if err := json.Unmarshal(at, &object); err != nil {
				return "", false, err
			}
		}
		if at, ok = object[key]; !ok {
			return "", false, nil
		}
	}
	return jsonText(at)
}

// JSONElement is JSON_EXTRACT_ARRAY_ELEMENT_TEXT, from 0. ok is false for NULL.
func JSONElement(text string, i int32) (value string, ok bool, err error) {
	list, err := array(text)
	if err != nil || i < 0 || int(i) >= len(list) {
		return "", false, err
	}
	return jsonText(list[i])
}

// JSONLength is JSON_ARRAY_LENGTH.
func JSONLength(text string) (int32, error) {
	list, err := array(text)
	return int32(len(list)), err
}

func array(text string) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if json.Unmarshal([]byte(text), &list) != nil || list == nil {
		return nil, invalidJSON()
	}
	return list, nil
}

// IsJSON is IS_VALID_JSON.
func IsJSON(text string) bool { return json.Valid([]byte(text)) }

// IsJSONArray is IS_VALID_JSON_ARRAY.
func IsJSONArray(text string) bool {
	_, err := array(text)
	return err == nil
}

// jsonText gives a string without its quotes and everything else as it is written.
func jsonText(raw json.RawMessage) (string, bool, error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case string(raw) == "null":
		return "", false, nil
	case raw[0] != '"':
		return string(raw), true, nil
	}
	var text string
	err := json.Unmarshal(raw, &text)
	return text, true, err
}
