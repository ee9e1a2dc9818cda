package router

import (
	"strings"
	"testing"

	"tidegate/catalog"
	"tidegate/internal/engine"
	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// TestWrite decides who may change what.
func TestWrite(t *testing.T) {
	t.Parallel()
	view := parseCatalog(t, strings.Join([]string{
		"table web.events id:int8 load_ms:int4 dt:text* hot=id,dt",
		"table lake.adopted id:int8",
	}, "\n"))
	f := &planFixture{catalogHistory: catalogHistory{view}}
	view.Tables[catalog.Name{Schema: "lake", Table: "adopted"}].Table.Adopt = &catalog.AdoptSpec{Hot: "public.events"}
	const adopted = "public.events is the hot side of"
	options := Options{
		Views: f, Pins: noPins{}, Local: noEngine("local"), Cold: noEngine("cold"),
		LocalPath: func(f engine.ScanFile) string { return "/lake/" + f.Key },
		Hot:       &Hot{Engine: noEngine("hot"), Postgres: true, Only: &fixedHotOnly{}, Table: func(n catalog.Name) string { return "hot." + n.String() }},
		Roles: func(user string) *Role {
			return &Role{Name: user, Reads: []sql.Grant{{}}, Write: user == "loader" || user == "admin"}
		},
	}
	f.router = New(options)
	options.Hot = nil
	without := New(options)
	for _, c := range []struct {
		router      *Router
		user, query string
		code        pgerr.Code
		want        string // in the text that goes out, or in the error
	}{
		{f.router, "loader", "insert into sites (id) values (1)", "", "INSERT INTO public.sites (id) VALUES (1)"},
		{f.router, "admin", "create table mine (id int)", "", "CREATE TABLE public.mine (id int)"},
		{f.router, "nobody", "insert into sites (id) values (1)", pgerr.InsufficientPrivilege, "permission denied for INSERT: user nobody may read only"},
		{f.router, "nobody", "insert into web.events (id) values (1)", pgerr.FeatureNotSupported, "INSERT: web.events is a table of the lake, and read-only"},
		{f.router, "loader", "insert into sites select id from web.events", pgerr.FeatureNotSupported, "it reads web.events, which is a table of the lake"},
		{f.router, "loader", "create table web.mine (id int)", pgerr.FeatureNotSupported, "web.mine cannot be made: schema web belongs to the lake"},
		{f.router, "loader", "create table hot_data.mine (id int)", pgerr.FeatureNotSupported, "hot_data.mine cannot be made: it belongs to Tidegate"},
		// The warehouse's public.events is the hot side of lake.adopted.
		{f.router, "loader", "delete from public.events", pgerr.FeatureNotSupported, adopted},
		{f.router, "loader", "drop table if exists public.events", pgerr.FeatureNotSupported, adopted},
		{f.router, "loader", "create table more () inherits (public.events)", pgerr.FeatureNotSupported, adopted}, // its rows would be the parent's too
		{f.router, "loader", "truncate sites cascade", pgerr.FeatureNotSupported, "CASCADE would empty relations that it does not name"},
		{f.router, "loader", "drop schema public cascade", pgerr.FeatureNotSupported, adopted},
		{f.router, "loader", "insert into sites (id) select id from public.events", "", "INSERT INTO public.sites (id) SELECT id FROM public.events"},
		{without, "loader", "create table mine (id int)", pgerr.InvalidSchemaName, "no schema has been selected to create in"},
		{without, "loader", "create table public.mine (id int)", pgerr.FeatureNotSupported, "there is no warehouse"},
	} {
		statements, err := sql.Parse(c.query)
		if err != nil {
			t.Fatal(err)
		}
		env := planEnv()
		env.User, env.SearchPath = c.user, []string{"public"}
		w, err := c.router.Write(t.Context(), statements[0], env, nil)
		switch {
		case pgerr.CodeOf(err) != c.code || err != nil && !strings.Contains(err.Error(), c.want):
			t.Errorf("%s by %s: %v, want %s %s", c.query, c.user, err, c.code, c.want)
		case err == nil && w.Text != c.want:
			t.Errorf("%s by %s becomes %s, want %s", c.query, c.user, w.Text, c.want)
		}
	}
}
