package pgcatalog_test

import (
	"context"
	"errors"
	"io"
	"strconv"
	"testing"

	"tidegate/gateway/pgcatalog"
	"tidegate/internal/engine"
	"tidegate/internal/engine/duck"
	"tidegate/internal/engine/duck/pgnames"
	"tidegate/internal/pgtypes"
)

// webContents is a small warehouse: the tables that the goldens and the comparison with PostgreSQL use.
func webContents() *pgcatalog.Contents {
	return &pgcatalog.Contents{
		Database: "tidegate",
		Roles:    []pgcatalog.Role{{Name: "demo", Login: true}, {Name: "tidegate", Superuser: true, Login: true}},
		Settings: []pgcatalog.Setting{{Name: "TimeZone", Value: "UTC"}, {Name: "work_mem", Value: "4096"}, {Name: "tidegate.latency", Value: "standard"}},
		Tables: []pgcatalog.Table{
			{
				Schema: "web", Name: "events", Description: "Page views, one row per event", Rows: -1, Bytes: 8192,
				Columns: []pgcatalog.Column{
					{Name: "event_id", Type: pgtypes.Of(pgtypes.Text), NotNull: true},
					{Name: "ts", Type: pgtypes.Of(pgtypes.Timestamptz), NotNull: true},
					{Name: "site_id", Type: pgtypes.Of(pgtypes.Int4)},
					{Name: "domain", Type: pgtypes.VarcharOf(255)},
					{Name: "path", Type: pgtypes.VarcharOf(2048), Description: "URL path"},
					{Name: "user_id", Type: pgtypes.Of(pgtypes.Int8)},
					{Name: "load_ms", Type: pgtypes.Of(pgtypes.Int4)},
					{Name: "score", Type: pgtypes.NumericOf(12, 2)},
					{Name: "ratio", Type: pgtypes.Of(pgtypes.Float8)},
					{Name: "ok", Type: pgtypes.Of(pgtypes.Bool)},
					{Name: "query", Type: pgtypes.Of(pgtypes.JSON)},
					{Name: "day", Type: pgtypes.Of(pgtypes.Date)},
					{Name: "dt", Type: pgtypes.VarcharOf(13)},
				},
			},
			{
				Schema: "web", Name: "site_daily", Rows: -1,
				Columns: []pgcatalog.Column{
					{Name: "dt", Type: pgtypes.VarcharOf(13)},
					{Name: "site_id", Type: pgtypes.Of(pgtypes.Int4)},
					{Name: "pv", Type: pgtypes.Of(pgtypes.Int8)},
					{Name: "uu", Type: pgtypes.Of(pgtypes.Int8)},
				},
			},
			{
				Schema: "tidegate", Name: "tiers", View: true, Definition: " SELECT ''::text AS table_name,\n    ''::text AS tier,\n    0 AS columns,\n    0::bigint AS rows;",
				Columns: []pgcatalog.Column{
					{Name: "table_name", Type: pgtypes.Of(pgtypes.Text)},
					{Name: "tier", Type: pgtypes.Of(pgtypes.Text)},
					{Name: "columns", Type: pgtypes.Of(pgtypes.Int4)},
					{Name: "rows", Type: pgtypes.Of(pgtypes.Int8)},
				},
			},
		},
	}
}

func openDuck(tb testing.TB, names *pgcatalog.Names) *duck.DB {
	tb.Helper()
	db, err := duck.Open(tb.Context(), duck.Options{Threads: 1, MemoryLimit: "256MB", Functions: pgnames.Functions(names)})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := db.Close(); err != nil {
			tb.Error(err)
		}
	})
	return db
}

func openCatalog(tb testing.TB) (*duck.DB, *pgcatalog.Catalog) {
	tb.Helper()
	names := new(pgcatalog.Names)
	db := openDuck(tb, names)
	c, err := pgcatalog.New(tb.Context(), db, names, pgcatalog.Live{})
	if err != nil {
		tb.Fatal(err)
	}
	if err := c.Refresh(tb.Context(), 1, webContents()); err != nil {
		tb.Fatal(err)
	}
	return db, c
}

// query gives the rows of a statement in DuckDB's own SQL, as text.
func query(ctx context.Context, db engine.Engine, text string) (rows [][]string, err error) {
	r, err := db.Query(ctx, engine.Statement{SQL: text})
	if err != nil {
		return nil, err
	}
	return readAll(ctx, r)
}

func readAll(ctx context.Context, r engine.Rows) (rows [][]string, err error) {
	defer r.Close()
	for {
		c, err := r.Next(ctx)
		if errors.Is(err, io.EOF) {
			return rows, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range c.Rows {
			row := make([]string, len(c.Vectors))
			for j := range c.Vectors {
				row[j] = cell(&c.Vectors[j], i)
			}
			rows = append(rows, row)
		}
	}
}

// cell writes a value as psql shows it.
func cell(v *engine.Vector, i int) string {
	if !v.Valid(i) {
		return "∅"
	}
	switch v.Physical {
	case engine.PhysicalBool:
		if v.Bool[i] {
			return "t"
		}
		return "f"
	case engine.PhysicalI16:
		return strconv.FormatInt(int64(v.I16[i]), 10)
	case engine.PhysicalI32:
		return strconv.FormatInt(int64(v.I32[i]), 10)
	case engine.PhysicalI64:
		return strconv.FormatInt(v.I64[i], 10)
	case engine.PhysicalU32:
		return strconv.FormatUint(uint64(v.U32[i]), 10)
	case engine.PhysicalF32:
		return strconv.FormatFloat(float64(v.F32[i]), 'g', -1, 32)
	case engine.PhysicalF64:
		return strconv.FormatFloat(v.F64[i], 'g', -1, 64)
	case engine.PhysicalString:
		return string(v.Str[i].Bytes())
	case engine.PhysicalText:
		return v.Text[i]
	case engine.PhysicalList:
		var items []*string
		for k := range v.List[i].Length {
			item := cell(v.Child, int(v.List[i].Offset+k))
			items = append(items, &item)
		}
		return string(pgtypes.AppendArray(nil, items))
	default:
		return "physical " + strconv.Itoa(int(v.Physical))
	}
}
