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
		{"hot: { kind: postgres, url: 'postgres://h/d', schema: '' }", "hot.schema is empty"},
		{"hot: { kind: redshift, url: 'postgres://h/d', stage: 's3://b/', iam_role: r }", "hot.kind is redshift, whose loader is not supported yet"},
		{"hot: { kind: postgres, url: 'postgres://h/d', relations: [public, 'sales.*'] }", ""},
		{"hot: { kind: postgres, url: 'postgres://h/d', relations: ['a.b.c'] }", "hot.relations[0] is \"a.b.c\"; write a schema or schema.table"},
		{"hot: { kind: bigquery }", "the choices are embedded, postgres, none"},
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
