package warehouse_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"tidegate/internal/warehouse"
)

func same(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func TestCreateTableRemembersKeysAndEncodings(t *testing.T) {
	t.Parallel()
	c := start(t).connect(t)
	ask(t, c, `create table if not exists "Web_Events" (
		ts timestamptz not null sortkey encode az64, site_id integer distkey encode raw, path varchar(2048) encode zstd default '/x',
		load_ms double precision, amount numeric, note text, flag char, primary key (ts, site_id), unique (path)) backup no`)
	same(t, "pg_table_def", ask(t, c, `select "column", type, encoding, distkey, sortkey, "notnull" from pg_catalog.pg_table_def where tablename = 'web_events'`),
		"ts|timestamp with time zone|az64|f|1|t", "site_id|integer|raw|t|0|f", "path|character varying(2048)|zstd|f|0|f",
		"load_ms|double precision|none|f|0|f", "amount|numeric(18,0)|none|f|0|f", "note|character varying(256)|none|f|0|f",
		"flag|character(1)|none|f|0|f")
	same(t, "svv_table_info", ask(t, c, `select "table", schema, diststyle, sortkey1, max_varchar, tbl_rows from svv_table_info`),
		"web_events|public|KEY(site_id)|ts|2048|0")
	same(t, "svv_columns", ask(t, c, `select column_name, data_type, character_maximum_length, numeric_precision from svv_columns
		where table_name = 'web_events' and (character_maximum_length is not null or numeric_precision is not null)`),
		"path|character varying|2048|∅", "amount|numeric|∅|18", "note|character varying|256|∅", "flag|character|1|∅")
	// Keys are not enforced, as in Redshift; NOT NULL is.
	ask(t, c, "insert into web_events (ts, site_id) values ('2018-01-01', 1), ('2018-01-01', 1)")
	same(t, "default, duplicates", ask(t, c, "select path, count(*) from web_events group by path"), "/x|2")
	refused(t, c, "insert into web_events (site_id) values (1)", "23502", "ts")
	refused(t, c, "create table web_events (a int)", "42P07", "already exists")
	refused(t, c, "create table x (a int) distkey(b)", "42703", `"b"`)
	refused(t, c, "create table x (a int, b int) distkey(a) distkey(b)", "42P16", "multiple DISTKEYs")
	ask(t, c, "create table both_ways (a int) diststyle key distkey(a)")
	refused(t, c, "create table x (a int) sortkey(b)", "42703", `"b"`)
	for _, typ := range []string{"json", "uuid", "bytea", "serial", "int[]", "interval", "super"} {
		if _, err := try(t, c, "create table x (a "+typ+")"); err == nil {
			t.Errorf("type %s exists", typ)
		}
	}
	refused(t, c, "create table x (a varchar(65536))", "22023", "65535")
	refused(t, c, "create table x (a numeric(39,0))", "22023", "38")
}

// pg_table_def shows only what the search path reaches: a loader that forgets this sees no columns.
func TestPgTableDefFollowsTheSearchPath(t *testing.T) {
	t.Parallel()
	c := start(t).connect(t)
	ask(t, c, "create schema ops; create table ops.ledger (batch varchar(128))")
	same(t, "outside", ask(t, c, "select \"column\" from pg_table_def where tablename = 'ledger'"))
	ask(t, c, "set search_path to ops, public")
	same(t, "inside", ask(t, c, "select schemaname, \"column\" from pg_table_def where tablename = 'ledger'"), "ops|batch")
	ask(t, c, "insert into ledger values ('b1')")
	same(t, "by the path", ask(t, c, "select * from dev.ops.ledger"), "b1")
}

func TestAlterTable(t *testing.T) {
	t.Parallel()
	c := start(t).connect(t)
	ask(t, c, "create table a (id int sortkey, s varchar(5))")
	ask(t, c, "insert into a values (1, 'x')")
	ask(t, c, "alter table a add column n numeric(10,2) default 1.5 not null encode az64")
	ask(t, c, "alter table a add m bigint")
	ask(t, c, "alter table a rename column s to path")
	ask(t, c, "alter table a alter column path type varchar(8)")
	ask(t, c, "alter table a rename to b")
	ask(t, c, "insert into b (id, path) values (2, '12345678')")
	same(t, "rows", ask(t, c, "select * from b order by 1"), "1|x|1.50|∅", "2|12345678|1.50|∅")
	same(t, "columns", ask(t, c, `select "column", type, encoding, sortkey from pg_table_def where tablename = 'b'`),
		"id|integer|none|1", "path|character varying(8)|none|0", "n|numeric(10,2)|az64|0", "m|bigint|none|0")
	ask(t, c, "alter table b drop column m")
	refused(t, c, "alter table b drop column id", "0A000", "sortkey")
	refused(t, c, "alter table b add column z int not null", "0A000", "NOT NULL")
	refused(t, c, "alter table b add column y int, add column z int", "42601", ",")
	refused(t, c, "alter table b alter column id type bigint", "0A000", "VARCHAR")
	ask(t, c, "begin")
	refused(t, c, "alter table b alter column path type varchar(9)", "25001", "transaction block")
	ask(t, c, "rollback")
	ask(t, c, "begin; alter table b add column gone int; rollback")
	same(t, "DDL rolls back", ask(t, c, `select count(*) from pg_table_def where tablename = 'b'`), "3")
	same(t, "like", ask(t, c, `create temp table stg (like b); select schemaname, "column", type from pg_table_def where tablename = 'stg'`),
		"pg_temp|id|integer", "pg_temp|path|character varying(8)", "pg_temp|n|numeric(10,2)")
	ask(t, c, "create table copy distkey(id) as select id, path as p, count(*) as n, sum(n) as total from b group by 1, 2")
	same(t, "create table as", ask(t, c, `select "column", type, distkey from pg_table_def where tablename = 'copy'`),
		"id|integer|t", "p|character varying(65535)|f", "n|bigint|f", "total|numeric(38,2)|f")
	ask(t, c, "drop table if exists copy, nothing, b cascade")
	refused(t, c, "drop table b", "42P01", `"b"`)
}

func TestLengthsAreBytes(t *testing.T) {
	t.Parallel()
	c := start(t).connect(t)
	ask(t, c, "create table l (s varchar(3), n int)")
	ask(t, c, "insert into l values ('abc', 1), ('é', '2'), (null, null)")
	refused(t, c, "insert into l values ('éé', 1)", "22001", "character varying(3)")
	refused(t, c, "insert into l (n, s) select 1, 'abcd'", "22001", "character varying(3)")
	refused(t, c, "update l set s = 'abcd' where n = 1", "22001", "character varying(3)")
	same(t, "rows", ask(t, c, "select s, n from l order by n"), "abc|1", "é|2", "∅|∅")
	refused(t, c, "insert into l (s, q) values ('a', 1)", "42703", `"q"`)
	refused(t, c, "insert into l values ('a', 1, 2)", "42601", "more expressions")
	refused(t, c, "insert into l (s, n) values ('a')", "42601", "more target columns")
	refused(t, c, "insert into l values ('a', 1) returning s", "42601", "RETURNING")
}

func TestSpellingsOfRedshift(t *testing.T) {
	t.Parallel()
	c := start(t).connect(t)
	ask(t, c, `create table r ("Id" int, t timestamp, v numeric(10,2))`)
	ask(t, c, `insert into r values (1, '2018-02-15 10:00', 1.25), (2, '2018-02-16 11:00', null)`)
	for _, q := range []struct{ sql, want string }{
		{`select ID, "ID", r."Id" from r where id = 1`, "1|1|1"},
		{`select avg(n), avg(distinct -n), avg(n::float8) from (select 1 as n union all select 2 union all select 2) x`, "1|-1|1.6666666666666667"},
		{`select typeof(avg(n)), typeof(avg(n::real)) from (select 1 as n) x`, "BIGINT|DOUBLE"},
		{`select avg(n) filter (where n > 1) + 1, avg(n) over (order by n rows 1 preceding) from (select 1::bigint as n) x group by n`, "∅|1"},
		{`select nvl(v, 0), nvl2(v, 'a', 'b') from public.r where id = 2`, "0.00|b"},
		{`select datediff(hour, min(t), max(t)), dateadd(month, 1, min(t)) from r`, "25|2018-03-15 10:00:00"},
		{`select count(*) from (select id from r minus select 1) x`, "1"},
		{`select 2.5::numeric, cast(2.4 as decimal)`, "3|2"},
		{`select sysdate <= getdate() + interval '1 hour', getdate() is not null`, "t|t"},
		{`select 'a\\b\'c', 'it''s', $$q'$$`, `a\b'c|it's|q'`},
		{`select strtol('ff', 16), strtol(substr(md5('x'), 1, 15), 16)`, "255|710810379057940483"},
		{`select 10 / 4, len('abc'), 'a' || 'b'`, "2|3|ab"},
		{`select pg_backend_pid() > 0, pg_last_copy_count(), pg_last_copy_id()`, "t|0|-1"},
	} {
		same(t, q.sql, ask(t, c, q.sql), q.want)
	}
	for _, sql := range []string{
		"select * from read_parquet('/etc/passwd')", "select * from '/etc/passwd'", "select getenv('HOME')", "select * from glob('/*')",
		"attach 'x.db'", "pragma version", "install httpfs", "copy r to '/tmp/x'", "select * from duckdb_settings()", "set threads to 1",
		"with x as (select 1) insert into r select * from x", "create index i on r (id)", "savepoint a", "call x()",
	} {
		if rows, err := try(t, c, sql); err == nil {
			t.Errorf("%s: went well: %q", sql, rows)
		}
	}
	if got := ask(t, c, "explain select * from r"); len(got) == 0 {
		t.Error("EXPLAIN says nothing")
	}
	ask(t, c, "create or replace view w as select id from r where v is not null with no schema binding")
	same(t, "view", ask(t, c, "select * from w"), "1")
}

func TestTransactions(t *testing.T) {
	t.Parallel()
	l := start(t)
	a, b := l.connect(t), l.connect(t)
	ask(t, a, "create table t (n int)")
	if ask(t, a, "begin"); a.TxStatus() != 'T' {
		t.Errorf("status in a block: %c", a.TxStatus())
	}
	ask(t, a, "insert into t values (1)")
	same(t, "not seen by others", ask(t, b, "select count(*) from t"), "0")
	if _, err := try(t, a, "select nothing"); err == nil || a.TxStatus() != 'E' {
		t.Errorf("status after an error: %c, %v", a.TxStatus(), err)
	}
	refused(t, a, "select 1", "25P02", "aborted")
	ask(t, b, "begin; lock t; rollback") // a failed block holds no lock
	result, err := a.Exec(t.Context(), "commit").ReadAll()
	if err != nil || result[0].CommandTag.String() != "ROLLBACK" || a.TxStatus() != 'I' {
		t.Errorf("commit of a failed block: %v %v", result, err)
	}
	same(t, "rolled back", ask(t, a, "select count(*) from t"), "0")
	ask(t, a, "begin; insert into t values (1), (2); commit")
	same(t, "committed", ask(t, b, "select count(*) from t"), "2")

	// TRUNCATE commits, even inside a block.
	ask(t, a, "begin")
	ask(t, a, "insert into t values (3)")
	ask(t, a, "truncate t")
	if a.TxStatus() != 'I' {
		t.Errorf("status after TRUNCATE: %c", a.TxStatus())
	}
	same(t, "truncated for everyone", ask(t, b, "select count(*) from t"), "0")

	ask(t, a, "begin")
	refused(t, a, "vacuum t", "25001", "VACUUM")
	ask(t, a, "rollback")
	refused(t, a, "lock t", "25P01", "transaction blocks")
	ask(t, a, "begin; set local query_group to 'x'")
	same(t, "SET LOCAL", ask(t, a, "show query_group"), "x")
	ask(t, a, "commit")
	same(t, "SET LOCAL is over", ask(t, a, "show query_group"), "default")
}

// The snapshot is taken by the first statement that reads, neither by BEGIN nor by LOCK: who waited for the lock
// sees what its holder committed.
func TestSnapshotComesAfterLock(t *testing.T) {
	t.Parallel()
	l := start(t)
	a, b, c := l.connect(t), l.connect(t), l.connect(t)
	ask(t, a, "create table ledger (batch varchar(10)); create table other (n int)")
	ask(t, b, "begin")
	ask(t, a, "begin; lock ledger")
	waiting := make(chan struct{}, 1)
	defer l.Fail(warehouse.Fault{At: warehouse.BeforeStatement, Effect: warehouse.Delay, Match: "lock ledger", Hit: func() { waiting <- struct{}{} }})()
	locked := make(chan []string, 1)
	go func() { locked <- ask(t, b, "lock ledger; select * from ledger") }()
	<-waiting
	ask(t, a, "insert into ledger values ('b1')")
	select {
	case <-locked:
		t.Fatal("two sessions hold the lock")
	default:
	}
	ask(t, a, "commit")
	same(t, "what the second one sees", <-locked, "b1")
	ask(t, b, "rollback")

	// A snapshot that is taken stays: snapshot isolation.
	ask(t, b, "begin; select * from other")
	ask(t, a, "insert into ledger values ('b2')")
	same(t, "in the old snapshot", ask(t, b, "select count(*) from ledger"), "1")
	ask(t, b, "commit")
	same(t, "in a new one", ask(t, b, "select count(*) from ledger"), "2")

	// Two deletes of one row collide.
	ask(t, a, "begin; select * from other")
	ask(t, c, "begin; delete from ledger where batch = 'b1'; commit")
	refused(t, a, "delete from ledger where batch = 'b1'", "40001", "1023")
	ask(t, a, "rollback")
}

func TestWritersWaitAndDeadlocksEnd(t *testing.T) {
	t.Parallel()
	l := start(t)
	a, b := l.connect(t), l.connect(t)
	ask(t, a, "create table x (n int); create table y (n int)")
	ask(t, a, "begin; insert into x values (1)")
	ask(t, b, "begin; insert into y values (1)")
	waiting := make(chan struct{}, 1)
	withdraw := l.Fail(warehouse.Fault{At: warehouse.BeforeStatement, Effect: warehouse.Delay, Match: "insert into y", Hit: func() { waiting <- struct{}{} }})
	ended := make(chan error, 1)
	go func() {
		_, err := try(t, a, "insert into y values (2)")
		ended <- err
	}()
	<-waiting
	withdraw()
	// b closes the circle, or a does if it comes later: one of the two gives way.
	_, err := try(t, b, "insert into x values (2)")
	if err == nil {
		err = <-ended
	} else {
		ask(t, b, "rollback")
		if other := <-ended; other != nil {
			t.Errorf("both failed: %v and %v", err, other)
		}
	}
	if err == nil {
		t.Error("nobody gave way")
	}
}
