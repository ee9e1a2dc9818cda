package warehouse

import (
	"bufio"
	"encoding/csv"
	"errors"
	"io"
	"strings"
)

// maxLine is the largest record of a COPY, 4 MB.
const maxLine = 4 << 20

// cutText reads lines of fields between delimiters, without quotes.
func (l *load) cutText(r io.Reader, f func(record) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := int64(1); lines.Scan(); n++ {
		line := lines.Text()
		if n <= int64(l.skip) || l.has("IGNOREBLANKLINES") && strings.TrimSpace(line) == "" {
			continue
		}
		if err := f(l.positional(n, line, strings.Split(line, string(l.comma)))); err != nil {
			return err
		}
	}
	return lines.Err()
}

// cutCSV reads fields that may be quoted. A quoted field holds delimiters and newlines.
func (l *load) cutCSV(r io.Reader, f func(record) error) error {
	if l.quote != '"' {
		return unsupported("COPY of CSV with another QUOTE")
	}
	reader := csv.NewReader(r)
	reader.Comma, reader.FieldsPerRecord = l.comma, -1
	for {
		fields, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		line, text := int64(0), ""
		if err == nil {
			n, _ := reader.FieldPos(0)
			line, text = int64(n), strings.Join(fields, string(l.comma))
		}
		if bad, ok := errors.AsType[*csv.ParseError](err); ok {
			err = f(record{line: int64(bad.StartLine), bad: &loadError{code: errInvalidInput, reason: "Delimited value missing end quote"}})
			if err != nil {
				return err
			}
			continue
		}
		if err != nil {
			return err
		}
		if line <= int64(l.skip) {
			continue
		}
		if err := f(l.positional(line, text, fields)); err != nil {
			return err
		}
	}
}

// positional makes a record of fields that stand in the order of the columns.
func (l *load) positional(line int64, raw string, fields []string) record {
	r := record{line: line, raw: raw, values: make([]*string, len(l.columns))}
	switch {
	case len(fields) > len(l.columns):
		r.bad = &loadError{code: errExtraColumn, reason: "Extra column(s) found", value: fields[len(l.columns)]}
	case len(fields) < len(l.columns) && !l.has("FILLRECORD"):
		r.bad = &loadError{code: errDelimiter, reason: "Delimiter not found", column: l.columns[len(fields)]}
	default:
		for i := range fields {
			r.values[i] = &fields[i]
		}
	}
	return r
}
