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
	} {
		s.alike(t, text)
	}
	for _, name := range []string{"", "a b", ".a", "a.", "a..b", `"a`, `"".a`, "1a", `a"b"`} {
		text := "select parse_ident('" + name + "')"
		if want, got := ask(t, s.postgres, text).Error, ask(t, s.gateway, text).Error; want == "" || want != got {
			t.Errorf("%s: %s, PostgreSQL: %s", text, got, want)
		}
	}
	for _, text := range []string{"select lastval()", "select currval('shop.numbers'::regclass)", "select nextval('shop.numbers')", "select setval('shop.numbers', 3)"} {
		if got := ask(t, s.gateway, text).Error; !strings.Contains(got, "sequences are the warehouse's") || !strings.Contains(got, "0A000") {
			t.Errorf("%s: %s", text, got)
		}
	}
}
