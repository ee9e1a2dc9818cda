package sql_test

import (
	"strings"
	"testing"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// restricted is the test's catalog as somebody sees it who has a row filter on web.events, and not all of its columns.
type restricted struct {
	sql.Catalog
	filter *sql.RowFilter
	hidden []string
}

func (c restricted) Relation(schema, table string) (*sql.Relation, bool) {
	r, ok := c.Catalog.Relation(schema, table)
	if !ok || r.Name != (sql.TableName{Schema: "web", Table: "events"}) {
		return r, ok
	}
	seen := *r
	seen.Filter, seen.Columns = c.filter, nil
	for _, column := range r.Columns {
		if strings.Contains(" "+strings.Join(c.hidden, " ")+" ", " "+column.Name+" ") {
			seen.Hidden = append(seen.Hidden, column)
		} else {
			seen.Columns = append(seen.Columns, column)
		}
	}
	return &seen, true
}

func filter(t *testing.T, predicates ...string) *sql.RowFilter {
	t.Helper()
	f, err := sql.ParseRowFilter(predicates...)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestRowFilterText(t *testing.T) {
	t.Parallel()
	c := restricted{Catalog: testTables(), filter: filter(t, "site_id in (12, 15) -- ours"), hidden: []string{"site_id"}}
	for text, want := range map[string][2]string{
		"select count(*) from web.events": {
			"SELECT count(*) AS count FROM (SELECT 1 FROM items(site_id) AS events WHERE events.site_id IN (12, 15)) AS events",
			"",
		},
		"select 1 / load_ms as q from web.events e where load_ms > 3": {
			"", "FROM (SELECT events.domain",
		},
	} {
		statements, err := sql.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := sql.Bind(statements[0], c, testEnv())
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		source := func(u *sql.Use) (string, error) { return "items(" + strings.Join(u.Columns, ",") + ")", nil }
		duck, err := q.Render(source)
		if err != nil {
			t.Fatal(err)
		}
		postgres, err := q.RenderPostgres(source)
		if err != nil {
			t.Fatal(err)
		}
		t.Log(want)
		t.Log(duck)
		t.Log(postgres)
	}
	_ = pgerr.InternalError
}
