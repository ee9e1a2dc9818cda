// Package avrosubset writes the column subset of a batch as an Avro object container file, which Redshift's COPY reads
// by the names of columns, and reads it back.
//
// Booleans, integers and floats are Avro's; everything else is a string, as PostgreSQL and Redshift write it: COPY knows
// no logical types. Every field may be null.
package avrosubset

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"regexp"

	"github.com/twmb/avro"
	"github.com/twmb/avro/ocf"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
)

// blockBytes is the size of a block. Redshift takes none above 4 MB, and no row that would make one.
const blockBytes = 1 << 20

// kind is how values of a type are in the file, and in DuckDB on the way there and back.
type kind struct {
	avro, duckDB string
	physical     engine.Physical
}

func kindOf(t pgtypes.Type) kind {
	switch t.OID {
	case pgtypes.Bool:
		return kind{"boolean", "BOOLEAN", engine.PhysicalBool}
	case pgtypes.Int2, pgtypes.Int4:
		return kind{"int", "INTEGER", engine.PhysicalI32}
	case pgtypes.Int8:
		return kind{"long", "BIGINT", engine.PhysicalI64}
	case pgtypes.Float4:
		return kind{"float", "FLOAT", engine.PhysicalF32}
	case pgtypes.Float8:
		return kind{"double", "DOUBLE", engine.PhysicalF64}
	}
	return kind{"string", "VARCHAR", engine.PhysicalString}
}

var fieldName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// CheckName says whether a column can be a field of Avro.
func CheckName(column string) error {
	if !fieldName.MatchString(column) {
		return fmt.Errorf("column %q cannot be a field of Avro, whose names are letters, digits and _", column)
	}
	return nil
}

// Stored is DuckDB's type to which a column is cast for Write, and which Read gives.
func Stored(c catalog.Column) string { return kindOf(c.Type).duckDB }

func schema(columns []catalog.Column) (*avro.Schema, error) {
	type field struct {
		Name    string   `json:"name"`
		Type    []string `json:"type"`
		Default *string  `json:"default"`
	}
	fields := make([]field, len(columns))
	for i, c := range columns {
		if err := CheckName(c.Name); err != nil {
			return nil, err
		}
		fields[i] = field{Name: c.Name, Type: []string{"null", kindOf(c.Type).avro}}
	}
	text, err := json.Marshal(map[string]any{"type": "record", "name": "row", "fields": fields})
	if err != nil {
		return nil, err
	}
	return avro.Parse(string(text))
}

// Write writes rows, whose columns are stored ones, and gives their number.
func Write(ctx context.Context, w io.Writer, columns []catalog.Column, rows engine.Rows) (n int64, err error) {
	s, err := schema(columns)
	if err != nil {
		return 0, err
	}
	out, err := ocf.NewWriter(w, s, ocf.WithCodec(ocf.DeflateCodec(1)), ocf.WithBlockBytes(blockBytes))
	if err != nil {
		return 0, fmt.Errorf("begin an Avro file: %w", err)
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	var row []byte
	for chunk, err := range engine.Chunks(ctx, rows) {
		if err != nil {
			return n, err
		}
		for i := range chunk.Rows {
			row = row[:0]
			for v := range chunk.Vectors {
				row = appendValue(row, &chunk.Vectors[v], i)
			}
			if _, err := out.Write(row); err != nil {
				return n, fmt.Errorf("write an Avro file: %w", err)
			}
			n++
		}
	}
	return n, nil
}

// appendValue appends a value of a union of null and its type.
func appendValue(b []byte, v *engine.Vector, row int) []byte {
	if !v.Valid(row) {
		return append(b, 0)
	}
	b = append(b, 2)
	switch v.Physical {
	case engine.PhysicalBool:
		if v.Bool[row] {
			return append(b, 1)
		}
		return append(b, 0)
	case engine.PhysicalI32:
		return binary.AppendVarint(b, int64(v.I32[row]))
	case engine.PhysicalI64:
		return binary.AppendVarint(b, v.I64[row])
	case engine.PhysicalF32:
		return binary.LittleEndian.AppendUint32(b, math.Float32bits(v.F32[row]))
	case engine.PhysicalF64:
		return binary.LittleEndian.AppendUint64(b, math.Float64bits(v.F64[row]))
	default:
		text := v.Str[row].Bytes()
		return append(binary.AppendVarint(b, int64(len(text))), text...)
	}
}

// Read appends the rows of a file, by the names of their fields, to a table of stored columns.
func Read(ctx context.Context, r io.Reader, columns []catalog.Column, into engine.Appending) (err error) {
	in, err := ocf.NewReader(r)
	if err != nil {
		return fmt.Errorf("read an Avro file: %w", err)
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	layout := make([]engine.Physical, len(columns))
	for i, c := range columns {
		layout[i] = kindOf(c.Type).physical
	}
	b := engine.NewBuilder(layout)
	for {
		var record map[string]any
		err := in.Decode(&record)
		if errors.Is(err, io.EOF) {
			return into.Add(ctx, b.Chunk())
		}
		if err != nil {
			return fmt.Errorf("read an Avro file: %w", err)
		}
		for i, c := range columns {
			if err := set(b, i, record[c.Name]); err != nil {
				return fmt.Errorf("read an Avro file: column %s: %w", c.Name, err)
			}
		}
		if b.Keep(); b.Full() {
			if err := into.Add(ctx, b.Chunk()); err != nil {
				return err
			}
			b.Reset()
		}
	}
}

func set(b *engine.Builder, column int, value any) error {
	v, row := b.Vector(column), b.Rows()
	switch x := value.(type) {
	case nil:
		b.SetNull(column)
		return nil
	case bool:
		if v.Physical == engine.PhysicalBool {
			v.Bool[row] = x
			return nil
		}
	case int32:
		if v.Physical == engine.PhysicalI32 {
			v.I32[row] = x
			return nil
		}
	case int64:
		if v.Physical == engine.PhysicalI64 {
			v.I64[row] = x
			return nil
		}
	case float32:
		if v.Physical == engine.PhysicalF32 {
			v.F32[row] = x
			return nil
		}
	case float64:
		if v.Physical == engine.PhysicalF64 {
			v.F64[row] = x
			return nil
		}
	case string:
		if v.Physical == engine.PhysicalString {
			b.SetText(column, []byte(x))
			return nil
		}
	}
	return fmt.Errorf("a value is %T", value)
}
