package etl

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/big"
	"os"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/parquet/file"

	"tidegate/catalog"
	"tidegate/internal/parquetfooter"
	"tidegate/internal/pgtypes"
)

// footer is what a Parquet file says of itself.
type footer struct {
	rows      int64
	sizeBytes int64
	// footerBytes is the length of the file's tail that holds the metadata, its length and the magic bytes.
	footerBytes int64
	columns     []catalog.ColumnStats // in the order asked for
}

// readFooter reads the footer of a local Parquet file and gives the statistics of columns; one that the file does
// not have is an error. Bounds hold for all row groups: if one has values but no bounds (text that is too long, a
// float column with NaN), the column has none.
//
// The statistics are defined by parquet-format's Statistics and ColumnOrder; only min_value and max_value are
// read, the deprecated min and max have no defined order.
func readFooter(path string, columns []catalog.Column) (f footer, err error) {
	info, err := os.Stat(path)
	if err != nil {
		return f, fmt.Errorf("read footer: %w", err)
	}
	r, err := file.OpenParquetFile(path, false)
	if err != nil {
		return f, fmt.Errorf("read footer %s: %w", path, err)
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	md := r.MetaData()
	f = footer{rows: r.NumRows(), sizeBytes: info.Size(), footerBytes: int64(md.Size()) + 8}
	var counted int64
	for _, g := range md.RowGroups {
		counted += g.NumRows
	}
	if counted != f.rows {
		return f, fmt.Errorf("read footer %s: %d rows, but its row groups have %d", path, f.rows, counted)
	}
	for _, c := range columns {
		leaf := md.Schema.ColumnIndexByName(c.Name)
		if leaf < 0 {
			return f, fmt.Errorf("read footer %s: column %q is missing", path, c.Name)
		}
		stats := columnFold{stats: catalog.ColumnStats{Name: c.Name, Exact: true}, c: c}
		for _, g := range md.RowGroups {
			chunk := g.Columns[leaf].MetaData
			stats.stats.Bytes += chunk.TotalCompressedSize
			s := chunk.Statistics
			if s == nil || s.NullCount == nil {
				stats.unknown()
				continue
			}
			exact := s.IsMinValueExact != nil && *s.IsMinValueExact && s.IsMaxValueExact != nil && *s.IsMaxValueExact
			if err := stats.add(g.NumRows, *s.NullCount, s.MinValue, s.MaxValue, exact); err != nil {
				return f, fmt.Errorf("read footer %s: column %q: %w", path, c.Name, err)
			}
		}
		f.columns = append(f.columns, stats.result())
	}
	return f, nil
}

// columnFold unites the statistics of a column's row groups.
type columnFold struct {
	stats     catalog.ColumnStats
	c         catalog.Column
	noNulls   bool // a row group did not say how many
	unbounded bool // a row group has values and no bounds
}

func (f *columnFold) unknown() { f.noNulls, f.unbounded = true, true }

func (f *columnFold) add(rows, nulls int64, low, high []byte, exact bool) error {
	f.stats.Nulls += nulls
	if nulls == rows {
		return nil
	}
	minimum, ok1, err1 := decodeBound(f.c.Type, low)
	maximum, ok2, err2 := decodeBound(f.c.Type, high)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	if !ok1 || !ok2 {
		f.unbounded = true
		return nil
	}
	f.stats.Exact = f.stats.Exact && exact
	if order, ok := less(f.stats.Min, &minimum); !ok || order > 0 {
		f.stats.Min = &minimum
	}
	if order, ok := less(f.stats.Max, &maximum); !ok || order < 0 {
		f.stats.Max = &maximum
	}
	return nil
}

// less compares a bound so far, which may be nil (ok is false), with another.
func less(have, next *pgtypes.Datum) (order int, ok bool) {
	if have == nil {
		return 0, false
	}
	return have.Compare(*next)
}

func (f *columnFold) result() catalog.ColumnStats {
	s := f.stats
	if f.noNulls {
		s.Nulls = -1
	}
	if f.unbounded {
		s.Min, s.Max = nil, nil
	}
	s.Exact = s.Exact && s.Min != nil
	return s
}

// decodeBound reads a bound in Parquet's PLAIN encoding, of a column that DuckDB wrote for the type. ok is false
// for types without an order, for a missing bound, for NaN, which no order of Parquet covers, and for infinity and
// text that is cut inside a character, which a commit record's JSON cannot hold.
func decodeBound(t pgtypes.Type, raw []byte) (d pgtypes.Datum, ok bool, err error) {
	d.Class = pgtypes.ClassOf(t.OID)
	if d.Class == pgtypes.ClassNone || raw == nil {
		return d, false, nil
	}
	switch d.Class {
	case pgtypes.ClassText:
		d.S = string(raw)
		return d, utf8.ValidString(d.S), nil
	case pgtypes.ClassFloat:
		if d.F, ok = parquetfooter.Float(raw); !ok {
			return d, false, fmt.Errorf("a float bound has %d bytes", len(raw))
		}
		return d, !math.IsNaN(d.F) && !math.IsInf(d.F, 0), nil
	case pgtypes.ClassNumeric:
		d.S, err = decodeDecimal(t, raw)
		return d, err == nil, err
	default: // an integer of some width
	}
	switch len(raw) {
	case 1:
		d.I = int64(raw[0])
	case 4:
		d.I = int64(int32(binary.LittleEndian.Uint32(raw)))
	case 8:
		d.I = int64(binary.LittleEndian.Uint64(raw))
	default:
		return d, false, fmt.Errorf("a bound of %s has %d bytes", t, len(raw))
	}
	return d, true, nil
}

// decodeDecimal reads an unscaled integer: little-endian in INT32 and INT64 (up to 9 and 18 digits), else
// big-endian two's complement in a fixed-length byte array.
func decodeDecimal(t pgtypes.Type, raw []byte) (string, error) {
	precision, scale, ok := t.PrecisionScale()
	if !ok {
		precision, scale = pgtypes.MaxPrecision, 9 // what pgtypes.Type.DuckDB makes of a bare numeric
	}
	unscaled := new(big.Int)
	switch {
	case precision <= 9 && len(raw) == 4:
		unscaled.SetInt64(int64(int32(binary.LittleEndian.Uint32(raw))))
	case precision > 9 && precision <= 18 && len(raw) == 8:
		unscaled.SetInt64(int64(binary.LittleEndian.Uint64(raw)))
	case precision > 18 && len(raw) > 0:
		unscaled = parquetfooter.BigEndian(raw)
	default:
		return "", fmt.Errorf("a bound of %s has %d bytes", t, len(raw))
	}
	return parquetfooter.Decimal(unscaled, scale), nil
}
