package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tidegate/internal/engine/hot"
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

// TestHotOnlyList lists a warehouse with hot tables and views over them.
func TestHotOnlyList(t *testing.T) {
	t.Parallel()
	name := func(s string) hot.RelationName {
		schema, table, _ := strings.Cut(s, ".")
		return hot.RelationName{Schema: schema, Name: table}
	}
	listing := &hot.Listing{Schemas: []string{"hot_data", "public", "empty"}}
	for relation, reads := range map[string][]string{
		"public.plain": nil, "hot_data.web__events": nil, "pg_temp.mine": nil, "public.view_of_plain": {"public.plain"},
		"public.view_of_hot": {"hot_data.web__events"}, "public.view_of_view": {"public.plain", "public.view_of_hot"},
	} {
		n := name(relation)
		r := &hot.Relation{Schema: n.Schema, Name: n.Name, View: reads != nil}
		for _, s := range reads {
			r.Reads = append(r.Reads, name(s))
		}
		listing.Relations = append(listing.Relations, r)
	}
	l := hotScope{own: "hot_data"}.list(listing)
	var shown, hidden []string
	for n := range l.relations {
		shown = append(shown, n.String())
	}
	for n := range l.hidden {
		hidden = append(hidden, n.String())
	}
	slices.Sort(shown)
	slices.Sort(hidden)
	if want := []string{"public.plain", "public.view_of_plain"}; !slices.Equal(shown, want) {
		t.Errorf("shown %v, want %v", shown, want)
	}
	if want := []string{"hot_data.web__events", "public.view_of_hot", "public.view_of_view"}; !slices.Equal(hidden, want) {
		t.Errorf("hidden %v, want %v", hidden, want)
	}
	if len(l.temporary) != 1 || !l.schemas["empty"] || l.schemas["hot_data"] {
		t.Errorf("temporary %v, schemas %v", l.temporary, l.schemas)
	}
}
