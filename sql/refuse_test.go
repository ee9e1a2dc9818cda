package sql_test

import (
	"testing"

	"tidegate/internal/pgerr"
	"tidegate/sql"
)

// TestRefused tries to get at files, settings and DuckDB's own functions: none may come out of the binder as text.
func TestRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		`select * from 'x.parquet'`,
		`select * from "x.parquet"`,
		`select * from "/etc/passwd"`,
		`select * from "s3://bucket/x.parquet"`,
		`select * from "file.csv"`,
		`select * from read_parquet('x.parquet')`,
		`select * from "read_parquet"('x.parquet')`,
		`select * from READ_PARQUET('x')`,
		`select * from main.read_parquet('x')`,
		`select * from pg_catalog.read_parquet('x')`,
		`select * from system.main.read_parquet('x')`,
		`select * from parquet_scan('x')`,
		`select * from read_csv('x')`,
		`select * from read_csv_auto('x')`,
		`select * from read_json('x')`,
		`select * from read_json_auto('x')`,
		`select * from read_ndjson('x')`,
		`select * from read_text('/etc/passwd')`,
		`select * from read_blob('/etc/passwd')`,
		`select * from glob('*')`,
		`select * from sniff_csv('x')`,
		`select * from parquet_metadata('x')`,
		`select * from parquet_schema('x')`,
		`select read_text('/etc/passwd')`,
		`select content from read_text('/etc/passwd') as t(content)`,
		`select * from lateral read_parquet('x') q`,
		`select * from web.events, read_parquet('x')`,
		`select * from web.events join read_parquet('x') r on true`,
		`select * from rows from (read_parquet('x'), read_csv('y'))`,
		`with x as (select * from read_parquet('x')) select * from x`,
		`with read_parquet as (select 1) select * from read_parquet('x')`,
		`with recursive r as (select 1 union all select * from read_parquet('x')) select * from r`,
		`select (select content from read_text('x'))`,
		`select exists (select 1 from read_parquet('x'))`,
		`select 1 where 1 in (select 1 from read_parquet('x'))`,
		`select 1 order by (select count(*) from glob('*'))`,
		`select 1 limit (select count(*) from glob('*'))`,
		`select count(*) filter (where exists (select 1 from glob('*'))) from web.events`,
		`select * from query('select 1')`,
		`select * from query_table('x')`,
		`select * from duckdb_settings()`,
		`select * from duckdb_tables()`,
		`select * from duckdb_secrets()`,
		`select * from duckdb_extensions()`,
		`select * from pragma_table_info('x')`,
		`select * from pragma_database_list`,
		`select * from sqlite_master`,
		`select * from duckdb_tables`,
		`select * from information_schema.tables`,
		`select * from pg_catalog.pg_settings`,
		`select * from system.information_schema.tables`,
		`select * from memory.main.events`,
		`select * from main.events`,
		`select getenv('HOME')`,
		`select "getenv"('HOME')`,
		`select nextval('x')`,
		`select getvariable('x')`,
		`select write_log('x')`,
		`select pg_read_file('/etc/passwd')`,
		`select pg_ls_dir('.')`,
		`select lo_import('/etc/passwd')`,
		`select dblink('x', 'y')`,
		`select in_search_path('a', 'b')`,
		`select range(10)`,
		`select unnest(range(10))`,
		`select list_transform([1], x -> x)`,
		`select eval('1')`,
		`select error('x')`,
		`select struct_pack(a := 1)`,
		`select web.events from web.events`,
		`select e from web.events e`,
		`select row()`,
		`select e from web.events e`,
		`select * from web.events tablesample system (10)`,
		`select * from web.events for share`,
		`select * into x from web.events`,
		`with x as (delete from web.events returning *) select * from x`,
		`with x as (insert into web.events default values returning *) select * from x`,
		`select xmlparse(document '<a/>')`,
		`select '1'::xml`,
		`select array[array[1, 2]] from web.events`,
		`select * from web.events where domain = any('{{a,b}}')`,
		`select upper(variadic array['a'])`,
		`select public.upper('a')`,
		`select main.upper('a')`,
		`select 1 operator(main.+) 2`,
		`select jsonb_path_query('{}', '$.a')`,
		`select domain collate "de_DE" from web.events`,
	} {
		if out := rendered(text); out != "" {
			t.Errorf("%s\nis let through as %s", text, out)
		}
	}
}

// rendered gives the DuckDB text of a query, "" if it is refused.
func rendered(text string) string {
	statements, err := sql.Parse(text)
	if err != nil {
		return ""
	}
	if len(statements) != 1 {
		return "more than one statement"
	}
	q, err := sql.Bind(statements[0], testTables(), testEnv())
	if err != nil {
		if pgerr.CodeOf(err) == pgerr.InternalError {
			return "an internal error: " + err.Error()
		}
		return ""
	}
	out, err := q.Render(func(u *sql.Use) (string, error) { return "hot." + u.Relation.Name.String(), nil })
	if err != nil {
		return "an internal error: " + err.Error()
	}
	return out
}

// TestNotAQuery has statements that are no reads: each is told apart by its kind and never bound.
func TestNotAQuery(t *testing.T) {
	t.Parallel()
	for text, kind := range map[string]sql.Kind{
		`copy web.events to '/tmp/x'`: sql.KindCopy, `copy (select 1) to stdout`: sql.KindCopy, `load 'httpfs'`: sql.KindOther,
		`insert into web.events values (1)`: sql.KindWrite, `create table x as select 1`: sql.KindWrite, `drop table web.events`: sql.KindWrite,
		`call pragma_version()`: sql.KindCall, `set allowed_directories = '/'`: sql.KindSet, `select 1 into x`: sql.KindWrite,
		`create view x as select 1`: sql.KindWrite, `truncate web.events`: sql.KindWrite, `explain select 1`: sql.KindExplain,
		`do $$begin end$$`: sql.KindOther, `show allowed_directories`: sql.KindShow, `vacuum`: sql.KindWrite,
	} {
		statements, err := sql.Parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		if statements[0].Kind != kind {
			t.Errorf("%s: want kind %d, got %d", text, kind, statements[0].Kind)
		}
		if _, err := sql.Bind(statements[0], testTables(), testEnv()); pgerr.CodeOf(err) != pgerr.FeatureNotSupported {
			t.Errorf("%s: want 0A000, got %v", text, err)
		}
	}
	for _, text := range []string{"attach 'x' as y", "install httpfs", "pragma version", "export database 'x'", "summarize web.events", "from web.events", "use x", "detach x"} {
		if _, err := sql.Parse(text); pgerr.CodeOf(err) != pgerr.SyntaxError {
			t.Errorf("%s: want 42601, got %v", text, err)
		}
	}
}
