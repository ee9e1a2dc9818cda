package router

import (
	"math"
	"strconv"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// match says how the rows of a file stand to a predicate.
type match uint8

const (
	matchNone match = iota // no row can satisfy it
	matchSome              // rows may
	matchAll               // every row does
)

// Prune returns the files of t that may hold rows whose values lie in where, in t's order. A file without
// statistics of a column is kept. It reads no objects. O(files × columns of where).
func Prune(t *catalog.TableView, where map[string]sql.Domain) []*catalog.File {
	if len(where) == 0 {
		return t.Files
	}
	kept := make([]*catalog.File, 0, len(t.Files))
	for _, f := range t.Files {
		if matchFile(t.Table, f, where) != matchNone {
			kept = append(kept, f)
		}
	}
	return kept
}

// matchFile takes a column that the file's schema version did not have yet as NULL in every row.
func matchFile(t *catalog.Table, f *catalog.File, where map[string]sql.Domain) match {
	m := matchAll
	for column, domain := range where {
		m = min(m, matchColumn(t, f, column, domain))
		if m == matchNone {
			return m
		}
	}
	return m
}

func matchColumn(t *catalog.Table, f *catalog.File, column string, d sql.Domain) match {
	c, ok := t.Column(column)
	if !ok {
		return matchSome
	}
	if c.Partition {
		return matchPartition(c, f.Partition, d)
	}
	s, ok := f.Stat(column)
	if !ok {
		if f.SchemaVersion < t.SchemaVersion {
			return matchNulls(d)
		}
		return matchSome
	}
	return matchStats(f.Rows, s, d)
}

func matchNulls(d sql.Domain) match {
	if d.Null {
		return matchAll
	}
	return matchNone
}

func matchPartition(c catalog.Column, partition string, d sql.Domain) match {
	value, null, ok := catalog.PartitionValue(partition, c.Name)
	if !ok {
		return matchSome
	}
	if null {
		return matchNulls(d)
	}
	v, ok := keyValue(c.Type, value)
	if !ok {
		return matchSome
	}
	return matchRange(&v, &v, d)
}

// keyValue reads the text of a partition key; ok is false for a type that keys do not have, or what is no such value.
func keyValue(t pgtypes.Type, text string) (v pgtypes.Datum, ok bool) {
	v.Class = pgtypes.ClassOf(t.OID)
	switch v.Class {
	case pgtypes.ClassText:
		v.S = text
		return v, true
	case pgtypes.ClassInt:
		n, err := strconv.ParseInt(text, 10, 64)
		v.I = n
		return v, err == nil
	case pgtypes.ClassDate:
		day, err := catalog.ParseDay(text)
		v.I = int64(day)
		return v, err == nil
	default:
		return v, false
	}
}

func matchStats(rows int64, s *catalog.ColumnStats, d sql.Domain) match {
	values := matchRange(s.Min, upper(s.Max), d)
	switch {
	case s.Nulls == 0:
		return values
	case s.Nulls == rows:
		return matchNulls(d)
	case s.Nulls < 0: // unknown
		if values == matchNone && !d.Null {
			return matchNone
		}
		return matchSome
	case values == matchNone && !d.Null:
		return matchNone
	case values == matchAll && d.Null:
		return matchAll
	}
	return matchSome
}

// upper is the bound that pruning may trust: Parquet's float statistics leave NaN out, and NaN is the largest.
func upper(limit *pgtypes.Datum) *pgtypes.Datum {
	if limit != nil && limit.Class == pgtypes.ClassFloat {
		return &pgtypes.Datum{Class: pgtypes.ClassFloat, F: math.NaN()}
	}
	return limit
}

// matchRange compares the values between low and high, both inclusive, with the domain's intervals.
func matchRange(low, high *pgtypes.Datum, d sql.Domain) match {
	if len(d.Intervals) == 0 {
		return matchNone
	}
	if low == nil || high == nil {
		if everything(d) {
			return matchAll
		}
		return matchSome
	}
	m := matchNone
	for _, iv := range d.Intervals {
		switch overlap(low, high, iv) {
		case matchAll:
			return matchAll
		case matchSome:
			m = matchSome
		case matchNone:
		}
	}
	return m
}

func everything(d sql.Domain) bool {
	return len(d.Intervals) == 1 && d.Intervals[0].Low == nil && d.Intervals[0].High == nil
}

func overlap(low, high *pgtypes.Datum, iv sql.Interval) match {
	whole := true
	if iv.Low != nil {
		lo, ok1 := low.Compare(*iv.Low)
		hi, ok2 := high.Compare(*iv.Low)
		if !ok1 || !ok2 {
			return matchSome
		}
		if hi < 0 || hi == 0 && iv.LowOpen {
			return matchNone
		}
		whole = lo > 0 || lo == 0 && !iv.LowOpen
	}
	if iv.High != nil {
		lo, ok1 := low.Compare(*iv.High)
		hi, ok2 := high.Compare(*iv.High)
		if !ok1 || !ok2 {
			return matchSome
		}
		if lo > 0 || lo == 0 && iv.HighOpen {
			return matchNone
		}
		whole = whole && (hi < 0 || hi == 0 && !iv.HighOpen)
	}
	if whole {
		return matchAll
	}
	return matchSome
}
