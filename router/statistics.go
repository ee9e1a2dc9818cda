package router

import (
	"fmt"
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
	if calls == nil || !d.single() || !d.scans[0].use.Exact || d.req.Statement.Hints.Engine != "" {
		return nil, false
	}
	s := d.scans[0]
	for _, f := range s.kept {
		if matchFile(s.table.Table, f, s.use.Where) != matchAll {
			return nil, false
		}
	}
	values := make([]string, len(calls))
	for i, c := range calls {
		text, ok := s.statistic(c)
		if !ok {
			return nil, false
		}
		values[i] = text
	}
	return &engine.Plan{
		Route:       engine.RouteLocal,
		Reason:      fmt.Sprintf("the catalog's statistics of %d files answer it", len(s.kept)),
		Engine:      d.r.o.Local,
		Statement:   d.statement("SELECT " + strings.Join(values, ", ")),
		FilesPruned: len(s.table.Files) - len(s.kept),
		FilesKept:   len(s.kept),
	}, true
}

// statistic gives the value of one call as a DuckDB constant.
func (s *scan) statistic(c sql.StatCall) (string, bool) {
	if c.Func == "count" && c.Column == "" {
		return strconv.FormatInt(s.rows(), 10) + "::BIGINT", true
	}
	column, ok := s.table.Table.Column(c.Column)
	if !ok || column.Partition {
		return "", false
	}
	if c.Func == "count" {
		return s.countValues(c.Column)
	}
	extreme, ok := s.extreme(c.Column, c.Func == "max")
	if !ok {
		return "", false
	}
	return constant(column.Type, extreme)
}

func (s *scan) countValues(column string) (string, bool) {
	var n int64
	for _, f := range s.kept {
		st, ok := s.stat(f, column)
		if !ok || st.Nulls < 0 {
			return "", false
		}
		n += f.Rows - st.Nulls
	}
	return strconv.FormatInt(n, 10) + "::BIGINT", true
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
func (s *scan) extreme(column string, largest bool) (*pgtypes.Datum, bool) {
	var best *pgtypes.Datum
	for _, f := range s.kept {
		st, ok := s.stat(f, column)
		if !ok || st.Nulls < 0 {
			return nil, false
		}
		if st.Nulls == f.Rows {
			continue
		}
		v := st.Min
		if largest {
			v = st.Max
		}
		if v == nil || !st.Exact || v.Class == pgtypes.ClassFloat {
			return nil, false
		}
		if best == nil {
			best = v
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

// constant renders a value of type t for DuckDB.
func constant(t pgtypes.Type, d *pgtypes.Datum) (string, bool) {
	if d == nil {
		return "NULL::" + t.DuckDB(), true
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
