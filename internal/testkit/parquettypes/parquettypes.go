// Package parquettypes writes a Parquet file that has a column of every physical and logical type of the format but BSON, for
// tests: DuckDB reads no file that has a column of that.
package parquettypes

import (
	"encoding/binary"
	"fmt"
	"io"

	"github.com/apache/arrow-go/v18/parquet"
	"github.com/apache/arrow-go/v18/parquet/file"
	"github.com/apache/arrow-go/v18/parquet/schema"
)

// column is one column: what the footer says of it, and its values.
type column struct {
	node  schema.Node
	write func(w file.ColumnChunkWriter, rows int) error
}

// Write writes so many rows in groups of groupRows.
func Write(to io.Writer, rows, groupRows int) error {
	all := columns()
	fields := make(schema.FieldList, len(all))
	for i, c := range all {
		fields[i] = c.node
	}
	root, err := schema.NewGroupNode("schema", parquet.Repetitions.Required, fields, -1)
	if err != nil {
		return fmt.Errorf("make the schema: %w", err)
	}
	w := file.NewParquetWriter(to, root, file.WithWriterProps(parquet.NewWriterProperties(parquet.WithDictionaryDefault(false))))
	for from := 0; from < rows; from += groupRows {
		if err := writeGroup(w, all, min(groupRows, rows-from)); err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return fmt.Errorf("end the file: %w", err)
	}
	return nil
}

func writeGroup(w *file.Writer, all []column, rows int) error {
	group, err := w.AppendRowGroupChecked()
	if err != nil {
		return fmt.Errorf("begin a row group: %w", err)
	}
	for _, c := range all {
		chunk, err := group.NextColumn()
		if err == nil {
			err = c.write(chunk, rows)
		}
		if err != nil {
			return fmt.Errorf("write column %s: %w", c.node.Name(), err)
		}
		if err := chunk.Close(); err != nil {
			return fmt.Errorf("end column %s: %w", c.node.Name(), err)
		}
	}
	if err := group.Close(); err != nil {
		return fmt.Errorf("end a row group: %w", err)
	}
	return nil
}

// columns gives one column of each type. Row i has the i-th value.
func columns() []column {
	day, hour := int64(86_400), int64(3_600)
	all := []column{
		plain("i32", parquet.Types.Int32, values(func(i int) int32 { return int32(i - 100) })),
		plain("i64", parquet.Types.Int64, values(func(i int) int64 { return int64(i) << 33 })),
		plain("i96", parquet.Types.Int96, int96s(func(i int) int64 { return 1_518_652_800 + int64(i) })),
		plain("f4", parquet.Types.Float, values(func(i int) float32 { return float32(i) / 4 })),
		plain("f8", parquet.Types.Double, values(func(i int) float64 { return float64(i) / 8 })),
		plain("b", parquet.Types.Boolean, values(func(i int) bool { return i%3 == 0 })),
		plain("bin", parquet.Types.ByteArray, byteArrays(func(i int) []byte { return []byte{byte(i), 0xff} })),
		logical("s", schema.StringLogicalType{}, parquet.Types.ByteArray, 0, byteArrays(func(i int) []byte { return fmt.Appendf(nil, "é%d", i) })),
		logical("en", schema.EnumLogicalType{}, parquet.Types.ByteArray, 0, byteArrays(func(i int) []byte { return fmt.Appendf(nil, "kind%d", i%3) })),
		logical("js", schema.JSONLogicalType{}, parquet.Types.ByteArray, 0, byteArrays(func(i int) []byte { return fmt.Appendf(nil, `{"a": %d}`, i) })),
		logical("u", schema.UUIDLogicalType{}, parquet.Types.FixedLenByteArray, 16, fixed(16, func(i int, b []byte) { binary.BigEndian.PutUint64(b, uint64(i)<<50) })),
		logical("iv", schema.IntervalLogicalType{}, parquet.Types.FixedLenByteArray, 12, fixed(12, func(i int, b []byte) {
			binary.LittleEndian.PutUint32(b, uint32(i%20))
			binary.LittleEndian.PutUint32(b[4:], uint32(i%7))
			binary.LittleEndian.PutUint32(b[8:], uint32(i))
		})),
		logical("f2", schema.Float16LogicalType{}, parquet.Types.FixedLenByteArray, 2, fixed(2, func(i int, b []byte) { binary.LittleEndian.PutUint16(b, uint16(0x3c00+i%512)) })),
		logical("d", schema.DateLogicalType{}, parquet.Types.Int32, 0, values(func(i int) int32 { return int32(i - 50) })),
	}
	for _, bits := range []int{8, 16, 32, 64} {
		of := values(func(i int) int64 { return int64(i % 100) })
		physical := parquet.Types.Int64
		if bits < 64 {
			of, physical = values(func(i int) int32 { return int32(i % 100) }), parquet.Types.Int32
		}
		all = append(all, logical(fmt.Sprintf("int%d", bits), schema.NewIntLogicalType(int8(bits), true), physical, 0, of),
			logical(fmt.Sprintf("uint%d", bits), schema.NewIntLogicalType(int8(bits), false), physical, 0, of))
	}
	for _, utc := range []bool{false, true} {
		zone := map[bool]string{false: "", true: "z"}[utc]
		seconds := func(per int64) func(i int) int64 {
			return func(i int) int64 { return (int64(i)*37 + 5*hour) % day * per }
		}
		moment := func(per int64) func(i int) int64 {
			return func(i int) int64 { return (1_518_652_800 + int64(i)*61) * per }
		}
		all = append(all,
			logical("time_ms"+zone, schema.NewTimeLogicalType(utc, schema.TimeUnitMillis), parquet.Types.Int32, 0, values(func(i int) int32 { return int32(seconds(1e3)(i)) })),
			logical("time_us"+zone, schema.NewTimeLogicalType(utc, schema.TimeUnitMicros), parquet.Types.Int64, 0, values(seconds(1e6))),
			logical("time_ns"+zone, schema.NewTimeLogicalType(utc, schema.TimeUnitNanos), parquet.Types.Int64, 0, values(seconds(1e9))),
			logical("ts_ms"+zone, schema.NewTimestampLogicalType(utc, schema.TimeUnitMillis), parquet.Types.Int64, 0, values(moment(1e3))),
			logical("ts_us"+zone, schema.NewTimestampLogicalType(utc, schema.TimeUnitMicros), parquet.Types.Int64, 0, values(moment(1e6))),
			logical("ts_ns"+zone, schema.NewTimestampLogicalType(utc, schema.TimeUnitNanos), parquet.Types.Int64, 0, values(moment(1e9))))
	}
	return append(all,
		logical("dec32", schema.NewDecimalLogicalType(9, 2), parquet.Types.Int32, 0, values(func(i int) int32 { return int32(i*7 - 300) })),
		logical("dec64", schema.NewDecimalLogicalType(18, 4), parquet.Types.Int64, 0, values(func(i int) int64 { return int64(i)*7_000_003 - 300 })),
		logical("decfixed", schema.NewDecimalLogicalType(38, 3), parquet.Types.FixedLenByteArray, 16, fixed(16, func(i int, b []byte) { binary.BigEndian.PutUint64(b[8:], uint64(i)*1_000_003) })),
		logical("decbytes", schema.NewDecimalLogicalType(20, 3), parquet.Types.ByteArray, 0, byteArrays(func(i int) []byte { return []byte{byte(i >> 8), byte(i), 7} })))
}

func plain(name string, t parquet.Type, write func(file.ColumnChunkWriter, int) error) column {
	return column{schema.MustPrimitive(schema.NewPrimitiveNode(name, parquet.Repetitions.Required, t, -1, -1)), write}
}

func logical(name string, of schema.LogicalType, t parquet.Type, length int, write func(file.ColumnChunkWriter, int) error) column {
	return column{schema.MustPrimitive(schema.NewPrimitiveNodeLogical(name, parquet.Repetitions.Required, of, t, length, -1)), write}
}

// batch is the writer of the values of one physical type.
type batch[T any] interface {
	WriteBatch(values []T, definition, repetition []int16) (int64, error)
}

func values[T any](of func(i int) T) func(file.ColumnChunkWriter, int) error {
	return func(w file.ColumnChunkWriter, rows int) error {
		list := make([]T, rows)
		for i := range list {
			list[i] = of(i)
		}
		_, err := w.(batch[T]).WriteBatch(list, nil, nil)
		return err
	}
}

func byteArrays(of func(i int) []byte) func(file.ColumnChunkWriter, int) error {
	return values(func(i int) parquet.ByteArray { return of(i) })
}

func fixed(length int, fill func(i int, b []byte)) func(file.ColumnChunkWriter, int) error {
	return values(func(i int) parquet.FixedLenByteArray {
		b := make([]byte, length)
		fill(i, b)
		return b
	})
}

// int96s are timestamps of seconds since 1970.
func int96s(seconds func(i int) int64) func(file.ColumnChunkWriter, int) error {
	return values(func(i int) parquet.Int96 {
		var v parquet.Int96
		v.SetNanoSeconds(seconds(i) * 1e9)
		return v
	})
}
