package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestHotConfig(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"hot: { kind: postgres, url: 'postgres://u:secret@h:5432/d' }", ""},
		{"hot: { kind: embedded }", ""},
		{"hot: { kind: postgres }", "hot.url must be"},
		{"hot: { kind: postgres, url: 'postgres://u:secret@h:port/d' }", "hot.url must be"},
		{"hot: { kind: postgres, url: 'postgres://h/d', pool: 0 }", "hot.pool must be at least 1"},
		{"hot: { kind: postgres, url: 'postgres://h/d', spool: 0 }", ""},
		{"hot: { kind: postgres, url: 'postgres://h/d', spool: much }", "hot.spool \"much\" is not a size"},
		{"hot: { kind: postgres, url: 'postgres://h/d', schema: '' }", "hot.schema is empty"},
		{"hot: { kind: postgres, url: 'postgres://h/d', relations: [public, 'sales.*'] }", ""},
		{"hot: { kind: postgres, url: 'postgres://h/d', relations: ['a.b.c'] }", "hot.relations[0] is \"a.b.c\"; write a schema or schema.table"},
		{"hot: { kind: postgres, url: 'postgres://h/d', iam_role: r }", ":1: hot.iam_role is for hot.kind redshift"},
		{"hot: { kind: bigquery }", "the choices are embedded, postgres, redshift, none"},
		{onRedshift("u:secret@", "stage: 's3://bucket/x'"), ""},
		{onRedshift("", "stage: 's3://bucket/x', iam: { cluster: c, db_user: u }"), ""},
		{onRedshift("", "stage: 's3://bucket/x', iam: { workgroup: w }"), ""},
		{"lake: { location: 's3://lake/x' }\n" + onRedshift("u:secret@", "pool: 2"), ""},
		{onRedshift("u:secret@", "pool: 2"), ":1: hot.stage is empty; the lake is a folder"},
		{onRedshift("u:secret@", "stage: './here'"), ":1: hot.stage is wrong"},
		{onRedshift("", "stage: 's3://bucket/x'"), "hot.iam is empty and hot.url has no password"},
		{onRedshift("u:secret@", "stage: 's3://bucket/x',\n  iam: { workgroup: w }"), ":2: hot.iam and hot.url say more than one way"},
		{onRedshift("", "stage: 's3://bucket/x', iam: { cluster: c, workgroup: w }"), "say more than one way"},
		{onRedshift("", "stage: 's3://bucket/x', iam: { cluster: c }"), "hot.iam.db_user is empty"},
		{onRedshift("", "stage: 's3://bucket/x', iam: { workgroup: w, db_user: u }"), "hot.iam.db_user goes with hot.iam.cluster"},
		{onRedshift("", "stage: 's3://bucket/x', iam: { claster: c }"), "claster"},
		{"hot: { kind: redshift, url: 'postgres://u:secret@h/d', stage: 's3://bucket/x' }", "hot.iam_role is empty"},
	} {
		path := filepath.Join(t.TempDir(), "tidegate.yml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		_, err := loadConfig(path)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.text, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		case err != nil && strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: the message has the password: %v", c.text, err)
		}
	}
}

func TestHotScope(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		patterns     []string
		schema, name string
		want         bool
	}{
		{nil, "public", "t", true},
		{nil, "hot_data", "t", false},
		{nil, "tidegate", "t", false},
		{nil, "pg_temp", "t", false},
		{[]string{"public", "sales.*_day"}, "public", "t", true},
		{[]string{"public", "sales.*_day"}, "sales", "per_day", true},
		{[]string{"public", "sales.*_day"}, "sales", "raw", false},
		{[]string{"public", "sales.*_day"}, "sales", "", true},
		{[]string{"public", "sales.*_day"}, "other", "", false},
		{[]string{"*"}, "hot_data", "t", false},
	} {
		if got := (hotScope{own: "hot_data", patterns: c.patterns}).has(c.schema, c.name); got != c.want {
			t.Errorf("%v: %s.%s: got %t", c.patterns, c.schema, c.name, got)
		}
	}
}

// onRedshift is a configuration with a login in the url.
func onRedshift(login, more string) string {
	return "hot: { kind: redshift, url: 'postgres://" + login + "h:5439/d', iam_role: default, " + more + " }"
}
