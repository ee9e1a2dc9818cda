package main

import (
	"testing"

	"tidegate/sql"
)

// TestRoles asks what users have of the configuration's roles.
func TestRoles(t *testing.T) {
	t.Parallel()
	c, err := load(t, `
roles:
  public: { grants: [ SELECT ON open.notes ], row_filter: { web.events: "ok" }, max_scan: 1MB, latency: archive }
  bi: { grants: [ SELECT ON SCHEMA web ], row_filter: { web.events: "site_id = 12" }, max_scan: 2MB }
  ops: { grants: [ SELECT ON ALL TABLES, monitor, warehouse_admin ], latency: interactive }
users: [ { name: tableau, role: bi }, { name: ann, role: ops } ]
`, nil)
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]string{"tableau": "bi", "ann": "ops"}
	roles, all, err := c.rolesOf(func(user string) string { return named[user] })
	if err != nil || len(all) != 3 {
		t.Fatal(all, err)
	}
	events, notes, log := sql.TableName{Schema: "web", Table: "events"}, sql.TableName{Schema: "open", Table: "notes"}, sql.TableName{Schema: "tidegate", Table: "query_log"}
	for _, w := range []struct {
		user, role                       string
		events, notes, whole             bool
		write, monitor, logged, filtered bool
		maxScan                          int64
		latency                          string
	}{
		{"tableau", "bi", true, true, false, false, false, true, true, 2 << 20, "archive"},
		{"ann", "ops", true, true, false, true, true, false, true, 1 << 20, "interactive"},
		{"nobody", "public", false, true, false, false, false, true, true, 1 << 20, "archive"},
	} {
		r := roles(w.user)
		got := w
		got.role, got.write, got.monitor, got.maxScan, got.latency = r.Name, r.Write, r.Monitor, r.MaxScan, r.Latency
		got.events, got.whole = r.SeesTable(events)
		_, got.notes = r.SeesTable(notes)
		got.logged, got.filtered = r.Filters[log] != nil, r.Filtered()
		if got != w {
			t.Errorf("%s: %+v, want %+v", w.user, got, w)
		}
	}
}

// TestNoRoles is a configuration without any: everybody reads everything.
func TestNoRoles(t *testing.T) {
	t.Parallel()
	c, err := load(t, "database: tidegate\n", nil)
	if err != nil {
		t.Fatal(err)
	}
	if roles, _, err := c.rolesOf(nil); err != nil || roles != nil {
		t.Errorf("got roles, %v", err)
	}
}
