package sql_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/sql"
)

func TestParseGrant(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]sql.Grant{
		"select on schema web":                        {{Schema: "web"}},
		"SELECT ON SCHEMA web, \"Air\"":               {{Schema: "web"}, {Schema: "Air"}},
		"SELECT ON ALL TABLES IN SCHEMA web":          {{Schema: "web"}},
		"Select  on\nall tables":                      {{}},
		"SELECT ON web.events":                        {{Schema: "web", Table: "events"}},
		"select on table WEB.Events, air.flights":     {{Schema: "web", Table: "events"}, {Schema: "air", Table: "flights"}},
		"SELECT (site_id, dt, site_id) ON web.events": {{Schema: "web", Table: "events", Columns: []string{"dt", "site_id"}}},
		"select (dt), select on web.events":           {{Schema: "web", Table: "events"}},
	} {
		got, err := sql.ParseGrant(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	for text, want := range map[string]string{
		"select on events":                                 "a table is named with its schema",
		"select on tidegate.web.events":                    "a table is named with its schema",
		"insert on web.events":                             "INSERT cannot be granted: SELECT can, and warehouse_write",
		"all on schema web":                                "ALL cannot be granted: write SELECT",
		"select (dt) on schema web":                        "columns are of a table",
		"execute on function f()":                          "EXECUTE cannot be granted",
		"select on all sequences in schema web":            "only schemas, tables and columns",
		"select on web.events to bob":                      "is no grant",
		"select on web.events to bob; grant select on a.b": "is no grant on",
		"select on web.events to public; drop table a --":  "is no grant on",
		"select on web.events to bob with grant option --": "who is granted is the role",
		"bi":             "is no grant on",
		"warehouse_read": "is no grant on",
		"":               "is no grant",
	} {
		if got, err := sql.ParseGrant(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, %v, want %s", text, got, err, want)
		}
	}
}
