package sql_test

import (
	"strings"
	"testing"

	"tidegate/sql"
)

// TestWhere exchanges the condition of a statement's own WHERE, and no other.
func TestWhere(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"select site_id from web.sites", "FROM {sites} AS sites"},
		{"select site_id from web.sites where site_id = 1 or name is null", "FROM {sites} AS sites WHERE kept(((sites.site_id = 1) OR (sites.name IS NULL)))"},
		{"select site_id from web.sites where true", "FROM {sites} AS sites WHERE kept(true)"},
		{"select site_id from (select site_id from web.sites where opened is null) s", "FROM (SELECT sites.site_id AS site_id FROM {sites} AS sites WHERE (sites.opened IS NULL)) AS s"},
	} {
		env := testEnv()
		env.Where = func(condition string) string { return "kept(" + condition + ")" }
		statements, err := sql.Parse(c.text)
		if err != nil {
			t.Fatal(err)
		}
		q, err := sql.Bind(statements[0], testTables(), env)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
			continue
		}
		got, err := q.Render(func(u *sql.Use) (string, error) { return "{" + u.Alias + "}", nil })
		if err != nil || !strings.HasSuffix(got, c.want) {
			t.Errorf("%s: %s, %v", c.text, got, err)
		}
	}
}
