package router

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// fromStatistics answers count, min and max from the catalog when every kept file satisfies the predicates whole.
// An engine hint asks for the engine, so it is not answered here.
func (d *decision) fromStatistics() (*engine.Plan, bool) {
	calls := d.req.Query.Shape.Statistics
	if calls == nil || d.req.Into != nil || !d.single() || d.req.Statement.Hints.Engine != "" || d.req.Query.Planned() != "" {
		return nil, false
	}
	s := d.scans[0]
	if !s.whole() {
		return nil, false
	}
	values, texts := make(known, len(calls)), make([]string, len(calls))
	for i, c := range calls {
		value, text, ok := s.statistic(c)
		if !ok {
			return nil, false
		}
		values[i], texts[i] = value, text
	}
	by := d.r.o.Local
	if values.fit(d.req.Query.Types) {
		by = values
	}
	return &engine.Plan{
		Route:       engine.RouteLocal,
		Reason:      fmt.Sprintf("the catalog's statistics of %d files answer it", len(s.kept)),
		Engine:      by,
		Statement:   d.statement("SELECT " + strings.Join(texts, ", ")),
		FilesPruned: len(s.table.Files) - len(s.kept),
		FilesKept:   len(s.kept),
	}, true
}

// whole reports whether the statement sees every row of the kept files, and no others.
func (s *scan) whole() bool {
	return s.use.Exact && !slices.ContainsFunc(s.kept, func(f *catalog.File) bool {
		return matchFile(s.table.Table, f, s.use.Where) != matchAll
	})
}

// known gives a statistic of the rows that the statement sees of a relation; nil is NULL. Those behind a row filter are
// not known.
func (d *decision) known(u *sql.Use, c sql.StatCall) (value *pgtypes.Datum, ok bool) {
	i := slices.IndexFunc(d.scans, func(s *scan) bool { return s.use == u })
	if i < 0 || u.Filtered() || !d.scans[i].whole() {
		return nil, false
	}
	return d.scans[i].value(c)
}

// statistic gives the value of one call, and as a DuckDB constant.
func (s *scan) statistic(c sql.StatCall) (value *pgtypes.Datum, text string, ok bool) {
	value, ok = s.value(c)
	if !ok {
		return nil, "", false
	}
	if c.Func == "count" {
		return value, strconv.FormatInt(value.I, 10) + "::BIGINT", true
	}
	column, _ := s.table.Table.Column(c.Column)
	text, ok = constant(column.Type, value)
	return value, text, ok
}

// value gives the value of one call; nil is NULL.
func (s *scan) value(c sql.StatCall) (value *pgtypes.Datum, ok bool) {
	if c.Func == "count" && c.Column == "" {
		return &pgtypes.Datum{Class: pgtypes.ClassInt, I: s.rows()}, true
	}
	column, ok := s.table.Table.Column(c.Column)
	switch {
	case !ok:
		return nil, false
	case c.Func != "count":
		return s.extreme(column, c.Func == "max")
	case column.Partition:
		return nil, false
	}
	return s.countValues(c.Column)
}

func (s *scan) countValues(column string) (*pgtypes.Datum, bool) {
	var n int64
	for _, f := range s.kept {
		st, ok := s.stat(f, column)
		if !ok || st.Nulls < 0 {
			return nil, false
		}
		n += f.Rows - st.Nulls
	}
	return &pgtypes.Datum{Class: pgtypes.ClassInt, I: n}, true
}

// stat gives the statistics of a column, all NULL in a file older than the column.
func (s *scan) stat(f *catalog.File, column string) (*catalog.ColumnStats, bool) {
	if st, ok := f.Stat(column); ok {
		return st, true
	}
	return &catalog.ColumnStats{Name: column, Nulls: f.Rows}, f.SchemaVersion < s.table.Table.SchemaVersion
}

// extreme gives the smallest or largest value; nil if there is none. Bounds that are not values of the column,
// and floats (whose statistics leave NaN out), do not answer.
func (s *scan) extreme(column catalog.Column, largest bool) (*pgtypes.Datum, bool) {
	var best *pgtypes.Datum
	for _, f := range s.kept {
		v, ok := s.fileExtreme(f, column, largest)
		if !ok {
			return nil, false
		}
		if best == nil {
			best = v
		}
		if v == nil {
			continue
		}
		order, ok := v.Compare(*best)
		if !ok {
			return nil, false
		}
		if order > 0 == largest && order != 0 {
			best = v
		}
	}
	return best, true
}

// fileExtreme gives the smallest or largest value of a file; nil if there is none.
func (s *scan) fileExtreme(f *catalog.File, column catalog.Column, largest bool) (value *pgtypes.Datum, ok bool) {
	if column.Partition {
		return partitionExtreme(f, column)
	}
	st, ok := s.stat(f, column.Name)
	switch {
	case !ok || st.Nulls < 0:
		return nil, false
	case st.Nulls == f.Rows:
		return nil, true
	}
	value = st.Min
	if largest {
		value = st.Max
	}
	return value, value != nil && st.Exact && value.Class != pgtypes.ClassFloat
}

// partitionExtreme gives the one value that a partition column has in a file.
func partitionExtreme(f *catalog.File, column catalog.Column) (value *pgtypes.Datum, ok bool) {
	text, null, ok := catalog.PartitionValue(f.Partition, column.Name)
	if !ok || null || f.Rows == 0 {
		return nil, ok
	}
	v, ok := keyValue(column.Type, text)
	return &v, ok
}

// constant renders a value of type t for DuckDB.
func constant(t pgtypes.Type, d *pgtypes.Datum) (string, bool) {
	if d == nil {
		return "NULL::" + t.DuckDB(), true
	}
	if end, ok := endless(d); ok {
		return "'" + end + "'::" + t.DuckDB(), true
	}
	switch d.Class {
	case pgtypes.ClassBool:
		return strconv.FormatBool(d.I != 0), true
	case pgtypes.ClassInt:
		// Not by ::, which binds before the minus: the smallest integer would not fit without it.
		return fmt.Sprintf("CAST(%d AS %s)", d.I, t.DuckDB()), true
	case pgtypes.ClassDate:
		return fmt.Sprintf("(DATE '1970-01-01' + %d::INTEGER)", d.I), true
	case pgtypes.ClassTimestamp:
		return fmt.Sprintf("make_timestamp(%d::BIGINT)", d.I), true
	case pgtypes.ClassTimestamptz:
		return fmt.Sprintf("make_timestamptz(%d::BIGINT)", d.I), true
	case pgtypes.ClassText:
		return "'" + strings.ReplaceAll(d.S, "'", "''") + "'", true
	case pgtypes.ClassNumeric:
		return fmt.Sprintf("'%s'::%s", d.S, t.DuckDB()), true
	default:
		return "", false
	}
}

// endless gives the name of a moment that is before or after all others: DuckDB computes none from a number.
func endless(d *pgtypes.Datum) (name string, ok bool) {
	first, last := pgtypes.TimestampNegativeInfinity, pgtypes.TimestampInfinity
	switch d.Class {
	case pgtypes.ClassDate:
		first, last = int64(pgtypes.DateNegativeInfinity), int64(pgtypes.DateInfinity)
	case pgtypes.ClassTimestamp, pgtypes.ClassTimestamptz:
	default:
		return "", false
	}
	switch d.I {
	case first:
		return "-infinity", true
	case last:
		return "infinity", true
	}
	return "", false
}
