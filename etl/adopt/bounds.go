package adopt

import (
	"encoding/binary"
	"math"
	"math/big"
	"strconv"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/parquet"

	"tidegate/catalog"
	"tidegate/internal/parquetfooter"
	"tidegate/internal/pgtypes"
)

// chunkStats is what a file says of a column in one row group; nil is nothing.
type chunkStats struct {
	rows      int64
	nulls     *int64
	low, high []byte
	oldLow    []byte // the deprecated pair, which has an order for signed integers alone
	oldHigh   []byte
	exact     bool
	sizeBytes int64
}

// fold unites the statistics of a column's row groups. One group that has values and says nothing of them leaves the
// column without bounds: others wrote these files, and a bound that is not true would lose rows.
type fold struct {
	c         fileColumn
	stats     catalog.ColumnStats
	noNulls   bool
	unbounded bool
}

func newFold(c fileColumn) *fold {
	return &fold{c: c, stats: catalog.ColumnStats{Name: c.name, Exact: true}}
}

func (f *fold) add(s chunkStats) {
	f.stats.Bytes += s.sizeBytes
	if s.rows == 0 {
		return
	}
	if s.nulls == nil || *s.nulls < 0 || *s.nulls > s.rows {
		f.noNulls = true
	} else {
		f.stats.Nulls += *s.nulls
		if *s.nulls == s.rows {
			return
		}
	}
	low, high, exact := s.low, s.high, s.exact
	if low == nil && high == nil && f.c.hasOldOrder() {
		low, high, exact = s.oldLow, s.oldHigh, false
	}
	minimum, ok1 := f.c.bound(low, false)
	maximum, ok2 := f.c.bound(high, true)
	order, ok3 := minimum.Compare(maximum)
	if !ok1 || !ok2 || !ok3 || order > 0 {
		f.unbounded = true
		return
	}
	f.stats.Exact = f.stats.Exact && exact && f.c.unit <= 1
	if f.stats.Min == nil || less(minimum, *f.stats.Min) {
		f.stats.Min = &minimum
	}
	if f.stats.Max == nil || less(*f.stats.Max, maximum) {
		f.stats.Max = &maximum
	}
}

func less(a, b pgtypes.Datum) bool {
	order, _ := a.Compare(b) // of one column
	return order < 0
}

func (f *fold) result() catalog.ColumnStats {
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

func (c *fileColumn) hasOldOrder() bool {
	return (c.physical == parquet.Types.Int32 || c.physical == parquet.Types.Int64) && !c.unsigned
}

// bound reads a bound in Parquet's PLAIN encoding. ok is false if there is none that may be used: missing, of a length
// that is not the type's, NaN, infinity, text that is cut inside a character, and types without an order here.
func (c *fileColumn) bound(raw []byte, upper bool) (d pgtypes.Datum, ok bool) {
	d.Class = pgtypes.ClassOf(c.typ.OID)
	if raw == nil {
		return d, false
	}
	switch d.Class {
	case pgtypes.ClassNone:
		return d, false
	case pgtypes.ClassText:
		d.S = string(raw)
		return d, utf8.ValidString(d.S)
	case pgtypes.ClassFloat:
		d.F, ok = parquetfooter.Float(raw)
		return d, ok && !math.IsNaN(d.F) && !math.IsInf(d.F, 0)
	case pgtypes.ClassNumeric:
		d.S, ok = c.decimal(raw)
		return d, ok
	case pgtypes.ClassBool:
		if len(raw) != 1 {
			return d, false
		}
		d.I = int64(raw[0])
		return d, true
	default: // what is stored as an integer
	}
	v, ok := c.integer(raw)
	if !ok || c.unit == 0 {
		d.I = v
		return d, ok
	}
	d.I, ok = micros(v, c.unit, upper)
	return d, ok
}

func (c *fileColumn) integer(raw []byte) (int64, bool) {
	switch {
	case c.physical == parquet.Types.Int32 && len(raw) == 4 && c.unsigned:
		return int64(binary.LittleEndian.Uint32(raw)), true
	case c.physical == parquet.Types.Int32 && len(raw) == 4:
		return int64(int32(binary.LittleEndian.Uint32(raw))), true
	case c.physical == parquet.Types.Int64 && len(raw) == 8:
		return int64(binary.LittleEndian.Uint64(raw)), true
	}
	return 0, false // INT96 too, whose order nobody defined
}

// micros makes microseconds of a stored timestamp. A bound of nanoseconds is rounded outwards.
func micros(v, unit int64, upper bool) (int64, bool) {
	if unit < 0 {
		m := v * -unit
		return m, m/-unit == v
	}
	m := v / unit
	switch rest := v % unit; {
	case rest > 0 && upper:
		m++
	case rest < 0 && !upper:
		m--
	}
	return m, true
}

// decimal reads an unscaled integer: little-endian in INT32 and INT64, else big-endian two's complement; or the
// unsigned INT64 that only numeric can hold.
func (c *fileColumn) decimal(raw []byte) (string, bool) {
	if c.unsigned {
		if len(raw) != 8 {
			return "", false
		}
		return strconv.FormatUint(binary.LittleEndian.Uint64(raw), 10), true
	}
	_, scale, _ := c.typ.PrecisionScale()
	if v, ok := c.integer(raw); ok {
		return parquetfooter.Decimal(big.NewInt(v), scale), true
	}
	if len(raw) == 0 || c.physical == parquet.Types.Int32 || c.physical == parquet.Types.Int64 {
		return "", false
	}
	return parquetfooter.Decimal(parquetfooter.BigEndian(raw), scale), true
}
