package encode

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// copied gives the data of every CopyData message of one row of texts.
func copied(t *testing.T, f CopyFormat, texts ...string) []string {
	t.Helper()
	columns := make([]engine.Column, len(texts))
	chunk := &engine.Chunk{Rows: 1}
	for i, text := range texts {
		columns[i] = engine.Column{Name: "c", Type: pgtypes.Of(pgtypes.Text)}
		chunk.Vectors = append(chunk.Vectors, engine.Vector{Physical: engine.PhysicalText, Text: []string{text}})
	}
	c, err := NewCopier(columns, f, pgtypes.Style{})
	if err != nil {
		t.Fatal(err)
	}
	b, next, err := c.Rows(nil, chunk, 0, 1, 1<<30)
	if err != nil || next != 1 {
		t.Fatalf("next row %d, error %v", next, err)
	}
	front := pgproto3.NewFrontend(bytes.NewReader(c.End(b)), nil)
	var data []string
	for {
		m, err := front.Receive()
		if err != nil {
			return data
		}
		data = append(data, string(m.(*pgproto3.CopyData).Data))
	}
}

// FuzzCopyText reads back what COPY wrote as text.
func FuzzCopyText(f *testing.F) {
	f.Add("a\tb\\N\n\r\b\f\v", "\\.", byte('\t'))
	f.Add("x|y", "", byte('|'))
	f.Add("\x01", "\\\x01", byte(1))
	f.Fuzz(func(t *testing.T, a, b string, delimiter byte) {
		if strings.IndexByte("\\.abcdefghijklmnopqrstuvwxyz0123456789\r\n\x00N", delimiter) >= 0 || delimiter >= 0x80 {
			t.Skip("no delimiter of COPY")
		}
		got := copied(t, CopyFormat{Delimiter: delimiter, Null: `\N`}, a, b)
		if len(got) != 1 || !strings.HasSuffix(got[0], "\n") {
			t.Fatalf("%q", got)
		}
		if diff := cmp.Diff([]string{a, b}, readCopyText(strings.TrimSuffix(got[0], "\n"), delimiter)); diff != "" {
			t.Error(diff)
		}
	})
}

// readCopyText reads a line as COPY FROM does.
func readCopyText(line string, delimiter byte) []string {
	fields := []string{""}
	last := &fields[0]
	for i := 0; i < len(line); i++ {
		switch x := line[i]; {
		case x == delimiter:
			fields = append(fields, "")
			last = &fields[len(fields)-1]
		case x == '\\' && i+1 < len(line):
			i++
			if at := strings.IndexByte("bfnrtv", line[i]); at >= 0 && line[i] != delimiter {
				*last += string("\b\f\n\r\t\v"[at])
			} else {
				*last += line[i : i+1]
			}
		default:
			*last += line[i : i+1]
		}
	}
	return fields
}

// FuzzCopyCSV reads back what COPY wrote as CSV, with another reader.
func FuzzCopyCSV(f *testing.F) {
	f.Add("a,b\"c\"\n", "", true)
	f.Add(`\.`, "\r", false)
	f.Fuzz(func(t *testing.T, a, b string, forced bool) {
		if strings.Contains(a+b, "\r") {
			t.Skip("the reader drops it")
		}
		got := copied(t, CopyFormat{CSV: true, Delimiter: ',', Quote: '"', Escape: '"', Null: "", Forced: []bool{forced, false}}, a, b)
		r := csv.NewReader(strings.NewReader(strings.Join(got, "")))
		r.FieldsPerRecord = 2
		fields, err := r.Read()
		if err != nil {
			t.Fatalf("%q: %v", got, err)
		}
		if diff := cmp.Diff([]string{a, b}, fields); diff != "" {
			t.Error(diff)
		}
	})
}
