package e2e

import (
	"slices"
	"testing"

	"github.com/jackc/pgx/v5/pgproto3"
)

// checkExtended holds pipelines of the extended protocol against PostgreSQL's.
func checkExtended(t *testing.T, l *writeLab) {
	t.Helper()
	w := &twins{t, l.connect(t, "demo"), l.plain(t)}
	parse := func(name, text string, types ...uint32) pgproto3.FrontendMessage {
		return &pgproto3.Parse{Name: name, Query: text, ParameterOIDs: types}
	}
	bind := func(portal, name string, values ...string) pgproto3.FrontendMessage {
		b := &pgproto3.Bind{DestinationPortal: portal, PreparedStatement: name}
		for _, v := range values {
			b.Parameters = append(b.Parameters, []byte(v))
		}
		return b
	}
	describe := func(what byte, name string) pgproto3.FrontendMessage {
		return &pgproto3.Describe{ObjectType: what, Name: name}
	}
	execute := func(portal string, limit uint32) pgproto3.FrontendMessage {
		return &pgproto3.Execute{Portal: portal, MaxRows: limit}
	}
	sync := &pgproto3.Sync{}
	w.same("create table x (id int primary key, name text, n numeric(8,2), day date)")
	w.sameMessages("parameters and columns",
		parse("ins", "insert into x values ($1, $2, $3, $4) returning id, n"), describe('S', "ins"), sync)
	w.sameMessages("a write alone", bind("", "ins", "1", "a", "1.5", "2018-02-15"), describe('P', ""), execute("", 0), sync)
	wrong := w.gateway.send(bind("", "ins", "one", "a", "1.5", "2018-02-15"), execute("", 0), sync)
	// PostgreSQL says so to Bind already; values pass to it as they come.
	if want := []string{"BindComplete", `ERROR 22P02 invalid input syntax for type integer: "one" where: unnamed portal parameter $1 = '...'`, "ready I"}; !slices.Equal(wrong, want) {
		t.Errorf("a value that is none: %q", wrong)
	}
	w.sameMessages("a pipeline is one transaction",
		bind("", "ins", "2", "b", "2.5", "2018-02-16"), execute("", 0), bind("", "ins", "3", "c", "3.5", "2018-02-16"), execute("", 0),
		bind("", "ins", "2", "again", "0", "2018-02-16"), execute("", 0), bind("", "ins", "4", "d", "0", "2018-02-16"), execute("", 0), sync)
	w.same("select id from x order by 1")
	w.sameMessages("two that end well",
		bind("", "ins", "2", "b", "2.5", "2018-02-16"), execute("", 0), bind("", "ins", "3", "c", "3.5", "2018-02-16"), execute("", 0), sync)
	w.sameMessages("types that are told", parse("", "update x set name = $2 where id = $1", 20, 25), describe('S', ""), bind("", "", "1", "told"), execute("", 0), sync)
	w.sameMessages("a binary parameter", parse("", "delete from x where id = $1 returning name"),
		&pgproto3.Bind{ParameterFormatCodes: []int16{1}, Parameters: [][]byte{{0, 0, 0, 1}}}, execute("", 0), sync)
	w.sameMessages("a NULL", parse("", "insert into x (id, name) values (9, $1)"), &pgproto3.Bind{Parameters: [][]byte{nil}}, execute("", 0), sync)
	w.sameMessages("too few parameters", bind("", "ins", "1"), execute("", 0), sync)
	w.sameMessages("an error of its parse", parse("", "insert into x (nothing) values ($1)"), sync)
	w.sameMessages("rows in pieces", parse("", "insert into x (id) select i from generate_series(100, 104) i returning id"),
		bind("p", ""), execute("p", 2), execute("p", 2), execute("p", 2), sync)
	w.same("begin")
	w.sameMessages("pieces in a block", parse("all", "select id from x where id >= 100 order by id"), bind("q", "all"), execute("q", 1), sync)
	w.sameMessages("a write between", parse("", "update x set name = 'between' where id = $1"), bind("", "", "100"), execute("", 0), sync)
	w.sameMessages("a portal after a write", bind("r", "all"), execute("r", 2), sync)
	w.sameMessages("another write between", bind("", "ins", "200", "z", "0", "2018-02-16"), execute("", 0), sync)
	w.sameMessages("the rest of the portal", execute("r", 0), sync)
	w.same("declare k cursor for select id, name from x where id >= 100 order by id")
	w.same("fetch 2 from k")
	w.same("delete from x where id = 102")
	w.same("fetch 2 from k")
	w.same("rollback")
	w.sameMessages("the portal went with it", execute("r", 0), sync)
	w.sameMessages("DDL", parse("", "create table y (id int)"), describe('S', ""), bind("", ""), describe('P', ""), execute("", 0), sync)
	w.sameMessages("a write twice from one portal", parse("", "insert into y values (1)"), bind("", ""), execute("", 0), execute("", 0), sync)
	w.same("select count(*) from y")
	w.sameMessages("a commit that fails at Sync", parse("", "create table z (id int primary key references y (id) deferrable initially deferred)"), sync)
	w.same("drop table x, y")
}
