package metastore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
)

// The statistics of a file are one blob: a version byte, then per column
//
//	uvarint  length of the name, and the name
//	uvarint  compressed bytes
//	uvarint  nulls + 1; 0 is unknown
//	byte     bit 0 min, bit 1 max, bit 2 exact
//	datum    min, if bit 0; max, if bit 1
//
// A datum is its class byte and a varint, eight bytes of float (big endian), or a length and text. The columns end
// with the blob.
const statsVersion = 1

const (
	hasMin = 1 << iota
	hasMax
	isExact
)

func encodeStats(stats []catalog.ColumnStats) []byte {
	b := []byte{statsVersion}
	for i := range stats {
		c := &stats[i]
		b = binary.AppendUvarint(b, uint64(len(c.Name)))
		b = append(b, c.Name...)
		b = binary.AppendUvarint(b, uint64(max(c.Bytes, 0)))
		b = binary.AppendUvarint(b, uint64(max(c.Nulls, -1)+1))
		var flags byte
		if c.Min != nil {
			flags |= hasMin
		}
		if c.Max != nil {
			flags |= hasMax
		}
		if c.Exact {
			flags |= isExact
		}
		b = append(b, flags)
		for _, d := range []*pgtypes.Datum{c.Min, c.Max} {
			if d != nil {
				b = appendDatum(b, d)
			}
		}
	}
	return b
}

func appendDatum(b []byte, d *pgtypes.Datum) []byte {
	b = append(b, byte(d.Class))
	switch d.Class {
	case pgtypes.ClassFloat:
		return binary.BigEndian.AppendUint64(b, math.Float64bits(d.F))
	case pgtypes.ClassText, pgtypes.ClassNumeric:
		b = binary.AppendUvarint(b, uint64(len(d.S)))
		return append(b, d.S...)
	default:
		return binary.AppendVarint(b, d.I)
	}
}

var errShortStats = errors.New("statistics end early")

// decodeStats reads what encodeStats wrote. names, which it adds to, lets all files share their columns' names.
func decodeStats(b []byte, names map[string]string) ([]catalog.ColumnStats, error) {
	if len(b) == 0 {
		return nil, errShortStats
	}
	if b[0] != statsVersion {
		return nil, fmt.Errorf("statistics have version %d, not %d", b[0], statsVersion)
	}
	d := statsDecoder{rest: b[1:]}
	var stats []catalog.ColumnStats
	for len(d.rest) > 0 && d.err == nil {
		var c catalog.ColumnStats
		name := d.bytes(d.uvarint())
		shared, ok := names[string(name)]
		if !ok {
			shared = string(name)
			names[shared] = shared
		}
		c.Name = shared
		c.Bytes = d.count()
		c.Nulls = d.count() - 1
		flags := d.byte()
		if flags&hasMin != 0 {
			c.Min = d.datum()
		}
		if flags&hasMax != 0 {
			c.Max = d.datum()
		}
		c.Exact = flags&isExact != 0
		stats = append(stats, c)
	}
	if d.err != nil {
		return nil, d.err
	}
	return stats, nil
}

// statsDecoder reads from rest until err is set; then everything is zero.
type statsDecoder struct {
	rest []byte
	err  error
}

func (d *statsDecoder) bytes(n uint64) []byte {
	if d.err == nil && n > uint64(len(d.rest)) {
		d.err = errShortStats
	}
	if d.err != nil {
		return nil
	}
	b := d.rest[:n]
	d.rest = d.rest[n:]
	return b
}

func (d *statsDecoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *statsDecoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.fail()
		return 0
	}
	d.rest = d.rest[n:]
	return v
}

// count is a uvarint that fits an int64.
func (d *statsDecoder) count() int64 {
	v := d.uvarint()
	if v > math.MaxInt64 {
		d.fail()
		return 0
	}
	return int64(v)
}

func (d *statsDecoder) fail() {
	if d.err == nil {
		d.err = errShortStats
	}
}

func (d *statsDecoder) datum() *pgtypes.Datum {
	v := &pgtypes.Datum{Class: pgtypes.Class(d.byte())}
	switch v.Class {
	case pgtypes.ClassFloat:
		if b := d.bytes(8); b != nil {
			v.F = math.Float64frombits(binary.BigEndian.Uint64(b))
		}
	case pgtypes.ClassText, pgtypes.ClassNumeric:
		v.S = string(d.bytes(d.uvarint()))
	case pgtypes.ClassBool, pgtypes.ClassInt, pgtypes.ClassDate, pgtypes.ClassTimestamp, pgtypes.ClassTimestamptz,
		pgtypes.ClassNone:
		i, n := binary.Varint(d.rest)
		if n <= 0 {
			d.fail()
			return v
		}
		v.I, d.rest = i, d.rest[n:]
	default:
		if d.err == nil {
			d.err = fmt.Errorf("statistics have a value of class %d", v.Class)
		}
	}
	return v
}
