package language

import (
	"context"
	"time"

	"tidegate/catalog"
	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// tables is a catalog of two tables, as the router sees it.
type tables struct{ view *catalog.View }

func newTables() *tables {
	columns := func(list ...catalog.Column) []catalog.Column { return list }
	column := func(name string, oid pgtypes.OID) catalog.Column {
		return catalog.Column{Name: name, Type: pgtypes.Of(oid)}
	}
	v := &catalog.View{Generation: 1, CommittedAt: time.Unix(0, 0), SchemaGeneration: 1, Tables: map[catalog.Name]*catalog.TableView{}}
	add := func(name string, columns []catalog.Column) {
		n := catalog.Name{Schema: "web", Table: name}
		v.Tables[n] = &catalog.TableView{Table: &catalog.Table{Name: n, SchemaVersion: 1, Columns: columns}}
	}
	add("events", columns(
		column("ts", pgtypes.Timestamptz), column("site_id", pgtypes.Int4), column("user_id", pgtypes.Text), column("path", pgtypes.Text),
		column("referrer", pgtypes.Text), column("experiment", pgtypes.Text), column("load_ms", pgtypes.Int4), column("dt", pgtypes.Text),
		catalog.Column{Name: "amount", Type: pgtypes.NumericOf(12, 2)}))
	add("sites", columns(column("site_id", pgtypes.Int4), column("domain", pgtypes.Text), column("country", pgtypes.Text)))
	return &tables{view: v}
}

func (t *tables) View(context.Context) (*catalog.View, error) { return t.view, nil }

func (t *tables) ViewAt(context.Context, int64) (*catalog.View, error) { return t.view, nil }

func (t *tables) Changed(context.Context, int64, ...catalog.Name) (int64, time.Time, error) {
	return 0, time.Time{}, nil
}

func environment() sql.Env {
	now := time.Date(2018, 2, 15, 12, 0, 0, 0, time.UTC)
	return sql.Env{
		SearchPath: []string{"web"}, Database: "tidegate", User: "dev", Now: now, Statement: now, Zone: time.UTC,
		Settings: func(string) (string, bool) { return "", false },
	}
}
