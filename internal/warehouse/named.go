package warehouse

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/twmb/avro/ocf"
)

// cutJSON reads JSON objects one after another, on as many lines as they take. Keys are matched with columns by
// name: what the table lacks is ignored, what the object lacks is NULL.
func (l *load) cutJSON(r io.Reader, f func(record) error) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	line, counted := int64(1), 0
	decoder := json.NewDecoder(bytes.NewReader(data))
	for {
		var object json.RawMessage
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil { // nothing after it can be trusted
			at := int(decoder.InputOffset())
			for at < len(data) && bytes.IndexByte([]byte(" \t\r\n"), data[at]) >= 0 {
				at++
			}
			line += int64(bytes.Count(data[counted:at], []byte("\n")))
			return f(record{line: line, bad: &loadError{code: errInvalidInput, reason: "Invalid JSONPath format or JSON: " + err.Error()}})
		}
		start := int(decoder.InputOffset()) - len(object)
		line += int64(bytes.Count(data[counted:start], []byte("\n")))
		counted = start
		rec := l.named(object)
		rec.line = line
		if err := f(rec); err != nil {
			return err
		}
	}
}

// named makes a record of a JSON object. Text is taken as it is, numbers and booleans as they are written, objects
// and arrays as JSON.
func (l *load) named(object json.RawMessage) record {
	r := record{raw: string(object), values: make([]*string, len(l.columns))}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		r.bad = &loadError{code: errInvalidInput, reason: "the record is no JSON object"}
		return r
	}
	for key, member := range members {
		if l.byName == "auto ignorecase" {
			key = strings.ToLower(key)
		}
		for i, c := range l.columns {
			if c.Name == key { // 'auto' is case-sensitive against names that are in lower case
				r.values[i] = textOf(member)
			}
		}
	}
	return r
}

func textOf(member json.RawMessage) *string {
	s := string(member)
	switch {
	case s == "null":
		return nil
	case s[0] == '"':
		var v string
		if err := json.Unmarshal(member, &v); err == nil {
			s = v
		}
	}
	return &s
}

// cutAvro reads the records of an Avro file. They are matched by name, as JSON is.
func (l *load) cutAvro(r io.Reader, f func(record) error) error {
	reader, err := ocf.NewReader(r)
	if err != nil {
		return badAvro(err)
	}
	schema := reader.Schema()
	for n := int64(1); ; n++ {
		var v any
		err := reader.Decode(&v)
		if errors.Is(err, io.EOF) {
			return reader.Close()
		}
		if err != nil {
			return errors.Join(badAvro(err), reader.Close())
		}
		object, err := schema.EncodeJSON(v)
		if err != nil {
			return errors.Join(fmt.Errorf("record %d: %w", n, err), reader.Close())
		}
		rec := l.named(object)
		rec.line = n
		if err := f(rec); err != nil {
			return errors.Join(err, reader.Close())
		}
	}
}

func badAvro(err error) error {
	e := scanError(15007, "the file is no Avro object container file")
	e.Message, e.Err = "Cannot init avro reader from s3 file", err
	return e
}
