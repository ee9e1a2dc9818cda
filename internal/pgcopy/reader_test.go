package pgcopy

import (
	"errors"
	"io"
	"slices"
	"testing"

	"tidegate/internal/pgerr"
)

// FuzzReader reads bytes in every format, in one piece and byte by byte: both give the same rows and the same error.
func FuzzReader(f *testing.F) {
	for _, s := range []string{
		"", "1\ta\n2\t\\N\n", "1,\"a\nb\"\r\n2,\r\n", "a\\\\\\.\n\\.\nrest", "1\tx\r2\ty\r", "1,\\.\n\\.x,2\n", "\"open", "\\x4\\101\\", "\xff\n",
		signature + "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x00\x00\x01a\xff\xff\xff\xff\xff\xff",
	} {
		f.Add([]byte(s), byte(0))
		f.Add([]byte(s), byte(1))
		f.Add([]byte(s), byte(2))
	}
	f.Fuzz(func(t *testing.T, data []byte, kind byte) {
		formats := []Format{
			{Delimiter: '\t', Null: `\N`},
			{CSV: true, Delimiter: ',', Quote: '"', Escape: '"', Header: kind&4 != 0},
			{Binary: true},
			{CSV: true, Delimiter: ';', Quote: '\'', Escape: '\\', Null: "n", ForceNull: []bool{true, false}},
		}
		format := formats[int(kind)%len(formats)]
		whole, wholeErr := readAll(format, data, max(len(data), 1))
		pieces, piecesErr := readAll(format, data, 1)
		if !slices.Equal(whole, pieces) || wholeErr != piecesErr {
			t.Errorf("in one piece %q, %s; byte by byte %q, %s", whole, wholeErr, pieces, piecesErr)
		}
	})
}

// readAll gives the fields of all rows, and the error.
func readAll(f Format, data []byte, piece int) (fields []string, told string) {
	r := NewReader(f, "t", []string{"a", "b"}, func() ([]byte, error) {
		if len(data) == 0 {
			return nil, io.EOF
		}
		part := data[:min(piece, len(data))]
		data = data[len(part):]
		return part, nil
	})
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return fields, ""
		}
		if e, ok := errors.AsType[*pgerr.Error](err); ok {
			return fields, e.Error() + " " + e.Where
		}
		if err != nil {
			return fields, err.Error()
		}
		for _, v := range row {
			if v == nil {
				fields = append(fields, "NULL")
			} else {
				fields = append(fields, "="+string(v))
			}
		}
	}
}
