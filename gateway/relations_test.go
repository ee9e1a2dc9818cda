package gateway

import (
	"strings"

	"tidegate/internal/pgtypes"
	"tidegate/sql"
)

// testRelation is a relation of the tests' planner. The tests' PostgreSQL has it too: createRelations.
type testRelation struct {
	columns []sql.Column
	rows    string // a SELECT that both understand
	view    bool
}

var testRelations = map[string]testRelation{
	"things": {
		columns: []sql.Column{
			{Name: "id", Type: pgtypes.Of(pgtypes.Int4)},
			{Name: "Name", Type: pgtypes.Of(pgtypes.Text)},
			{Name: "price", Type: pgtypes.Of(pgtypes.Float8)},
			{Name: "seen", Type: pgtypes.Of(pgtypes.Date)},
		},
		rows: `select * from (values (1, 'plain', 1.5::float8, date '2018-02-15'), (2, 'a,b "c"', null, null), (3, null, -0.25, date '0944-03-15'),
			(4, '', 1e20, date '2018-02-16')) as t (id, "Name", price, seen)`,
	},
	"glances": {
		columns: []sql.Column{{Name: "id", Type: pgtypes.Of(pgtypes.Int4)}},
		rows:    "select 1 as id",
		view:    true,
	},
}

// createRelations makes the relations in PostgreSQL.
func createRelations() string {
	var b strings.Builder
	for name, r := range testRelations {
		kind := "table"
		if r.view {
			kind = "view"
		}
		b.WriteString("create " + kind + " " + name + " as " + r.rows + ";")
	}
	return b.String()
}

// relations is the catalog of the tests' planner.
type relations struct{}

func (relations) Relation(schema, table string) (*sql.Relation, bool) {
	r, ok := testRelations[table]
	if !ok || schema != "public" {
		return nil, false
	}
	return &sql.Relation{Name: sql.TableName{Schema: schema, Table: table}, Columns: r.columns, View: r.view}, true
}

func (relations) HasSchema(schema string) bool { return schema == "public" }
