package catalogs

import (
	"strings"
	"testing"
)

// TestFunctions asks functions by which tools read names and statistics.
func TestFunctions(t *testing.T) {
	t.Parallel()
	s := serve(t)
	for _, text := range []string{
		`select parse_ident('a.b'), parse_ident(' "A ".b_1$ . C'), parse_ident('a b', false), parse_ident('a."x""y"'), parse_ident('ÄbC', true)`,
		"select (parse_ident(c.oid::regclass::text))[2] from pg_class c where c.oid = 'shop.kinds'::regclass",
		"select relname, pg_stat_get_tuples_inserted(oid), pg_stat_get_tuples_updated(oid), pg_stat_get_tuples_deleted(oid), pg_stat_get_dead_tuples(oid), " +
			"pg_stat_get_vacuum_count(oid), pg_stat_get_last_vacuum_time(oid), pg_stat_get_last_autoanalyze_time(oid), pg_stat_get_analyze_count(oid) " +
			"from pg_class where oid = 'shop.items'::regclass",
		"select pg_stat_get_live_tuples(0), pg_stat_get_tuples_hot_updated(null), pg_stat_get_live_tuples('shop.items'::regclass)",
		"select i.relname, k, pg_get_indexdef(i.oid, k, false) from pg_index x join pg_class i on i.oid = x.indexrelid, generate_series(1, 3) k " +
			"where x.indrelid in ('shop.orders'::regclass, 'shop.items'::regclass) order by 1, 2",
		"select i.relname, k, p, pg_index_column_has_property(i.oid, k, p) from pg_index x join pg_class i on i.oid = x.indexrelid, generate_series(0, 3) k, " +
			"unnest(array['asc', 'desc', 'nulls_first', 'nulls_last', 'orderable', 'distance_orderable', 'returnable', 'search_array', 'search_nulls', 'no']) p " +
			"where x.indrelid in ('shop.orders'::regclass, 'shop.items'::regclass) order by 1, 2, 3",
		"select d.classid::regclass, a.adrelid::regclass, a.adnum, d.refclassid::regclass, d.refobjid::regclass, d.refobjsubid, d.deptype from pg_depend d " +
			"join pg_attrdef a on a.oid = d.objid and d.classid = 'pg_attrdef'::regclass join pg_class s on s.oid = d.refobjid and s.relkind = 'S' order by a.adrelid::regclass::text, a.adnum, d.deptype",
		"select relname, reltuples, relpages from pg_class where relname in ('big', 'pg_roles', 'columns') order by 1",
		"select datname, numbackends > 0, conflicts, deadlocks, checksum_failures, stats_reset from pg_stat_database where datname is null",
		"select count(*) from pg_stat_database where datname = current_database() and numbackends > 0",
		"select a.privilege_type, a.is_grantable, a.grantee = 0 from pg_namespace, aclexplode(nspacl) a where nspname = 'pg_catalog' order by 3, 1",
		"select (aclexplode(nspacl)).privilege_type from pg_namespace where nspname = 'public' order by 1",
		"select (d).privilege_type, (d).is_grantable from (select aclexplode(nspacl) as d from pg_namespace where nspname = 'public') x order by 1",
		`select k, acldefault(k::"char", 6171) from unnest(array['c', 'r', 's', 'd', 'f', 'l', 'L', 'n', 't', 'F', 'S', 'T', 'p']) k`,
		"select a.* from aclexplode(acldefault('d', 6171)) a",
		"select (aclexplode(acldefault('d', 6171))).*, 1 as one",
		"select (d).* from (select aclexplode(acldefault('n', 6171)) d) x order by 3",
		"select (information_schema._pg_expandarray(array[5, 6])).*",
		`select (json_each('{"a": 1, "b": [2]}')).*`,
		"select nspname, nspacl = '{}', nspacl <> acldefault('n', nspowner) from pg_namespace where nspname in ('public', 'information_schema') order by 1",
		"select count(*) from aclexplode(null)",
		"select relname, (pg_relation_is_updatable(oid, true)::bit(8) operator(pg_catalog.&) B'00010000') = B'00010000' from pg_class where relname = 'pg_roles'",
		"select (28::bit(8) & B'00010000') = B'00010000', 28::bit(3)::int, (-1)::bit(8)::int8, (B'0101' | B'0011') <> X'7', (B'0101' # B'0011')::int, null::int::bit(2) = B'01' from pg_class where relname = 'pg_class'",
		`select bpchar('r'::"char") = '1'::bpchar, bpchar('abc'::name)`,
		"select name, setting from pg_show_all_settings() where name in ('datestyle', 'IntervalStyle') order by 1",
		"select * from pg_cursor() where false", "select name, statement from pg_prepared_statement() where false", "select pid, mode from pg_lock_status() where false",
		"select name, is_dst from pg_timezone_names() z where name = 'Asia/Tokyo'", "select x.* from pg_show_all_file_settings() x where false",
		"select * from pg_hba_file_rules() where false", "select * from pg_ident_file_mappings()", "select * from pg_config() where false",
		"select * from pg_available_extensions() where false", "select * from pg_available_extension_versions() where false", "select gid, prepared from pg_prepared_xact()",
	} {
		s.alike(t, text)
	}
	for _, name := range []string{"", "a b", ".a", "a.", "a..b", `"a`, `"".a`, "1a", `a"b"`} {
		text := "select parse_ident('" + name + "')"
		if want, got := ask(t, s.postgres, text).Error, ask(t, s.gateway, text).Error; want == "" || want != got {
			t.Errorf("%s: %s, PostgreSQL: %s", text, got, want)
		}
	}
	for _, text := range []string{"select acldefault('z', 10)", "select (x).* from (select 1 as x) y"} {
		want, got := ask(t, s.postgres, text).Error, ask(t, s.gateway, text).Error
		if text, _, ok := strings.Cut(got, " (query "); ok { // an internal error has it in the log
			got = text + " (SQLSTATE XX000)"
		}
		if want == "" || want != got {
			t.Errorf("%s: %s, PostgreSQL: %s", text, got, want)
		}
	}
	for _, text := range []string{"select lastval()", "select currval('shop.numbers'::regclass)", "select nextval('shop.numbers')", "select setval('shop.numbers', 3)"} {
		if got := ask(t, s.gateway, text).Error; !strings.Contains(got, "sequences are the warehouse's") || !strings.Contains(got, "0A000") {
			t.Errorf("%s: %s", text, got)
		}
	}
}
