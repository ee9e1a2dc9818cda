package e2e

import (
	"fmt"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgproto3"

	"tidegate/internal/testkit"
)

const writerConfig = `data_dir: ./tidegate-data
pipelines: ./pipelines
hot: { kind: postgres, url: %q, schema: hot_data, pool: 4 }
users: [ { name: demo, role: loader } ]
roles: { loader: { grants: [warehouse_write] }, public: { grants: [select on all tables] } }
`

// wireClient speaks the protocol and writes down what it is told.
type wireClient struct {
	t    *testing.T
	conn net.Conn
	f    *pgproto3.Frontend
	pid  uint32
	key  []byte
	// whole has typmods and all of an error written down.
	whole bool
}

func dialWire(t *testing.T, network, address, user, database string) *wireClient {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), network, address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	c := &wireClient{t: t, conn: conn, f: pgproto3.NewFrontend(conn, conn)}
	c.f.Send(&pgproto3.StartupMessage{ProtocolVersion: pgproto3.ProtocolVersionNumber, Parameters: map[string]string{
		"user": user, "database": database, "timezone": "UTC", "client_min_messages": "notice",
	}})
	c.flush()
	c.read()
	return c
}

func (c *wireClient) flush() {
	c.t.Helper()
	if err := c.f.Flush(); err != nil {
		c.t.Fatal(err)
	}
}

// query runs a simple query and gives what came, one line per message.
func (c *wireClient) query(text string) []string {
	c.t.Helper()
	c.f.Send(&pgproto3.Query{String: text})
	c.flush()
	return c.read()
}

func (c *wireClient) send(messages ...pgproto3.FrontendMessage) []string {
	c.t.Helper()
	for _, m := range messages {
		c.f.Send(m)
	}
	c.flush()
	return c.read()
}

// read takes messages up to ReadyForQuery.
func (c *wireClient) read() []string {
	c.t.Helper()
	var lines []string
	for {
		m, err := c.f.Receive()
		if err != nil {
			return append(lines, "lost: "+err.Error())
		}
		switch m := m.(type) {
		case *pgproto3.ReadyForQuery:
			return append(lines, "ready "+string(m.TxStatus))
		case *pgproto3.BackendKeyData:
			c.pid, c.key = m.ProcessID, append([]byte(nil), m.SecretKey...)
		case *pgproto3.RowDescription:
			var names []string
			for _, f := range m.Fields {
				name := fmt.Sprintf("%s:%d", f.Name, f.DataTypeOID)
				if c.whole {
					name += fmt.Sprintf(":%d:%d", f.DataTypeSize, f.TypeModifier)
				}
				names = append(names, name)
			}
			lines = append(lines, "columns "+strings.Join(names, " "))
		case *pgproto3.DataRow:
			var cells []string
			for _, v := range m.Values {
				if v == nil {
					cells = append(cells, "NULL")
				} else {
					cells = append(cells, string(v))
				}
			}
			lines = append(lines, "row "+strings.Join(cells, "|"))
		case *pgproto3.CommandComplete:
			lines = append(lines, "tag "+string(m.CommandTag))
		case *pgproto3.ErrorResponse:
			lines = append(lines, errorLine(m))
		case *pgproto3.NoticeResponse:
			lines = append(lines, errorLine((*pgproto3.ErrorResponse)(m)))
		case *pgproto3.CopyInResponse:
			return append(lines, fmt.Sprint("copy in ", m.OverallFormat, " ", m.ColumnFormatCodes))
		case *pgproto3.ParameterDescription:
			lines = append(lines, fmt.Sprint("parameters ", m.ParameterOIDs))
		case *pgproto3.ParameterStatus:
		default:
			lines = append(lines, strings.TrimPrefix(fmt.Sprintf("%T", m), "*pgproto3."))
		}
	}
}

// errorLine writes every field of an error or a notice but its place in PostgreSQL's source.
func errorLine(e *pgproto3.ErrorResponse) string {
	// The server is told every name with its schema.
	schema := e.SchemaName
	if strings.HasPrefix(schema, "pg_temp_") {
		schema = "pg_temp_N" // of the session
	}
	var line strings.Builder
	line.WriteString(e.Severity + " " + e.Code + " " + e.Message)
	for _, f := range []struct{ name, value string }{
		{"detail", e.Detail},
		{"hint", e.Hint},
		{"where", e.Where},
		{"schema", schema},
		{"table", e.TableName},
		{"column", e.ColumnName},
		{"type", e.DataTypeName},
		{"constraint", e.ConstraintName},
	} {
		if f.value != "" {
			line.WriteString(" " + f.name + ": " + f.value)
		}
	}
	if e.Position > 0 {
		fmt.Fprintf(&line, " at %d", e.Position)
	}
	return strings.ReplaceAll(line.String(), "public.", "")
}

// twins are a session through Tidegate and one of PostgreSQL itself, with databases that begin alike.
type twins struct {
	t              *testing.T
	gateway, plain *wireClient
}

// same runs a simple query in both and compares everything that came.
func (w *twins) same(text string) {
	w.t.Helper()
	w.compare(text, w.plain.query(text), w.gateway.query(text))
}

func (w *twins) sameMessages(what string, messages ...pgproto3.FrontendMessage) {
	w.t.Helper()
	w.compare(what, w.plain.send(messages...), w.gateway.send(messages...))
}

func (w *twins) compare(what string, want, got []string) {
	w.t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		w.t.Errorf("%s: -postgresql +tidegate\n%s", what, d)
	}
}

// writeLab is a serve whose user demo may write, in front of a PostgreSQL with a second database beside.
type writeLab struct {
	pg *testkit.Cluster
	s  *server
}

func newWriteLab(t *testing.T, config string) *writeLab {
	t.Helper()
	pg := testkit.Postgres(t)
	direct(t, pg.DSN(), "create database plain")
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, "tidegate.yml"), fmt.Sprintf(config, pg.DSN()))
	return &writeLab{pg: pg, s: start(t, dir, "serve", "-c", "tidegate.yml")}
}

func (l *writeLab) connect(t *testing.T, user string) *wireClient {
	t.Helper()
	u, err := url.Parse(l.s.URL)
	if err != nil {
		t.Fatal(err)
	}
	return dialWire(t, "tcp", u.Host, user, "tidegate")
}

func (l *writeLab) plain(t *testing.T) *wireClient {
	t.Helper()
	return dialWire(t, "unix", filepath.Join(l.pg.Dir, ".s.PGSQL.5432"), "postgres", "plain")
}

func TestWritesAsPostgreSQL(t *testing.T) { //nolint:tparallel // the parts share their databases
	t.Parallel()
	l := newWriteLab(t, writerConfig)
	w := &twins{t, l.connect(t, "demo"), l.plain(t)}
	for _, text := range []string{
		"create table t (id int primary key, name varchar(10) default 'x', day date default current_date)",
		"create table t (id int)",
		"create table if not exists t (id int)",
		"insert into t values (1, 'a'), (2, 'b'), (3)",
		"insert into t values (1, 'again')",
		"insert into t (id, name) values (4, 'far too long for it')",
		"insert into t (id, name) values (4, 'd') returning id, upper(name), 'k' as k",
		"insert into t (id) values (4) on conflict (id) do update set name = excluded.name || '!' returning t.name, *, 1 as one, now() is null as never",
		"update t set name = 'q' where id > 2",
		"update t set nothing = 1",
		"update t as u set name = v.n from (values (1, 'one')) v(i, n) where u.id = v.i returning u.id, v.n",
		"delete from t using (select 3 as i) x where id = x.i",
		"merge into t using (values (1, 'm'), (9, 'n')) v(i, n) on t.id = v.i when matched then update set name = v.n when not matched then insert (id, name) values (v.i, v.n)",
		"with gone as (delete from t where id = 9 returning id) insert into t (id, name) select id + 1, 'cte' from gone returning id",
		"select id, name from t order by id",
		"select count(*) from t a join t b using (id)",
		"create table copy as select id, name from t where id < 3",
		"select * into copy2 from copy",
		"create table s as select i as n, i * 2 as twice from generate_series(1, 5) i",
		"select sum(n), sum(twice) from s",
		"create view v as select id, lower(name) as name from t",
		"select * from v order by id",
		"create or replace view v as select id, upper(name) as name from t",
		"create materialized view mv as select id from t",
		"refresh materialized view mv",
		"create index t_name on t (lower(name))",
		"create index t_name on t (name)",
		"create index concurrently t_name2 on t (name)",
		"alter table t add column n numeric(8,2) not null default 1.5",
		"alter table t alter column n drop not null, alter column n type int using round(n)::int",
		"alter table t rename column n to m",
		"select * from v where id = 1",
		"alter table copy rename to copy3",
		"select id from copy3 order by 1",
		"select id from copy",
		"comment on table t is 'about t'",
		"comment on column t.m is 'about m'",
		"grant select on t to public",
		"revoke select on t from public",
		"analyze t",
		"vacuum t",
		"truncate copy3, copy2",
		"select count(*) from copy3",
		"create schema own",
		"create table own.x (id int references t)",
		"insert into own.x values (1), (null)",
		"insert into own.x values (77)",
		"drop table t",
		"drop schema own",
		"drop table if exists own.y",
		"drop table own.x, copy3",
		"drop schema own cascade",
		"drop index t_name2",
		"drop materialized view mv",
		"drop view v",
		"drop table t",
		"drop table t",
		"drop table if exists s, copy2",
		"insert into t values (1)",
	} {
		w.same(text)
	}
	t.Run("transactions", func(t *testing.T) { checkTransactions(t, l) })
	t.Run("extended", func(t *testing.T) { checkExtended(t, l) })
}

// script runs lines in both sessions.
func (w *twins) script(lines string) {
	w.t.Helper()
	for line := range strings.Lines(lines) {
		if line = strings.TrimSpace(line); line != "" {
			w.same(line)
		}
	}
}

func checkTransactions(t *testing.T, l *writeLab) {
	t.Helper()
	w := &twins{t, l.connect(t, "demo"), l.plain(t)}
	w.script(`
		create table acc (id int primary key, v int check (v >= 0))
		insert into acc values (1, 10), (2, 20)
		begin
		update acc set v = v + 5 where id = 1
		select * from acc order by id
		rollback
		select * from acc order by id
		begin
		insert into acc values (3, 30)
		savepoint a
		insert into acc values (3, 31)
		select 1
		rollback to a
		select count(*) from acc
		insert into acc values (4, 40)
		release a
		commit
		select count(*) from acc
		begin
		savepoint one
		savepoint two
		insert into acc values (5, 50)
		rollback to two
		select count(*) from acc
		rollback to one
		select count(*) from acc
		rollback to three
		select 1
		commit
		begin
		create table inside (x int)
		insert into inside values (1)
		select * from inside
		rollback
		select * from inside
		begin read only
		insert into acc values (6, 1)
		commit
		begin isolation level repeatable read
		delete from acc where id = 4
		select count(*) from acc
		commit
		begin
		insert into acc values (7, -1)
		insert into acc values (7, 1)
		commit
		insert into acc values (8, 1); insert into acc values (8, 2)
		select count(*) from acc where id = 8
		insert into acc values (8, 1); commit; insert into acc values (8, 2)
		select count(*) from acc where id = 8
		insert into acc values (10, 1); begin; insert into acc values (11, 1)
		rollback
		select count(*) from acc where id >= 10
		begin; insert into acc values (12, 1); commit; select count(*) from acc
		begin
		vacuum acc
		rollback
		create table child (id int references acc deferrable initially deferred)
		insert into child values (99)
		begin
		insert into child values (98)
		commit
		select count(*) from child
		start transaction
		commit and chain
		insert into child values (1)
		commit and chain
		rollback
		select count(*) from child
		set default_transaction_read_only = on
		insert into child values (1)
		set default_transaction_read_only = off
		create temp table tt (id int)
		insert into tt select i from generate_series(1, 3) i
		select sum(id) from tt
		begin
		insert into tt values (4)
		rollback
		select sum(id) from tt join acc using (id)
		create temp table tt (id int)
		select id into temp t2 from tt where id > 1
		select count(*) from t2
		select count(*) from pg_temp.t2
		create temporary view tv as select id from tt
		select count(*) from tv
		drop table t2
		select count(*) from t2
		create table acc2 as select tt.id from tt
		drop table acc2
		discard temp
		select count(*) from tt
		prepare ins (int, int) as insert into acc values ($1, $2) returning id
		execute ins (20, 7)
		execute ins (20, 7)
		deallocate ins
		drop table child, acc
	`)
}

// sendOnce opens a connection for one message.
func sendOnce(address string, message []byte) error {
	conn, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write(message)
	return err
}
