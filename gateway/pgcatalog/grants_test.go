package pgcatalog_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"tidegate/gateway/pgcatalog"
)

// TestGrants compares what the lists of grants say with what the functions answer.
func TestGrants(t *testing.T) {
	t.Parallel()
	db, c := openCatalog(t)
	contents := webContents()
	contents.Granted, contents.Grantee = true, "read er"
	contents.Roles = append(contents.Roles, pgcatalog.Role{Name: "read er"})
	contents.Tables[0].Part, contents.Tables[1].Writable = true, true
	if err := c.Refresh(t.Context(), 2, contents); err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		text string
		want [][]string
	}{
		{"SELECT relname, pgc.array_out(relacl) FROM pgc.pg_class WHERE oid >= 16384 ORDER BY 1", [][]string{
			{"events", "∅"},
			{"site_daily", `{tidegate=arwdDxt/tidegate,"\"read er\"=arwdDxt/tidegate"}`},
			{"tiers", `{tidegate=arwdDxt/tidegate,"\"read er\"=r/tidegate"}`},
		}},
		{"SELECT count(*), min(pgc.array_out(attacl)) FROM pgc.pg_attribute WHERE attacl IS NOT NULL", [][]string{{"13", `{"\"read er\"=r/tidegate"}`}}},
		{"SELECT table_name, string_agg(privilege_type, ',' ORDER BY privilege_type), min(is_grantable) FROM pgi.role_table_grants WHERE grantee = 'read er' AND table_schema IN ('web', 'tidegate') GROUP BY 1 ORDER BY 1", [][]string{
			{"site_daily", "DELETE,INSERT,REFERENCES,SELECT,TRIGGER,TRUNCATE,UPDATE", "NO"}, {"tiers", "SELECT", "NO"},
		}},
		{
			`SELECT table_name, count(*) FROM pgi.column_privileges WHERE grantee = 'read er' AND table_schema IN ('web', 'tidegate') AND privilege_type = 'SELECT' GROUP BY 1 ORDER BY 1`,
			[][]string{{"events", "13"}, {"site_daily", "4"}, {"tiers", "4"}},
		},
		{`SELECT c.relname, p.name FROM pgc.pg_class c, (VALUES ('SELECT'), ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('REFERENCES'), ('TRIGGER')) p(name)
			WHERE c.oid >= 16384 AND pgc.has_table_privilege(c.oid, p.name) IS DISTINCT FROM EXISTS (SELECT 1 FROM pgi.table_privileges g
				WHERE g.grantee = 'read er' AND g.table_name = c.relname AND g.privilege_type = p.name)`, nil},
	} {
		got, err := query(t.Context(), db, x.text)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(x.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", x.text, diff)
		}
	}
}
