package pgcatalog_test

import (
	"context"
	_ "embed"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"

	"tidegate/internal/testkit"
)

//go:embed testdata/fixture.sql
var fixture string

// openPostgres starts a PostgreSQL 15 that has the tables of webContents, in a database of the same name.
func openPostgres(t *testing.T) *pgconn.PgConn {
	t.Helper()
	cluster := testkit.Postgres(t)
	connect := func(user, database string) *pgconn.PgConn {
		dsn := strings.NewReplacer("dbname=postgres", "dbname="+database, "user=postgres", "user="+user).Replace(cluster.DSN())
		conn, err := pgconn.Connect(t.Context(), dsn)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
		return conn
	}
	run := func(conn *pgconn.PgConn, script ...string) {
		for _, text := range script {
			if _, err := conn.Exec(t.Context(), text).ReadAll(); err != nil {
				t.Fatalf("%v\n%s", err, text)
			}
		}
	}
	// The role that made the cluster owns the catalogs; here as there it is called tidegate.
	run(connect("postgres", "postgres"), "create role admin superuser login", "create database tidegate")
	admin := connect("admin", "tidegate")
	run(admin, "alter role postgres rename to tidegate")
	conn := connect("tidegate", "tidegate")
	if err := admin.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(conn, "drop role admin", fixture, "set search_path to public")
	return conn
}

// reference gives the rows of PostgreSQL as text.
func reference(t *testing.T, conn *pgconn.PgConn, text string) [][]string {
	t.Helper()
	results, err := conn.Exec(t.Context(), text).ReadAll()
	if err != nil {
		t.Fatalf("PostgreSQL: %v\n%s", err, text)
	}
	return texts(results[len(results)-1].Rows)
}

// texts shows values in text format; NULL as ∅.
func texts(values [][][]byte) [][]string {
	rows := make([][]string, len(values))
	for i := range values {
		rows[i] = make([]string, len(values[i]))
		for j, v := range values[i] {
			rows[i][j] = string(v)
			if v == nil {
				rows[i][j] = "∅"
			}
		}
	}
	return rows
}

// TestLikePostgres asks the same of PostgreSQL and of our DuckDB. In the text, pg_catalog. is written where DuckDB
// needs a schema; information_schema. too.
func TestLikePostgres(t *testing.T) {
	t.Parallel()
	conn := openPostgres(t)
	db, _ := openCatalog(t)
	for name, text := range likePostgres {
		want := reference(t, conn, text)
		if len(want) == 0 {
			t.Errorf("%s: PostgreSQL has no rows: the comparison shows nothing", name)
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ours := strings.NewReplacer("pg_catalog.", "pgc.", "information_schema.", "pgi.").Replace(text)
			got, err := query(t.Context(), db, ours)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("rows differ (-PostgreSQL +ours):\n%s", clip(diff))
			}
		})
	}
}

// clip keeps the beginning of a long difference.
func clip(s string) string {
	if len(s) > 6000 {
		return s[:6000] + "\n…"
	}
	return s
}

var likePostgres = map[string]string{
	"format_type": `
		select t.oid, pg_catalog.format_type(t.oid, null), pg_catalog.format_type(t.oid, -1), pg_catalog.format_type(t.oid, 786438), pg_catalog.format_type(t.oid, 5)
		from pg_catalog.pg_type t where t.oid < 12000 and t.typtype <> 'c' and t.oid <> 1186 and t.oid <> 1187 order by 1`,
	"format_type interval": `
		select m, pg_catalog.format_type(1186, m) from (values (-1), (2147418112 + 65535), (2147418112 + 3), (327679 - 65536 + 65535 - 65535 + 0), (470286336 + 65535), (470286336 + 2), (262144 + 65535)) v(m)
		where m in (-1, 2147483647, 2147418115, 470351871, 470286338, 327679) order by 1`,
	"format_type unknown": `select pg_catalog.format_type(0, null), pg_catalog.format_type(99999999, -1), pg_catalog.format_type(null, null)`,
	"functions": `
		select p.oid, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_identity_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid)
		from pg_catalog.pg_proc p where p.oid < 12000 order by 1`,
	"functions of information_schema": `
		select p.proname, pg_catalog.pg_get_function_arguments(p.oid), pg_catalog.pg_get_function_result(p.oid)
		from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace where n.nspname = 'information_schema' order by 1`,
	"relations": `
		select c.oid, c.relname, c.relkind, c.relnatts, c.relowner, c.relam, c.relisshared, c.relpersistence, c.relreplident, c.relispartition
		from pg_catalog.pg_class c where c.oid < 12000 and c.relkind in ('r', 'v') order by 1`,
	"attributes": `
		select a.attrelid, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attlen, a.attbyval, a.attalign, a.attstorage, a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated, a.attisdropped, a.attislocal, a.attcollation, a.attstattarget
		from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
		where a.attrelid < 12000 and c.relkind in ('r', 'v') and a.attnum > 0 order by 1, 3`,
	"own attributes": `
		select c.relname, a.attname, a.attnum, a.atttypid, a.atttypmod, a.attlen, a.attbyval, a.attalign, a.attstorage, a.attnotnull, a.attcollation,
			pg_catalog.format_type(a.atttypid, a.atttypmod), pg_catalog.col_description(a.attrelid, a.attnum)
		from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('web', 'tidegate') and a.attnum > 0 order by 1, 3`,
	"own types": `
		select t.typname, t.typlen, t.typtype, t.typcategory, t.typdelim, t.typalign, t.typstorage, t.typtypmod, t.typinput::oid, t.typoutput::oid, t.typreceive::oid, e.typname, a.typname, pg_catalog.format_type(t.oid, null)
		from pg_catalog.pg_type t join pg_catalog.pg_namespace n on n.oid = t.typnamespace
			left join pg_catalog.pg_type e on e.oid = t.typelem left join pg_catalog.pg_type a on a.oid = t.typarray
		where n.nspname in ('web', 'tidegate') order by 1`,
	"types": `
		select t.oid, t.typname, t.typlen, t.typtype, t.typcategory, t.typelem, t.typarray, t.typbasetype, t.typrelid, t.typinput::oid, t.typreceive::oid
		from pg_catalog.pg_type t where t.oid < 12000 and t.typtype <> 'c' order by 1`,
	"information_schema.columns": `
		select * from information_schema.columns c
		where c.table_schema = 'information_schema' and c.table_name in ('tables', 'columns', 'routines') or c.table_schema = 'pg_catalog' and c.table_name in ('pg_views', 'pg_stat_activity', 'pg_locks')
		order by c.table_schema, c.table_name, c.ordinal_position`,
	"information_schema.columns of ours": `
		select c.table_catalog, c.table_schema, c.table_name, c.column_name, c.ordinal_position, c.column_default, c.is_nullable, c.data_type, c.character_maximum_length, c.character_octet_length,
			c.numeric_precision, c.numeric_precision_radix, c.numeric_scale, c.datetime_precision, c.udt_catalog, c.udt_schema, c.udt_name, c.collation_name, c.domain_name, c.dtd_identifier, c.is_identity, c.is_generated
		from information_schema.columns c where c.table_schema in ('web', 'tidegate') order by c.table_schema, c.table_name, c.ordinal_position`,
	"information_schema.tables": `
		select t.table_catalog, t.table_schema, t.table_name, t.table_type, t.is_typed, t.commit_action from information_schema.tables t order by 2, 3`,
	"information_schema.schemata": `
		select s.catalog_name, s.schema_name from information_schema.schemata s where s.schema_name <> 'pg_toast' order by 2`,
	"sizes": `
		select v, pg_catalog.pg_size_pretty(v) from (values (0::bigint), (1), (-1), (10239), (10240), (10752), (20479 * 512), (20479 * 512 - 1), (-20480 * 512), (123456789), (9876543210), (9876543210123), (98765432101234567)) s(v) order by 1`,
	"descriptions": `
		select pg_catalog.obj_description(c.oid, 'pg_class'), pg_catalog.obj_description(c.oid, 'pg_proc') from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace where n.nspname = 'web' order by c.relname`,
	"visible": `
		select c.relname, pg_catalog.pg_table_is_visible(c.oid) from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('web', 'tidegate', 'pg_catalog', 'information_schema') and c.relkind in ('r', 'v') order by n.nspname, c.relname`,
	"visible types and functions": `
		select p.oid, pg_catalog.pg_function_is_visible(p.oid), pg_catalog.pg_type_is_visible(p.oid) from pg_catalog.pg_proc p where p.oid < 12000 order by 1`,
	"absent objects": `
		select pg_catalog.pg_get_constraintdef(99999999), pg_catalog.pg_get_indexdef(99999999), pg_catalog.pg_get_viewdef(99999999::oid), pg_catalog.pg_get_triggerdef(99999999),
			pg_catalog.pg_get_ruledef(99999999), pg_catalog.pg_get_userbyid(99999999), pg_catalog.pg_get_userbyid(10), pg_catalog.pg_table_is_visible(99999999),
			pg_catalog.pg_get_function_result(99999999), pg_catalog.pg_get_statisticsobjdef_columns(99999999), pg_catalog.pg_get_partkeydef(99999999),
			pg_catalog.has_table_privilege(99999999, 'select'), pg_catalog.obj_description(99999999, 'pg_class'), pg_catalog.col_description(99999999, 1)`,
	"encodings": `select i, pg_catalog.pg_encoding_to_char(i) from (values (-1), (0), (6), (8), (41), (42)) v(i) order by 1`,
	"quoting": `
		select v, pg_catalog.quote_ident(v), pg_catalog.quote_literal(v) from (values ('a'), ('A b'), ('select'), ('it''s "x"'), ('back\slash'), ('name'), ('1a'), ('')) s(v) order by v`,
	"roles": `
		select r.rolname, r.rolcanlogin, r.rolinherit, r.rolconnlimit from pg_catalog.pg_roles r where r.rolname not in ('tidegate', 'admin') order by 1`,
	"role membership": `
		select pg_catalog.pg_has_role('pg_monitor', 'pg_read_all_stats', 'usage'), pg_catalog.pg_has_role('demo', 'pg_monitor', 'usage'), pg_catalog.pg_has_role('tidegate', 'demo', 'usage')`,
	"privileges": `
		select pg_catalog.has_table_privilege('web.events', 'SELECT'), pg_catalog.has_table_privilege('tidegate', 'web.events', 'select, insert'), pg_catalog.has_schema_privilege('web', 'usage'),
			pg_catalog.has_database_privilege('tidegate', 'connect'), pg_catalog.has_any_column_privilege('web.events', 'select')`,
	"operators": `
		select o.oid, o.oprname, o.oprkind, o.oprleft, o.oprright, o.oprresult, o.oprcode::oid from pg_catalog.pg_operator o where o.oid < 12000 order by 1`,
	"casts":      `select c.oid, c.castsource, c.casttarget, c.castfunc, c.castcontext, c.castmethod from pg_catalog.pg_cast c where c.oid < 12000 order by 1`,
	"aggregates": `select a.aggfnoid::oid, a.aggkind, a.aggtranstype, a.agginitval from pg_catalog.pg_aggregate a order by 1`,
	"languages":  `select l.oid, l.lanname from pg_catalog.pg_language l where l.lanname <> 'plpgsql' order by 1`,
	"key words":  `select * from pg_catalog.pg_get_keywords() order by 1`,
}
