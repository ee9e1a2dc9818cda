package router

import (
	"slices"
	"strings"
	"testing"

	"tidegate/sql"
)

// testRole makes a role of grants and of tables with a row filter.
func testRole(t *testing.T, grants []string, filtered ...string) *Role {
	t.Helper()
	r := &Role{Name: "test", Filters: map[sql.TableName]*sql.RowFilter{}}
	for _, text := range grants {
		g, err := sql.ParseGrant(text)
		if err != nil {
			t.Fatal(err)
		}
		r.Reads = append(r.Reads, g...)
	}
	for _, name := range filtered {
		f, err := sql.ParseRowFilter("a = 1")
		if err != nil {
			t.Fatal(err)
		}
		schema, table, _ := strings.Cut(name, ".")
		r.Filters[sql.TableName{Schema: schema, Table: table}] = f
	}
	return r
}

// TestSees asks what of a relation with the columns a and b is there for a role.
func TestSees(t *testing.T) {
	t.Parallel()
	everything := []string{"select on all tables"}
	view := func(reads ...string) []sql.TableName {
		var names []sql.TableName
		for _, r := range reads {
			schema, table, _ := strings.Cut(r, ".")
			names = append(names, sql.TableName{Schema: schema, Table: table})
		}
		return names
	}
	for _, c := range []struct {
		name     string
		grants   []string
		filtered []string
		relation string
		reads    []sql.TableName
		want     string // columns, and "filtered"; "" is not there
	}{
		{"nothing granted", nil, nil, "web.t", nil, ""},
		{"a schema", []string{"select on schema web"}, nil, "web.t", nil, "a b"},
		{"another schema", []string{"select on schema web"}, nil, "webs.t", nil, ""},
		{"a table", []string{"select on web.t"}, nil, "web.t", nil, "a b"},
		{"another table", []string{"select on web.t"}, nil, "web.u", nil, ""},
		{"everything", everything, nil, "x.y", nil, "a b"},
		{"a column", []string{"select (b) on web.t"}, nil, "web.t", nil, "b"},
		{"columns of two grants", []string{"select (b) on web.t", "select (a) on web.t"}, nil, "web.t", nil, "a b"},
		{"a column that is none", []string{"select (c) on web.t"}, nil, "web.t", nil, ""},
		{"a column of a table granted whole", []string{"select (b) on web.t", "select on schema web"}, nil, "web.t", nil, "a b"},
		{"a filter", everything, []string{"web.t"}, "web.t", nil, "a b filtered"},
		{"a filter and a column", []string{"select (b) on web.t"}, []string{"web.t"}, "web.t", nil, "b filtered"},
		{"a filter without a grant", nil, []string{"web.t"}, "web.t", nil, ""},
		{"a view", everything, nil, "web.v", view("web.t"), "a b"},
		{"a view over a filtered table", everything, []string{"web.t"}, "web.v", view("web.t"), ""},
		{"a view over a table that is not granted", []string{"select on schema web"}, nil, "web.v", view("x.t"), ""},
		{"a view over a column that is granted", []string{"select on schema web", "select (a) on x.t"}, nil, "web.v", view("x.t"), ""},
		{"a view that is named", []string{"select on web.v"}, []string{"web.t"}, "web.v", view("web.t"), "a b"},
		{"a session's own table", nil, nil, "pg_temp.t", nil, "a b"},
	} {
		schema, table, _ := strings.Cut(c.relation, ".")
		rel := &sql.Relation{
			Name: sql.TableName{Schema: schema, Table: table}, Class: sql.ClassHotOnly, Reads: c.reads, Columns: []sql.Column{{Name: "a"}, {Name: "b"}},
		}
		var got []string
		if seen, ok := testRole(t, c.grants, c.filtered...).Sees(rel); ok {
			for _, column := range seen.Columns {
				got = append(got, column.Name)
			}
			if seen.Filter != nil {
				got = append(got, "filtered")
			}
			if len(seen.Columns)+len(seen.Hidden) != len(rel.Columns) {
				t.Errorf("%s: a column is lost", c.name)
			}
		}
		if !slices.Equal(got, strings.Fields(c.want)) {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

// TestOwnsSchema asks where a role may make relations.
func TestOwnsSchema(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		grants   []string
		filtered []string
		want     bool
	}{
		{nil, nil, false},
		{[]string{"select on public.t"}, nil, false},
		{[]string{"select on schema web"}, nil, false},
		{[]string{"select on schema public"}, nil, true},
		{[]string{"select on all tables"}, nil, true},
		{[]string{"select on all tables"}, []string{"public.t"}, false},
		{[]string{"select on all tables"}, []string{"web.t"}, true},
	} {
		if got := testRole(t, c.grants, c.filtered...).ownsSchema("public"); got != c.want {
			t.Errorf("%v, filtered %v: %v, want %v", c.grants, c.filtered, got, c.want)
		}
	}
}
